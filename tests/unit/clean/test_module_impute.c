/* tests/unit/clean/test_module_impute.c */
#include "tests/unit/clean/harness.h"

#include <math.h>
#include <stdio.h>

extern const struct clean_module module_impute;

static void expect(const char *words, const char *columns, const char *lines, const char *output)
{
    struct trial trial = {.words = words, .window_rows = 2};
    OWNED(batch_release) struct batch input = trial_input(columns, lines);
    trial_run(&trial, &module_impute, &input);
    assert_string_equal(trial_text(&trial), output);
    trial_close(&trial);
}

static void fills_numbers(void **state)
{
    (void)state;
    expect("impute", "x:float64", "1\n\n2\n10\n", "x\n1.0\n2.0\n2.0\n10.0\n");
    expect("impute method=mean", "x:float64", "1\n\n2\n6\n", "x\n1.0\n3.0\n2.0\n6.0\n");
    expect("impute method=mode", "x:float64", "5\n5\n\n1\n1\n9\n",
           "x\n5.0\n5.0\n1.0\n1.0\n1.0\n9.0\n");
    expect("impute method=constant value=-1", "x:float64", "5\n\n", "x\n5.0\n-1.0\n");
}

static void integers_stay_integers(void **state)
{
    (void)state;
    expect("impute", "x:int32", "1\n\n2\n", "x\n1\n2\n2\n"); /* 1.5, to even */
    expect("impute", "x:int8", "2\n\n3\n", "x\n2\n2\n3\n");  /* 2.5, to even */
    expect("impute method=constant value=300", "x:uint8", "1\n\n", "x\n1\n255\n");
}

static void fills_words_and_truth(void **state)
{
    (void)state;
    expect("impute method=mode", "c:utf8", "b\n\nb\na\n\"\"\n", "c\nb\nb\nb\na\n\n");
    expect("impute method=mode", "c:dictionary<int32, utf8>", "b\n\na\na\n", "c\nb\na\na\na\n");
    expect("impute method=mode", "c:bool", "true\n\ntrue\nfalse\n", "c\ntrue\ntrue\ntrue\nfalse\n");
    expect("impute method=constant value=none", "c:utf8", "b\n\n", "c\nb\nnone\n");
}

static void says_what_was_missing(void **state)
{
    (void)state;
    expect("impute columns=x indicator=true", "x:int64|y:int64", "1|\n|2\n3|3\n",
           "x|y|x_missing\n1||false\n2|2|true\n3|3|false\n");
}

static void a_column_without_values_stays_empty(void **state)
{
    (void)state;
    expect("impute", "x:int64|y:int64", "|1\n|\n", "x|y\n|1\n|1\n");
}

static void the_state_fills_new_rows(void **state)
{
    (void)state;
    OWNED(batch_release) struct batch input = trial_input("x:float64|c:utf8", "1|a\n2|a\n4|b\n");
    OWNED(batch_release) struct batch other = trial_input("x:float64|c:utf8", "|\n100|z\n");
    struct trial fit = {.words = "impute method=mode"};
    trial_run(&fit, &module_impute, &input);
    struct trial frozen = {.words = "impute method=mode", .load = (const char *)fit.saved.data};
    trial_run(&frozen, &module_impute, &other);
    assert_string_equal(trial_text(&frozen), "x|c\n1.0|a\n100.0|z\n");
    trial_close(&frozen);
    trial_close(&fit);
}

/* 30,000 distinct texts and little memory: the mode is found in several passes. */
static void threads_and_memory_change_nothing(void **state)
{
    (void)state;
    OWNED(memory_release) char *lines = memory_get(30003, 32);
    size_t size = 0;
    for (int i = 0; i < 30000; i++)
        size += (size_t)snprintf(lines + size, 32, "word%d\n", (i * 7919) % 29000);
    snprintf(lines + size, 32, "word7\nword7\n\n");
    OWNED(batch_release) struct batch input = trial_input("c:utf8", lines);
    struct trial one = {.words = "impute method=mode", .window_rows = 900};
    struct trial many = {
        .words = "impute method=mode", .window_rows = 900, .threads = 4, .memory = 200 << 10};
    trial_run(&one, &module_impute, &input);
    trial_run(&many, &module_impute, &input);
    assert_non_null(strstr((const char *)one.saved.data, "\"value\": \"word7\""));
    assert_string_equal((const char *)one.saved.data, (const char *)many.saved.data);
    assert_true(
        array_equal(&one.output.schema->fields[0], one.output.columns[0], many.output.columns[0]));
    trial_close(&one);
    trial_close(&many);
}

/* 400 rows on a curve in three columns, every fifth cell of one column empty in turn. */
static struct batch make_curve(const char *columns)
{
    OWNED(memory_release) char *lines = memory_get(400, 96);
    size_t size = 0;
    for (int i = 0; i < 400; i++) {
        double t = (i * 37 % 400) / 400.0;
        char cells[3][24];
        snprintf(cells[0], 24, "%.6f", t);
        snprintf(cells[1], 24, "%.6f", 3 - 2 * t);
        snprintf(cells[2], 24, "%.6f", sin(6 * t));
        if (i % 5 == 0) cells[i / 5 % 3][0] = '\0';
        size += (size_t)snprintf(lines + size, 96, "%s|%s|%s\n", cells[0], cells[1], cells[2]);
    }
    return trial_input(columns, lines);
}

