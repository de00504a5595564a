/* clean/main_fit.c: `tamis-clean fit`: what the steps of one round see of one shard. */
#include "clean/main_fit.h"

#include "base/clock.h"
#include "clean/pass.h"
#include "clean/picture_served.h"
#include "clean/shard_run.h"

struct args {
    const char *recipe;
    struct text_list lines;
    struct shard_args where;
    int64_t round;
    const char *state;
};

/* clang-format off: one row a line reads as the table it is */
static const struct setting options[] = {
    {"recipe", SETTING_TEXT, offsetof(struct args, recipe), .argument = "FILE",
     .help = "YAML file with the steps"},
    {"module", SETTING_TEXTS, offsetof(struct args, lines), .letter = 'm',
     .argument = "'NAME S=V ...'",
     .help = "one step, behind those of the recipe; may be given many times"},
    {"shard", SETTING_TEXT, offsetof(struct args, where.shard), .argument = "I/N",
     .help = "INPUT is shard I of N"},
    {"round", SETTING_INT, offsetof(struct args, round), .argument = "K", .fallback = "1",
     .minimum = 0, .maximum = 1000,
     .help = "round to fit; 0 only counts rows and windows, where nobody else knows them"},
    {"state", SETTING_TEXT, offsetof(struct args, state), .argument = "FILE",
     .help = "what was merged after the round before"},
    {"run", SETTING_TEXT, offsetof(struct args, where.run), .argument = "NAME",
     .help = "names the undertaking, the same for all shards (default: the plan's name in INPUT)"},
    {"first-row", SETTING_INT, offsetof(struct args, where.first_row), .argument = "N",
     .fallback = "-1", .minimum = -1, .maximum = 9e15,
     .help = "rows of all shards before this one (default: as INPUT or --state say)"},
    {"first-window", SETTING_INT, offsetof(struct args, where.first_window), .argument = "N",
     .fallback = "-1", .minimum = -1, .maximum = 9e12,
     .help = "windows of all shards before this one (default: --first-row / 65,536)"},
    {0}};
/* clang-format on */

struct job {
    const struct args *args;
    const struct common *common;
    const char *operand;
    struct shard_run shard;
    struct recipe recipe;
    struct store *store;
    struct run *run;
    struct stage_input *input;
    struct chain chain;
    struct shard_writer *writer;
    struct exchange *exchange;
    double started;
};

static void job_release(struct job *job)
{
    exchange_close(&job->exchange);
    shard_writer_close(&job->writer);
    chain_close(&job->chain);
    stage_input_close(&job->input);
    run_close(&job->run);
    store_close(&job->store);
    recipe_release(&job->recipe);
    shard_run_release(&job->shard);
}

static struct step_options step_options_of(const struct common *common)
{
    size_t memory = common->memory == 0 ? (size_t)1 << 30 : (size_t)common->memory;
    return (struct step_options){
        .threads = (size_t)common->threads,
        .memory = memory / 4,
        .seed = common->seed,
        .as_of = common->as_of.given ? common->as_of.microseconds : INT64_MIN,
    };
}

/* Round K stands on what was merged after round K - 1, or on the count of round 0. */
static enum status check_round(const struct job *job, struct err *err)
{
    int64_t round = job->args->round;
    if (job->shard.learned == NULL) {
        if (round <= 1) return STATUS_OK;
        (void)fail(err, STATUS_USAGE, "round %lld stands on what was merged before",
                   (long long)round);
        err_hint(err, "give --state FILE with what tamis-clean merge wrote after round %lld",
                 (long long)round - 1);
        return STATUS_USAGE;
    }
    const struct shard_head *merged = merged_head(job->shard.learned);
    if (merged->round + 1 != round)
        return fail(
            err, STATUS_USAGE,
            "stale: the state was merged after round %lld, --round %lld wants that of round "
            "%lld",
            (long long)merged->round, (long long)round, (long long)round - 1);
    if (!merged->complete || merged->round == 0) return STATUS_OK;
    (void)fail(err, STATUS_USAGE, "every step has learned: there is no round %lld",
               (long long)round);
    err_hint(err, "go on with tamis-clean apply --state FILE");
    return STATUS_USAGE;
}

static enum status open_chain(struct job *job, struct err *err)
{
    struct step_options step_options = step_options_of(job->common);
    shard_run_options(&job->shard, &step_options);
    TRY(stage_input_open(&job->input, job->operand, job->run, job->common, err));
    TRY(shard_run_input(&job->shard, &job->args->where, &job->recipe, &step_options, job->input,
                        job->operand, err));
    step_options.secret = job->shard.secret;
    TRY(chain_open(&job->chain, &job->recipe, stage_input_schema(job->input), &step_options, err));
    job->chain.run = job->run;
    return shard_run_chain(&job->shard, &job->chain, err);
}

