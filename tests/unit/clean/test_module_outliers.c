/* tests/unit/clean/test_module_outliers.c */
#include "tests/unit/clean/harness.h"

#include "clean/outliers_cut.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

extern const struct clean_module module_outliers;

static void mad_flags_and_names_the_column(void **state)
{
    (void)state;
    struct trial trial = {.words = "outliers"};
    OWNED(batch_release)
    struct batch input = trial_input("x:int64|y:float64", "1|1\n2|2\n3|3\n4|900\n500|4\n");
    trial_run(&trial, &module_outliers, &input);
    assert_string_equal(trial_text(&trial), "x|y|outlier|outlier_column\n"
                                            "1|1.0|false|\n2|2.0|false|\n3|3.0|false|\n"
                                            "4|900.0|true|y\n500|4.0|true|x\n");
    trial_close(&trial);
}

static void fences_are_the_published_ones(void **state)
{
    (void)state;
    /* Median 3, MAD 1: fences 3 -+ 3.5 x 1.4826. */
    struct trial trial = {.words = "outliers action=clip"};
    OWNED(batch_release) struct batch input = trial_input("x:float64", "1\n2\n3\n4\n50\n\n");
    trial_run(&trial, &module_outliers, &input);
    const double *x = array_values(trial.output.columns[0]);
    assert_true(x[4] > 8.18910776 && x[4] < 8.18910777);
    assert_int_equal(trial.cells, 1);
    assert_true(array_is_null(trial.output.columns[0], 5));
    trial_close(&trial);
    /* Quartiles 2 and 4: fences -1 and 7. */
    struct trial iqr = {.words = "outliers method=iqr action=clip"};
    trial_run(&iqr, &module_outliers, &input);
    assert_string_equal(trial_text(&iqr), "x\n1.0\n2.0\n3.0\n4.0\n7.0\n\n");
    trial_close(&iqr);
}

static void drops_with_the_reason(void **state)
{
    (void)state;
    struct trial trial = {.words = "outliers columns=x method=z threshold=1.5 action=drop"};
    OWNED(batch_release)
    struct batch input =
        trial_input("x:int32|_source:utf8|_record:int64", "1|a|1\n1|a|2\n2|a|3\n2|a|4\n1000|a|5\n");
    trial_run(&trial, &module_outliers, &input);
    assert_int_equal(trial.output.rows, 4);
    assert_int_equal(trial.removal_count, 1);
    assert_int_equal(trial.removals[0].kind, EVENT_DROP);
    assert_int_equal(trial.removals[0].row, 4);
    assert_string_equal(trial.removals[0].rule, "outlier z");
    assert_string_equal(trial.removals[0].column, "x");
    trial_close(&trial);
}

static void a_column_without_spread_is_left_alone(void **state)
{
    (void)state;
    struct trial trial = {.words = "outliers action=null"};
    OWNED(batch_release) struct batch input = trial_input("x:int64", "7\n7\n7\n7\n90\n");
    trial_run(&trial, &module_outliers, &input);
    assert_string_equal(trial_text(&trial), "x\n7\n7\n7\n7\n90\n");
    trial_close(&trial);
}

static void the_state_says_the_same_again(void **state)
{
    (void)state;
    OWNED(batch_release) struct batch input = trial_input("x:float64", "1\n2\n3\n4\n50\n");
    OWNED(batch_release) struct batch other = trial_input("x:float64", "8.18\n8.19\n");
    struct trial fit = {.words = "outliers action=null"};
    trial_run(&fit, &module_outliers, &input);
    struct trial frozen = {.words = "outliers action=null", .load = (const char *)fit.saved.data};
    trial_run(&frozen, &module_outliers, &other);
    assert_string_equal(trial_text(&frozen), "x\n8.18\n\n");
    assert_string_equal((const char *)frozen.saved.data, (const char *)fit.saved.data);
    trial_close(&frozen);
    trial_close(&fit);
}

