/* clean/moments.h: count, mean, variance, minimum and maximum, per window and folded.
 *
 * A window is measured in two passes (mean first, then squared deviations with the correction of
 * Chan, Golub and LeVeque 1983), windows are joined by Chan's pairwise formula. Folding in window
 * order gives the same bits for any number of threads. NaN is no value. */
#ifndef CLEAN_MOMENTS_H
#define CLEAN_MOMENTS_H

#include <stdint.h>

struct moments {
    int64_t count;
    double mean;
    double squares; /* sum of squared deviations from the mean */
    double minimum, maximum;
};

struct moments moments_of(const double *values, int64_t count);
/* Adds `more` behind `moments`. Not associative to the last bit: always in window order. */
void moments_fold(struct moments *moments, const struct moments *more);
/* Population variance (divided by the count), NaN without values. */
double moments_variance(const struct moments *moments);

#endif
