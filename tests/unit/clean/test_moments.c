/* tests/unit/clean/test_moments.c: sums in fixed lanes, at every level of the processor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"
#include "base/memory.h"
#include "clean/element_kernel_levels.h"

#include <math.h>
#include <string.h>

#include <cmocka.h>

static const int64_t sizes[] = {0, 1, 2, 127, 128, 129, 511, 512, 513, 4000, 65535, 65536};
#define SIZES (sizeof sizes / sizeof *sizes)

/* Digits that do not come out even, with denormals; every `hole`-th is NaN. */
static void fill(double *x, float *narrow, int64_t count, int64_t hole)
{
    for (int64_t i = 0; i < count; i++) {
        x[i] = (double)(i * 7919 % 10007) / 97.0 - 31;
        if (i % 11 == 3) x[i] = 5e-324 * (double)i;
        if (hole > 0 && i % hole == hole - 1) x[i] = NAN;
        narrow[i] = (float)x[i];
    }
}

static const struct element_kernels *tables[] = {&element_kernels_v1, &element_kernels_v2,
                                                 &element_kernels_v3, &element_kernels_v4};

static void every_level_gives_the_same_bits(void **state)
{
    (void)state;
    OWNED(memory_release) double *x = memory_get(65536, sizeof *x);
    OWNED(memory_release) float *narrow = memory_get(65536, sizeof *narrow);
    for (size_t s = 0; s < SIZES; s++)
        for (int64_t hole = 0; hole < 200; hole += 99) {
            fill(x, narrow, sizes[s], hole);
            struct moments wide = tables[0]->moments(ELEMENT_FLOAT64, x, sizes[s]);
            struct moments half = tables[0]->moments(ELEMENT_FLOAT32, narrow, sizes[s]);
            for (int level = 1; level < (int)cpu_level_available(); level++) {
                struct moments more = tables[level]->moments(ELEMENT_FLOAT64, x, sizes[s]);
                assert_memory_equal(&more, &wide, sizeof more);
                more = tables[level]->moments(ELEMENT_FLOAT32, narrow, sizes[s]);
                assert_memory_equal(&more, &half, sizeof more);
            }
        }
}

/* The same sums, one value behind the other in 80 bits. */
static void they_are_the_moments(void **state)
{
    (void)state;
    OWNED(memory_release) double *x = memory_get(65536, sizeof *x);
    OWNED(memory_release) float *narrow = memory_get(65536, sizeof *narrow);
    for (size_t s = 0; s < SIZES; s++) {
        fill(x, narrow, sizes[s], 99);
        long double sum = 0, squares = 0;
        int64_t count = 0;
        double least = INFINITY, most = -INFINITY;
        for (int64_t i = 0; i < sizes[s]; i++)
            if (!isnan(x[i])) {
                sum += x[i], count++;
                least = fmin(least, x[i]), most = fmax(most, x[i]);
            }
        long double mean = count > 0 ? sum / count : 0;
        for (int64_t i = 0; i < sizes[s]; i++)
            if (!isnan(x[i])) squares += (x[i] - mean) * (x[i] - mean);
        struct moments m = moments_of(x, sizes[s]);
        assert_int_equal(m.count, count);
        assert_true(m.minimum == least && m.maximum == most);
        assert_true(fabsl(m.mean - mean) <= 1e-15L * 100);
        assert_true(fabsl(m.squares - squares) <= 1e-14L * squares);
    }
}

static void scaling_is_the_same_at_every_level(void **state)
{
    (void)state;
    OWNED(memory_release) double *x = memory_get(4000, sizeof *x);
    OWNED(memory_release) double *first = memory_get(4000, sizeof *first);
    OWNED(memory_release) double *other = memory_get(4000, sizeof *other);
    OWNED(memory_release) float *narrow = memory_get(4000, sizeof *narrow);
    const struct scaling scalings[] = {{3.7, 1.3, -INFINITY, INFINITY}, {0.1, 1e-310, -2, 2}};
    fill(x, narrow, 4000, 99);
    for (int k = 0; k < 8; k++) {
        enum element_type from = k & 1 ? ELEMENT_FLOAT32 : ELEMENT_FLOAT64;
        enum element_type to = k & 2 ? ELEMENT_FLOAT32 : ELEMENT_FLOAT64;
        const void *values = k & 1 ? (void *)narrow : (void *)x;
        tables[0]->scale(from, values, 3999, &scalings[k >> 2], to, first);
        for (int level = 1; level < (int)cpu_level_available(); level++) {
            tables[level]->scale(from, values, 3999, &scalings[k >> 2], to, other);
            assert_memory_equal(first, other, 3999 * (k & 2 ? sizeof(float) : sizeof(double)));
        }
    }
}

/* sqrt of the smallest difference that a sum of squares around 1.6e7 still holds */
static void a_large_mean_costs_no_digits(void **state)
{
    (void)state;
    OWNED(memory_release) float *x = memory_get(200000, sizeof *x);
    for (int i = 0; i < 200000; i++)
        x[i] = (float)(16000000 + i % 2);
    struct moments m = moments_of_floats(x, 200000);
    assert_true(m.mean == 16000000.5);
    assert_true(fabs(moments_variance(&m) - 0.25) < 1e-15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_level_gives_the_same_bits),
        cmocka_unit_test(they_are_the_moments),
        cmocka_unit_test(scaling_is_the_same_at_every_level),
        cmocka_unit_test(a_large_mean_costs_no_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
