/* clean/step.c: one step of the recipe, opened on the schema that reaches it. */
#include "clean/step.h"

enum status fail_in_step(const struct step *step, enum status status, struct err *err)
{
    return fail_within(err, status, "step %d (%s)", step->position, step->module->name);
}

/* A step that retypes them would leave the rows without names. */
static enum status check_provenance(const struct step *step, struct err *err)
{
    int64_t source, record;
    if (!schema_provenance(step->before, &source, &record)) return STATUS_OK;
    if (schema_provenance(step->after, &source, &record)) return STATUS_OK;
    return fail(err, STATUS_USAGE,
                "the columns \"_source\" and \"_record\" say where a row is from, no step retypes "
                "them");
}

static enum status open_module(struct step *step, const struct step_options *options,
                               struct err *err)
{
    TRY(arena_open(&step->arena, err));
    struct module_setup setup = {
        .config = step->recipe->config,
        .schema = step->before,
        .node = step->recipe->settings,
        .position = step->position,
        .seed = options->seed,
        .threads = options->threads,
        .memory = options->memory,
        .as_of = options->as_of,
        .device = options->device,
        .arena = step->arena,
        .secret = options->secret,
    };
    TRY(step->module->open(&step->state, &setup, &step->after, err));
    if (step->after == NULL) step->after = schema_ref(step->before);
    TRY(check_provenance(step, err));
    return NEW(&step->cells, step->after->count, err);
}

enum status step_open(struct step *step, const struct schema *schema,
                      const struct step_options *options, struct err *err)
{
    step_close(step);
    step->before = schema_ref(schema);
    enum status status = open_module(step, options, err);
    if (status != STATUS_OK) {
        step_close(step);
        return fail_in_step(step, status, err);
    }
    step->settled = !step_must_fit(step);
    return STATUS_OK;
}

bool step_must_fit(const struct step *step)
{
    const struct clean_module *module = step->module;
    if (module->observe == NULL || step->settled) return false;
    if (!step_is_open(step) && module->fit_setting != NULL)
        return yaml_get(step->recipe->settings, module->fit_setting) != NULL;
    return !step_is_open(step) || module->needs_fit == NULL || module->needs_fit(step->state);
}

bool step_learns_schema(const struct step *step)
{
    const struct clean_module *module = step->module;
    if (module->fitted_schema == NULL) return false;
    return !step_is_open(step) || module->learns_schema == NULL ||
           module->learns_schema(step->state);
}

bool step_schema_is_guess(const struct step *step)
{
    return step_learns_schema(step) && !step->settled;
}

static enum status learn_schema(struct step *step, struct err *err)
{
    struct schema *fitted = NULL;
    TRY(step->module->fitted_schema(step->state, &fitted, err));
    if (fitted == NULL) return STATUS_OK;
    schema_unref(&step->after);
    step->after = fitted;
    memory_free(step->cells);
    return NEW(&step->cells, step->after->count, err);
}

enum status step_settled(struct step *step, struct err *err)
{
    step->settled = true;
    if (step->module->fitted_schema == NULL) return STATUS_OK;
    enum status status = learn_schema(step, err);
    return status == STATUS_OK ? STATUS_OK : fail_in_step(step, status, err);
}

enum status step_settled_as(struct step *step, const struct schema *after, struct err *err)
{
    step->settled = true;
    schema_unref(&step->after);
    step->after = schema_ref(after);
    memory_free(step->cells);
    return NEW(&step->cells, step->after->count, err);
}

/* ---- what it does ---- */

enum status step_apply(const struct step *step, const struct window *window, struct change *change,
                       struct err *err)
{
    if (step->recorded != NULL) return recorded_apply(step->recorded, change, err);
    return step->module->apply(step->state, window, change, err);
}

/* ---- what it did ---- */

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static enum status add_finding(struct finding **list, size_t *count, const struct finding *finding,
                               struct err *err)
{
    for (size_t i = 0; i < *count; i++) {
        struct finding *sum = &(*list)[i];
        if (!same_text(sum->rule, finding->rule) || !same_text(sum->column, finding->column))
            continue;
        sum->rows += finding->rows;
        return STATUS_OK;
    }
    struct finding *findings = memory_resize(*list, *count + 1, sizeof *findings);
    if (findings == NULL) return fail_memory(err, (*count + 1) * sizeof *findings);
    *list = findings;
    findings[(*count)++] = *finding;
    return STATUS_OK;
}

enum status step_add_reasons(struct step *step, const struct finding *reasons, size_t count,
                             struct err *err)
{
    for (size_t i = 0; i < count; i++)
        TRY(add_finding(&step->reasons, &step->reason_count, &reasons[i], err));
    return STATUS_OK;
}

enum status step_add_effect(struct step *step, const struct step_effect *effect,
                            const int64_t *cells, const struct finding *findings,
                            size_t finding_count, struct err *err)
{
    struct step_effect *sum = &step->effect;
    sum->rows_in += effect->rows_in;
    sum->rejected += effect->rejected;
    sum->dropped += effect->dropped;
    sum->merged += effect->merged;
    sum->cells += effect->cells;
    sum->seconds += effect->seconds;
    for (size_t i = 0; i < step->after->count; i++)
        step->cells[i] += cells[i];
    for (size_t i = 0; i < finding_count; i++)
        TRY(add_finding(&step->findings, &step->finding_count, &findings[i], err));
    return STATUS_OK;
}

void step_close(struct step *step)
{
    if (step == NULL) return;
    if (step->state != NULL && step->module->close != NULL) step->module->close(&step->state);
    step->state = NULL;
    step->settled = false;
    step->recorded = NULL;
    step->conclusion = NULL;
    step->parameters = (struct str){NULL, 0};
    schema_unref(&step->before);
    schema_unref(&step->after);
    arena_close(&step->arena);
    memory_free(step->cells);
    step->cells = NULL;
    memory_free(step->findings);
    step->findings = NULL;
    step->finding_count = 0;
    memory_free(step->reasons);
    step->reasons = NULL;
    step->reason_count = 0;
}
