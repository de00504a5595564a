/* clean/main.c: tamis-clean: Arrow in, a recipe over it, Arrow out. */
#include "base/clock.h"
#include "clean/hide.h"
#include "clean/main_fit.h"
#include "clean/main_inverse.h"
#include "clean/main_merge.h"
#include "clean/main_modules.h"
#include "clean/main_report.h"
#include "clean/main_revert.h"
#include "clean/main_suggest.h"
#include "clean/outcome.h"
#include "clean/picture_served.h"
#include "clean/plan.h"
#include "clean/shard_result.h"
#include "clean/state.h"

#include <stdio.h>
#include <stdlib.h>

struct args {
    const char *recipe;
    struct text_list lines;
    const char *into;
    const char *rejects;
    const char *checks;
    const char *report;
    const char *max_rejects;
    const char *state, *save_state;
    const char *compression;
    const char *device;
    int audit; /* enum audit_depth */
    const char *audit_file;
    bool accept_failed;
    /* apply only: */
    struct shard_args where;
    const char *result;
};
enum audit_depth { AUDIT_ROWS, AUDIT_CELLS, AUDIT_NONE };

/* clang-format off: one row a line reads as the table it is */
#define RECIPE_OPTIONS                                                                             \
    {"recipe", SETTING_TEXT, offsetof(struct args, recipe), .argument = "FILE",                    \
     .help = "YAML file with the steps"},                                                          \
    {                                                                                              \
        "module", SETTING_TEXTS, offsetof(struct args, lines),                                     \
            .letter = 'm', .argument = "'NAME S=V ...'",                                           \
            .help = "one step, behind those of the recipe; may be given many times"                \
    }
#define ROW_OPTIONS                                                                                \
    {"rejects", SETTING_TEXT, offsetof(struct args, rejects), .argument = "FILE",                  \
     .help = "write rejected rows with their reasons to FILE (Arrow)"},                            \
        {"audit",                                                                                  \
         SETTING_CHOICE,                                                                           \
         offsetof(struct args, audit),                                                             \
         .choices = "rows|cells|none",                                                             \
         .fallback = "rows",                                                                       \
         .argument = "DEPTH",                                                                      \
         .help =                                                                                   \
             "what is kept of each change: rejected, dropped and merged rows, changed cells too, " \
             "or nothing"},                                                                        \
        {"audit-file", SETTING_TEXT, offsetof(struct args, audit_file), .argument = "FILE",        \
         .help = "write changed cells to FILE (Arrow) instead of the store's audit folder"},       \
        {"compression", SETTING_TEXT, offsetof(struct args, compression),                          \
         .argument = "none|zstd[:LEVEL]",                                                          \
         .help =                                                                                   \
             "compression of the output (default: zstd in files and the store, none in a pipe)"},  \
    {                                                                                              \
        "device", SETTING_TEXT, offsetof(struct args, device),                                     \
            .argument = "auto|cpu|cuda[:N]", .fallback = "auto",                                   \
            .help = "where normalize computes: on a GPU where there is one, on the processor, or " \
                    "on GPU N; "                                                                   \
                    "results never depend on it"                                                   \
    }

static const struct setting options[] = {
    RECIPE_OPTIONS,
    {"into", SETTING_TEXT, offsetof(struct args, into), .argument = "DATASET",
     .help = "commit the result as a new version of DATASET in the store"},
    ROW_OPTIONS,
    {"max-rejects", SETTING_TEXT, offsetof(struct args, max_rejects), .argument = "N|P%",
     .help = "more rejected rows than this fail the data (exit 3)"},
    {"checks", SETTING_TEXT, offsetof(struct args, checks), .argument = "FILE",
     .help =
         "write every check of validate and what became of it to FILE: JSON, or JUnit where the "
         "name ends in .xml"},
    {"report", SETTING_TEXT, offsetof(struct args, report), .argument = "FILE",
     .help = "write one page about the run, its rows and every column to FILE: HTML that loads "
             "nothing from elsewhere, or JSON where the name ends in .json; --json writes that to "
             "stdout"},
    {"state", SETTING_TEXT, offsetof(struct args, state), .argument = "FILE",
     .help = "apply what an earlier run learned instead of learning from this data"},
    {"save-state", SETTING_TEXT, offsetof(struct args, save_state), .argument = "FILE",
     .help = "write what the steps learned to FILE (JSON)"},
    {"accept-failed", SETTING_FLAG, offsetof(struct args, accept_failed),
     .help = "commit --into although the data failed its checks"},
    {0}};

