/* clean/outcome.c: what a finished chain tells the run. */
#include "clean/outcome.h"

#include "clean/chain_origin.h"
#include "clean/hide.h"

#include <stdio.h>
#include <stdlib.h>

#define PARAMETERS_SHOWN     (64u << 10)
#define PARAMETERS_MAXIMUM   ((size_t)256 << 20)
#define CHECKS_BYTES_MAXIMUM ((size_t)256 << 20)
#define ROW_EDGES            200000 /* explicit edges of columns that decided about rows */
#define COLUMNS_MEASURED     200    /* null rates by column; wider tables have the total only */

/* ---- effects ---- */

enum status outcome_parameters(const struct chain *chain, const struct step *step,
                               struct bytes *ret, struct err *err)
{
    *ret = bytes_limited(PARAMETERS_MAXIMUM);
    if (step->module->save == NULL || !step_is_open(step)) return STATUS_OK;
    if (step->parameters.data != NULL)
        TRY(bytes_append(ret, step->parameters.data, step->parameters.size, err));
    else
        TRY(step->module->save(step->state, ret, err));
    if (ret->size <= PARAMETERS_SHOWN)
        return hide_json(&chain->redactor, step->position, ret, 0, err);
    size_t size = ret->size;
    ret->size = 0;
    return bytes_format(ret, err, "{\"bytes\":%zu}", size);
}

static enum status tell_effect(const struct chain *chain, const struct step *step, struct err *err)
{
    OWNED(bytes_release) struct bytes parameters = {0};
    TRY(outcome_parameters(chain, step, &parameters, err));
    struct module_effect effect = {
        .position = step->position,
        .module = step->module->name,
        .rows_in = step->effect.rows_in,
        .rows_out = step_rows_out(&step->effect),
        .rows_dropped = step->effect.dropped,
        .rows_rejected = step->effect.rejected,
        .rows_merged = step->effect.merged,
        .cells_changed = step->effect.cells,
        .seconds = step->effect.seconds,
        .parameters = {(const char *)parameters.data, parameters.size},
    };
    return run_effect(chain->run, &effect, err);
}

enum status outcome_effects(const struct chain *chain, struct err *err)
{
    for (size_t i = 0; i < chain->count; i++)
        TRY(tell_effect(chain, &chain->steps[i], err));
    return STATUS_OK;
}

struct row_counts outcome_counts(const struct chain *chain)
{
    struct row_counts counts = {.in = chain->rows_in, .out = chain->rows_out};
    for (size_t i = 0; i < chain->count; i++) {
        counts.rejected += chain->steps[i].effect.rejected;
        counts.dropped += chain->steps[i].effect.dropped;
        counts.merged += chain->steps[i].effect.merged;
    }
    return counts;
}

/* ---- columns ---- */

static enum status tell_columns(const struct chain *chain, const char *input,
                                const struct origins *origins, struct err *err)
{
    for (size_t i = 0; i < origins->count; i++) {
        const struct origin *origin = &origins->items[i];
        const struct column_edge edge = {.output_column = origin->output,
                                         .input = input,
                                         .input_column = origin->input,
                                         .kind = origin->direct ? "DIRECT" : "INDIRECT",
                                         .subtype = origin->subtype,
                                         .masked = origin->masked};
        TRY(run_column_edge(chain->run, &edge, err));
    }
    return STATUS_OK;
}

/* Which rows there are is in every column; where that would be too many edges, in "*". */
static enum status tell_rows(const struct chain *chain, const char *input,
                             const struct origins *origins, struct err *err)
{
    const struct schema *schema = chain_schema(chain);
    bool many = schema->count > 0 && origins->row_count > ROW_EDGES / schema->count;
    for (size_t r = 0; r < origins->row_count; r++)
        for (size_t i = 0; i < (many ? 1 : schema->count); i++) {
            const struct column_edge edge = {.output_column = many ? "*" : schema->fields[i].name,
                                             .input = input,
                                             .input_column = origins->rows[r].input,
                                             .kind = "INDIRECT",
                                             .subtype = origins->rows[r].subtype};
            TRY(run_column_edge(chain->run, &edge, err));
        }
    return STATUS_OK;
}

static enum status tell_origins(const struct chain *chain, const char *input,
                                struct origins *origins, struct err *err)
{
    TRY(origins_begin(origins, chain->input, err));
    for (size_t i = 0; i < chain->count; i++)
        TRY(origins_follow(origins, &chain->steps[i], err));
    TRY(tell_columns(chain, input, origins, err));
    return tell_rows(chain, input, origins, err);
}

enum status outcome_lineage(const struct chain *chain, const char *input, struct err *err)
{
    struct origins origins = {0};
    enum status status = tell_origins(chain, input, &origins, err);
    origins_release(&origins);
    return status;
}

/* ---- null rates ---- */

