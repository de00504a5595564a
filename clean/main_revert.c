/* clean/main_revert.c: `tamis-clean revert`: undoes one module from the cell audit. */
#include "clean/main_revert.h"

#include "clean/revert.h"
#include "lineage/stage.h"

#include <stdio.h>
#include <string.h>

struct args {
    const char *audit;
    const char *module;
    int64_t position;
    const char *into;
};

/* clang-format off: one row a line reads as the table it is */
static const struct setting options[] = {
    {"audit", SETTING_TEXT, offsetof(struct args, audit), .argument = "RUN|FILE",
     .help = "the run whose cells were audited, or an audit file"},
    {"module", SETTING_TEXT, offsetof(struct args, module), .letter = 'm', .argument = "NAME",
     .help = "undo the steps of this module"},
    {"position", SETTING_INT, offsetof(struct args, position), .argument = "N", .minimum = 0,
     .maximum = 1000, .help = "undo the step at this place in the recipe"},
    {"into", SETTING_TEXT, offsetof(struct args, into), .argument = "DATASET",
     .help = "commit the result as a new version of DATASET in the store"},
    {0}};
/* clang-format on */

struct job {
    const struct args *args;
    const struct common *common;
    struct store *store;
    struct run *run;
    struct revert *revert;
    struct stage_input *input;
    struct stage_output *output;
    struct version version;
};

static void job_release(struct job *job)
{
    stage_output_close(&job->output);
    stage_input_close(&job->input);
    revert_close(&job->revert);
    run_close(&job->run);
    store_close(&job->store);
}

static enum status check_args(const struct args *args, struct err *err)
{
    if (args->audit == NULL) {
        fail(err, STATUS_USAGE, "--audit is missing");
        err_hint(err, "give the run id of a tamis-clean --audit cells, or the file it wrote");
        return STATUS_USAGE;
    }
    if (args->module == NULL && args->position == 0)
        return fail(err, STATUS_USAGE, "give --module NAME or --position N");
    return STATUS_OK;
}

/* A run id is found in the store's audit folder; anything with a "/" or "." is a path. */
static enum status open_revert(struct job *job, struct err *err)
{
    OWNED(bytes_release) struct bytes path = bytes_limited(64u << 10);
    const struct args *args = job->args;
    bool is_path = strpbrk(args->audit, "/.") != NULL;
    if (is_path || job->store == NULL)
        return revert_open(&job->revert, args->audit, args->module, args->position, err);
    TRY(bytes_format(&path, err, "%s/audit/%s.arrow", store_path(job->store), args->audit));
    TRY(bytes_append(&path, "", 1, err));
    return revert_open(&job->revert, (const char *)path.data, args->module, args->position, err);
}

static enum status each_batch(struct job *job, struct err *err)
{
    for (bool end = false;;) {
        OWNED(batch_release) struct batch batch = {0};
        OWNED(batch_release) struct batch restored = {0};
        TRY(stage_input_next(job->input, &batch, &end, err));
        if (end) return STATUS_OK;
        TRY(revert_batch(job->revert, &batch, &restored, err));
        TRY(stage_output_add(job->output, &restored, err));
    }
}

static enum status record_effect(struct job *job, struct err *err)
{
    struct module_effect effect = {
        .position = 1,
        .module = "revert",
        .rows_in = stage_input_rows(job->input),
        .rows_out = stage_output_rows(job->output),
        .cells_changed = revert_counts(job->revert).restored,
    };
    struct row_counts counts = {.in = effect.rows_in,
                                .out = effect.rows_out,
                                .bytes_in = stage_input_bytes(job->input),
                                .bytes_out = stage_output_bytes(job->output)};
    run_count(job->run, &counts);
    return run_effect(job->run, &effect, err);
}

static enum status revert_rows(struct job *job, const char *operand, struct err *err)
{
    struct stage_target target = {.path = job->common->output, .into = job->args->into};
    TRY(open_revert(job, err));
    TRY(stage_input_open(&job->input, operand, job->run, job->common, err));
    TRY(stage_input_progress(job->input, job->common, "revert", err));
    TRY(stage_output_open(&job->output, &target, stage_input_schema(job->input), job->run,
                          job->common, err));
    TRY(each_batch(job, err));
    TRY(record_effect(job, err));
    return stage_output_finish(job->output, &job->version, err);
}

static void say_summary(const struct job *job)
{
    struct revert_counts counts = revert_counts(job->revert);
    int64_t gone = counts.cells - counts.restored - counts.superseded - counts.unfit;
    log_line(job->common, false,
             "%lld of %lld cells restored, %lld changed again by a later step, %lld no longer of "
             "the column's type, %lld in rows that are gone",
             (long long)counts.restored, (long long)counts.cells, (long long)counts.superseded,
             (long long)counts.unfit, (long long)gone);
}

static enum status run_revert(struct invocation *invocation, struct err *err)
{
    OWNED(job_release)
    struct job job = {.args = invocation->args, .common = &invocation->common};
    const char *operand = invocation->operand_count > 0 ? invocation->operands[0] : NULL;
    TRY(check_args(job.args, err));
    TRY(store_open(&job.store, job.common, STORE_WRITE, err));
    TRY(run_begin(&job.run, job.store, "clean", invocation, err));
    enum status status = run_finish(job.run, revert_rows(&job, operand, err), err);
    if (status == STATUS_OK || status == STATUS_VERDICT) say_summary(&job);
    return status;
}

const struct command revert_command = {
    .name = "revert",
    .operands = "[INPUT]",
    .summary = "undo what one module did to cells, from the audit of its run",
    .details =
        "INPUT is cleaned data with its _source and _record columns. Cells that a later step "
        "changed again stay as they are, and rows that were dropped, rejected or merged do "
        "not come back.",
    .examples =
        "tamis-clean tamis:raw/orders --recipe r.yaml --audit cells --audit-file cells.arrow "
        "-o clean.arrow\n"
        "tamis-clean revert clean.arrow --audit cells.arrow --module impute -o undone.arrow",
    .options = options,
    .args_bytes = sizeof(struct args),
    .operands_maximum = 1,
    .run = run_revert,
    .common_without = "json|explain|seed|as-of|progress",
};
