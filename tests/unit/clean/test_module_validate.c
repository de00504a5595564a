/* tests/unit/clean/test_module_validate.c: expectations, what becomes of rows, and the verdict. */
#include "harness.h"

#include "clean/validate_groups.h"

#include <stdio.h>

extern const struct clean_module module_validate;

/* Rejects with one rule and compares what is left. */
static void expect_left(const char *rule, const char *columns, const char *lines, const char *left)
{
    char yaml[512];
    snprintf(yaml, sizeof yaml, "validate: {rules: [%s], on_fail: reject}", rule);
    struct trial trial = {.yaml = yaml, .window_rows = 2, .threads = 2};
    OWNED(batch_release) struct batch input = trial_input(columns, lines);
    trial_run(&trial, &module_validate, &input);
    assert_string_equal(trial_text(&trial), left);
    assert_false(trial.failed);
    trial_close(&trial);
}

static void expect_refused(const char *yaml, const char *message)
{
    struct trial trial = {.yaml = yaml};
    OWNED(batch_release) struct batch input = trial_input("a:int64|t:utf8", "1|x\n");
    assert_int_equal(trial_try(&trial, &module_validate, &input), STATUS_USAGE);
    if (strstr(trial.err.message, message) == NULL) fail_msg("%s", trial.err.message);
    trial_close(&trial);
}

static void ranges_hold_for_numbers_dates_and_text(void **unused)
{
    (void)unused;
    expect_left("{column: a, between: [0, 120]}", "a:int64", "0\n120\n121\n-1\n\n",
                "a\n0\n120\n\n");
    expect_left("{column: a, between: [0.5, ~]}", "a:float64", "0.4\n0.5\n9\n", "a\n0.5\n9.0\n");
    expect_left("{column: a, between: [0.5, 2]}", "a:int64", "0\n1\n2\n3\n", "a\n1\n2\n");
    expect_left("{column: a, between: [1, 20]}", "a:utf8", "5\n30\nx\n1.5\n", "a\n5\n1.5\n");
    expect_left("{column: a, between: [b, d]}", "a:utf8", "a\nb\nd\ne\n", "a\nb\nd\n");
    expect_left("{column: a, between: [2020-01-01, 2020-12-31]}", "a:date32",
                "2019-12-31\n2020-01-01\n2021-01-01\n", "a\n2020-01-01\n");
    expect_left("{column: a, between: [9007199254740993, ~]}", "a:int64",
                "9007199254740992\n9007199254740993\n", "a\n9007199254740993\n");
}

static void sets_patterns_lengths_and_nulls(void **unused)
{
    (void)unused;
    expect_left("{column: a, in: [x, y]}", "a:utf8", "x\nz\ny\n\n", "a\nx\ny\n\n");
    expect_left("{column: a, in: [1, 2.0]}", "a:int64", "1\n2\n3\n", "a\n1\n2\n");
    expect_left("{column: a, not_in: [x]}", "a:dictionary<int32, utf8>", "x\nz\n", "a\nz\n");
    expect_left("{column: a, matches: '[0-9]{5}'}", "a:utf8", "12345\n123456\n1234a\n",
                "a\n12345\n");
    expect_left("{column: a, not_matches: '.*@.*'}", "a:utf8", "a@b\nab\n", "a\nab\n");
    expect_left("{column: a, length: [2, 3]}", "a:utf8", "a\näö\nabc\nabcd\n", "a\näö\nabc\n");
    expect_left("{column: a, length: 2}", "a:utf8", "a\nab\n", "a\nab\n");
    expect_left("{columns: [a, b], not_null: true}", "a:utf8|b:utf8", "x|y\n|y\nx|\n",
                "a|b\nx|y\n");
}

static void types_of_text_are_checked(void **unused)
{
    (void)unused;
    expect_left("{column: a, type: int8}", "a:utf8", "1\n300\nx\n", "a\n1\n");
    expect_left("{column: a, type: date}", "a:utf8", "2020-02-29\n2021-02-29\n31/01/2020\nx\n",
                "a\n2020-02-29\n31/01/2020\n");
    expect_left("{column: a, type: float64}", "a:int64", "1\n", "a\n");
}

static void rows_are_compared_across_columns(void **unused)
{
    (void)unused;
    expect_left("{compare: {column: a, op: <=, with: b}}", "a:int64|b:float64",
                "1|1.5\n2|1.5\n|1\n", "a|b\n1|1.5\n|1.0\n");
    expect_left("{compare: {column: a, op: '!=', with: b}}", "a:utf8|b:utf8", "x|x\nx|y\n",
                "a|b\nx|y\n");
}

static void uniqueness_sees_the_whole_input(void **unused)
{
    (void)unused;
    expect_left("{column: a, unique: yes}", "a:utf8", "x\ny\n\nx\n\nz\nx\n", "a\nx\ny\n\n\nz\n");
    expect_left("{column: a, unique: all}", "a:utf8", "x\ny\nx\n", "a\ny\n");
    expect_left("{columns: [a, b], unique: yes}", "a:utf8|b:int64", "x|1\nx|2\nx|1\n",
                "a|b\nx|1\nx|2\n");
}

static void a_dependency_fails_its_minority(void **unused)
{
    (void)unused;
    expect_left("{column: zip, determines: city}", "zip:utf8|city:utf8",
                "1|A\n1|A\n1|B\n2|C\n3|D\n3|E\n\n1|\n", "zip|city\n1|A\n1|A\n2|C\n|\n1|\n");
}

