/* clean/impute_joint.h: a joint normal distribution of several columns, fitted to rows with gaps.
 *
 * Expectation-maximization (Dempster, Laird and Rubin 1977; Little and Rubin 2019, chapter 11) with
 * the covariance drawn towards its diagonal by a ridge (Schneider 2001): what chained ridge
 * regressions converge to, for every pattern of gaps at once. A gap is filled by its expectation
 * given the row's other values. Rows are folded in fixed blocks, so the bits do not depend on the
 * number of threads. */
#ifndef CLEAN_IMPUTE_JOINT_H
#define CLEAN_IMPUTE_JOINT_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define JOINT_COLUMNS_MAXIMUM 128

struct joint {
    size_t columns;
    double *mean;       /* columns */
    double *covariance; /* columns x columns */
};
MUST_CHECK enum status joint_open(struct joint *ret, size_t columns, struct err *err);
void joint_release(struct joint *joint);

/* rows   `count` x columns, NaN = gap
 * ridge  0 ... 1: share of each covariance that is given up */
MUST_CHECK enum status joint_fit(struct joint *joint, const double *rows, size_t count,
                                 double ridge, size_t threads, struct err *err);
/* Fills the NaN places of one row. `work` has room for joint_work(columns) doubles. */
void joint_fill(const struct joint *joint, double *row, double *work);
static inline size_t joint_work(size_t columns)
{
    return 2 * columns * columns + 4 * columns;
}

#endif
