/* clean/labels_softmax.h: how probable each label is, by softmax regression that never saw the row
 * it judges.
 *
 * Rows are dealt to folds; for each fold one regression is fitted to the rows of all others: mean
 * cross-entropy plus penalty / 2 times the squared weights, by full-batch L-BFGS. Intercepts are
 * penalized too: how often a label is given is partly noise itself. All folds read the features
 * together, as columns of one product. The penalty is the one whose predictions of rows not seen
 * have the least cross-entropy in the first two folds, going down from the largest with a warm
 * start. The model for new rows has the mean of the folds' weights. Same bits for any number of
 * threads and any CPU: products in a fixed order (clean/matrix.h), own exponential. */
#ifndef CLEAN_LABELS_SOFTMAX_H
#define CLEAN_LABELS_SOFTMAX_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* What is learned from. */
struct examples_view {
    const float *features; /* rows x columns, standardized; the last column is 1 */
    size_t rows, columns;
    const uint32_t *labels; /* by row: class */
    const uint8_t *folds;   /* by row; one that is not below fold_count is in no fold */
    size_t classes, fold_count;
};

struct softmax_plan {
    double penalty; /* 0 = choose */
    size_t threads, memory;
};

/* Mean cross-entropy and its gradient at `weights` (fold_count models side by side, each columns x
 * classes), on the rows outside of each fold; without the penalty. For minimizing and for tests.
 * ret_values   fold_count
 * ret_gradient like weights */
MUST_CHECK enum status softmax_gradient(const struct examples_view *view, const double *weights,
                                        size_t threads, size_t memory, double *ret_values,
                                        double *ret_gradient, struct err *err);

/* ret_probabilities  rows x classes, each row by the model of its own fold (every row has one)
 * ret_weights        columns x classes, of the model for new rows
 * ret_penalty        the one taken */
MUST_CHECK enum status softmax_fit(const struct examples_view *view,
                                   const struct softmax_plan *plan, double *ret_probabilities,
                                   double *ret_weights, double *ret_penalty, struct err *err);
/* One row's probabilities. */
void softmax_predict(const double *weights, size_t columns, size_t classes, const float *row,
                     double *ret);
/* Scores to probabilities, in place; returns the logarithm of the sum of their exponentials. */
double softmax(double *scores, size_t count);

#endif