static const struct setting apply_options[] = {
    RECIPE_OPTIONS,
    {"shard", SETTING_TEXT, offsetof(struct args, where.shard), .argument = "I/N",
     .help = "INPUT is shard I of N"},
    {"state", SETTING_TEXT, offsetof(struct args, state), .argument = "FILE",
     .help = "what was merged after the last round"},
    {"result", SETTING_TEXT, offsetof(struct args, result), .argument = "FILE",
     .help = "write what became of the shard to FILE, for tamis-clean merge (default: the output's "
             "name and .done)"},
    ROW_OPTIONS,
    {"run", SETTING_TEXT, offsetof(struct args, where.run), .argument = "NAME",
     .help = "names the undertaking, as for tamis-clean fit"},
    {"first-row", SETTING_INT, offsetof(struct args, where.first_row), .argument = "N",
     .fallback = "-1", .minimum = -1, .maximum = 9e15,
     .help = "rows of all shards before this one (default: as INPUT or --state say)"},
    {"first-window", SETTING_INT, offsetof(struct args, where.first_window), .argument = "N",
     .fallback = "-1", .minimum = -1, .maximum = 9e12,
     .help = "windows of all shards before this one (default: --first-row / 65,536)"},
    {0}};
/* clang-format on */

/* ---- settings that are not in a table ---- */

static enum status fail_compression(const char *text, struct err *err)
{
    char shown[64];
    return fail(err, STATUS_USAGE,
                "--compression \"%s\" where none, zstd or zstd:LEVEL (1 to 19) was expected",
                escape_for_terminal(str_of(text), shown, sizeof shown));
}

static enum status parse_compression(const char *text, struct stage_target *target, struct err *err)
{
    target->level = 1;
    if (text == NULL) return STATUS_OK;
    target->compression = strcmp(text, "none") == 0 ? COMPRESSION_NONE : COMPRESSION_ZSTD;
    if (target->compression == COMPRESSION_NONE || strcmp(text, "zstd") == 0) return STATUS_OK;
    if (strncmp(text, "zstd:", 5) != 0) return fail_compression(text, err);
    char *end = NULL;
    target->level = strtol(text + 5, &end, 10);
    bool good = text[5] != '\0' && *end == '\0' && target->level >= 1 && target->level <= 19;
    return good ? STATUS_OK : fail_compression(text, err);
}

static struct step_options step_options_of(const struct common *common)
{
    size_t memory = common->memory == 0 ? (size_t)1 << 30 : (size_t)common->memory;
    return (struct step_options){
        .threads = (size_t)common->threads,
        .memory = memory / 4, /* windows in flight take the rest */
        .seed = common->seed,
        .as_of = common->as_of.given ? common->as_of.microseconds : INT64_MIN,
    };
}

/* ---- one run ---- */

/* Everything a run holds; released in one place. */
struct job {
    const struct invocation *invocation;
    const struct args *args;
    const struct common *common;
    const char *operand;
    struct stage_target target;
    struct recipe recipe;
    struct state *state;
    bool sharded; /* apply */
    struct shard_run shard;
    struct device *device;
    struct store *store;
    struct run *run;
    struct stage_input *input;
    struct chain chain;
    struct rejects *rejects;
    struct audit *audit;
    struct report_target report;
    struct stage_output *output;
    struct version version;
    char *result;     /* where a shard's result goes */
    bool done_before; /* it is there */
    double started;
};

