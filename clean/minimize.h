/* clean/minimize.h: the minimum of a smooth convex function: L-BFGS (Nocedal and Wright, Numerical
 * Optimization, 2nd edition, algorithms 7.4 and 7.5) with backtracking to a sufficient decrease.
 *
 * The minimizer asks and the caller answers, so that several of them share one reading of the data:
 *
 *   while (!minimizer_done(m)) {
 *       value = f(minimizer_point(m), gradient);
 *       minimizer_answer(m, value, gradient);
 *   }
 *
 * Plain double arithmetic in a fixed order. */
#ifndef CLEAN_MINIMIZE_H
#define CLEAN_MINIMIZE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct minimizer;
/* Starts at `start` (copied). Ends after `most` accepted steps, or when one of them lowers the
 * value by less than `tolerance` of itself. */
MUST_CHECK enum status minimizer_open(struct minimizer **ret, size_t size, const double *start,
                                      int most, double tolerance, struct err *err);
/* Where the function is wanted next; once done, the best point. */
const double *minimizer_point(const struct minimizer *minimizer);
/* A value that is not finite counts as too large. */
void minimizer_answer(struct minimizer *minimizer, double value, const double *gradient);
bool minimizer_done(const struct minimizer *minimizer);
void minimizer_close(struct minimizer **minimizer);

#endif
