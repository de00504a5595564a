/* clean/impute_choose.h: how much ridge, and how much of each method, chosen on cells whose value
 * is known. */
#ifndef CLEAN_IMPUTE_CHOOSE_H
#define CLEAN_IMPUTE_CHOOSE_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* The methods that are mixed. */
enum part { PART_RIDGE, PART_NEIGHBORS, PART_FOREST, PARTS };

struct choice {
    const double *rows; /* count x columns, standardized, gaps NaN; the first 2,000 are used */
    size_t count, columns;
    size_t neighbors, threads;
    int64_t seed;
};
/* Hides about a tenth of the known cells, three to twenty times over, predicts them by each method,
 * and gives the ridge and the weights (columns x PARTS, adding up to 1 a column) with the least
 * squared error (stacking: Wolpert 1992, Breiman 1996). What is hidden resembles what is missing:
 * for a gap, a similar row in which the column is known. The fewer rows there are, the more a
 * column takes the weights that are best for all columns together. `ret_leads` (columns): the
 * squared error of the neighbors alone over that of the mixture. */
MUST_CHECK enum status choose_mixture(const struct choice *choice, double *ret_ridge,
                                      double *ret_weights, double *ret_leads, struct err *err);

#endif
