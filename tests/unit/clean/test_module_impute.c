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

static const char visits[] = "g:utf8|t:int64|x:float64|c:utf8";
static const char visit_lines[] = "a|1|10|u\nb|1|1|v\na|3||\nb|2||w\na|2|20|\nb|3||\n";

/* Of a: 10 at 1, 20 at 2, so 20 at 3; in the order of the rows 10. Any windows. */
static void what_came_before_fills(void **state)
{
    (void)state;
    static const struct {
        const char *words, *text;
    } cases[] = {
        {"impute method=forward by=g time=t", "a|1|10.0|u\nb|1|1.0|v\na|3|20.0|u\nb|2|1.0|w\n"
                                              "a|2|20.0|u\nb|3|1.0|w\n"},
        {"impute method=forward by=g", "a|1|10.0|u\nb|1|1.0|v\na|3|10.0|u\nb|2|1.0|w\n"
                                       "a|2|20.0|u\nb|3|1.0|w\n"},
        {"impute method=backward columns=x", "a|1|10.0|u\nb|1|1.0|v\na|3|20.0|\nb|2|20.0|w\n"
                                             "a|2|20.0|\nb|3||\n"},
        {"impute method=backward by=g time=t columns=[x,c]",
         "a|1|10.0|u\nb|1|1.0|v\na|3||\nb|2||w\na|2|20.0|\nb|3||\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int64_t rows = 1; rows < 8; rows += 3) {
            OWNED(batch_release) struct batch input = trial_input(visits, visit_lines);
            struct trial trial = {.words = cases[i].words, .window_rows = rows, .threads = 3};
            trial_run(&trial, &module_impute, &input);
            const char *text = trial_text(&trial);
            assert_string_equal(strchr(text, '\n') + 1, cases[i].text);
            trial_close(&trial);
        }
}

static void groups_have_values_of_their_own(void **state)
{
    (void)state;
    OWNED(batch_release) struct batch input = trial_input(visits, visit_lines);
    OWNED(batch_release) struct batch next = trial_input(visits, "a|9||\nb|9||\nz|9||\n");
    static const struct {
        const char *words, *fitted, *frozen;
    } cases[] = {
        {"impute method=mean by=g columns=x",
         "g|t|x|c\na|1|10.0|u\nb|1|1.0|v\na|3|15.0|\nb|2|1.0|w\na|2|20.0|\nb|3|1.0|\n",
         "g|t|x|c\na|9|15.0|\nb|9|1.0|\nz|9|10.333333333333332|\n"},
        {"impute method=median by=g columns=x",
         "g|t|x|c\na|1|10.0|u\nb|1|1.0|v\na|3|15.0|\nb|2|1.0|w\na|2|20.0|\nb|3|1.0|\n",
         "g|t|x|c\na|9|15.0|\nb|9|1.0|\nz|9|10.0|\n"},
        {"impute method=mode by=g columns=c",
         "g|t|x|c\na|1|10.0|u\nb|1|1.0|v\na|3||u\nb|2||w\na|2|20.0|u\nb|3||v\n",
         "g|t|x|c\na|9||u\nb|9||v\nz|9||u\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct trial fit = {.words = cases[i].words, .window_rows = 2, .threads = 3};
        trial_run(&fit, &module_impute, &input);
        assert_string_equal(trial_text(&fit), cases[i].fitted);
        struct trial frozen = {.words = cases[i].words, .load = (const char *)fit.saved.data};
        trial_run(&frozen, &module_impute, &next);
        assert_string_equal(trial_text(&frozen), cases[i].frozen);
        trial_close(&frozen);
        trial_close(&fit);
    }
}

static void too_many_gaps_are_given_up(void **state)
{
    (void)state;
    OWNED(batch_release) struct batch input = trial_input(visits, visit_lines);
    struct trial columns = {.words = "impute columns=[x,t] drop_columns_above=0.49 indicator=true"};
    trial_run(&columns, &module_impute, &input);
    assert_string_equal(trial_text(&columns),
                        "g|t|c|t_missing\na|1|u|false\nb|1|v|false\na|3||false\nb|2|w|false\n"
                        "a|2||false\nb|3||false\n");
    struct trial frozen = {.words = columns.words, .load = (const char *)columns.saved.data};
    trial_run(&frozen, &module_impute, &input);
    assert_string_equal(trial_text(&columns), trial_text(&frozen));
    trial_close(&frozen);
    trial_close(&columns);
    struct trial rows = {.words = "impute method=mode columns=[x,c] drop_rows_above=0.5"};
    trial_run(&rows, &module_impute, &input);
    assert_int_equal(rows.removal_count, 2);
    assert_int_equal(rows.removals[0].row, 2);
    assert_string_equal(rows.removals[0].rule, "missing above share");
    assert_string_equal(rows.removals[1].threshold, "0.5");
    trial_close(&rows);
}

static void bounds_hold_what_is_filled_in(void **state)
{
    (void)state;
    expect("impute method=mean bounds={x: [~, 3]}", "x:int64", "1\n\n9\n", "x\n1\n3\n9\n");
    expect("impute method=constant value=-4 bounds={x: [0, 3]}", "x:int64", "1\n\n", "x\n1\n0\n");
    expect("impute method=ridge columns=b round=true bounds={b: [45, 50]}", "a:int32|b:int64",
           "1|10\n2|20\n3|30\n4|\n5|50\n6|60\n", "a|b\n1|10\n2|20\n3|30\n4|45\n5|50\n6|60\n");
}

static void hostile_values_do_no_harm(void **state)
{
    (void)state;
    static const char *const methods[] = {"median", "mean", "mode",    "knn",     "ridge",
                                          "forest", "auto", "forward", "backward"};
    static const char *const inputs[][2] = {
        {"x:float64|y:float64|c:int64|n:float64",
         "1|nan|7|\n2|inf|7|\n3|-inf|7|\n|1e308||\n5|-1e308|7|\n6|0|7|\n"},
        {"x:float64", "\n"},
        {"x:float64", ""},
        {"a:int8|b:int8|c:int8|d:int8|e:int8", "1|2||4|5\n|4|3|2|\n"},
        {"x:float64|y:float64", "|\n|\n|\n"},
    };
    for (size_t m = 0; m < sizeof methods / sizeof *methods; m++)
        for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
            char words[64];
            snprintf(words, sizeof words, "impute method=%s", methods[m]);
            OWNED(batch_release) struct batch input = trial_input(inputs[i][0], inputs[i][1]);
            struct trial trial = {.words = words};
            trial_run(&trial, &module_impute, &input);
            assert_int_equal(trial.output.rows, input.rows);
            trial_close(&trial);
        }
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
        {"impute time=x", "time goes with method forward or backward"},
        {"impute method=knn by=c", "by goes with method"},
        {"impute bounds={c: [1, 2]}", "no column \"c\" is filled here"},
        {"impute bounds={x: [2, 1]}", "the least is larger"},
        {"impute bounds={x: [2, up]}", "a bound is a number"},
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
        cmocka_unit_test(what_came_before_fills),
        cmocka_unit_test(groups_have_values_of_their_own),
        cmocka_unit_test(too_many_gaps_are_given_up),
        cmocka_unit_test(bounds_hold_what_is_filled_in),
        cmocka_unit_test(hostile_values_do_no_harm),
        cmocka_unit_test(refuses_what_it_cannot_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
