/* stage_input.c: what a stage reads: stdin, an Arrow file or stream, or a version of a dataset. */
#include "lineage/stage.h"

#include "lineage/catch_up.h"
#include "lineage/chunk.h"

#include "base/memory.h"
#include "base/parallel.h"
#include "base/progress.h"

#include <stdio.h>
#include <string.h>

#define UPSTREAM_ROOM 64

struct stage_input {
    struct run *run;
    char *name; /* for messages: "stdin", the path, "raw/orders@3" */
    char *node;
    struct ipc_reader *ipc; /* one of the two */
    struct version_reader *version;
    const struct schema *schema; /* borrowed from the reader */
    bool is_source;              /* a file nobody of us wrote: described at its end */
    bool is_file;                /* can be opened again by name */
    bool again;                  /* read before: everything was counted and noted then */
    int64_t rows_again;
    size_t threads;
    int64_t rows, bytes;
    int64_t rows_expected; /* of a version, -1 = not known */
    struct progress *progress;
};

static enum status take_text(char **ret, const char *text, struct err *err)
{
    *ret = memory_copy_text(text, strlen(text));
    return *ret == NULL ? fail_memory(err, strlen(text)) : STATUS_OK;
}

static enum status set_node(struct stage_input *input, const char *kind, const char *name,
                            struct err *err)
{
    OWNED(bytes_release) struct bytes node = bytes_limited(64 << 10);

    TRY(bytes_format(&node, err, "%s:%s", kind, name));
    TRY(bytes_append(&node, "", 1, err));
    return take_text(&input->node, (const char *)node.data, err);
}

/* The edge from what is read to this run's stream. */
static enum status record_edge(struct stage_input *input, struct err *err)
{
    char output[UPSTREAM_ROOM + 8];

    snprintf(output, sizeof output, "stream:%s", run_id(input->run));
    if (input->version == NULL) TRY(run_columns(input->run, input->node, input->schema, err));
    return run_edge(input->run, input->node, output, err);
}

/* ---- opening ---- */

/* "tamis:raw/orders@new": the rest is the dataset. */
static bool strip_new(const char *operand, char *ret, size_t room)
{
    size_t size = strlen(operand);

    if (size < 4 || size - 4 >= room || strcmp(operand + size - 4, "@new") != 0) return false;
    memcpy(ret, operand, size - 4);
    ret[size - 4] = '\0';
    return true;
}

static enum status open_version(struct stage_input *input, const char *operand, struct err *err)
{
    struct version version = {0};
    struct store *store = run_store(input->run);
    char name[sizeof version.dataset + 24], dataset[sizeof version.dataset];
    bool is_new = strip_new(operand, dataset, sizeof dataset);

    if (store == NULL) {
        fail(err, STATUS_USAGE, "\"%s\" names a version in a store, and --no-store is given",
             operand);
        err_hint(err, "leave --no-store out, or read a file");
        return STATUS_USAGE;
    }
    TRY(version_resolve(store, is_new ? dataset : operand, &version, err));
    snprintf(name, sizeof name, "%s@%lld", version.dataset, (long long)version.number);
    TRY(take_text(&input->name, name, err));
    TRY(set_node(input, "version", name, err));
    TRY(version_reader_open(&input->version, store, &version, input->threads, err));
    if (!is_new) input->rows_expected = version.rows;
    if (is_new) TRY(catch_up_input(input->run, version.dataset, input->version, err));
    input->schema = version_reader_schema(input->version);
    return STATUS_OK;
}

/* A stream of ours names its run; the rest came from outside. */
static enum status name_origin(struct stage_input *input, bool is_stdin, struct err *err)
{
    struct str upstream = metadata_get(&input->schema->metadata, "tamis:run");
    char id[UPSTREAM_ROOM];

    if (upstream.data != NULL && upstream.size > 0 && upstream.size < sizeof id) {
        snprintf(id, sizeof id, "%.*s", (int)upstream.size, upstream.data);
        return set_node(input, "stream", id, err);
    }
    if (is_stdin) return set_node(input, "external", "stdin", err);
    input->is_source = true;
    return set_node(input, "source", input->name, err);
}

static enum status open_arrow(struct stage_input *input, const char *operand, struct err *err)
{
    OWNED(input_close) struct input *bytes = NULL;
    bool is_stdin = operand == NULL || strcmp(operand, "-") == 0;

    TRY(take_text(&input->name, is_stdin ? "stdin" : operand, err));
    TRY(input_open(&bytes, operand, err));
    input->is_file = !is_stdin && input_size(bytes) >= 0;
    enum status status = ipc_reader_open(&input->ipc, &bytes, input->threads, err);
    if (status != STATUS_OK) return fail_within(err, status, "input \"%s\"", input->name);
    input->schema = ipc_reader_schema(input->ipc);
    return name_origin(input, is_stdin, err);
}

