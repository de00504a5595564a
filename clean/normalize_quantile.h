/* clean/normalize_quantile.h: a value to its rank among the values that were learned, and back. */
#ifndef CLEAN_NORMALIZE_QUANTILE_H
#define CLEAN_NORMALIZE_QUANTILE_H

#include <stdbool.h>
#include <stddef.h>

/* quantiles[i] is that of i / (count - 1), rising. */
struct quantile_map {
    const double *quantiles;
    size_t count;
    bool normal; /* ranks are made normally distributed */
};
/* Linear between quantiles, the middle of the ranks of equal ones; 0 and 1 beyond them. */
double quantile_map_forward(const struct quantile_map *map, double x);
double quantile_map_back(const struct quantile_map *map, double y);

#endif
