/* clean/outliers_forest.h: isolation forest (Liu, Ting and Zhou 2008): rows that random cuts set
 * apart early.
 *
 * Trees over 256 rows each, cut at random places of random columns down to depth 8. Built from the
 * rows and the seed alone, on any machine with the same bits. */
#ifndef CLEAN_OUTLIERS_FOREST_H
#define CLEAN_OUTLIERS_FOREST_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct forest;
size_t forest_bytes(void);
/* rows  count x columns without NaN */
MUST_CHECK enum status forest_grow(struct forest **ret, const double *rows, size_t count,
                                   size_t columns, int64_t seed, size_t threads, struct err *err);
/* Minus the mean number of cuts until the row stands alone, in units of the mean over all rows of a
 * random tree: larger is more unusual. Any thread. */
double forest_score(const struct forest *forest, const double *row);
void forest_close(struct forest **forest);

#endif
