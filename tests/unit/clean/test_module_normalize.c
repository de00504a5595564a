/* tests/unit/clean/test_module_normalize.c */
#include "tests/unit/clean/harness.h"

#include <math.h>
#include <stdio.h>

extern const struct clean_module module_normalize;

static void expect(const char *words, const double *expected, size_t count)
{
    struct trial trial = {.words = words, .window_rows = 2};
    OWNED(batch_release)
    struct batch input = trial_input("x:int64|c:utf8", "1|a\n2|b\n|c\n4|d\n9|e\n");
    trial_run(&trial, &module_normalize, &input);
    assert_int_equal(trial.output.schema->fields[0].type.id, TYPE_FLOAT64);
    const double *x = array_values(trial.output.columns[0]);
    for (size_t i = 0; i < count; i++)
        if (i != 2) assert_true(fabs(x[i] - expected[i]) <= 1e-15 + 1e-15 * fabs(expected[i]));
    assert_true(array_is_null(trial.output.columns[0], 2));
    assert_int_equal(trial.cells, 4);
    trial_close(&trial);
}

/* Figures of scikit-learn 1.9 on the four values. */
static void scales_as_published(void **state)
{
    (void)state;
    const double deviation = sqrt(9.5);
    expect("normalize", (double[]){-3 / deviation, -2 / deviation, 0, 0, 5 / deviation}, 5);
    expect("normalize method=minmax", (double[]){0, 0.125, 0, 0.375, 1}, 5);
    expect("normalize method=minmax low=-1 high=1", (double[]){-1, -0.75, 0, -0.25, 1}, 5);
    /* median 3, quartiles 1.75 and 5.25 */
    expect("normalize method=robust", (double[]){-2 / 3.5, -1 / 3.5, 0, 1 / 3.5, 6 / 3.5}, 5);
    expect("normalize method=maxabs", (double[]){1. / 9, 2. / 9, 0, 4. / 9, 1}, 5);
    expect("normalize method=log", (double[]){log1p(1), log1p(2), 0, log1p(4), log1p(9)}, 5);
    /* quantiles 0.1 and 0.9 of 1 2 4 9 are 1.3 and 7.5 */
    expect("normalize method=clip lower=0.1 upper=0.9", (double[]){1.3, 2, 0, 4, 7.5}, 5);
}

static void a_constant_column_becomes_zero(void **state)
{
    (void)state;
    struct trial trial = {.words = "normalize"};
    OWNED(batch_release) struct batch input = trial_input("x:float64", "0.1\n0.1\n0.1\n");
    trial_run(&trial, &module_normalize, &input);
    assert_string_equal(trial_text(&trial), "x\n0.0\n0.0\n0.0\n");
    trial_close(&trial);
}

static void the_state_is_applied_and_undone(void **state)
{
    (void)state;
    OWNED(batch_release) struct batch input = trial_input("x:float64", "10\n20\n40\n");
    OWNED(batch_release) struct batch other = trial_input("x:float64", "25\n-5\n");
    struct trial fit = {.words = "normalize method=minmax"};
    trial_run(&fit, &module_normalize, &input);
    assert_non_null(strstr((const char *)fit.saved.data, "\"offset\": 10, \"scale\": 30"));
    struct trial frozen = {.words = "normalize method=minmax",
                           .load = (const char *)fit.saved.data};
    trial_run(&frozen, &module_normalize, &other);
    assert_string_equal(trial_text(&frozen), "x\n0.5\n-0.5\n");
    trial_close(&frozen);
    trial_close(&fit);
}

static void large_float32_keeps_its_digits(void **state)
{
    (void)state;
    OWNED(memory_release) char *lines = memory_get(20000, 16);
    size_t size = 0;
    for (int i = 0; i < 20000; i++)
        size += (size_t)snprintf(lines + size, 16, "%d\n", 16000000 + i % 2);
    OWNED(batch_release) struct batch input = trial_input("x:float32", lines);
    struct trial one = {.words = "normalize", .window_rows = 700};
    struct trial many = {.words = "normalize", .window_rows = 700, .threads = 4};
    trial_run(&one, &module_normalize, &input);
    trial_run(&many, &module_normalize, &input);
    const double *x = array_values(one.output.columns[0]);
    assert_true(fabs(x[0] + 1) < 1e-12 && fabs(x[1] - 1) < 1e-12);
    assert_string_equal((const char *)one.saved.data, (const char *)many.saved.data);
    trial_close(&one);
    trial_close(&many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scales_as_published),
        cmocka_unit_test(a_constant_column_becomes_zero),
        cmocka_unit_test(the_state_is_applied_and_undone),
        cmocka_unit_test(large_float32_keeps_its_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