static double rate(int64_t part, int64_t whole)
{
    return whole == 0 ? 0 : (double)part / (double)whole;
}

static enum status tell_nulls(struct run *run, const char *when, const struct schema *schema,
                              const int64_t *nulls, int64_t rows, struct err *err)
{
    char name[320];
    int64_t all = 0;
    for (size_t i = 0; i < schema->count; i++) {
        all += nulls[i];
        snprintf(name, sizeof name, "null_rate_%s.%s", when, schema->fields[i].name);
        if (schema->count <= COLUMNS_MEASURED)
            TRY(run_metric(run, name, rate(nulls[i], rows), "ratio", err));
    }
    snprintf(name, sizeof name, "null_rate_%s", when);
    return run_metric(run, name, rate(all, rows * (int64_t)schema->count), "ratio", err);
}

enum status outcome_metrics(const struct chain *chain, struct err *err)
{
    TRY(run_metric(chain->run, "passes", (double)chain->passes, "passes", err));
    TRY(run_metric(chain->run, "spooled_bytes", (double)chain->spooled_bytes, "bytes", err));
    TRY(tell_nulls(chain->run, "before", chain->input, chain->nulls_before, chain->rows_in, err));
    if (chain->nulls_after == NULL) return STATUS_OK;
    return tell_nulls(chain->run, "after", chain_schema(chain), chain->nulls_after, chain->rows_out,
                      err);
}

/* ---- the verdict ---- */

static enum status list_findings(const struct step *step, struct bytes *ret, struct err *err)
{
    for (size_t i = 0; i < step->finding_count; i++) {
        const struct finding *finding = &step->findings[i];
        TRY(bytes_format(ret, err, "%s%s%s%s: %lld rows\n", finding->rule,
                         finding->column == NULL ? "" : " in column \"",
                         finding->column == NULL ? "" : finding->column,
                         finding->column == NULL ? "" : "\"", (long long)finding->rows));
    }
    return STATUS_OK;
}

/* Each line of `lines` with the step in front. */
static enum status add_lines(const struct step *step, const struct bytes *lines, struct bytes *ret,
                             struct err *err)
{
    const char *from = (const char *)lines->data;
    for (size_t left = lines->size; left > 0;) {
        const char *end = memchr(from, '\n', left);
        size_t size = end == NULL ? left : (size_t)(end - from);
        TRY(bytes_format(ret, err, "step %d (%s): ", step->position, step->module->name));
        TRY(bytes_append(ret, from, size, err));
        TRY(bytes_append_text(ret, "\n", err));
        from += size + (end != NULL);
        left -= size + (end != NULL);
    }
    return STATUS_OK;
}

static size_t first_line(const struct bytes *lines)
{
    const uint8_t *end = lines->size == 0 ? NULL : memchr(lines->data, '\n', lines->size);
    return end == NULL ? lines->size : (size_t)(end - lines->data);
}

/* The first line becomes the error the command ends with, and is not said twice. */
static void fail_verdict(struct run *run, const struct step *step, struct bytes *lines)
{
    char reason[512];
    size_t size = first_line(lines);
    if (run_verdict_is_failed(run)) return; /* an earlier step is the reason */
    snprintf(reason, sizeof reason, "step %d (%s): %.*s", step->position, step->module->name,
             (int)size, (const char *)lines->data);
    run_verdict_failed(run, reason);
    if (size == lines->size) {
        lines->size = 0;
        return;
    }
    memmove(lines->data, lines->data + size + 1, lines->size - size - 1);
    lines->size -= size + 1;
}

static enum status conclude(const struct step *step, bool *ret_failed, struct bytes *ret,
                            struct err *err)
{
    if (step->module->conclude == NULL) return list_findings(step, ret, err);
    if (step->conclusion != NULL) {
        *ret_failed = step->conclusion->failed;
        return bytes_append(ret, step->conclusion->report.data, step->conclusion->report.size, err);
    }
    enum status status = step->module->conclude(step->state, step->effect.rows_in, step->findings,
                                                step->finding_count, ret_failed, ret, err);
    return status == STATUS_OK ? STATUS_OK : fail_in_step(step, status, err);
}

static enum status step_verdict(struct chain *chain, struct step *step, struct bytes *ret,
                                struct err *err)
{
    OWNED(bytes_release) struct bytes lines = bytes_limited(1 << 20);
    bool failed = false;
    TRY(conclude(step, &failed, &lines, err));
    TRY(hide_lines(&chain->redactor, step->position, &lines, err));
    if (failed) fail_verdict(chain->run, step, &lines);
    return add_lines(step, &lines, ret, err);
}

enum status outcome_verdict(struct chain *chain, struct bytes *ret_report, struct err *err)
{
    for (size_t i = 0; i < chain->count; i++)
        TRY(step_verdict(chain, &chain->steps[i], ret_report, err));
    return STATUS_OK;
}

/* ---- checks ---- */

