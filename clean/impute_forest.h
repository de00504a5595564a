/* clean/impute_forest.h: one column from the others by extremely randomized trees (Geurts, Ernst
 * and Wehenkel 2006): of some random cuts of random columns the one that leaves the least squared
 * error is taken, until few rows are left; the mean over all trees.
 *
 * The same trees for any number of threads. */
#ifndef CLEAN_IMPUTE_FOREST_H
#define CLEAN_IMPUTE_FOREST_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trees; /* of all columns that are wanted */

struct trees_plan {
    const double *rows;   /* count x columns, gaps NaN: what a tree learns to tell */
    const double *filled; /* the same without gaps: what it looks at */
    size_t count, columns;
    const bool *wanted; /* by column */
    int64_t seed;
    size_t threads;
};
MUST_CHECK enum status trees_grow(struct trees **ret, const struct trees_plan *plan,
                                  struct err *err);
/* What the other cells of `row` (without gaps) say of `column`; `otherwise` where it was not wanted
 * or is never known. Any thread. */
double trees_ask(const struct trees *trees, const double *row, size_t column, double otherwise);
void trees_close(struct trees **trees);

#endif
