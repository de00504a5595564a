/* tests/unit/clean/test_impute_parts.c: trees, donors and the shift of gaps, on small numbers. */
#include "tests/unit/clean/harness.h"

#include "clean/impute_forest.h"
#include "clean/impute_shift.h"

#include <math.h>

#define NEAR(a, b) assert_true(fabs((a) - (b)) < 1e-9)

static double ask(const double *rows, size_t count, size_t threads, double x)
{
    static const bool wanted[] = {false, true};
    const double row[] = {x, 0};
    struct trees *trees = NULL;
    struct err err = {0};
    struct trees_plan plan = {rows, rows, count, 2, wanted, 5, threads};
    assert_int_equal(trees_grow(&trees, &plan, &err), STATUS_OK);
    NEAR(trees_ask(trees, row, 0, -7), -7); /* not wanted */
    double value = trees_ask(trees, row, 1, -7);
    trees_close(&trees);
    return value;
}

static void trees_find_a_step(void **state)
{
    (void)state;
    double rows[400];
    for (int i = 0; i < 200; i++) {
        rows[2 * i] = (i * 37 % 200) / 200.0;
        rows[2 * i + 1] = rows[2 * i] < 0.5 ? 10 : 20;
    }
    assert_true(fabs(ask(rows, 200, 1, 0.25) - 10) < 0.2);
    assert_true(fabs(ask(rows, 200, 1, 0.75) - 20) < 0.2);
    assert_true(ask(rows, 200, 1, 0.49) == ask(rows, 200, 4, 0.49));
}

/* Five rows are too few for two sides of three: every tree is the mean of those that are known. */
static void few_rows_give_their_mean(void **state)
{
    (void)state;
    const double rows[] = {1, 2, 2, 4, 3, NAN, 4, 3, 5, 3};
    const double unknown[] = {1, NAN, 2, NAN};
    NEAR(ask(rows, 5, 1, 100), 3);
    NEAR(ask(unknown, 2, 1, 1), -7);
}

static void the_nearest_that_know_the_column_give(void **state)
{
    (void)state;
    const double rows[] = {0, 10, 1, NAN, 2, 30, 5, 40};
    const double filled[] = {0, 10, 1, 0, 2, 30, 5, 40};
    const double distances[] = {4, 0, 9, 1};
    struct donors donors = {rows, filled, 4, 2, 2};
    struct donated donated;
    donors_ask(&donors, distances, 1, &donated);
    assert_int_equal(donated.count, 2);
    NEAR(donated.value, 25);     /* 40 and 10 */
    NEAR(donated.distance, 1.5); /* 1 and 2 */
    assert_int_equal(donated.places[0], 3);
    assert_int_equal(donated.places[1], 0);
}

static void estimates_count_half(void **state)
{
    (void)state;
    const double rows[] = {1, NAN}, filled[] = {1, 2}, row[] = {3, 4};
    struct donors donors = {rows, filled, 1, 2, 1};
    double distance;
    donors_measure(&donors, row, row, &distance);
    NEAR(distance, 4 + 0.5 * 4);
}

/* Column 1 is missing where column 0 is large, column 2 at every seventh row. */
static void gaps_that_lie_apart_are_seen(void **state)
{
    (void)state;
    double rows[600];
    bool shifted[3];
    for (int i = 0; i < 200; i++) {
        double x = (i * 37 % 200) / 100.0 - 1;
        rows[3 * i] = x;
        rows[3 * i + 1] = x > 0.2 ? NAN : x;
        rows[3 * i + 2] = i % 7 == 0 ? NAN : -x;
    }
    shift_find(rows, 200, 3, shifted);
    assert_false(shifted[0]);
    assert_true(shifted[1]);
    assert_false(shifted[2]);
    NEAR(shift_trust(2, 1, 1), 1.0 / 8);
    NEAR(shift_trust(2, 1, 1.5), 1);
    NEAR(shift_trust(0.5, 1, 1), 1);
    NEAR(shift_trust(5, 0, 1), 1);
}

/* Each to its nearest other: 1, 1 and 9; the median. */
static void the_reference_is_between_donors(void **state)
{
    (void)state;
    const double rows[] = {0, 1, 10};
    struct donors donors = {rows, rows, 3, 1, 1};
    double reference;
    struct err err = {0};
    assert_int_equal(shift_reference(&donors, 0, &reference, &err), STATUS_OK);
    NEAR(reference, 1);
    donors.count = 1;
    assert_int_equal(shift_reference(&donors, 0, &reference, &err), STATUS_OK);
    NEAR(reference, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees_find_a_step),
        cmocka_unit_test(few_rows_give_their_mean),
        cmocka_unit_test(the_nearest_that_know_the_column_give),
        cmocka_unit_test(estimates_count_half),
        cmocka_unit_test(gaps_that_lie_apart_are_seen),
        cmocka_unit_test(the_reference_is_between_donors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