static enum status explain(const struct job *job, struct err *err)
{
    OWNED(bytes_release) struct bytes text = bytes_limited(1u << 20);
    OWNED(output_close) struct output *output = NULL;
    TRY(plan_explain_rounds(job->chain.steps, job->chain.count, &text, err));
    TRY(output_open(&output, NULL, err));
    TRY(output_write(output, text.data, text.size, err));
    return output_commit(output, err);
}

static enum status read_rows(struct job *job, const struct pass_plan *plan, struct err *err)
{
    struct pass pass = {.chain = &job->chain, .plan = *plan, .input = job->input};
    pass.exchange = job->exchange;
    TRY(pass_run(&pass, err));
    return shard_run_rows(&job->shard, &job->chain, err);
}

static enum status fit_round(struct job *job, struct err *err)
{
    struct pass_plan plan = {0};
    if (job->args->round > 0) {
        plan = plan_pass(job->chain.steps, job->chain.count, 0, true);
        if (plan.fits == 0) {
            (void)fail(err, STATUS_USAGE, "no step of the recipe learns from the data");
            err_hint(err, "run tamis-clean over each shard as it is");
            return STATUS_USAGE;
        }
    }
    TRY(shard_create(&job->writer, job->common->output, &job->shard.head, err));
    TRY(exchange_open(&job->exchange, job->chain.steps, &plan, job->writer, err));
    TRY(read_rows(job, &plan, err));
    shard_tell(job->writer, &job->shard.extent);
    return shard_commit(job->writer, err);
}

static enum status run_job(struct job *job, struct err *err)
{
    TRY(open_chain(job, err));
    if (job->common->explain) return explain(job, err);
    if (shard_run_is_done(&job->shard, job->common->output)) {
        log_line(job->common, false, "shard %lld of %lld, round %lld: done before, \"%s\" is whole",
                 (long long)job->shard.head.index, (long long)job->shard.head.count,
                 (long long)job->shard.head.round, job->common->output);
        return STATUS_OK;
    }
    TRY(fit_round(job, err));
    log_line(job->common, false, "shard %lld of %lld, round %lld: %lld rows, %.1f s",
             (long long)job->shard.head.index, (long long)job->shard.head.count,
             (long long)job->shard.head.round, (long long)job->chain.rows_in,
             clock_seconds() - job->started);
    return STATUS_OK;
}

static enum status configure(struct job *job, struct err *err)
{
    const struct args *args = job->args;
    if (job->common->output == NULL && !job->common->explain)
        return fail(err, STATUS_USAGE, "found no -o FILE for the state of the shard");
    TRY(shard_run_open(&job->shard, &args->where, args->state, err));
    job->shard.head.kind = SHARD_FITTED;
    job->shard.head.round = args->round;
    TRY(check_round(job, err));
    return shard_run_recipe(&job->shard, &job->recipe, args->recipe, &args->lines, err);
}

/* Learns and changes nothing: a store is opened only to read a version from it. */
static enum status run_fit(struct invocation *invocation, struct err *err)
{
    OWNED(job_release)
    struct job job = {
        .args = invocation->args,
        .common = &invocation->common,
        .operand = invocation->operand_count > 0 ? invocation->operands[0] : NULL,
        .started = clock_seconds(),
    };
    TRY(configure(&job, err));
    bool stored = job.operand != NULL && strncmp(job.operand, "tamis:", 6) == 0;
    if (stored) TRY(store_open(&job.store, job.common, STORE_READ, err));
    TRY(run_begin(&job.run, job.store, "clean", invocation, err));
    return run_finish(job.run, run_job(&job, err), err);
}

const struct command fit_command = {
    .name = "fit",
    .operands = "[INPUT]",
    .summary = "what the steps of one round see of one shard",
    .details =
        "Steps that learn see what the steps before them made of the rows, so a recipe is learned "
        "in rounds: in each, every shard is read once (fit), then the states of all shards are "
        "merged. --explain prints the rounds. After the last, tamis-clean apply cleans each shard; "
        "together that gives the bytes of one run over all rows.\n\n"
        "A state appears whole or not at all, and one that is there for the same input, recipe and "
        "round is kept.",
    .examples =
        "tamis-clean fit part2.arrow --recipe r.yaml --shard 2/3 --round 1 -o fit-1-2.state\n"
        "tamis-clean merge fit-1-*.state -o merged-1.state\n"
        "tamis-clean fit part2.arrow --shard 2/3 --round 2 --state merged-1.state -o fit-2-2.state",
    .options = options,
    .args_bytes = sizeof(struct args),
    .operands_maximum = 1,
    .run = run_fit,
    .decode = picture_serve,
    .common_without = "json",
};
