/* tests/unit/clean/test_module_missing.c: markers, keep lists, numbers that stand for null. */
#include "tests/unit/clean/harness.h"

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
    check("missing: {}", "a:utf8|b:utf8", "NA|x\n N/A |?\n--|\"\"\nna|Null\n",
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
