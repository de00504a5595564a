/* clean/outliers_nearest.h: the nearest of some rows of numbers, and how dense it is around a row.
 *
 * Euclidean, exact, by looking at every row, column by column in blocks that stay in the cache. Of
 * equal distances the earlier row counts. Density: local outlier factor (Breunig, Kriegel, Ng and
 * Sander 2000). */
#ifndef CLEAN_OUTLIERS_NEAREST_H
#define CLEAN_OUTLIERS_NEAREST_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define NEAREST_MOST 64
#define NEAREST_NONE ((size_t)-1)

struct nearest {
    double distance[NEAREST_MOST]; /* rising, squared */
    size_t place[NEAREST_MOST];
    size_t count;
};

struct neighborhood;
/* rows     count x columns without NaN; copied
 * density  also prepares neighborhood_density with `neighbors` */
MUST_CHECK enum status neighborhood_open(struct neighborhood **ret, const double *rows,
                                         size_t count, size_t columns, size_t neighbors,
                                         bool density, size_t threads, struct err *err);
/* The nearest `neighbors` (at most NEAREST_MOST) rows without the one at `self` (NEAREST_NONE = all
 * may be). Any thread. */
void neighborhood_find(const struct neighborhood *neighborhood, const double *row, size_t self,
                       struct nearest *ret);
/* The mean density at the rows found over that at the row: about 1 inside, larger outside. */
double neighborhood_density(const struct neighborhood *neighborhood, const struct nearest *nearest);
void neighborhood_close(struct neighborhood **neighborhood);

#endif
