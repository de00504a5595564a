/* clean/main_report.c: --report FILE and --json of tamis-clean. */
#include "clean/main_report.h"

#define DOCUMENT_MOST ((size_t)256 << 20)

enum status report_target_check(const struct report_target *target, const struct stage_target *data,
                                struct err *err)
{
    bool to_stdout = data->path == NULL ? data->into == NULL : strcmp(data->path, "-") == 0;
    if (!target->json || !to_stdout) return STATUS_OK;
    fail(err, STATUS_USAGE, "--json: the report and the data would both go to stdout");
    err_hint(err, "give -o FILE or --into DATASET for the data, or --report FILE.json");
    return STATUS_USAGE;
}

enum status report_target_open(struct report_target *target, struct chain *chain, struct err *err)
{
    if (target->path == NULL && !target->json) return STATUS_OK;
    if (target->path != NULL) TRY(output_open(&target->file, target->path, err));
    TRY(observation_open(&target->observation, chain->input, chain->count, err));
    chain->observation = target->observation;
    return STATUS_OK;
}

static bool is_json(const char *path)
{
    size_t size = strlen(path);
    return size > 5 && strcmp(path + size - 5, ".json") == 0;
}

static enum status write_to(struct output *output, const struct document *document, bool json,
                            struct err *err)
{
    OWNED(bytes_release) struct bytes text = bytes_limited(DOCUMENT_MOST);
    TRY(json ? document_json(document, &text, err) : document_html(document, &text, err));
    TRY(output_write(output, text.data, text.size, err));
    return output_commit(output, err);
}

enum status report_target_write(struct report_target *target, const struct report_run *run,
                                struct err *err)
{
    OWNED(document_close) struct document *document = NULL;
    OWNED(output_close) struct output *output = NULL;
    if (target->observation == NULL) return STATUS_OK;
    TRY(report_make(run, &document, err));
    if (target->file != NULL) TRY(write_to(target->file, document, is_json(target->path), err));
    if (!target->json) return STATUS_OK;
    TRY(output_open(&output, NULL, err));
    return write_to(output, document, true, err);
}

void report_target_close(struct report_target *target)
{
    output_close(&target->file);
    observation_close(&target->observation);
}
