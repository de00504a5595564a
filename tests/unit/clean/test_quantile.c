/* tests/unit/clean/test_quantile.c: selection against sorting, at every size of memory and cut. */
#include "tests/unit/clean/harness.h"

#include "clean/quantile.h"

#include <math.h>
#include <stdlib.h>

#define VALUES 100000

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Type 7, from sorted values. */
static double expected(const double *sorted, size_t count, double fraction)
{
    double place = (double)(count - 1) * fraction;
    size_t low = (size_t)place;
    double rest = place - (double)low;
    if (rest == 0) return sorted[low];
    return sorted[low] + (sorted[low + 1] - sorted[low]) * rest;
}

static uint64_t next(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
    return *seed >> 11;
}

static void fill(double *values, int kind)
{
    uint64_t seed = 7;
    for (size_t i = 0; i < VALUES; i++) {
        double unit = (double)next(&seed) / 9007199254740992.0;
        switch (kind) {
        case 0: values[i] = unit; break;                          /* one exponent mostly */
        case 1: values[i] = (double)(next(&seed) % 5) - 2; break; /* few values, signs */
        case 2: values[i] = ldexp(unit - 0.5, (int)(next(&seed) % 600) - 300); break;
        default: values[i] = i % 3 == 0 ? 1e9 + unit * 1e-6 : 1e9; break; /* long common prefix */
        }
    }
}

/* Shows the values until no more is wanted; gives the number of passes. */
static int show(struct quantiles *q, const double *values, size_t count, size_t cut)
{
    int passes = 0;
    bool more = true;
    while (more) {
        for (size_t first = 0; first < count; first += cut) {
            struct quantile_tally tally = {0};
            size_t length = count - first < cut ? count - first : cut;
            assert_int_equal(quantiles_observe(q, values + first, (int64_t)length, &tally, NULL),
                             STATUS_OK);
            assert_int_equal(quantiles_absorb(q, &tally, NULL), STATUS_OK);
        }
        assert_int_equal(quantiles_settle(q, &more, NULL), STATUS_OK);
        passes++;
    }
    return passes;
}

static void selects_what_sorting_finds(void **state)
{
    (void)state;
    static const double fractions[] = {0, 0.01, 0.25, 0.5, 0.75, 0.999, 1};
    static double values[VALUES], sorted[VALUES];
    static const size_t memories[] = {64 << 10, 256 << 10, 64 << 20};
    for (int kind = 0; kind < 4; kind++) {
        fill(values, kind);
        memcpy(sorted, values, sizeof sorted);
        qsort(sorted, VALUES, sizeof *sorted, compare);
        for (size_t m = 0; m < 3; m++) {
            struct quantiles *q = NULL;
            assert_int_equal(quantiles_open(&q, fractions, 7, memories[m], 1 + m % 3, NULL),
                             STATUS_OK);
            int passes = show(q, values, VALUES, m == 0 ? 1000 : 33333);
            assert_int_equal(passes > 1, m < 2); /* 800 kB do not fit into 256 KiB */
            for (size_t f = 0; f < 7; f++)
                assert_true(quantiles_value(q, f) == expected(sorted, VALUES, fractions[f]));
            quantiles_close(&q);
        }
    }
}

/* Enough of them to be sorted and found by halving, asked for out of order. */
static void many_are_found_together(void **state)
{
    (void)state;
    static double values[VALUES], sorted[VALUES], fractions[1000];
    static const size_t memories[] = {64 << 10, 64 << 20};
    for (size_t i = 0; i < 1000; i++)
        fractions[i] = (double)(i * 377 % 1000) / 999;
    for (int kind = 0; kind < 4; kind++) {
        fill(values, kind);
        memcpy(sorted, values, sizeof sorted);
        qsort(sorted, VALUES, sizeof *sorted, compare);
        for (size_t m = 0; m < 2; m++) {
            struct quantiles *q = NULL;
            assert_int_equal(quantiles_open(&q, fractions, 1000, memories[m], 2, NULL), STATUS_OK);
            assert_int_equal(show(q, values, VALUES, 33333) > 1, m < 1);
            for (size_t i = 0; i < 1000; i++)
                assert_true(quantiles_value(q, i) == expected(sorted, VALUES, fractions[i]));
            quantiles_close(&q);
        }
    }
}