/* 20,000 rows in windows of 700: more than 64 KiB, so the selection takes several passes. */
static void threads_and_memory_change_nothing(void **state)
{
    (void)state;
    OWNED(memory_release) char *lines = memory_get(20000, 32);
    size_t size = 0;
    for (int i = 0; i < 20000; i++)
        size += (size_t)snprintf(lines + size, 32, "%d.%d\n", (i * 7919) % 9973, i % 7);
    OWNED(batch_release) struct batch input = trial_input("x:float64", lines);
    struct trial one = {.words = "outliers threshold=1 action=clip", .window_rows = 700};
    struct trial many = {.words = "outliers threshold=1 action=clip",
                         .window_rows = 700,
                         .threads = 4,
                         .memory = 1 << 10};
    trial_run(&one, &module_outliers, &input);
    trial_run(&many, &module_outliers, &input);
    assert_string_equal((const char *)one.saved.data, (const char *)many.saved.data);
    assert_string_equal(trial_text(&one), trial_text(&many));
    assert_true(one.cells > 100);
    trial_close(&one);
    trial_close(&many);
}

/* 600 rows on a line y = x, and one that is usual in each column but not in both. */
static struct batch make_line(void)
{
    OWNED(memory_release) char *lines = memory_get(601, 64);
    size_t size = 0;
    for (int i = 0; i < 600; i++) {
        double x = (i * 37 % 600) / 60.0, off = ((i * 101 % 600) - 300) / 3000.0;
        size += (size_t)snprintf(lines + size, 64, "%.4f|%.4f|1\n", x, i == 16 ? 9.5 - x : x + off);
    }
    return trial_input("x:float64|y:float64|c:int64", lines);
}

static void rows_are_judged_as_a_whole(void **state)
{
    (void)state;
    OWNED(batch_release) struct batch input = make_line();
    struct trial alone = {.words = "outliers"};
    trial_run(&alone, &module_outliers, &input);
    assert_false(array_bool(alone.output.columns[3], 16));
    trial_close(&alone);
    static const char *const words[] = {
        "outliers method=knn threshold=10", "outliers method=ensemble threshold=10",
        "outliers method=lof threshold=10", "outliers method=mcd threshold=10"};
    for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
        struct trial trial = {.words = words[w], .window_rows = 100};
        trial_run(&trial, &module_outliers, &input);
        const double *score = array_values(trial.output.columns[5]);
        for (int i = 0; i < 600; i++)
            if (i != 16) assert_true(score[i] < score[16] / 2);
        assert_true(array_bool(trial.output.columns[3], 16));
        assert_string_equal(trial.output.schema->fields[5].name, "outlier_score");
        trial_close(&trial);
    }
}

static void the_forest_sets_far_rows_apart(void **state)
{
    (void)state;
    OWNED(batch_release) struct batch input = make_line();
    OWNED(batch_release)
    struct batch far = trial_input("x:float64|y:float64|c:int64", "5|5|1\n100|-90|1\n");
    struct trial fit = {.words = "outliers method=forest"};
    trial_run(&fit, &module_outliers, &input);
    struct trial frozen = {.words = "outliers method=forest", .load = (const char *)fit.saved.data};
    trial_run(&frozen, &module_outliers, &far);
    const double *score = array_values(frozen.output.columns[5]);
    assert_true(score[1] > score[0] + 2);
    trial_close(&frozen);
    trial_close(&fit);
}

/* For every method: any threads, any windows, and from the saved state where the row is not in the
 * sample. */
static void rows_get_the_same_scores_again(void **state)
{
    (void)state;
    static const char *const methods[] = {"forest", "knn",  "lof", "ecod",
                                          "copod",  "hbos", "mcd", "ensemble"};
    OWNED(batch_release) struct batch input = make_line();
    OWNED(batch_release)
    struct batch new = trial_input("x:float64|y:float64|c:int64", "1|1|1\n5|9|1\n||\n");
    for (size_t m = 0; m < sizeof methods / sizeof *methods; m++) {
        char words[64];
        snprintf(words, sizeof words, "outliers method=%s", methods[m]);
        struct trial one = {.words = words, .window_rows = 64};
        struct trial many = {.words = words, .window_rows = 64, .threads = 4};
        trial_run(&one, &module_outliers, &input);
        trial_run(&many, &module_outliers, &input);
        assert_string_equal(trial_text(&one), trial_text(&many));
        assert_string_equal((const char *)one.saved.data, (const char *)many.saved.data);
        struct trial frozen = {.words = words, .load = (const char *)one.saved.data};
        struct trial again = {.words = words, .load = (const char *)one.saved.data, .threads = 4};
        trial_run(&frozen, &module_outliers, &new);
        trial_run(&again, &module_outliers, &new);
        assert_string_equal(trial_text(&frozen), trial_text(&again));
        assert_string_equal((const char *)one.saved.data, (const char *)frozen.saved.data);
        trial_close(&frozen);
        trial_close(&again);
        trial_close(&one);
        trial_close(&many);
    }
}

