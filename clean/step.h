/* clean/step.h: one step of the recipe, opened on the schema that reaches it, and what it did. */
#ifndef CLEAN_STEP_H
#define CLEAN_STEP_H

#include "clean/change.h"
#include "clean/conclusion.h"
#include "clean/recipe.h"
#include "clean/recorded.h"

/* What steps need to know of the run. */
struct step_options {
    size_t threads;
    size_t memory; /* bytes one module may hold while fitting */
    int64_t seed;
    int64_t as_of;         /* microseconds, or INT64_MIN */
    struct device *device; /* NULL = the processor */
    const uint8_t *secret; /* 16 bytes all shards share; NULL = not a shard; borrowed */
};

/* What a step did to rows; added up over windows in window order. */
struct step_effect {
    int64_t rows_in, rejected, dropped, merged;
    int64_t cells;
    double seconds;
};

struct step {
    const struct recipe_step *recipe;
    const struct clean_module *module;
    int position;                    /* 1-based */
    struct arena *arena;             /* of the state */
    void *state;                     /* NULL = not open */
    bool settled;                    /* fitted, loaded, or nothing to fit */
    const struct recorded *recorded; /* does this instead of its apply; NULL = applies; borrowed */
    struct str parameters; /* as all shards learned them; data NULL = ask the module; borrowed */
    bool blind; /* masking was not ready yet when a run over all rows would have applied the step */
    const struct conclusion *conclusion; /* instead of its own, over all shards; NULL; borrowed */
    struct schema *before, *after;       /* after may be a guess until settled */

    struct step_effect effect;
    int64_t *cells; /* changed, by column of `after` */
    struct finding *findings;
    size_t finding_count;
    struct finding *reasons; /* changed cells by rule and column, where notes were taken */
    size_t reason_count;
};

/* Opens the module on `schema`. Message begins with 'step 3 (impute)'. */
MUST_CHECK enum status step_open(struct step *step, const struct schema *schema,
                                 const struct step_options *options, struct err *err);
static inline bool step_is_open(const struct step *step)
{
    return step->before != NULL;
}
/* Whether rows must be observed before the step can be applied. */
bool step_must_fit(const struct step *step);
/* Whether the schema that leaves is a matter of the data. */
bool step_learns_schema(const struct step *step);
/* Whether the schema that leaves the step is known only after its fit, which is not over. */
bool step_schema_is_guess(const struct step *step);
/* The fit is over (or was loaded): fixes the schema that leaves. */
MUST_CHECK enum status step_settled(struct step *step, struct err *err);
/* The same with the schema that leaves given. */
MUST_CHECK enum status step_settled_as(struct step *step, const struct schema *after,
                                       struct err *err);
/* What the step does to one window. */
MUST_CHECK enum status step_apply(const struct step *step, const struct window *window,
                                  struct change *change, struct err *err);
/* Adds one window's effect, cells by column, and findings. */
MUST_CHECK enum status step_add_effect(struct step *step, const struct step_effect *effect,
                                       const int64_t *cells, const struct finding *findings,
                                       size_t finding_count, struct err *err);
static inline int64_t step_rows_out(const struct step_effect *effect)
{
    return effect->rows_in - effect->rejected - effect->dropped - effect->merged;
}
/* Adds the reasons of one window's notes. */
MUST_CHECK enum status step_add_reasons(struct step *step, const struct finding *reasons,
                                        size_t count, struct err *err);
/* 'step 3 (impute)' in front. */
enum status fail_in_step(const struct step *step, enum status status, struct err *err);
void step_close(struct step *step);

#endif
