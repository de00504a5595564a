/* clean/impute_choose.h: ridge and shares of the methods, chosen on cells whose value is known. */
#ifndef CLEAN_IMPUTE_CHOOSE_H
#define CLEAN_IMPUTE_CHOOSE_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* Hides about a tenth of the known cells, three to twenty times over, predicts them with each ridge
 * and by neighbors, and gives the ridge and the shares (by column, 0 = ridge alone ... 1 =
 * neighbors alone) with the least squared error. With fewer than 300 rows all columns take the
 * share that is best for them together.
 *
 * rows   count x columns, standardized, gaps NaN; the first 2,000 are used */
MUST_CHECK enum status choose_mixture(const double *rows, size_t count, size_t columns,
                                      size_t neighbors, size_t threads, double *ret_ridge,
                                      double *ret_shares, struct err *err);

#endif