static void deviations_follow(void **state)
{
    (void)state;
    static const double half[] = {0.5};
    static double values[VALUES], away[VALUES];
    fill(values, 2);
    double known = NAN;
    for (int small = 0; small < 2; small++) {
        struct quantiles *q = NULL;
        bool more;
        assert_int_equal(quantiles_open(&q, half, 1, small ? 64 << 10 : 64 << 20, 2, NULL),
                         STATUS_OK);
        show(q, values, VALUES, 5000);
        double median = quantiles_value(q, 0);
        assert_int_equal(quantiles_recenter(q, median, &more, NULL), STATUS_OK);
        assert_int_equal(more, small);
        if (more) show(q, values, VALUES, 777);
        if (!small) known = quantiles_value(q, 0);
        for (size_t i = 0; i < VALUES; i++)
            away[i] = fabs(values[i] - median);
        qsort(away, VALUES, sizeof *away, compare);
        assert_true(quantiles_value(q, 0) == expected(away, VALUES, 0.5));
        assert_true(quantiles_value(q, 0) == known);
        quantiles_close(&q);
    }
}

/* Ties, infinities and NaN among the rest; by few and by many fractions. */
static void threads_change_nothing(void **state)
{
    (void)state;
    static double values[VALUES], fractions[1000];
    static const size_t threads[] = {1, 2, 3, 40}, counts[] = {1, 15, 16, 1000};
    for (size_t i = 0; i < 1000; i++)
        fractions[i] = (double)(i * 377 % 1000) / 999;
    for (int round = 0; round < 16; round++) {
        size_t count = counts[round / 4];
        double found[4][1000], deviation[4];
        fill(values, round % 4);
        for (size_t i = 0; i < VALUES; i += 7)
            values[i] = i % 2 == 0 ? NAN : i % 3 == 0 ? INFINITY : values[0];
        for (size_t t = 0; t < 4; t++) {
            struct quantiles *q = NULL;
            bool more;
            assert_int_equal(quantiles_open(&q, fractions, count, 64 << 20, threads[t], NULL),
                             STATUS_OK);
            assert_int_equal(show(q, values, VALUES, 1 + VALUES / 29), 1);
            for (size_t f = 0; f < count; f++)
                found[t][f] = quantiles_value(q, f);
            assert_int_equal(quantiles_recenter(q, 0.5, &more, NULL), STATUS_OK);
            assert_false(more);
            deviation[t] = quantiles_value(q, count - 1);
            quantiles_close(&q);
            assert_memory_equal(found[t], found[0], count * sizeof(double));
            assert_memory_equal(&deviation[t], &deviation[0], sizeof(double));
        }
    }
}

static void odd_inputs(void **state)
{
    (void)state;
    static const double half[] = {0.5};
    struct quantiles *q = NULL;
    const double nothing[] = {NAN, NAN}, zeros[] = {-0.0, 0.0, -0.0},
                 ends[] = {INFINITY, -INFINITY, 5, INFINITY};
    assert_int_equal(quantiles_open(&q, half, 1, 0, 1, NULL), STATUS_OK);
    show(q, nothing, 2, 1);
    assert_true(isnan(quantiles_value(q, 0)));
    assert_int_equal(quantiles_count(q), 0);
    quantiles_close(&q);
    assert_int_equal(quantiles_open(&q, half, 1, 0, 1, NULL), STATUS_OK);
    show(q, zeros, 3, 2);
    assert_true(quantiles_value(q, 0) == 0 && !signbit(quantiles_value(q, 0)));
    quantiles_close(&q);
    assert_int_equal(quantiles_open(&q, half, 1, 0, 1, NULL), STATUS_OK);
    show(q, ends, 4, 4);
    assert_true(quantiles_value(q, 0) == INFINITY);
    quantiles_close(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selects_what_sorting_finds),
        cmocka_unit_test(many_are_found_together),
        cmocka_unit_test(deviations_follow),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(odd_inputs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