static const char curve[] = "t:float64|line:float64|wave:float64";

/* The root mean square error of a column, whose truth is known for every row. */
static double root_error(const struct batch *output, size_t column)
{
    const double *values = array_values(output->columns[column]);
    double sum = 0;
    for (int i = 0; i < 400; i++) {
        double t = (i * 37 % 400) / 400.0;
        double truth = column == 0 ? t : column == 1 ? 3 - 2 * t : sin(6 * t);
        sum += (values[i] - truth) * (values[i] - truth);
    }
    return sqrt(sum / 400);
}

static void other_columns_tell(void **state)
{
    (void)state;
    OWNED(batch_release) struct batch input = make_curve(curve);
    struct trial ridge = {.words = "impute method=ridge", .window_rows = 64};
    struct trial knn = {.words = "impute method=knn neighbors=3", .window_rows = 64};
    struct trial forest = {.words = "impute method=forest", .window_rows = 64};
    struct trial best = {.words = "impute method=auto neighbors=3", .window_rows = 64};
    trial_run(&forest, &module_impute, &input);
    assert_true(root_error(&forest.output, 2) < 0.7 * root_error(&forest.output, 1) + 0.1);
    trial_close(&forest);
    trial_run(&ridge, &module_impute, &input);
    trial_run(&knn, &module_impute, &input);
    trial_run(&best, &module_impute, &input);
    assert_int_equal(ridge.cells, 80);
    assert_true(root_error(&ridge.output, 1) < 0.05);
    assert_true(root_error(&knn.output, 2) < 0.7 * root_error(&ridge.output, 2));
    assert_true(root_error(&best.output, 1) < 0.05);
    assert_true(root_error(&best.output, 2) < 0.7 * root_error(&ridge.output, 2));
    trial_close(&ridge);
    trial_close(&knn);
    trial_close(&best);
}

static void the_model_is_the_same_again(void **state)
{
    (void)state;
    OWNED(batch_release) struct batch input = make_curve(curve);
    static const char *const words[] = {"impute method=auto", "impute method=forest",
                                        "impute method=knn"};
    for (size_t w = 0; w < 3; w++) {
        struct trial one = {.words = words[w], .window_rows = 64};
        struct trial many = {.words = words[w], .window_rows = 64, .threads = 4};
        trial_run(&one, &module_impute, &input);
        trial_run(&many, &module_impute, &input);
        assert_string_equal((const char *)one.saved.data, (const char *)many.saved.data);
        assert_string_equal(trial_text(&one), trial_text(&many));
        struct trial frozen = {.words = words[w], .load = (const char *)one.saved.data};
        trial_run(&frozen, &module_impute, &input);
        assert_string_equal(trial_text(&one), trial_text(&frozen));
        trial_close(&frozen);
        trial_close(&one);
        trial_close(&many);
    }
}

static void estimates_of_integers_are_real_unless_rounded(void **state)
{
    (void)state;
    const char *lines = "1|10\n2|20\n3|30\n4|\n5|50\n6|60\n|\n";
    OWNED(batch_release) struct batch input = trial_input("a:int32|b:int64", lines);
    struct trial real = {.words = "impute method=ridge columns=b"};
    struct trial whole = {.words = "impute method=ridge columns=b round=true"};
    trial_run(&real, &module_impute, &input);
    trial_run(&whole, &module_impute, &input);
    assert_int_equal(real.output.schema->fields[0].type.id, TYPE_INT32);
    assert_int_equal(real.output.schema->fields[1].type.id, TYPE_FLOAT64);
    assert_int_equal(whole.output.schema->fields[1].type.id, TYPE_INT64);
    assert_true(array_is_null(real.output.columns[0], 6));
    double estimate = ((const double *)array_values(real.output.columns[1]))[3];
    assert_true(fabs(estimate - 40) < 2);
    assert_int_equal(((const int64_t *)array_values(whole.output.columns[1]))[3],
                     (int64_t)rint(estimate));
    trial_close(&real);
    trial_close(&whole);
}

static void refuses_what_it_cannot_do(void **state)
{
    (void)state;
    OWNED(batch_release) struct batch input = trial_input("x:int64|c:utf8", "1|a\n");
    static const struct {
        const char *words, *message;
    } cases[] = {
        {"impute columns=c", "column \"c\" is utf8"},
        {"impute method=constant", "needs a value"},
        {"impute columns=x method=constant value=two", "value \"two\" does not fit column \"x\""},
        {"impute columns=z", "z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct trial trial = {.words = cases[i].words};
        assert_int_equal(trial_try(&trial, &module_impute, &input), STATUS_USAGE);
        assert_non_null(strstr(trial.err.message, cases[i].message));
        trial_close(&trial);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_numbers),
        cmocka_unit_test(integers_stay_integers),
        cmocka_unit_test(fills_words_and_truth),
        cmocka_unit_test(says_what_was_missing),
        cmocka_unit_test(a_column_without_values_stays_empty),
        cmocka_unit_test(the_state_fills_new_rows),
        cmocka_unit_test(threads_and_memory_change_nothing),
        cmocka_unit_test(other_columns_tell),
        cmocka_unit_test(the_model_is_the_same_again),
        cmocka_unit_test(estimates_of_integers_are_real_unless_rounded),
        cmocka_unit_test(refuses_what_it_cannot_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
