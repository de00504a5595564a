/* clean/main_merge.c: `tamis-clean merge`: the states of all shards become one. */
#include "clean/main_merge.h"

#include "base/clock.h"
#include "clean/batch_bytes.h"
#include "clean/shard_merge.h"
#include "clean/shard_result.h"

#include <sys/stat.h>

struct args {
    const char *state;
    bool notes;
    const char *checks;
    const char *max_rejects;
};

/* clang-format off: one row a line reads as the table it is */
static const struct setting options[] = {
    {"state", SETTING_TEXT, offsetof(struct args, state), .argument = "FILE",
     .help = "the merged state that the shards were fitted with: that of the round before"},
    {"checks", SETTING_TEXT, offsetof(struct args, checks), .argument = "FILE",
     .help = "of results: write every check of validate and what became of it to FILE"},
    {"max-rejects", SETTING_TEXT, offsetof(struct args, max_rejects), .argument = "N|P%",
     .help = "of results: more rejected rows than this fail the data (exit 3)"},
    {"notes", SETTING_FLAG, offsetof(struct args, notes),
     .help = "record why each cell changes, for apply --audit cells"},
    {0}};
/* clang-format on */

struct job {
    const struct args *args;
    const struct common *common;
    struct shard_set set;
    struct merged *previous;
    struct yaml *document;
    struct recipe recipe;
    struct schema *schema;
    struct run *run;
    struct chain chain;
    double started;
};

static void job_release(struct job *job)
{
    chain_close(&job->chain);
    run_close(&job->run);
    recipe_release(&job->recipe);
    yaml_close(&job->document);
    schema_unref(&job->schema);
    merged_close(&job->previous);
    shard_set_release(&job->set);
}

/* ---- what the states stand on ---- */

static bool is_zero(const struct digest *digest)
{
    static const struct digest zero;
    return memcmp(digest, &zero, sizeof zero) == 0;
}

static enum status fail_previous(const struct job *job, struct err *err)
{
    const struct shard_head *head = shard_set_head(&job->set);
    if (is_zero(&head->previous))
        return fail(err, STATUS_USAGE,
                    "the shards were fitted without a state, and --state \"%s\" is given",
                    job->args->state);
    if (job->args->state == NULL)
        (void)fail(err, STATUS_USAGE, "round %lld stands on what was merged before",
                   (long long)head->round);
    else
        (void)fail(err, STATUS_USAGE,
                   "stale: the shards were fitted with another state than \"%s\"",
                   job->args->state);
    err_hint(err, "give --state FILE as tamis-clean fit had it");
    return STATUS_USAGE;
}

static enum status open_previous(struct job *job, struct err *err)
{
    const struct shard_head *head = shard_set_head(&job->set);
    if (is_zero(&head->previous) != (job->args->state == NULL)) return fail_previous(job, err);
    if (job->args->state == NULL) return STATUS_OK;
    TRY(merged_open(&job->previous, job->args->state, err));
    struct digest digest = merged_digest(job->previous);
    if (memcmp(&digest, &head->previous, sizeof digest) == 0) return STATUS_OK;
    return fail_previous(job, err);
}

static struct step_options step_options_of(const struct common *common,
                                           const struct shard_head *head)
{
    size_t memory = common->memory == 0 ? (size_t)1 << 30 : (size_t)common->memory;
    return (struct step_options){
        .threads = (size_t)common->threads,
        .memory = memory / 4,
        .seed = head->seed,
        .as_of = head->as_of,
    };
}

static enum status open_chain(struct job *job, struct err *err)
{
    const struct shard_head *head = shard_set_head(&job->set);
    struct step_options step_options = step_options_of(job->common, head);
    TRY(recipe_from_json(head->recipe_json, &job->document, &job->recipe, err));
    TRY(schema_from_bytes(head->schema.data, head->schema.size, &job->schema, err));
    TRY(chain_open(&job->chain, &job->recipe, job->schema, &step_options, err));
    job->chain.run = job->run;
    if (job->previous == NULL) return STATUS_OK;
    return merged_load(job->previous, &job->chain, NULL, err);
}

/* ---- resuming ---- */

