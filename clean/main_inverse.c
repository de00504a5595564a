/* clean/main_inverse.c: `tamis-clean inverse`: undoes normalize from a saved state. */
#include "clean/main_inverse.h"

#include "clean/inverse.h"
#include "lineage/stage.h"

struct args {
    const char *state;
    int64_t step;
    bool some;
    const char *into;
};

/* clang-format off: one row a line reads as the table it is */
static const struct setting options[] = {
    {"state", SETTING_TEXT, offsetof(struct args, state), .argument = "FILE",
     .help = "what the steps learned, as --save-state wrote it"},
    {"step", SETTING_INT, offsetof(struct args, step), .argument = "N", .minimum = 0,
     .maximum = 1000, .help = "undo the step at this place in the recipe only"},
    {"some", SETTING_FLAG, offsetof(struct args, some),
     .help = "columns of the state that are not in INPUT are passed over (predictions)"},
    {"into", SETTING_TEXT, offsetof(struct args, into), .argument = "DATASET",
     .help = "commit the result as a new version of DATASET in the store"},
    {0}};
/* clang-format on */

struct job {
    const struct args *args;
    const struct common *common;
    struct store *store;
    struct run *run;
    struct state *state;
    struct inverse *inverse;
    struct stage_input *input;
    struct stage_output *output;
    struct version version;
};

static void job_release(struct job *job)
{
    stage_output_close(&job->output);
    inverse_close(&job->inverse);
    stage_input_close(&job->input);
    state_close(&job->state);
    run_close(&job->run);
    store_close(&job->store);
}

static enum status each_batch(struct job *job, struct err *err)
{
    for (bool end = false;;) {
        OWNED(batch_release) struct batch batch = {0};
        OWNED(batch_release) struct batch restored = {0};
        TRY(stage_input_next(job->input, &batch, &end, err));
        if (end) return STATUS_OK;
        TRY(inverse_batch(job->inverse, &batch, &restored, err));
        TRY(stage_output_add(job->output, &restored, err));
    }
}

static enum status record_effect(struct job *job, struct err *err)
{
    struct module_effect effect = {
        .position = 1,
        .module = "inverse",
        .rows_in = stage_input_rows(job->input),
        .rows_out = stage_output_rows(job->output),
        .cells_changed = inverse_cells(job->inverse),
    };
    struct row_counts counts = {.in = effect.rows_in,
                                .out = effect.rows_out,
                                .bytes_in = stage_input_bytes(job->input),
                                .bytes_out = stage_output_bytes(job->output)};
    run_count(job->run, &counts);
    return run_effect(job->run, &effect, err);
}

static enum status undo_rows(struct job *job, const char *operand, struct err *err)
{
    struct stage_target target = {.path = job->common->output, .into = job->args->into};
    TRY(stage_input_open(&job->input, operand, job->run, job->common, err));
    TRY(stage_input_progress(job->input, job->common, "undo", err));
    enum status status = inverse_open(&job->inverse, job->state, job->args->step, job->args->some,
                                      stage_input_schema(job->input), err);
    if (status != STATUS_OK) return fail_within(err, status, "state \"%s\"", job->args->state);
    TRY(stage_output_open(&job->output, &target, inverse_schema(job->inverse), job->run,
                          job->common, err));
    TRY(each_batch(job, err));
    TRY(record_effect(job, err));
    return stage_output_finish(job->output, &job->version, err);
}

static enum status run_inverse(struct invocation *invocation, struct err *err)
{
    OWNED(job_release)
    struct job job = {.args = invocation->args, .common = &invocation->common};
    const char *operand = invocation->operand_count > 0 ? invocation->operands[0] : NULL;
    if (job.args->state == NULL) {
        fail(err, STATUS_USAGE, "--state is missing");
        err_hint(err, "give the file that tamis-clean --save-state wrote");
        return STATUS_USAGE;
    }
    TRY(state_open(&job.state, job.args->state, err));
    TRY(store_open(&job.store, job.common, STORE_WRITE, err));
    TRY(run_begin(&job.run, job.store, "clean", invocation, err));
    enum status status = run_finish(job.run, undo_rows(&job, operand, err), err);
    if (status == STATUS_OK || status == STATUS_VERDICT)
        log_line(job.common, false, "%lld rows, %lld cells as they were before normalize",
                 (long long)stage_input_rows(job.input), (long long)inverse_cells(job.inverse));
    return status;
}

const struct command inverse_command = {
    .name = "inverse",
    .operands = "[INPUT]",
    .summary = "undo normalize: numbers and words as they were, from a saved state",
    .details = "INPUT is data with the columns that normalize left, or predictions of some of them "
               "(--some). Steps are undone last to first: numbers get their scale and type back, "
               "codes and "
               "indicator columns their words, bins their middle. Clip, binarize and rows cannot "
               "be undone.",
    .examples =
        "tamis-clean train.arrow -m 'normalize columns=price method=robust' --save-state fit.json "
        "-o ready.arrow\n"
        "tamis-clean inverse predictions.arrow --state fit.json --some -o prices.arrow",
    .options = options,
    .args_bytes = sizeof(struct args),
    .operands_maximum = 1,
    .run = run_inverse,
    .common_without = "json|explain|seed|as-of|progress",
};
