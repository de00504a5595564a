/* clean/outliers_robust.h: an ellipse around the bulk of the rows that far rows do not bend: the
 * minimum covariance determinant by FastMCD (Rousseeuw and Van Driessen 1999).
 *
 * From random starts the half of the rows with the least distances is taken again and again until
 * the determinant of its covariance stays; the best half is scaled to the chi-squared median and
 * once reweighted with the rows within the 97.5 % ellipse. */
#ifndef CLEAN_OUTLIERS_ROBUST_H
#define CLEAN_OUTLIERS_ROBUST_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct robust;
/* rows  count x columns without NaN. The same bits for any number of threads. */
MUST_CHECK enum status robust_open(struct robust **ret, const double *rows, size_t count,
                                   size_t columns, int64_t seed, size_t threads, struct err *err);
/* Mahalanobis distance. `ret_drive` gets the part of each column in its square; `work` has room for
 * 2 x columns. Any thread. */
double robust_score(const struct robust *robust, const double *row, double *work,
                    double *ret_drive);
void robust_close(struct robust **robust);

#endif
