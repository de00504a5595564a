/* tests/unit/clean/test_outliers_detectors.c: the scores of rows, against numbers found by hand. */
#include "tests/unit/clean/harness.h"

#include "clean/outliers_nearest.h"
#include "clean/outliers_robust.h"
#include "clean/outliers_tails.h"

#include <math.h>

#define NEAR(a, b) assert_true(fabs((a) - (b)) < 1e-9)

static double tail(enum tails_kind kind, const double *rows, size_t count, double value)
{
    struct tails *tails = NULL;
    struct err err = {0};
    double drive;
    assert_int_equal(tails_open(&tails, kind, rows, count, 1, &err), STATUS_OK);
    double score = tails_score(tails, &value, &drive);
    NEAR(score, drive);
    tails_close(&tails);
    return score;
}

static void tails_are_shares_of_rows(void **state)
{
    (void)state;
    const double even[] = {3, 1, 4, 2}, skewed[] = {0, 4, 0, 0};
    NEAR(tail(TAILS_ECOD, even, 4, 4), log(4)); /* 1 of 4 is as large */
    NEAR(tail(TAILS_ECOD, even, 4, 1), log(4));
    NEAR(tail(TAILS_ECOD, even, 4, 2), log(2));              /* 2 of 4 are as small */
    NEAR(tail(TAILS_ECOD, even, 4, 10), log(8));             /* half a row of 4 */
    NEAR(tail(TAILS_COPOD, skewed, 4, 4), log(4));           /* to the right */
    NEAR(tail(TAILS_COPOD, skewed, 4, 0), log(4.0 / 3) / 2); /* 3 of 4, and all of them */
    NEAR(tail(TAILS_HBOS, skewed, 4, 0), 0);                 /* two bars, of 3 and 1 rows */
    NEAR(tail(TAILS_HBOS, skewed, 4, 4), log(3));
    NEAR(tail(TAILS_HBOS, skewed, 4, 100), log(6));
    NEAR(tail(TAILS_HBOS, skewed, 4, -1), log(6));
}

static void the_tail_is_that_of_its_column(void **state)
{
    (void)state;
    const double rows[] = {1, 9, 2, 9, 3, 9, 4, 9};
    const double row[] = {4, 9};
    double drive[2];
    struct tails *tails = NULL;
    struct err err = {0};
    assert_int_equal(tails_open(&tails, TAILS_ECOD, rows, 4, 2, &err), STATUS_OK);
    NEAR(tails_score(tails, row, drive), log(4));
    NEAR(drive[0], log(4));
    NEAR(drive[1], 0);
    tails_close(&tails);
}

static void the_nearest_come_first(void **state)
{
    (void)state;
    const double rows[] = {0, 1, 3, 7, 3};
    struct neighborhood *n = NULL;
    struct nearest nearest;
    struct err err = {0};
    assert_int_equal(neighborhood_open(&n, rows, 5, 1, 3, false, 1, &err), STATUS_OK);
    neighborhood_find(n, &rows[1], 1, &nearest);
    assert_int_equal(nearest.count, 3);
    NEAR(nearest.distance[0], 1);
    NEAR(nearest.distance[1], 4);
    assert_int_equal(nearest.place[1], 2); /* of the two equal ones the earlier */
    assert_int_equal(nearest.place[2], 4);
    neighborhood_find(n, &rows[1], NEAREST_NONE, &nearest);
    NEAR(nearest.distance[0], 0);
    neighborhood_close(&n);
}

/* With one neighbor: 0 and 1 reach 1, so their density is 1; 10 reaches 9, density 1/9. */
static void density_is_that_of_the_neighbors_over_ones_own(void **state)
{
    (void)state;
    const double rows[] = {0, 1, 10};
    struct neighborhood *n = NULL;
    struct nearest nearest;
    struct err err = {0};
    assert_int_equal(neighborhood_open(&n, rows, 3, 1, 1, true, 2, &err), STATUS_OK);
    neighborhood_find(n, &rows[2], 2, &nearest);
    assert_true(fabs(neighborhood_density(n, &nearest) - 9) < 1e-6);
    neighborhood_find(n, &rows[0], 0, &nearest);
    assert_true(fabs(neighborhood_density(n, &nearest) - 1) < 1e-6);
    neighborhood_close(&n);
}

static double ellipse_distance(const double *rows, size_t count, size_t threads, double value)
{
    struct robust *robust = NULL;
    struct err err = {0};
    double work[2], drive;
    assert_int_equal(robust_open(&robust, rows, count, 1, 7, threads, &err), STATUS_OK);
    double score = robust_score(robust, &value, work, &drive);
    NEAR(score * score, drive);
    robust_close(&robust);
    return score;
}

/* The far two are left out: mean 4, variance 4 of the others. The middle squared distance of all
 * nine is 1 and becomes the chi-squared median (7/9)^3. */
static void far_rows_do_not_bend_the_ellipse(void **state)
{
    (void)state;
    const double rows[] = {1, 1000, 2, 3, 4, 5, 6, 1001, 7};
    double unit = 2 / sqrt(pow(7.0 / 9, 3));
    NEAR(ellipse_distance(rows, 9, 1, 4), 0);
    NEAR(ellipse_distance(rows, 9, 1, 7), 3 / unit);
    NEAR(ellipse_distance(rows, 9, 1, 1000), 996 / unit);
    assert_true(ellipse_distance(rows, 9, 1, 1000) == ellipse_distance(rows, 9, 4, 1000));
}

static void few_rows_are_no_trouble(void **state)
{
    (void)state;
    const double rows[] = {5, 5, 5, 5, 5, 5};
    const double far[] = {5, 6, 5};
    struct robust *robust = NULL;
    struct err err = {0};
    double work[6], drive[3];
    assert_int_equal(robust_open(&robust, rows, 2, 3, 1, 1, &err), STATUS_OK);
    NEAR(robust_score(robust, rows, work, drive), 0);
    assert_true(robust_score(robust, far, work, drive) > 100);
    assert_true(drive[1] > drive[0] && drive[1] > drive[2]);
    robust_close(&robust);
    assert_int_equal(robust_open(&robust, rows, 0, 3, 1, 1, &err), STATUS_OK);
    robust_close(&robust);
    assert_int_equal(isfinite(tail(TAILS_ECOD, rows, 0, 1)), 1);
    assert_int_equal(isfinite(tail(TAILS_HBOS, rows, 1, 1)), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tails_are_shares_of_rows),
        cmocka_unit_test(the_tail_is_that_of_its_column),
        cmocka_unit_test(the_nearest_come_first),
        cmocka_unit_test(density_is_that_of_the_neighbors_over_ones_own),
        cmocka_unit_test(far_rows_do_not_bend_the_ellipse),
        cmocka_unit_test(few_rows_are_no_trouble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
