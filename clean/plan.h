/* clean/plan.h: which steps run in which pass over the rows.
 *
 * A pass reads rows, applies steps that are ready, and either hands the rows on (the last pass) or
 * lets the steps behind them learn (a barrier) and puts the rows aside in a spool. Row-wise steps
 * are fused; neighbors that learn and have nothing to do with one another learn together. */
#ifndef CLEAN_PLAN_H
#define CLEAN_PLAN_H

#include "clean/step.h"

struct pass_plan {
    size_t first, last; /* steps[first ... last) are applied */
    size_t fits;        /* steps[last ... last + fits) learn; 0 = the last pass */
    bool spools;        /* rows are put aside for the next pass */
};

/* The pass that comes when the rows at hand have been through steps[0 ... first).
 * `rereadable`: they can be read again without a spool. */
struct pass_plan plan_pass(const struct step *steps, size_t count, size_t first, bool rereadable);
/* The most steps from `first` on that learn in one pass, as far as they are open. */
size_t plan_most_fits(const struct step *steps, size_t count, size_t first);
/* All passes for people, one line each, as far as it is known before anything was learned. */
MUST_CHECK enum status plan_explain(const struct step *steps, size_t count, const char *input,
                                    bool rereadable, struct bytes *ret, struct err *err);
/* The rounds of a run in shards, one line each, likewise: in each, every shard is read once. */
MUST_CHECK enum status plan_explain_rounds(const struct step *steps, size_t count,
                                           struct bytes *ret, struct err *err);

#endif
