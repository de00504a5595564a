/* clean/suggest.c: drafts a recipe for data it has looked at. */
#include "clean/suggest.h"

#include "clean/suggest_draft.h"

#include <stdio.h>
#include <stdlib.h>

#define TRIAL_OUTLIERS "outliers action=flag flag=" TRIAL_FLAG

/* Tried in this order. Facts about values are taken behind mask, so that nothing personal gets into
 * the draft, and in front of standardize, which may be left out. */
static const char *const trials[] = {
    "text",
    "missing detect=true",
    "types",
    "deduplicate",
    TRIAL_OUTLIERS,
    "mask",
    "standardize methods=fingerprint",
};
static const char picture_trial[] = "images on_issue=report on_fail=flag";

/* ---- looking ---- */

static enum status see(void *context, const struct batch *batch, struct err *err)
{
    struct draft *draft = context;
    if (draft->facts == NULL) {
        TRY(NEW(&draft->facts, batch->schema->count, err));
        draft->schema = schema_ref(batch->schema);
    }
    for (size_t i = 0; i < batch->schema->count; i++)
        TRY(facts_add(&draft->facts[i], &batch->schema->fields[i], batch->columns[i], err));
    return STATUS_OK;
}

static void draft_release(struct draft *draft)
{
    for (size_t i = 0; draft->facts != NULL && i < draft->schema->count; i++)
        facts_release(&draft->facts[i]);
    memory_free(draft->facts);
    schema_unref(&draft->schema);
}

const struct step *step_of(const struct draft *draft, const char *module)
{
    for (size_t i = 0; i < draft->chain->count; i++)
        if (strcmp(draft->chain->steps[i].module->name, module) == 0)
            return &draft->chain->steps[i];
    return NULL;
}

bool is_given(const struct draft *draft, size_t column)
{
    const char *name = draft->schema->fields[column].name;
    return schema_find(draft->chain->input, str_of(name)) >= 0 &&
           strcmp(name, COLUMN_SOURCE) != 0 && strcmp(name, COLUMN_RECORD) != 0;
}

bool is_masked(const struct draft *draft, const char *column)
{
    const struct step *mask = step_of(draft, "mask");
    int64_t at = mask == NULL ? -1 : schema_find(mask->after, str_of(column));
    return at >= 0 && mask->cells[at] > 0;
}

/* ---- pieces of the draft ---- */

enum status say(struct draft *draft, struct err *err, const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    return bytes_append_text(draft->text, line, err);
}

void leave_out(struct draft *draft, const char *module)
{
    size_t used = strlen(draft->left_out);
    snprintf(draft->left_out + used, sizeof draft->left_out - used, "%s%s", used == 0 ? "" : ", ",
             module);
}

enum status list_name(struct list *list, const char *name, struct err *err)
{
    if (list->count++ > 0) TRY(bytes_append_text(list->draft->text, ", ", err));
    return word_text(list->draft->text, str_of(name), err);
}

/* ---- the whole ---- */

static enum status draft_all(struct draft *draft, const char *node, struct err *err)
{
    char source[512];
    if (strncmp(node, "stream:", 7) == 0) node = "a stream";
    TRY(say(draft, err,
            "# Drafted by tamis-clean suggest from %s: %lld rows, %zu columns.\n"
            "# Each step is here because it changes or finds something; read it and "
            "keep what is right.\ntamis: 1\nsteps:\n",
            escape_for_terminal(str_of(node), source, sizeof source),
            (long long)draft->chain->rows_in, draft->chain->input->count));
    TRY(draft_text(draft, err));
    TRY(draft_missing(draft, err));
    TRY(draft_types(draft, err));
    TRY(draft_standardize(draft, err));
    TRY(draft_images(draft, err));
    TRY(draft_deduplicate(draft, err));
    TRY(draft_validate(draft, err));
    TRY(draft_outliers(draft, err));
    TRY(draft_impute(draft, err));
    TRY(draft_mask(draft, err));
    TRY(draft_normalize(draft, err));
    if (draft->left_out[0] == '\0') return STATUS_OK;
    return say(draft, err, "\n# Nothing to do for: %s.\n", draft->left_out);
}

static bool has_pictures(const struct schema *schema)
{
    int64_t at = schema_find(schema, str_of("image"));
    return at >= 0 && schema->fields[at].type.id == TYPE_BINARY;
}

static enum status load_trials(struct recipe *ret, const struct schema *schema, struct err *err)
{
    const char *lines[sizeof trials / sizeof *trials + 1];
    struct text_list list = {.items = lines};
    for (size_t i = 0; i < sizeof trials / sizeof *trials; i++) {
        if (strcmp(trials[i], "deduplicate") == 0 && has_pictures(schema))
            lines[list.count++] = picture_trial;
        lines[list.count++] = trials[i];
    }
    return recipe_load(ret, NULL, &list, err);
}

static enum status try_and_draft(struct draft *draft, struct stage_input *input, struct run *run,
                                 struct err *err)
{
    OWNED(rejects_close) struct rejects *rejects = NULL;
    TRY(rejects_open(&rejects, NULL, run, err));
    draft->chain->run = run;
    draft->chain->rejects = rejects;
    draft->chain->with_reasons = true;
    draft->chain->watcher =
        (struct watcher){(size_t)(step_of(draft, "mask") - draft->chain->steps), draft, see};
    run_only_count_events(run);
    TRY(chain_run(draft->chain, input, NULL, NULL, NULL, err));
    if (draft->facts == NULL) {
        draft->schema = schema_ref(step_of(draft, "mask")->after);
        TRY(NEW(&draft->facts, draft->schema->count, err));
    }
    return draft_all(draft, stage_input_node(input), err);
}

enum status suggest_recipe(struct stage_input *input, struct run *run,
                           const struct step_options *options, struct bytes *ret, struct err *err)
{
    OWNED(recipe_release) struct recipe recipe = {0};
    OWNED(chain_close) struct chain chain = {0};
    OWNED(draft_release) struct draft draft = {.chain = &chain, .text = ret};
    TRY(load_trials(&recipe, stage_input_schema(input), err));
    TRY(chain_open(&chain, &recipe, stage_input_schema(input), options, err));
    return try_and_draft(&draft, input, run, err);
}