void outcome_release_checks(struct checks_of_step *steps, size_t count)
{
    for (size_t i = 0; steps != NULL && i < count; i++)
        check_results_release(&steps[i].results);
    memory_free(steps);
}

static enum status checks_of(const struct step *step, struct check_results *ret, struct err *err)
{
    if (step->module->checks == NULL || !step_is_open(step)) return STATUS_OK;
    if (step->conclusion == NULL) return step->module->checks(step->state, ret, err);
    for (size_t i = 0; i < step->conclusion->checks.count; i++)
        TRY(check_results_add(ret, &step->conclusion->checks.items[i], err));
    return STATUS_OK;
}

static enum status list_step(const struct chain *chain, size_t at, struct checks_of_step *ret,
                             struct err *err)
{
    const struct step *step = &chain->steps[at];
    ret->position = step->position;
    ret->module = step->module->name;
    TRY(checks_of(step, &ret->results, err));
    return hide_checks(&chain->redactor, step->position, &ret->results, err);
}

enum status outcome_list_checks(const struct chain *chain, struct checks_of_step **ret,
                                struct err *err)
{
    TRY(NEW(ret, chain->count + 1, err));
    for (size_t i = 0; i < chain->count; i++)
        TRY(list_step(chain, i, &(*ret)[i], err));
    return STATUS_OK;
}

static enum status write_checks(const struct bytes *text, const char *path, struct err *err)
{
    OWNED(output_close) struct output *output = NULL;
    TRY(output_open(&output, path, err));
    TRY(output_write(output, text->data, text->size, err));
    return output_commit(output, err);
}

static enum status write_checks_file(const struct checks_of_step *steps, size_t count,
                                     const char *path, struct err *err)
{
    OWNED(bytes_release) struct bytes text = bytes_limited(CHECKS_BYTES_MAXIMUM);
    size_t size = strlen(path);
    bool junit = size > 4 && strcmp(path + size - 4, ".xml") == 0;
    TRY(junit ? checks_junit(steps, count, &text, err) : checks_json(steps, count, &text, err));
    enum status status = write_checks(&text, path, err);
    return status == STATUS_OK ? STATUS_OK : fail_within(err, status, "--checks \"%s\"", path);
}

static enum status record_check(struct run *run, int position, const struct check_result *result,
                                struct err *err)
{
    char found[96];
    snprintf(found, sizeof found, "%lld of %lld rows fail", (long long)result->failing,
             (long long)result->evaluated);
    struct run_check check = {.step = position,
                              .rule = result->rule,
                              .column = result->column,
                              .outcome = check_outcome_word(result->outcome),
                              .expected = result->expectation,
                              .found = result->of_rows ? found : result->found};
    return run_check(run, &check, err);
}

static enum status record_checks(struct run *run, const struct checks_of_step *steps, size_t count,
                                 struct err *err)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < steps[i].results.count; j++)
            TRY(record_check(run, steps[i].position, &steps[i].results.items[j], err));
    return STATUS_OK;
}

enum status outcome_checks(const struct chain *chain, const char *path, struct err *err)
{
    struct checks_of_step *steps = NULL;
    enum status status = outcome_list_checks(chain, &steps, err);
    if (status == STATUS_OK) status = record_checks(chain->run, steps, chain->count, err);
    if (status == STATUS_OK && path != NULL)
        status = write_checks_file(steps, chain->count, path, err);
    outcome_release_checks(steps, chain->count);
    return status;
}

enum status rejects_bound_parse(const char *bound, double *ret_number, bool *ret_percent,
                                struct err *err)
{
    char *end = NULL;
    *ret_number = strtod(bound, &end);
    *ret_percent = *end == '%';
    bool digit = bound[0] >= '0' && bound[0] <= '9';
    if (digit && (end[0] == '\0' || (*ret_percent && end[1] == '\0'))) return STATUS_OK;
    char shown[64];
    fail(err, STATUS_USAGE, "--max-rejects \"%s\" where a number or a percentage was expected",
         escape_for_terminal(str_of(bound), shown, sizeof shown));
    err_hint(err, "write --max-rejects 100 or --max-rejects 2%%");
    return STATUS_USAGE;
}

enum status outcome_check_rejects(struct chain *chain, const char *bound, struct err *err)
{
    double number = 0;
    bool percent = false;
    if (bound == NULL) return STATUS_OK;
    TRY(rejects_bound_parse(bound, &number, &percent, err));
    struct row_counts counts = outcome_counts(chain);
    double most = percent ? number / 100 * (double)counts.in : number;
    if ((double)counts.rejected <= most) return STATUS_OK;
    char reason[128];
    snprintf(reason, sizeof reason, "%lld rows rejected, more than --max-rejects %.40s",
             (long long)counts.rejected, bound);
    run_verdict_failed(chain->run, reason);
    return STATUS_OK;
}
