/* tests/unit/clean/test_module_missing.c: markers, keep lists, numbers that stand for null. */
#include "tests/unit/clean/harness.h"

#include <stdio.h>

extern const struct clean_module module_missing;

static void check(const char *yaml, const char *columns, const char *before, const char *after)
{
    struct trial trial = {.yaml = yaml};
    OWNED(batch_release) struct batch input = trial_input(columns, before);
    trial_run(&trial, &module_missing, &input);
    assert_string_equal(trial_text(&trial), after);
    trial_close(&trial);
}

static void test_default_markers(void **unused)
{
    (void)unused;
    check("missing: {detect: false}", "a:utf8|b:utf8", "NA|x\n N/A |?\n--|\"\"\nna|Null\n",
          "a|b\n|x\n|\n|\nna|Null\n");
    check("missing: {ignore_case: true}", "a:utf8", "na\nNuLL\nn\n", "a\n\n\nn\n");
    check("missing: {defaults: false, markers: [gone]}", "a:utf8", "NA\ngone\n", "a\nNA\n\n");
}

static void test_keep(void **unused)
{
    (void)unused;
    check("missing: {keep: [NA]}", "a:utf8", "NA\nN/A\n", "a\nNA\n\n");
    check("missing: {markers: [unknown], columns: {code: {keep: [NA, unknown]}}}",
          "code:utf8|name:utf8", "NA|NA\nunknown|unknown\nNULL|x\n",
          "code|name\nNA|\nunknown|\n|x\n");
    check("missing: {keep: [NA], columns: {name: {markers: [NA]}}}", "code:utf8|name:utf8",
          "NA|NA\n", "code|name\nNA|\n");
}

static void test_numbers_only_when_told(void **unused)
{
    (void)unused;
    check("missing: {}", "n:int64|x:float64", "-999|1.5\n7|nan\n", "n|x\n-999|1.5\n7|\n");
    check("missing: {numbers: [-999]}", "n:int64|x:float64|t:utf8",
          "-999|-999|-999.0\n7|2.5|-999 days\n", "n|x|t\n||\n7|2.5|-999 days\n");
    check("missing: {nan: false}", "x:float64", "nan\n", "x\nnan\n");
    check("missing: {columns: {n: {numbers: [0]}}}", "n:int64|m:int64", "0|0\n1|1\n",
          "n|m\n|0\n1|1\n");
}

static void test_only_the_listed_columns(void **unused)
{
    (void)unused;
    check("missing: {columns: [a]}", "a:utf8|b:utf8", "NA|NA\n", "a|b\n|NA\n");
    check("missing: {columns: a}", "a:utf8|b:utf8", "NA|NA\n", "a|b\n|NA\n");
}

static void test_cells_are_counted(void **unused)
{
    (void)unused;
    struct trial trial = {.words = "missing", .window_rows = 2, .threads = 2};
    OWNED(batch_release) struct batch input = trial_input("a:utf8", "NA\nx\n\n?\n");
    trial_run(&trial, &module_missing, &input);
    assert_int_equal(trial.cells, 2);
    trial_close(&trial);
}

/* Thirty rows: text t, number n; `t` and `n` give the odd ones at every third row. */
static struct batch sample(const char *const *words, size_t word_count, const char *odd_word,
                           const char *odd_number)
{
    char lines[4096];
    size_t used = 0;
    for (int i = 0; i < 30; i++) {
        const char *word = i % 3 == 0 ? odd_word : words[(size_t)i % word_count];
        char number[16];
        snprintf(number, sizeof number, "%d", 20 + i * 7 % 30);
        used += (size_t)snprintf(lines + used, sizeof lines - used, "%s|%s\n", word,
                                 i % 3 == 0 ? odd_number : number);
    }
    return trial_input("t:utf8|n:int64", lines);
}

static void detect_by(const char *step, const char *const *words, size_t count,
                      const char *odd_word, const char *odd_number, int64_t null_texts,
                      int64_t null_numbers)
{
    struct trial trial = {.words = step, .window_rows = 7, .threads = 2};
    OWNED(batch_release) struct batch input = sample(words, count, odd_word, odd_number);
    trial_run(&trial, &module_missing, &input);
    assert_int_equal(trial.output.columns[0]->null_count, null_texts);
    assert_int_equal(trial.output.columns[1]->null_count, null_numbers);
    trial_close(&trial);
}

static void detect(const char *const *words, size_t count, const char *odd_word,
                   const char *odd_number, int64_t null_texts, int64_t null_numbers)
{
    detect_by("missing detect=true", words, count, odd_word, odd_number, null_texts, null_numbers);
}