static void an_event_names_value_and_threshold(void **unused)
{
    (void)unused;
    struct trial trial = {.yaml = "validate: {rules: [{column: a, between: [0, 9], on_fail: "
                                  "reject}, {compare: {column: a, with: b}, on_fail: reject}]}"};
    OWNED(batch_release) struct batch input = trial_input("a:int64|b:int64", "10|11\n5|4\n");
    trial_run(&trial, &module_validate, &input);
    assert_int_equal(trial.removal_count, 2);
    assert_string_equal(trial.removals[0].rule, "between");
    assert_string_equal(trial.removals[0].column, "a");
    assert_string_equal(trial.removals[0].threshold, "between 0 and 9");
    assert_true(str_is(trial.removals[0].value, "10"));
    assert_string_equal(trial.removals[1].threshold, "<= b");
    assert_true(str_is(trial.removals[1].value, "5 and 4"));
    trial_close(&trial);
}

static void flags_name_every_rule_that_fails(void **unused)
{
    (void)unused;
    struct trial trial = {.yaml = "validate: {rules: [{column: a, between: [0, 9]}, {column: b, "
                                  "in: [x]}, {column: b, not_null: true, on_fail: null}]}"};
    OWNED(batch_release) struct batch input = trial_input("a:int64|b:utf8", "1|x\n10|y\n2|\n");
    trial_run(&trial, &module_validate, &input);
    assert_string_equal(trial_text(&trial), "a|b|validate_issues\n1|x|\n10|y|a: between 0 and 9; "
                                            "b: in x\n2||\n");
    assert_true(trial.failed);
    assert_string_equal((char *)trial.report.data,
                        "failed \"a\": between 0 and 9: 1 of 3 rows fail (between)\n"
                        "failed \"b\": in x: 1 of 2 rows fail (in)\n"
                        "noted \"b\": not null: 1 of 3 rows fail\n");
    trial_close(&trial);
}

static void null_takes_only_the_value(void **unused)
{
    (void)unused;
    struct trial trial = {.yaml = "validate: {column: a, between: [0, 9], on_fail: null}"};
    OWNED(batch_release) struct batch input = trial_input("a:int64|b:utf8", "1|x\n10|y\n");
    trial_run(&trial, &module_validate, &input);
    assert_string_equal(trial_text(&trial), "a|b\n1|x\n|y\n");
    assert_int_equal(trial.cells, 1);
    assert_false(trial.failed);
    trial_close(&trial);
}

static void mostly_decides_the_verdict(void **unused)
{
    (void)unused;
    const struct {
        const char *yaml;
        bool failed;
    } cases[] = {
        {"validate: {column: a, between: [0, 9], mostly: 0.75}", false},
        {"validate: {column: a, between: [0, 9], mostly: 0.76}", true},
        {"validate: {column: a, between: [0, 9], mostly: 0.76, on_fail: reject}", true},
        {"validate: {column: a, between: [0, 9], severity: warning}", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct trial trial = {.yaml = cases[i].yaml};
        OWNED(batch_release) struct batch input = trial_input("a:int64", "1\n2\n3\n10\n");
        trial_run(&trial, &module_validate, &input);
        assert_int_equal(trial.failed, cases[i].failed);
        trial_close(&trial);
    }
}

static void hostile_patterns_end(void **unused)
{
    (void)unused;
    expect_left("{column: a, matches: '(a+)+b'}", "a:utf8",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac\nab\n", "a\nab\n");
}

static void rules_are_checked(void **unused)
{
    (void)unused;
    expect_refused("validate: {}", "a rule without a check");
    expect_refused("validate: {rules: [{column: b, not_null: true}]}", "\"b\"");
    expect_refused("validate: {rules: [{column: a, betwen: [0, 1]}]}", "did you mean \"between\"");
    expect_refused("validate: {rules: [{column: a, between: [2, 1]}]}", "above the second");
    expect_refused("validate: {rules: [{column: a, between: [x, 1]}]}", "expected a number");
    expect_refused("validate: {rules: [{column: t, matches: '['}]}", "pattern \"[\"");
    expect_refused("validate: {rules: [{compare: {column: a, with: t}}]}", "do not compare");
    expect_refused("validate: {rules: [{unique: yes}]}", "needs column");
}

/* ---- groups beyond the memory ---- */

static void groups_are_exact_when_they_spill(void **unused)
{
    (void)unused;
    enum { ROWS = 200000, KEYS = 150000 };
    struct groups *groups = NULL;
    struct err err = {0};
    assert_int_equal(groups_open(&groups, GROUP_LATER, 1 << 20, &err), STATUS_OK);
    for (int64_t row = 0; row < ROWS; row++) {
        uint64_t key = (uint64_t)(row % KEYS);
        struct group_entry entry = {key * 0x9e3779b97f4a7c15u, key, 0, row};
        assert_int_equal(groups_add(groups, &entry, 1, &err), STATUS_OK);
    }
    assert_int_equal(groups_finish(groups, &err), STATUS_OK);
    assert_true(groups_spilled(groups));
    for (int64_t row = 0; row < ROWS; row++)
        assert_int_equal(groups_fails(groups, row), row >= KEYS);
    groups_close(&groups);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_hold_for_numbers_dates_and_text),
        cmocka_unit_test(sets_patterns_lengths_and_nulls),
        cmocka_unit_test(types_of_text_are_checked),
        cmocka_unit_test(rows_are_compared_across_columns),
        cmocka_unit_test(uniqueness_sees_the_whole_input),
        cmocka_unit_test(a_dependency_fails_its_minority),
        cmocka_unit_test(an_event_names_value_and_threshold),
        cmocka_unit_test(flags_name_every_rule_that_fails),
        cmocka_unit_test(null_takes_only_the_value),
        cmocka_unit_test(mostly_decides_the_verdict),
        cmocka_unit_test(hostile_patterns_end),
        cmocka_unit_test(rules_are_checked),
        cmocka_unit_test(groups_are_exact_when_they_spill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