/* Each group has fences of its own: 100 is usual in b and not in a; a new group is judged by all.
 */
static void groups_are_judged_among_themselves(void **state)
{
    (void)state;
    OWNED(batch_release)
    struct batch input = trial_input(
        "g:utf8|x:int64", "a|1\nb|100\na|2\nb|101\na|3\nb|102\na|4\nb|103\na|100\nb|1\n");
    const char *expected = "g|x\na|1\nb|100\na|2\nb|101\na|3\nb|102\na|4\nb|103\na|\nb|\n";
    struct trial one = {.words = "outliers by=g action=null"};
    struct trial many = {.words = "outliers by=g action=null", .window_rows = 3, .threads = 4};
    trial_run(&one, &module_outliers, &input);
    trial_run(&many, &module_outliers, &input);
    assert_string_equal(trial_text(&one), expected);
    assert_string_equal(trial_text(&many), expected);
    assert_string_equal((const char *)one.saved.data, (const char *)many.saved.data);
    OWNED(batch_release)
    struct batch next = trial_input("g:utf8|x:int64", "a|100\nb|100\nc|100\nc|9999\n|5\n");
    struct trial frozen = {.words = "outliers by=g action=null",
                           .load = (const char *)one.saved.data};
    trial_run(&frozen, &module_outliers, &next);
    assert_string_equal(trial_text(&frozen), "g|x\na|\nb|100\nc|100\nc|\n|5\n");
    assert_string_equal((const char *)frozen.saved.data, (const char *)one.saved.data);
    trial_close(&frozen);
    trial_close(&one);
    trial_close(&many);
}

static void rows_are_judged_among_those_of_their_group(void **state)
{
    (void)state;
    OWNED(memory_release) char *lines = memory_get(401, 64);
    size_t size = 0;
    for (int i = 0; i < 400; i++)
        size += (size_t)snprintf(lines + size, 64, "%c|%d\n", i % 2 ? 'a' : 'b',
                                 (i * 37 % 101) + (i % 2 ? 0 : 1000));
    snprintf(lines + size, 64, "a|1050\n");
    OWNED(batch_release) struct batch input = trial_input("g:utf8|x:int64", lines);
    struct trial one = {.words = "outliers by=g method=knn action=reject threshold=10",
                        .window_rows = 64};
    struct trial many = {.words = "outliers by=g method=knn action=reject threshold=10",
                         .window_rows = 64,
                         .threads = 4};
    trial_run(&one, &module_outliers, &input);
    trial_run(&many, &module_outliers, &input);
    assert_int_equal(one.removal_count, 1);
    assert_int_equal(one.removals[0].row, 400);
    assert_int_equal(one.removals[0].kind, EVENT_REJECT);
    assert_string_equal(one.removals[0].threshold, "10");
    assert_string_equal((const char *)one.saved.data, (const char *)many.saved.data);
    trial_close(&one);
    trial_close(&many);
    struct trial few = {.words = "outliers by=x method=forest columns=x", .memory = 1 << 20};
    assert_int_equal(trial_try(&few, &module_outliers, &input), STATUS_USAGE);
    assert_non_null(strstr(few.err.message, "groups to learn from separately"));
    trial_close(&few);
}

