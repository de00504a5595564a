/* clean/moments.c: count, mean, variance, minimum and maximum. */
#include "clean/moments.h"

#include <math.h>

struct moments moments_of(const double *values, int64_t count)
{
    struct moments m = {.minimum = INFINITY, .maximum = -INFINITY};
    double sum = 0;
    for (int64_t i = 0; i < count; i++) {
        if (isnan(values[i])) continue;
        m.count++;
        sum += values[i];
        if (values[i] < m.minimum) m.minimum = values[i];
        if (values[i] > m.maximum) m.maximum = values[i];
    }
    if (m.count == 0) return m;
    m.mean = sum / (double)m.count;
    double squares = 0, rest = 0; /* rest would be 0 if the mean were exact */
    for (int64_t i = 0; i < count; i++) {
        if (isnan(values[i])) continue;
        double deviation = values[i] - m.mean;
        squares += deviation * deviation;
        rest += deviation;
    }
    m.squares = squares - rest * rest / (double)m.count;
    m.mean += rest / (double)m.count;
    return m;
}

void moments_fold(struct moments *moments, const struct moments *more)
{
    if (more->count == 0) return;
    if (moments->count == 0) {
        *moments = *more;
        return;
    }
    double n = (double)moments->count, k = (double)more->count;
    double apart = more->mean - moments->mean;
    moments->mean += apart * (k / (n + k));
    moments->squares += more->squares + apart * apart * (n * k / (n + k));
    moments->count += more->count;
    if (more->minimum < moments->minimum) moments->minimum = more->minimum;
    if (more->maximum > moments->maximum) moments->maximum = more->maximum;
}

double moments_variance(const struct moments *moments)
{
    return moments->count == 0 ? NAN : moments->squares / (double)moments->count;
}