static void test_words_are_judged_by_their_column(void **unused)
{
    (void)unused;
    static const char *const codes[] = {"DE", "US", "FR", "NO"};
    static const char *const names[] = {"Smith", "Nguyen", "Ek", "Garcia"};
    static const char *const numbers[] = {"1.5", "22", "-3", "0"};
    static const char *const signs[] = {"+", "-"};
    detect(codes, 4, "NA", "25", 0, 0);
    detect(codes, 4, "N/A", "25", 10, 0);
    detect(names, 4, "NA", "25", 10, 0);
    detect(names, 4, "Null", "25", 0, 0);
    detect(names, 4, "NULL", "25", 10, 0);
    detect(names, 4, "unknown", "25", 10, 0);
    detect(names, 4, "--", "25", 10, 0);
    detect(numbers, 4, "?", "25", 10, 0);
    detect(numbers, 4, "offline", "25", 10, 0);
    detect(signs, 2, "-", "25", 0, 0);
}

static void test_numbers_far_outside(void **unused)
{
    (void)unused;
    static const char *const words[] = {"x"};
    detect(words, 1, "x", "-999", 0, 10);
    detect(words, 1, "x", "9999", 0, 10);
    detect(words, 1, "x", "0", 0, 10);
    detect(words, 1, "x", "-1", 0, 10);
    detect(words, 1, "x", "99", 0, 10);
    detect(words, 1, "x", "12", 0, 0);
    detect(words, 1, "x", "55", 0, 0);
}

/* Without being asked only what nothing else explains. */
static void test_the_default_is_sure(void **unused)
{
    (void)unused;
    static const char *const codes[] = {"DE", "US", "FR", "NO"};
    static const char *const numbers[] = {"1.5", "22", "-3", "0"};
    detect_by("missing", codes, 4, "NA", "-999", 0, 10);
    detect_by("missing", codes, 4, "N/A", "9999", 10, 10);
    detect_by("missing", codes, 4, "unknown", "0", 10, 0);
    detect_by("missing", numbers, 4, "offline", "-1", 0, 0);
    detect_by("missing", numbers, 4, "?", "99", 10, 0);
    detect_by("missing markers=gone", codes, 4, "NA", "-999", 10, 0);
}

static void test_what_was_learned_is_applied_unchanged(void **unused)
{
    (void)unused;
    struct trial trial = {
        .words = "missing detect=true",
        .load =
            "{columns: {t: {markers: ['', gone], numbers: []}, n: {markers: [], numbers: [7]}}}"};
    OWNED(batch_release)
    struct batch input = trial_input("t:utf8|n:int64", "gone|7\nNA|-999\n");
    trial_run(&trial, &module_missing, &input);
    assert_string_equal(trial_text(&trial), "t|n\n|\nNA|-999\n");
    trial_close(&trial);
}

static void refused(const char *yaml, const char *message)
{
    struct trial trial = {.yaml = yaml};
    OWNED(batch_release) struct batch input = trial_input("code:utf8|flag:bool", "NA|true\n");
    assert_int_equal(trial_try(&trial, &module_missing, &input), STATUS_USAGE);
    if (strstr(trial.err.message, message) == NULL) print_error("%s\n", trial.err.message);
    assert_non_null(strstr(trial.err.message, message));
    trial_close(&trial);
}

static void test_errors_name_the_place(void **unused)
{
    (void)unused;
    refused("missing: {columns: {cod: {keep: [NA]}}}", "line 1, column 21");
    refused("missing: {columns: {cod: {keep: [NA]}}}", "there is no column \"cod\"");
    refused("missing: {columns: {code: {kep: [NA]}}}", "did you mean \"keep\"");
    refused("missing: {columns: {code: NA}}", "a map with markers, keep or numbers");
    refused("missing: {columns: {flag: {keep: [NA]}}}", "neither text nor number");
    refused("missing: {numbers: [many]}", "\"many\", which is no number");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default_markers),
        cmocka_unit_test(test_keep),
        cmocka_unit_test(test_numbers_only_when_told),
        cmocka_unit_test(test_only_the_listed_columns),
        cmocka_unit_test(test_cells_are_counted),
        cmocka_unit_test(test_errors_name_the_place),
        cmocka_unit_test(test_words_are_judged_by_their_column),
        cmocka_unit_test(test_numbers_far_outside),
        cmocka_unit_test(test_the_default_is_sure),
        cmocka_unit_test(test_what_was_learned_is_applied_unchanged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
