/* clean/moments.h: count, mean, variance, minimum and maximum, per window and folded.
 *
 * A window is summed in one pass as deviations from one of its values (Chan, Golub and LeVeque
 * 1983, the shifted data algorithm), in the fixed lanes of clean/element.h; windows are joined by
 * Chan's pairwise formula. Folding in window order gives the same bits for any number of threads
 * and on any device. NaN is no value. */
#ifndef CLEAN_MOMENTS_H
#define CLEAN_MOMENTS_H

#include <stdint.h>

struct lane;

struct moments {
    int64_t count;
    double mean;
    double squares; /* sum of squared deviations from the mean */
    double minimum, maximum;
};

/* Of any number of values, window by window. */
struct moments moments_of(const double *values, int64_t count);
struct moments moments_of_floats(const float *values, int64_t count);
/* From the folded lanes of a window; `near` is what its deviations were taken from. */
struct moments moments_of_lane(const struct lane *lane, double near);
/* What the deviations of a window are taken from: the middle one of three of its values, so that
 * one outlier is never chosen; 0 where that is not finite. */
double moments_near(int type, const void *values, int64_t count); /* enum element_type */
/* Adds `more` behind `moments`. Not associative to the last bit: always in window order. */
void moments_fold(struct moments *moments, const struct moments *more);
/* Population variance (divided by the count), NaN without values. */
double moments_variance(const struct moments *moments);

#endif
