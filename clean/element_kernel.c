/* clean/element_kernel.c: the loops over elements, compiled once for each x86-64 level.
 *
 * Windows without NaN, the usual case, take a loop without tests; where its sum is no number, the
 * window is done again one lane at a time. Both add in the order of clean/element.h. */
#include "clean/element_kernel_levels.h"

#include <math.h>
#include <stddef.h>

/* ---- moments ---- */

/* What lies so far ahead is asked for: between its loads the sums take too long for the processor
 * to do so by itself. Beyond the end nothing happens. */
#define FETCH_AHEAD 4096

static inline void fetch(const char *from, size_t bytes)
{
    for (size_t i = 0; i < bytes; i += 64)
        __builtin_prefetch(from + FETCH_AHEAD + i);
}

/* Lanes as columns, for vectors; the ends in the type of the values. */
#define FAST_LANES(type)                                                                           \
    struct lanes_##type {                                                                          \
        double sum[MOMENT_LANES], squares[MOMENT_LANES];                                           \
        type least[MOMENT_LANES], most[MOMENT_LANES];                                              \
    };                                                                                             \
                                                                                                   \
    static void four_rows_##type(const type *restrict x, double near,                              \
                                 struct lanes_##type *restrict to)                                 \
    {                                                                                              \
        const type *y = x + MOMENT_LANES, *z = y + MOMENT_LANES, *w = z + MOMENT_LANES;            \
        for (int l = 0; l < MOMENT_LANES; l++) {                                                   \
            double a = x[l] - near, b = y[l] - near, c = z[l] - near, d = w[l] - near;             \
            to->sum[l] += element_four(a, b, c, d);                                                \
            to->squares[l] += element_four(a * a, b * b, c * c, d * d);                            \
        }                                                                                          \
        for (int l = 0; l < MOMENT_LANES; l++) {                                                   \
            type least = to->least[l], most = to->most[l];                                         \
            least = x[l] < least ? x[l] : least;                                                   \
            least = y[l] < least ? y[l] : least;                                                   \
            least = z[l] < least ? z[l] : least;                                                   \
            to->least[l] = w[l] < least ? w[l] : least;                                            \
            most = x[l] > most ? x[l] : most;                                                      \
            most = y[l] > most ? y[l] : most;                                                      \
            most = z[l] > most ? z[l] : most;                                                      \
            to->most[l] = w[l] > most ? w[l] : most;                                               \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    /* No NaN: lanes begin empty, whole quads are added, then the rest. */                         \
    static void fast_lanes_##type(const type *values, int64_t count, double near,                  \
                                  struct lane *ret)                                                \
    {                                                                                              \
        struct lanes_##type lanes = {0};                                                           \
        int64_t quad = 4 * MOMENT_LANES, i = 0;                                                    \
        for (int l = 0; l < MOMENT_LANES; l++) {                                                   \
            lanes.least[l] = INFINITY;                                                             \
            lanes.most[l] = -INFINITY;                                                             \
        }                                                                                          \
        for (; i + quad <= count; i += quad) {                                                     \
            fetch((const char *)(values + i), 4 * MOMENT_LANES * sizeof *values);                  \
            four_rows_##type(values + i, near, &lanes);                                            \
        }                                                                                          \
        for (int l = 0; l < MOMENT_LANES; l++) {                                                   \
            ret[l] = (struct lane){lanes.sum[l], lanes.squares[l], lanes.least[l], lanes.most[l],  \
                                   i / MOMENT_LANES};                                              \
            for (int64_t k = i + l; k < count; k += MOMENT_LANES)                                  \
                lane_add(&ret[l], values[k], near);                                                \
        }                                                                                          \
    }
FAST_LANES(float)
FAST_LANES(double)

static double value_at(enum element_type type, const void *values, int64_t i)
{
    return type == ELEMENT_FLOAT32 ? (double)((const float *)values)[i]
                                   : ((const double *)values)[i];
}

static void lane_of(enum element_type type, const void *values, int64_t count, double near, int l,
                    struct lane *lane)
{
    int64_t i = l, quad = 4 * MOMENT_LANES;
    for (int64_t left = count; left >= quad; left -= quad, i += quad) {
        double four[4];
        for (int k = 0; k < 4; k++)
            four[k] = value_at(type, values, i + k * MOMENT_LANES);
        lane_add_four(lane, four, near);
    }
    for (; i < count; i += MOMENT_LANES)
        lane_add(lane, value_at(type, values, i), near);
}

static void fold_lanes(struct lane *lanes)
{
    for (int half = MOMENT_LANES / 2; half > 0; half /= 2)
        for (int l = 0; l < half; l++)
            lane_fold(&lanes[l], &lanes[l + half]);
}

static struct moments window_moments(enum element_type type, const void *values, int64_t count)
{
    struct lane lanes[MOMENT_LANES];
    if (count == 0) return moments_of_lane(&(struct lane){0}, 0);
    double near = moments_near(type, values, count);
    if (type == ELEMENT_FLOAT32)
        fast_lanes_float(values, count, near, lanes);
    else
        fast_lanes_double(values, count, near, lanes);
    fold_lanes(lanes);
    if (isnan(lanes[0].sum)) {
        for (int l = 0; l < MOMENT_LANES; l++) {
            lanes[l] = (struct lane){.least = INFINITY, .most = -INFINITY};
            lane_of(type, values, count, near, l, &lanes[l]);
        }
        fold_lanes(lanes);
    }
    return moments_of_lane(&lanes[0], near);
}

/* ---- scaling ---- */

#define TO_DOUBLE(type)                                                                            \
    static void type##_to_double(const type *x, int64_t count, const struct scaling *given,        \
                                 double *ret)                                                      \
    {                                                                                              \
        const struct scaling scaling = *given;                                                     \
        for (int64_t i = 0; i < count; i++)                                                        \
            ret[i] = element_scale(x[i], &scaling);                                                \
    }
TO_DOUBLE(float)
TO_DOUBLE(double)

static bool holds_nothing(const struct scaling *scaling)
{
    return scaling->low == -INFINITY && scaling->high == INFINITY;
}

#define TO_FLOAT(type)                                                                             \
    static void type##_to_float(const type *x, int64_t count, const struct scaling *given,         \
                                float *ret)                                                        \
    {                                                                                              \
        const struct scaling scaling = *given;                                                     \
        const double offset = scaling.offset, inverse = 1 / scaling.scale;                         \
        if (holds_nothing(given)) {                                                                \
            for (int64_t i = 0; i < count; i++)                                                    \
                ret[i] = element_shift_float(x[i], offset, inverse);                               \
            return;                                                                                \
        }                                                                                          \
        for (int64_t i = 0; i < count; i++)                                                        \
            ret[i] = element_scale_float(x[i], &scaling, inverse);                                 \
    }
TO_FLOAT(float)
TO_FLOAT(double)

static void scale(enum element_type from, const void *values, int64_t count,
                  const struct scaling *scaling, enum element_type to, void *ret)
{
    bool narrow = from == ELEMENT_FLOAT32;
    if (to == ELEMENT_FLOAT32 && narrow)
        float_to_float(values, count, scaling, ret);
    else if (to == ELEMENT_FLOAT32)
        double_to_float(values, count, scaling, ret);
    else if (narrow)
        float_to_double(values, count, scaling, ret);
    else
        double_to_double(values, count, scaling, ret);
}

const struct element_kernels ELEMENT_TABLE = {.moments = window_moments, .scale = scale};