/* Whether the merged state is there already: it stands on these very states. */
static bool is_done(const struct job *job, const struct digest *of_set)
{
    OWNED(shard_close) struct shard_file *file = NULL;
    if (shard_open(&file, job->common->output, NULL) != STATUS_OK) return false;
    const struct shard_head *head = shard_head_of(file);
    return head->kind == SHARD_MERGED && head->round == shard_set_head(&job->set)->round &&
           memcmp(&head->merged, of_set, sizeof *of_set) == 0;
}

static struct digest digest_of_set(const struct job *job)
{
    struct digester digester;
    digester_begin(&digester);
    digester_add_u64(&digester, job->args->notes);
    for (size_t i = 0; i < job->set.count; i++) {
        struct digest digest = shard_digest(job->set.files[i]);
        digester_add_field(&digester, &digest, sizeof digest);
    }
    return digester_end(&digester);
}

/* ---- the round ---- */

static int64_t bytes_of(const struct job *job)
{
    int64_t bytes = 0;
    for (size_t i = 0; i < job->set.count; i++)
        bytes += shard_bytes(job->set.files[i]);
    return bytes;
}

static void say(const struct job *job, bool complete)
{
    const struct shard_head *head = shard_set_head(&job->set);
    log_line(job->common, false, "round %lld: %zu states of %lld bytes merged, %.1f s; %s",
             (long long)head->round, job->set.count, (long long)bytes_of(job),
             clock_seconds() - job->started,
             complete ? "every step has learned: apply" : "go on with the next round");
}

/* What a driver asks: is there another round? */
static enum status say_json(const struct job *job, bool complete, struct err *err)
{
    OWNED(bytes_release) struct bytes text = bytes_limited(1u << 20);
    OWNED(output_close) struct output *output = NULL;
    const struct shard_head *head = shard_set_head(&job->set);
    if (!job->common->json) return STATUS_OK;
    TRY(bytes_append_text(&text, "{\"run\":", err));
    TRY(bytes_append_json(&text, str_of(head->run), err));
    TRY(bytes_format(&text, err, ",\"shards\":%zu,\"round\":%lld,\"complete\":%s", job->set.count,
                     (long long)head->round, complete ? "true" : "false"));
    if (!complete) TRY(bytes_format(&text, err, ",\"next\":%lld", (long long)head->round + 1));
    TRY(bytes_format(&text, err, ",\"bytes\":%lld}\n", (long long)bytes_of(job)));
    TRY(output_open(&output, NULL, err));
    TRY(output_write(output, text.data, text.size, err));
    return output_commit(output, err);
}

static enum status run_round(struct job *job, struct err *err)
{
    struct digest of_set = digest_of_set(job);
    bool complete = false;
    if (is_done(job, &of_set)) {
        OWNED(merged_close) struct merged *done = NULL;
        TRY(merged_open(&done, job->common->output, err));
        log_line(job->common, false, "merged before, \"%s\" is whole", job->common->output);
        return say_json(job, merged_head(done)->complete, err);
    }
    if (shard_set_head(&job->set)->round == 0) shard_set_number(&job->set);
    TRY(open_chain(job, err));
    TRY(shard_set_check_windows(&job->set, BATCH_BYTES_MAXIMUM, err));
    struct merge merge = {
        .chain = &job->chain,
        .set = &job->set,
        .previous = job->previous,
        .path = job->common->output,
        .notes = job->args->notes,
        .of_set = of_set,
    };
    TRY(merge_round(&merge, &complete, err));
    say(job, complete);
    return say_json(job, complete, err);
}

/* ---- the verdict ---- */

static void say_lines(const struct job *job, const struct bytes *report)
{
    bool important = run_verdict_is_failed(job->run);
    const char *from = (const char *)report->data;
    for (size_t left = report->size; left > 0;) {
        const char *end = memchr(from, '\n', left);
        size_t size = end == NULL ? left : (size_t)(end - from);
        log_line(job->common, important, "%.*s", (int)size, from);
        from += size + (end != NULL);
        left -= size + (end != NULL);
    }
}

