/* clean/element.h: the arithmetic of one element, the same for gcc and nvcc.
 *
 * Processor kernels (clean/element_kernel.c) and GPU kernels (clean/device_cuda.cu) call these
 * functions and no others, so that both give the same bits: IEEE 754 operations in one written
 * order, compiled with -ffp-contract=off and -fmad=false. */
#ifndef CLEAN_ELEMENT_H
#define CLEAN_ELEMENT_H

#include <stdint.h>

#ifdef __CUDACC__
#define ELEMENT static inline __host__ __device__
#else
#define ELEMENT static inline
#endif

/* ---- scaling ---- */

/* y = (x - offset) / scale, held within low ... high. NaN stays NaN. */
struct scaling {
    double offset, scale;
    double low, high; /* infinite where nothing is held */
};

ELEMENT double element_hold(double y, double low, double high)
{
    y = low > y ? low : y;
    return high < y ? high : y;
}

ELEMENT double element_scale(double x, const struct scaling *scaling)
{
    return element_hold((x - scaling->offset) / scaling->scale, scaling->low, scaling->high);
}

/* To float: `inverse` is 1 / scale. A product costs less than a quotient, and what it loses in the
 * 53rd bit is gone in the 24 that stay. */
ELEMENT float element_scale_float(double x, const struct scaling *scaling, double inverse)
{
    return (float)element_hold((x - scaling->offset) * inverse, scaling->low, scaling->high);
}

/* The same where nothing is held. */
ELEMENT float element_shift_float(double x, double offset, double inverse)
{
    return (float)((x - offset) * inverse);
}

/* ---- moments ---- */

/* Values are summed by window of at most MOMENT_WINDOW. Value i of it belongs to lane
 * i % MOMENT_LANES; a lane adds the values of four rows at a time while four whole rows are left,
 * then single ones; lanes are folded in halves. */
#define MOMENT_WINDOW 65536
#define MOMENT_LANES  128

/* Sums of deviations from a value near the mean; NaN is no value. */
struct lane {
    double sum, squares, least, most;
    int64_t count;
};

ELEMENT double element_deviation(double x, double near)
{
    double deviation = x - near;
    return x == x ? deviation : 0.0;
}

ELEMENT double element_least(double least, double x)
{
    return x < least ? x : least;
}

ELEMENT double element_most(double most, double x)
{
    return x > most ? x : most;
}

ELEMENT double element_four(double a, double b, double c, double d)
{
    return (a + b) + (c + d);
}

ELEMENT void lane_add(struct lane *lane, double x, double near)
{
    double deviation = element_deviation(x, near);
    lane->sum += deviation;
    lane->squares += deviation * deviation;
    lane->least = element_least(lane->least, x);
    lane->most = element_most(lane->most, x);
    lane->count += x == x;
}

ELEMENT void lane_add_four(struct lane *lane, const double *x, double near)
{
    double a = element_deviation(x[0], near), b = element_deviation(x[1], near);
    double c = element_deviation(x[2], near), d = element_deviation(x[3], near);
    lane->sum += element_four(a, b, c, d);
    lane->squares += element_four(a * a, b * b, c * c, d * d);
    for (int i = 0; i < 4; i++) {
        lane->least = element_least(lane->least, x[i]);
        lane->most = element_most(lane->most, x[i]);
        lane->count += x[i] == x[i];
    }
}

ELEMENT void lane_fold(struct lane *lane, const struct lane *other)
{
    lane->sum += other->sum;
    lane->squares += other->squares;
    lane->least = element_least(lane->least, other->least);
    lane->most = element_most(lane->most, other->most);
    lane->count += other->count;
}

/* ---- pictures ---- */

/* 8 bits of a channel to what a network takes. */
ELEMENT float element_pixel(uint8_t value, double mean, double std)
{
    return (float)((value / 255.0 - mean) / std);
}

#endif