static void the_cut_is_found_in_the_scores(void **state)
{
    (void)state;
    /* 8 about zero, 2 far away: any cut but the fixed one lies between them. */
    const double scores[] = {-1, -1, -0.5, 0, 0, 0.5, 1, 1, 9, 10};
    assert_true(cut_find(CUT_SPREAD, 0, scores, 10) == 2.5);
    assert_true(cut_find(CUT_SPLIT, 0, scores, 10) == 1);
    assert_true(cut_find(CUT_KNEE, 0, scores, 10) == 1);
    assert_true(cut_find(CUT_SHARE, 0.2, scores, 10) == 1);
    assert_true(cut_find(CUT_SHARE, 0.1, scores, 10) == 9);
    assert_true(cut_find(CUT_SHARE, 0, scores, 10) == 10);
    assert_true(isinf(cut_find(CUT_SHARE, 1, scores, 10)));
    assert_true(cut_find(CUT_SPLIT, 0, scores, 1) == -1);
    assert_true(cut_find(CUT_KNEE, 0, scores + 3, 2) == 0);
}

static void hostile_values_do_no_harm(void **state)
{
    (void)state;
    static const char *const methods[] = {"mad",  "iqr",   "z",    "forest", "knn",     "lof",
                                          "ecod", "copod", "hbos", "mcd",    "ensemble"};
    static const char *const inputs[][2] = {
        {"x:float64|y:float64|c:int64|n:float64",
         "1|nan|7|\n2|inf|7|\n3|-inf|7|\n4|1e308|7|\n5|-1e308|7|\n6|0|7|\n"},
        {"x:float64", "1\n"},
        {"x:float64", ""},
        {"a:int8|b:int8|c:int8|d:int8|e:int8", "1|2|3|4|5\n5|4|3|2|1\n"},
        {"x:float64", "\n\n\n"},
    };
    for (size_t m = 0; m < sizeof methods / sizeof *methods; m++)
        for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
            char words[64];
            snprintf(words, sizeof words, "outliers method=%s", methods[m]);
            OWNED(batch_release) struct batch input = trial_input(inputs[i][0], inputs[i][1]);
            struct trial trial = {.words = words};
            trial_run(&trial, &module_outliers, &input);
            assert_int_equal(trial.output.rows, input.rows);
            trial_close(&trial);
        }
}

static void refuses_what_it_cannot_do(void **state)
{
    (void)state;
    OWNED(batch_release) struct batch input = trial_input("x:utf8|outlier:int64", "a|1\n");
    struct trial text = {.words = "outliers columns=x"};
    assert_int_equal(trial_try(&text, &module_outliers, &input), STATUS_USAGE);
    trial_close(&text);
    struct trial clash = {.words = "outliers"};
    assert_int_equal(trial_try(&clash, &module_outliers, &input), STATUS_USAGE);
    assert_non_null(strstr(clash.err.message, "there is already a column \"outlier\""));
    trial_close(&clash);
    struct trial rows = {.words = "outliers method=knn action=clip"};
    assert_int_equal(trial_try(&rows, &module_outliers, &input), STATUS_USAGE);
    assert_non_null(strstr(rows.err.message, "judges rows"));
    trial_close(&rows);
    struct trial method = {.words = "outliers method=mads"};
    assert_int_equal(trial_try(&method, &module_outliers, &input), STATUS_USAGE);
    trial_close(&method);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mad_flags_and_names_the_column),
        cmocka_unit_test(fences_are_the_published_ones),
        cmocka_unit_test(drops_with_the_reason),
        cmocka_unit_test(a_column_without_spread_is_left_alone),
        cmocka_unit_test(the_state_says_the_same_again),
        cmocka_unit_test(threads_and_memory_change_nothing),
        cmocka_unit_test(rows_are_judged_as_a_whole),
        cmocka_unit_test(the_forest_sets_far_rows_apart),
        cmocka_unit_test(rows_get_the_same_scores_again),
        cmocka_unit_test(groups_are_judged_among_themselves),
        cmocka_unit_test(rows_are_judged_among_those_of_their_group),
        cmocka_unit_test(the_cut_is_found_in_the_scores),
        cmocka_unit_test(hostile_values_do_no_harm),
        cmocka_unit_test(refuses_what_it_cannot_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