static void job_release(struct job *job)
{
    stage_output_close(&job->output);
    rejects_close(&job->rejects);
    audit_close(&job->audit);
    report_target_close(&job->report);
    chain_close(&job->chain);
    device_close(&job->device);
    stage_input_close(&job->input);
    run_close(&job->run);
    store_close(&job->store);
    recipe_release(&job->recipe);
    state_close(&job->state);
    shard_run_release(&job->shard);
    memory_free(job->result);
}

/* Next to the output, unless it was named. */
static enum status name_result(struct job *job, struct err *err)
{
    OWNED(bytes_release) struct bytes path = bytes_limited(64u << 10);
    const char *output = job->target.path, *result = job->args->result;
    bool to_stdout = output == NULL || strcmp(output, "-") == 0;
    if (result == NULL && to_stdout && !job->common->explain)
        return fail(err, STATUS_USAGE, "found neither -o FILE nor --result FILE");
    if (result != NULL) TRY(bytes_format(&path, err, "%s", result));
    if (result == NULL) TRY(bytes_format(&path, err, "%s.done", output));
    job->result = memory_copy_text((const char *)path.data, path.size);
    return job->result == NULL ? fail_memory(err, path.size) : STATUS_OK;
}

static enum status configure_shard(struct job *job, struct err *err)
{
    const struct args *args = job->args;
    struct shard_run *shard = &job->shard;
    TRY(shard_run_open(shard, &args->where, args->state, err));
    shard->head.kind = SHARD_APPLIED;
    shard->head.round = shard->learned == NULL ? 1 : merged_head(shard->learned)->round;
    TRY(name_result(job, err));
    return shard_run_recipe(shard, &job->recipe, args->recipe, &args->lines, err);
}

/* What can be wrong without looking at the data. */
static enum status job_configure(struct job *job, struct err *err)
{
    const struct args *args = job->args;
    double number;
    bool percent;
    job->target = (struct stage_target){
        .path = job->common->output, .into = args->into, .accept_failed = args->accept_failed};
    job->report = (struct report_target){.path = args->report, .json = job->common->json};
    TRY(parse_compression(args->compression, &job->target, err));
    TRY(report_target_check(&job->report, &job->target, err));
    TRY(device_check(args->device, err));
    if (args->max_rejects != NULL)
        TRY(rejects_bound_parse(args->max_rejects, &number, &percent, err));
    if (job->sharded) return configure_shard(job, err);
    if (args->state != NULL) TRY(state_open(&job->state, args->state, err));
    if (args->state != NULL && args->recipe == NULL && args->lines.count == 0)
        return state_recipe(job->state, &job->recipe, err);
    return recipe_load(&job->recipe, args->recipe, &args->lines, err);
}

/* The recipe, and what was learned before where that is applied: another state is another
 * configuration. */
static enum status record_recipe(struct job *job, struct err *err)
{
    OWNED(bytes_release) struct bytes json = bytes_limited(16u << 20);
    struct digest digest;
    char text[DIGEST_TEXT];
    TRY(recipe_json(&job->recipe, &json, &digest, err));
    if (job->state != NULL || job->shard.learned != NULL) {
        struct digest learned =
            job->state != NULL ? state_digest(job->state) : merged_digest(job->shard.learned);
        struct digest both[2] = {digest, learned};
        digest = digest_of(both, sizeof both);
        json.size--; /* the closing brace */
        TRY(bytes_format(&json, err, ",\"state\":\"%s\"}", digest_text(&both[1], text)));
    }
    return run_config(job->run, (struct str){(const char *)json.data, json.size}, &digest, err);
}

static enum status explain(const struct job *job, struct err *err)
{
    OWNED(bytes_release) struct bytes text = bytes_limited(1u << 20);
    OWNED(output_close) struct output *output = NULL;
    TRY(chain_explain(&job->chain, job->input, &text, err));
    TRY(output_open(&output, NULL, err));
    TRY(output_write(output, text.data, text.size, err));
    return output_commit(output, err);
}