static enum status verdict_json(const struct job *job, struct err *err)
{
    OWNED(bytes_release) struct bytes text = bytes_limited(1u << 20);
    OWNED(output_close) struct output *output = NULL;
    struct row_counts counts = outcome_counts(&job->chain);
    if (!job->common->json) return STATUS_OK;
    TRY(bytes_append_text(&text, "{\"run\":", err));
    TRY(bytes_append_json(&text, str_of(shard_set_head(&job->set)->run), err));
    TRY(bytes_format(&text, err,
                     ",\"shards\":%zu,\"rows_in\":%lld,\"rows_out\":%lld,\"rejected\":%lld,"
                     "\"dropped\":%lld,\"merged\":%lld,\"passed\":%s}\n",
                     job->set.count, (long long)counts.in, (long long)counts.out,
                     (long long)counts.rejected, (long long)counts.dropped,
                     (long long)counts.merged, run_verdict_is_failed(job->run) ? "false" : "true"));
    TRY(output_open(&output, NULL, err));
    TRY(output_write(output, text.data, text.size, err));
    return output_commit(output, err);
}

/* What one run over all rows would have said at its end. */
static enum status conclude(struct job *job, struct err *err)
{
    OWNED(bytes_release) struct bytes report = bytes_limited(4u << 20);
    TRY(open_chain(job, err));
    TRY(shard_set_check_windows(&job->set, BATCH_BYTES_MAXIMUM, err));
    TRY(shard_results_add(&job->set, &job->chain, err));
    struct row_counts counts = outcome_counts(&job->chain);
    TRY(outcome_verdict(&job->chain, &report, err));
    if (job->args->checks != NULL) TRY(outcome_checks(&job->chain, job->args->checks, err));
    TRY(outcome_check_rejects(&job->chain, job->args->max_rejects, err));
    say_lines(job, &report);
    log_line(job->common, false,
             "%zu shards: %lld rows in, %lld out, %lld rejected, %lld dropped, %lld merged",
             job->set.count, (long long)counts.in, (long long)counts.out,
             (long long)counts.rejected, (long long)counts.dropped, (long long)counts.merged);
    return verdict_json(job, err);
}

static enum status merge(struct job *job, const struct invocation *invocation, struct err *err)
{
    TRY(shard_set_open(&job->set, invocation->operands, invocation->operand_count, err));
    bool results = shard_set_head(&job->set)->kind == SHARD_APPLIED;
    if (job->common->output == NULL && !results)
        return fail(err, STATUS_USAGE, "found no -o FILE for the merged state");
    if (job->common->output != NULL && results)
        return fail(err, STATUS_USAGE, "found -o FILE, and results of apply give a verdict only");
    TRY(open_previous(job, err));
    return results ? conclude(job, err) : run_round(job, err);
}

static enum status run_merge(struct invocation *invocation, struct err *err)
{
    OWNED(job_release)
    struct job job = {
        .args = invocation->args,
        .common = &invocation->common,
        .started = clock_seconds(),
    };
    TRY(run_begin(&job.run, NULL, "clean", invocation, err));
    return run_finish(job.run, merge(&job, invocation, err), err);
}

const struct command merge_command = {
    .name = "merge",
    .operands = "STATE...",
    .summary = "the states of all shards in one round become one",
    .details =
        "STATE is what tamis-clean fit wrote for each shard, in any order. A missing, duplicate, "
        "foreign or stale one is refused (exit 2), a truncated or changed one too (exit 1): an "
        "engine that starts a merge after a shard failed does no harm. The merged state appears "
        "whole or not at all. --json tells whether there is another round.\n\n"
        "Where STATE is what tamis-clean apply left for each shard (OUTPUT.done), the verdict over "
        "all rows is given: exit 3 when the data failed its checks.",
    .examples = "tamis-clean merge fit-1-*.state -o merged-1.state\n"
                "tamis-clean merge fit-2-*.state --state merged-1.state -o merged-2.state --json\n"
                "tamis-clean merge clean*.arrow.done --state merged-2.state --checks checks.json",
    .options = options,
    .args_bytes = sizeof(struct args),
    .operands_minimum = 1,
    .operands_maximum = SIZE_MAX,
    .run = run_merge,
    .common_without = "emit|explain|seed|as-of|store|no-store|wait",
};
