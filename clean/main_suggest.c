/* clean/main_suggest.c: `tamis-clean suggest`: drafts a recipe. */
#include "clean/main_suggest.h"

#include "clean/picture_served.h"
#include "clean/suggest.h"

#include <string.h>

struct job {
    struct store *store;
    struct run *run;
    struct stage_input *input;
};

static void job_release(struct job *job)
{
    stage_input_close(&job->input);
    run_close(&job->run);
    store_close(&job->store);
}

static enum status write_draft(const struct invocation *invocation, const struct bytes *text,
                               struct err *err)
{
    OWNED(output_close) struct output *output = NULL;
    TRY(output_open(&output, invocation->common.output, err));
    TRY(output_write(output, text->data, text->size, err));
    return output_commit(output, err);
}

static enum status draft(struct job *job, const struct invocation *invocation, struct err *err)
{
    OWNED(bytes_release) struct bytes text = bytes_limited(16u << 20);
    const struct common *common = &invocation->common;
    const char *operand = invocation->operand_count > 0 ? invocation->operands[0] : NULL;
    struct step_options options = {
        .threads = (size_t)common->threads,
        .memory = (common->memory == 0 ? (size_t)1 << 30 : (size_t)common->memory) / 4,
        .seed = common->seed,
        .as_of = INT64_MIN,
    };
    TRY(stage_input_open(&job->input, operand, job->run, common, err));
    TRY(stage_input_progress(job->input, common, "look", err));
    TRY(suggest_recipe(job->input, job->run, &options, &text, err));
    return write_draft(invocation, &text, err);
}

/* Reads the data and changes nothing: a store is opened only to read a version from it. */
static enum status run_suggest(struct invocation *invocation, struct err *err)
{
    OWNED(job_release) struct job job = {0};
    bool stored =
        invocation->operand_count > 0 && strncmp(invocation->operands[0], "tamis:", 6) == 0;
    if (stored) TRY(store_open(&job.store, &invocation->common, STORE_READ, err));
    TRY(run_begin(&job.run, job.store, "clean", invocation, err));
    return run_finish(job.run, draft(&job, invocation, err), err);
}

const struct command suggest_command = {
    .name = "suggest",
    .operands = "[INPUT]",
    .summary = "look at data and draft a recipe for it",
    .details = "Every module that could help is tried on the data; the draft has those that change "
               "or find something, with what they learned and how many cells or rows it is about. "
               "Read it before you use it.",
    .examples = "tamis-ingest orders.csv | tamis-clean suggest -o orders.yaml\n"
                "tamis-clean suggest tamis:raw/orders",
    .operands_maximum = 1,
    .run = run_suggest,
    .decode = picture_serve,
    .common_without = "json|explain|as-of|progress",
};