/* A GPU is looked for only where a step can use it. */
static enum status open_device(struct job *job, char *ret_reason, struct err *err)
{
    bool used = false;
    for (size_t i = 0; i < job->recipe.count; i++)
        used = used || job->recipe.steps[i].module->uses_device;
    if (!used || job->common->explain) return STATUS_OK;
    TRY(device_open(&job->device, job->args->device, ret_reason, err));
    return job->device == NULL ? STATUS_OK : run_device(job->run, device_name(job->device), err);
}

static enum status open_shard(struct job *job, struct step_options *step_options, struct err *err)
{
    shard_run_options(&job->shard, step_options);
    return shard_run_input(&job->shard, &job->args->where, &job->recipe, step_options, job->input,
                           job->operand, err);
}

/* Every step must have learned from all shards. */
static enum status shard_chain(struct job *job, struct err *err)
{
    struct chain *chain = &job->chain;
    TRY(shard_run_chain(&job->shard, chain, err));
    chain->shard = &job->shard.head;
    if (plan_pass(chain->steps, chain->count, 0, true).fits == 0) return STATUS_OK;
    int64_t next = job->shard.learned == NULL ? 1 : job->shard.head.round + 1;
    (void)fail(err, STATUS_USAGE, "not every step has learned: round %lld was not merged",
               (long long)next);
    err_hint(err, "run tamis-clean fit --round %lld over all shards, merge, and give that --state",
             (long long)next);
    return STATUS_USAGE;
}

static enum status open_chain(struct job *job, struct err *err)
{
    struct step_options step_options = step_options_of(job->common);
    char reason[256] = "";
    TRY(open_device(job, reason, err));
    step_options.device = job->device;
    if (job->sharded) TRY(open_shard(job, &step_options, err));
    TRY(chain_open(&job->chain, &job->recipe, stage_input_schema(job->input), &step_options, err));
    if (reason[0] != '\0')
        log_line(job->common, false, "normalize computes on the processor: %s", reason);
    job->chain.run = job->run;
    job->chain.rejects = job->rejects;
    job->chain.with_raw = job->args->rejects != NULL;
    if (job->sharded) return shard_chain(job, err);
    return job->state == NULL ? STATUS_OK : state_load(job->state, &job->chain, err);
}

