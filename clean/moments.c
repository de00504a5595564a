/* clean/moments.c: count, mean, variance, minimum and maximum. */
#include "clean/moments.h"

#include "base/cpu.h"
#include "clean/element_kernel_levels.h"

#include <math.h>
#include <stddef.h>

const struct element_kernels *element_kernels(void)
{
    switch (cpu_level()) {
    case CPU_V4: return &element_kernels_v4;
    case CPU_V3: return &element_kernels_v3;
    case CPU_V2: return &element_kernels_v2;
    case CPU_V1: break;
    }
    return &element_kernels_v1;
}

static double value_at(int type, const void *values, int64_t i)
{
    return type == ELEMENT_FLOAT32 ? (double)((const float *)values)[i]
                                   : ((const double *)values)[i];
}

double moments_near(int type, const void *values, int64_t count)
{
    if (count == 0) return 0;
    double a = value_at(type, values, 0), b = value_at(type, values, count / 2);
    double c = value_at(type, values, count - 1);
    double middle = fmax(fmin(a, b), fmin(fmax(a, b), c));
    return isfinite(middle) ? middle : 0;
}

static struct moments fold_windows(enum element_type type, const void *values, int64_t count)
{
    const struct element_kernels *kernels = element_kernels();
    size_t width = type == ELEMENT_FLOAT32 ? sizeof(float) : sizeof(double);
    struct moments all = {.minimum = INFINITY, .maximum = -INFINITY};
    for (int64_t i = 0; i < count; i += MOMENT_WINDOW) {
        int64_t size = count - i < MOMENT_WINDOW ? count - i : MOMENT_WINDOW;
        struct moments window =
            kernels->moments(type, (const char *)values + (size_t)i * width, size);
        moments_fold(&all, &window);
    }
    return all;
}

struct moments moments_of(const double *values, int64_t count)
{
    return fold_windows(ELEMENT_FLOAT64, values, count);
}

struct moments moments_of_floats(const float *values, int64_t count)
{
    return fold_windows(ELEMENT_FLOAT32, values, count);
}

struct moments moments_of_lane(const struct lane *lane, double near)
{
    struct moments m = {.count = lane->count, .minimum = INFINITY, .maximum = -INFINITY};
    if (lane->count == 0) return m;
    double count = (double)lane->count;
    double squares = lane->squares - lane->sum * (lane->sum / count);
    m.mean = near + lane->sum / count;
    m.squares = squares < 0 ? 0 : squares;
    m.minimum = lane->least;
    m.maximum = lane->most;
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