enum status stage_input_open(struct stage_input **ret, const char *operand, struct run *run,
                             const struct common *common, struct err *err)
{
    OWNED(stage_input_close) struct stage_input *input = NULL;

    TRY(NEW(&input, 1, err));
    input->run = run;
    input->rows_expected = -1;
    input->threads = parallel_threads((size_t)common->threads);
    if (operand != NULL && strncmp(operand, "tamis:", 6) == 0)
        TRY(open_version(input, operand, err));
    else
        TRY(open_arrow(input, operand, err));
    TRY(record_edge(input, err));
    *ret = input;
    input = NULL;
    return STATUS_OK;
}

/* ---- reading ---- */

static void note_verdict(struct stage_input *input, const struct batch *batch)
{
    char reason[256];

    if (!str_is(metadata_get(&batch->metadata, "tamis:verdict"), "failed")) return;
    snprintf(reason, sizeof reason,
             "the data of the input failed its checks (%.*s); see the report of that run",
             UPSTREAM_ROOM, input->node);
    run_verdict_failed(input->run, reason);
}

static enum status record_source(struct stage_input *input, struct err *err)
{
    struct source_record source = {.name = input->name, .kind = "arrow", .records = input->rows};

    TRY(file_digest(input->name, &source.digest, &source.bytes, err));
    return run_source(input->run, &source, err);
}

static enum status next_batch(struct stage_input *input, struct batch *ret, bool *ret_end,
                              struct err *err)
{
    if (input->version != NULL) return version_reader_next(input->version, ret, ret_end, err);
    enum status status = ipc_reader_next(input->ipc, ret, ret_end, err);
    return status == STATUS_OK ? status : fail_within(err, status, "input \"%s\"", input->name);
}

static enum status check_same_rows(const struct stage_input *input, struct err *err)
{
    if (input->rows_again == input->rows) return STATUS_OK;
    return fail(err, STATUS_FAILED, "input \"%s\": %lld rows when read again, %lld the first time",
                input->name, (long long)input->rows_again, (long long)input->rows);
}

static void show_progress(struct stage_input *input, int64_t rows)
{
    progress_share(input->progress, stage_input_share(input));
    progress_add(input->progress, rows);
}

enum status stage_input_next(struct stage_input *input, struct batch *ret, bool *ret_end,
                             struct err *err)
{
    for (;;) {
        struct batch batch = {0};

        TRY(interrupted(err));
        TRY(next_batch(input, &batch, ret_end, err));
        if (*ret_end) progress_close(&input->progress);
        if (*ret_end && input->again) return check_same_rows(input, err);
        if (*ret_end) return input->is_source ? record_source(input, err) : STATUS_OK;
        if (!input->again) note_verdict(input, &batch);
        if (batch.rows > 0) {
            if (input->again) {
                input->rows_again += batch.rows;
            } else {
                input->rows += batch.rows;
                input->bytes += (int64_t)batch_bytes(&batch);
            }
            show_progress(input, batch.rows);
            *ret = batch;
            return STATUS_OK;
        }
        batch_release(&batch);
    }
}

/* ---- once more ---- */

bool stage_input_can_rewind(const struct stage_input *input)
{
    return input->version != NULL || input->is_file;
}

enum status stage_input_rewind(struct stage_input *input, struct err *err)
{
    OWNED(input_close) struct input *bytes = NULL;
    struct ipc_reader *ipc = NULL;

    input->again = true;
    input->rows_again = 0;
    if (input->version != NULL) {
        version_reader_rewind(input->version);
        return STATUS_OK;
    }
    TRY(input_open(&bytes, input->name, err));
    enum status status = ipc_reader_open(&ipc, &bytes, input->threads, err);
    if (status != STATUS_OK) return fail_within(err, status, "input \"%s\"", input->name);
    bool same = schema_equal(ipc_reader_schema(ipc), input->schema);
    ipc_reader_close(&input->ipc);
    input->ipc = ipc;
    input->schema = ipc_reader_schema(ipc);
    if (same) return STATUS_OK;
    return fail(err, STATUS_FAILED, "input \"%s\" changed while it was read", input->name);
}

/* ---- facts ---- */

double stage_input_share(const struct stage_input *input)
{
    double rows = (double)(input->again ? input->rows_again : input->rows);
    if (input->ipc != NULL) return ipc_reader_share(input->ipc);
    return input->rows_expected > 0 ? rows / (double)input->rows_expected : -1;
}

enum status stage_input_progress(struct stage_input *input, const struct common *common,
                                 const char *label, struct err *err)
{
    progress_close(&input->progress);
    return progress_open(&input->progress, common, label, "rows", -1, err);
}

const struct schema *stage_input_schema(const struct stage_input *input)
{
    return input->schema;
}

const char *stage_input_node(const struct stage_input *input)
{
    return input->node;
}

int64_t stage_input_rows(const struct stage_input *input)
{
    return input->rows;
}

int64_t stage_input_bytes(const struct stage_input *input)
{
    return input->bytes;
}

void stage_input_close(struct stage_input **input)
{
    if (input == NULL || *input == NULL) return;
    progress_close(&(*input)->progress);
    ipc_reader_close(&(*input)->ipc);
    version_reader_close(&(*input)->version);
    memory_free((*input)->name);
    memory_free((*input)->node);
    memory_free(*input);
    *input = NULL;
}