static bool ends_with(const char *text, const char *end)
{
    size_t size = text == NULL ? 0 : strlen(text), end_size = strlen(end);
    return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

/* A step that would learn from the new rows alone gives another result than a run over all. */
static enum status check_new_rows(const struct job *job, struct err *err)
{
    if (!ends_with(job->operand, "@new")) return STATUS_OK;
    for (size_t i = 0; i < job->chain.count; i++) {
        const struct step *step = &job->chain.steps[i];
        if (!step_must_fit(step)) continue;
        fail(err, STATUS_USAGE, "it learns from all rows, and \"%s\" reads the new ones only",
             job->operand);
        err_hint(err, "give --state FILE with what was learned before, or read @latest");
        return fail_in_step(step, STATUS_USAGE, err);
    }
    return STATUS_OK;
}

/* ---- after the last row ---- */

static void say_lines(const struct common *common, bool important, const struct bytes *report)
{
    const char *from = (const char *)report->data;
    for (size_t left = report->size; left > 0;) {
        const char *end = memchr(from, '\n', left);
        size_t size = end == NULL ? left : (size_t)(end - from);
        log_line(common, important, "%.*s", (int)size, from);
        from += size + (end != NULL);
        left -= size + (end != NULL);
    }
}

static enum status tell_outcome(struct job *job, struct bytes *report, struct err *err)
{
    if (!job->sharded) TRY(outcome_verdict(&job->chain, report, err));
    if (!job->sharded || job->args->checks != NULL)
        TRY(outcome_checks(&job->chain, job->args->checks, err));
    TRY(outcome_check_rejects(&job->chain, job->args->max_rejects, err));
    say_lines(job->common, run_verdict_is_failed(job->run), report);
    TRY(outcome_effects(&job->chain, err));
    TRY(outcome_lineage(&job->chain, stage_input_node(job->input), err));
    return outcome_metrics(&job->chain, err);
}

static enum status write_report(struct job *job, const struct bytes *lines, struct err *err)
{
    struct digest state = job->state == NULL ? (struct digest){{0}} : state_digest(job->state);
    struct report_run run = {
        .invocation = job->invocation,
        .chain = &job->chain,
        .input = stage_input_node(job->input),
        .recipe = &job->recipe,
        .state = job->state == NULL ? NULL : &state,
        .version = &job->version,
        .into = job->args->into,
        .lines = lines,
    };
    return report_target_write(&job->report, &run, err);
}

static enum status job_finish(struct job *job, struct err *err)
{
    OWNED(bytes_release) struct bytes lines = bytes_limited(4u << 20);
    struct row_counts counts = outcome_counts(&job->chain);
    if (job->sharded) TRY(shard_run_rows(&job->shard, &job->chain, err));
    counts.bytes_in = stage_input_bytes(job->input);
    counts.bytes_out = stage_output_bytes(job->output);
    run_count(job->run, &counts);
    TRY(tell_outcome(job, &lines, err));
    TRY(rejects_commit(job->rejects, err));
    if (job->audit != NULL) TRY(audit_commit(job->audit, err));
    if (job->args->save_state != NULL) TRY(state_save(&job->chain, job->args->save_state, err));
    TRY(stage_output_finish(job->output, &job->version, err));
    TRY(write_report(job, &lines, err));
    if (!job->sharded) return STATUS_OK;
    return shard_result_write(&job->shard, &job->chain, job->target.path, job->result, err);
}

/* audit/RUN.arrow in the store, unless a file was named. */
static enum status open_audit(struct job *job, struct err *err)
{
    OWNED(bytes_release) struct bytes path = bytes_limited(64u << 10);
    const struct args *args = job->args;
    if (args->audit == AUDIT_NONE) run_only_count_events(job->run);
    if (args->audit != AUDIT_CELLS) return STATUS_OK;
    if (args->audit_file != NULL) return audit_open(&job->audit, args->audit_file, err);
    if (job->store == NULL) {
        fail(err, STATUS_USAGE, "--audit cells without a store needs --audit-file FILE");
        return STATUS_USAGE;
    }
    TRY(bytes_format(&path, err, "%s/audit/%s.arrow", store_path(job->store), run_id(job->run)));
    TRY(bytes_append(&path, "", 1, err));
    return audit_open(&job->audit, (const char *)path.data, err);
}

static enum status job_rows(struct job *job, struct err *err)
{
    TRY(record_recipe(job, err));
    TRY(rejects_open(&job->rejects, job->args->rejects, job->run, err));
    run_into(job->run, job->args->into);
    TRY(stage_input_open(&job->input, job->operand, job->run, job->common, err));
    TRY(open_chain(job, err));
    TRY(check_new_rows(job, err));
    if (job->sharded && shard_result_is_there(&job->shard, job->target.path, job->result)) {
        job->done_before = true;
        return STATUS_OK;
    }
    if (job->common->explain) return explain(job, err);
    TRY(open_audit(job, err));
    job->chain.audit = job->audit;
    TRY(report_target_open(&job->report, &job->chain, err));
    enum status status =
        chain_run(&job->chain, job->input, &job->target, job->common, &job->output, err);
    if (status == STATUS_OK) status = job_finish(job, err);
    if (status != STATUS_OK) hide_error(&job->chain.redactor, err);
    return status;
}

static void say_summary(const struct job *job)
{
    if (job->done_before) {
        log_line(job->common, false, "shard %s: done before, \"%s\" is whole",
                 job->args->where.shard, job->target.path);
        return;
    }
    struct row_counts counts = outcome_counts(&job->chain);
    char removed[160] = "", version[320] = "";
    if (counts.rejected + counts.dropped + counts.merged > 0)
        snprintf(removed, sizeof removed, ", %lld rejected, %lld dropped, %lld merged",
                 (long long)counts.rejected, (long long)counts.dropped, (long long)counts.merged);
    if (job->version.number == 0 && job->args->into != NULL && counts.in == 0)
        snprintf(version, sizeof version, ", nothing new: no version was committed");
    if (job->version.number > 0)
        snprintf(version, sizeof version, ", committed as %s@%lld", job->version.dataset,
                 (long long)job->version.number);
    log_line(job->common, false, "%lld rows in, %lld out%s, %.1f s%s", (long long)counts.in,
             (long long)counts.out, removed, clock_seconds() - job->started, version);
}

/* A plan records nothing: of the store it reads at most the version it is about. */
static enum status open_store(struct job *job, struct err *err)
{
    bool explains = job->common->explain;
    bool stored = job->operand != NULL && strncmp(job->operand, "tamis:", 6) == 0;
    if (explains && !stored) return STATUS_OK;
    return store_open(&job->store, job->common, explains ? STORE_READ : STORE_WRITE, err);
}

static enum status run_clean(struct invocation *invocation, bool sharded, struct err *err)
{
    OWNED(job_release)
    struct job job = {
        .invocation = invocation,
        .args = invocation->args,
        .common = &invocation->common,
        .operand = invocation->operand_count > 0 ? invocation->operands[0] : NULL,
        .sharded = sharded,
        .started = clock_seconds(),
    };
    TRY(job_configure(&job, err));
    TRY(open_store(&job, err));
    TRY(run_begin(&job.run, job.store, "clean", invocation, err));
    enum status status = run_finish(job.run, job_rows(&job, err), err);
    if (!job.common->explain && (status == STATUS_OK || status == STATUS_VERDICT))
        say_summary(&job);
    return status;
}

static enum status clean(struct invocation *invocation, struct err *err)
{
    return run_clean(invocation, false, err);
}

static enum status apply(struct invocation *invocation, struct err *err)
{
    return run_clean(invocation, true, err);
}

/* ---- the command ---- */

static const struct command apply_command = {
    .name = "apply",
    .operands = "[INPUT]",
    .summary = "clean one shard by what all shards learned",
    .details =
        "The rows of all shards, one behind the other, are those of one run over all of the input; "
        "so are their row events and rejects. Whether the data passed its checks is known when the "
        "results of all shards are there: tamis-clean merge says it.\n\n"
        "An output whose result is there for the same input and state, and whose digest matches, "
        "is kept.",
    .examples = "tamis-clean apply part2.arrow --shard 2/3 --state merged-2.state -o clean2.arrow\n"
                "tamis-clean merge clean*.arrow.done --state merged-2.state --checks checks.json",
    .options = apply_options,
    .args_bytes = sizeof(struct args),
    .operands_maximum = 1,
    .run = apply,
    .decode = picture_serve,
    .common_without = "json|seed|as-of",
};

static const struct command *const subcommands[] = {
    &modules_command, &suggest_command, &revert_command, &inverse_command,
    &fit_command,     &merge_command,   &apply_command,  NULL};

static const struct command command = {
    .name = "tamis-clean",
    .operands = "[INPUT]",
    .summary = "run a chain of cleaning modules over Arrow data",
    .details =
        "INPUT is an Arrow stream or file, tamis:DATASET[@REF] for a version in the store, or "
        "nothing for stdin. Steps come from --recipe, then from -m in their order. Rows are read "
        "in windows and in as few passes as the steps that learn from the data allow; --explain "
        "shows them.\n\n"
        "Exit codes: 0 done; 1 failed; 2 usage or recipe; 3 done, but the data failed its checks; "
        "75 busy.",
    .examples = "tamis-ingest orders.csv | tamis-clean -m 'text' -m 'missing' -o clean.arrow\n"
                "tamis-clean tamis:raw/orders --recipe orders.yaml --into clean/orders\n"
                "tamis-clean raw.arrow --recipe orders.yaml -o clean.arrow --report orders.html\n"
                "tamis-clean new.arrow --state fitted.json -o new_clean.arrow\n"
                "tamis-clean modules impute",
    .options = options,
    .args_bytes = sizeof(struct args),
    .subcommands = subcommands,
    .operands_maximum = 1,
    .run = clean,
    .decode = picture_serve,
};

int main(int argc, char **argv)
{
    return command_main(&command, argc, argv);
}
