/* tests/unit/clean/test_module_types.c: text into typed columns. */
#include "harness.h"

extern const struct clean_module module_types;

static void expect(const char *words, const char *columns, const char *lines, const char *wanted)
{
    struct trial trial = {.words = words, .window_rows = 2, .threads = 2};
    OWNED(batch_release) struct batch input = trial_input(columns, lines);
    trial_run(&trial, &module_types, &input);
    assert_string_equal(trial_text(&trial), wanted);
    trial_close(&trial);
}

static void expect_type(const char *lines, const char *wanted)
{
    struct trial trial = {.words = "types"};
    char type[64];
    OWNED(batch_release) struct batch input = trial_input("x:utf8", lines);
    trial_run(&trial, &module_types, &input);
    field_type_text(&trial.output.schema->fields[0], type, sizeof type);
    assert_string_equal(type, wanted);
    trial_close(&trial);
}

static void infers_a_type_for_each_column(void **unused)
{
    (void)unused;
    expect_type("1\n-20\n\n+3\n", "int64");
    expect_type("1.5\n2\n1e3\n", "float64");
    expect_type("yes\nNo\nYES\n", "bool");
    expect_type("2024-02-29\n2023-12-31\n", "date32");
    expect_type("2024-02-29 10:11\n2023-12-31T01:02:03Z\n", "timestamp[us, UTC]");
    expect_type("10:11\n3:30 pm\n", "time64[us]");
    expect_type("12 High St\nB\n", "utf8");
}

static void keeps_what_is_a_name_as_text(void **unused)
{
    (void)unused;
    expect_type("02134\n10001\n", "utf8");
    expect_type("12345678901234567890\n1\n", "utf8");
    expect_type("no\nno\n", "utf8");
    expect_type("1.2.3\n1.2.4\n", "utf8");
    expect_type("1\n2\nx\n", "utf8");
}

static void types_named_columns_and_rejects_what_does_not_fit(void **unused)
{
    (void)unused;
    struct trial trial = {.words = "types age=int8", .window_rows = 2};
    OWNED(batch_release) struct batch input = trial_input("age:utf8", "1\n \n300\nold\n-7\n12.0\n");
    trial_run(&trial, &module_types, &input);
    assert_string_equal(trial_text(&trial), "age\n1\n\n-7\n12\n");
    assert_int_equal(trial.removal_count, 2);
    assert_int_equal(trial.removals[0].row, 2);
    assert_string_equal(trial.removals[0].rule, "type");
    assert_string_equal(trial.removals[0].column, "age");
    assert_true(str_is(trial.removals[0].value, "300"));
    assert_string_equal(trial.removals[0].threshold, "int8");
    trial_close(&trial);
}

static void makes_null_or_flags_instead(void **unused)
{
    (void)unused;
    expect("types age=int32 on_fail=null", "age:utf8", "1\nold\n", "age\n1\n\n");
    expect("types age=int32 b=bool on_fail=flag", "age:utf8|b:utf8", "1|yes\nold|maybe\n2|\n",
           "age|b|type_issues\n1|true|\n||age: old; b: maybe\n2||\n");
}

static void decides_the_day_order_once_for_the_column(void **unused)
{
    (void)unused;
    expect("types d=date", "d:utf8", "03/04/2016\n25/04/2016\n01/02/2016\n",
           "d\n2016-04-03\n2016-04-25\n2016-02-01\n");
    expect("types d=date", "d:utf8", "03/04/2016\n04/25/2016\n01/02/2016\n",
           "d\n2016-03-04\n2016-04-25\n2016-01-02\n");
    expect("types d=date on_fail=null", "d:utf8", "25/04/2016\n26/04/2016\n04/27/2016\n",
           "d\n2016-04-25\n2016-04-26\n\n");
    expect("types d=date", "d:utf8", "03.04.2016\n05.06.2016\n", "d\n2016-04-03\n2016-06-05\n");
}

static void tells_an_ambiguous_order(void **unused)
{
    (void)unused;
    struct trial trial = {.words = "types"};
    OWNED(batch_release) struct batch input = trial_input("d:utf8", "03/04/2016\n05/06/2016\n");
    trial_run(&trial, &module_types, &input);
    assert_string_equal(trial_text(&trial), "d\n03/04/2016\n05/06/2016\n");
    assert_int_equal(trial.finding_count, 1);
    assert_string_equal(trial.findings[0].rule, "day and month not told apart");
    trial_close(&trial);
    expect("types order=day-first", "d:utf8", "03/04/2016\n05/06/2016\n",
           "d\n2016-04-03\n2016-06-05\n");
}

static void a_series_tells_its_order(void **unused)
{
    (void)unused;
    expect("types", "d:utf8", "1/1/2016\n2/1/2016\n3/1/2016\n",
           "d\n2016-01-01\n2016-02-01\n2016-03-01\n");
    expect("types", "d:utf8", "1/1/2016\n1/2/2016\n1/3/2016\n",
           "d\n2016-01-01\n2016-02-01\n2016-03-01\n");
    expect("types", "d:utf8", "5/1/17\n5/2/17\n5/3/17\n5/4/17\n",
           "d\n2017-05-01\n2017-05-02\n2017-05-03\n2017-05-04\n");
}

static void answers_that_are_neither_become_null(void **unused)
{
    (void)unused;
    struct trial trial = {.words = "types"};
    OWNED(batch_release) struct batch input = trial_input("a:utf8", "Yes\nDon't know\nNo\n");
    trial_run(&trial, &module_types, &input);
    assert_string_equal(trial_text(&trial), "a\ntrue\n\nfalse\n");
    assert_int_equal(trial.finding_count, 1);
    trial_close(&trial);
}

static void reads_the_short_form_of_the_recipe(void **unused)
{
    (void)unused;
    struct trial trial = {.yaml = "types: {age: int32, joined: {date: day-first}, "
                                  "price: {type: float64, decimal: comma, on_fail: null}}"};
    OWNED(batch_release)
    struct batch input = trial_input("age:utf8|joined:utf8|price:utf8|note:utf8",
                                     "7|03/04/2016|1.234,5|1\n8|5 Jan 2017|x|2\n");
    trial_run(&trial, &module_types, &input);
    assert_string_equal(trial_text(&trial), "age|joined|price|note\n7|2016-04-03|1234.5|1\n"
                                            "8|2017-01-05||2\n");
    trial_close(&trial);
}

static void takes_units_off_numbers(void **unused)
{
    (void)unused;
    expect("types columns={x: {type: int64, unit: \"%\", on_fail: null}}", "x:utf8",
           "97%\n100 %\n8\n9x%\n%\n", "x\n97\n100\n8\n\n\n");
    expect("types columns={x: {type: auto, unit: km}}", "x:utf8", "1.5 km\n2km\n", "x\n1.5\n2.0\n");
}

static void decides_the_decimal_mark_for_the_column(void **unused)
{
    (void)unused;
    expect("types", "x:utf8", "1,250\n12,5\n", "x\n1.25\n12.5\n");
    expect("types", "x:utf8", "1,250\n1,000.5\n", "x\n1250.0\n1000.5\n");
    expect("types", "x:utf8", "1.250,5\n12\n", "x\n1250.5\n12.0\n");
    expect("types", "x:utf8", "1 250\n12 000 000\n", "x\n1250\n12000000\n");
    expect("types x=float64 decimal=comma", "x:utf8", "1.250\n", "x\n1250.0\n");
}

static void typed_columns_are_converted_too(void **unused)
{
    (void)unused;
    expect("types a=int8 on_fail=null", "a:int64", "1\n300\n", "a\n1\n\n");
    expect("types a=int64 on_fail=null", "a:float64", "1\n2.5\n", "a\n1\n\n");
    expect("types a=text", "a:int64", "1\n\n", "a\n1\n\n");
    expect("types a=category", "a:utf8", "x\nx\n", "a\nx\nx\n");
    expect("types a=timestamp", "a:date32", "2016-03-04\n", "a\n2016-03-04T00:00:00Z\n");
    expect("types columns=a,b", "a:int64|b:utf8", "1|2\n", "a|b\n1|2\n");
    expect("types a=bool on_fail=null", "a:int64", "1\n0\n2\n", "a\ntrue\nfalse\n\n");
}

static void units_are_taken_off_when_asked(void **unused)
{
    (void)unused;
    struct trial trial = {.yaml =
                              "types: {x: {type: int32, unit: any}, y: {type: float64, unit: '%'}, "
                              "on_fail: null}"};
    OWNED(batch_release)
    struct batch input = trial_input("x:utf8|y:utf8", "12 oz|5%\n$8 OZ.|7\noz|1 oz\n3 4 oz|\n");
    trial_run(&trial, &module_types, &input);
    assert_string_equal(trial_text(&trial), "x|y\n12|5.0\n8|7.0\n|\n|\n");
    trial_close(&trial);
    expect("types", "x:utf8", "12.0 oz\n8 OZ.\n", "x\n12.0 oz\n8 OZ.\n");
}

static void reads_times_with_zones_and_halves(void **unused)
{
    (void)unused;
    expect("types t=timestamp", "t:utf8",
           "1994-11-05T08:15:30-05:00\nThu Sep 25 10:36:28 2003\nAug. 9, 2012 at 2:57 p.m.\n"
           "20030925T104941.5\n12 am 1 May 2001\n",
           "t\n1994-11-05T13:15:30Z\n2003-09-25T10:36:28Z\n2012-08-09T14:57:00Z\n"
           "2003-09-25T10:49:41.500000Z\n2001-05-01T00:00:00Z\n");
    expect("types t=timestamp zones=ignore", "t:utf8", "1994-11-05T08:15:30-05:00\n",
           "t\n1994-11-05T08:15:30Z\n");
}

static void refuses_dates_that_do_not_exist(void **unused)
{
    (void)unused;
    expect("types d=date on_fail=null order=day-first", "d:utf8",
           "30/02/2016\n2015-02-29\n2016-13-01\n2016-01-05 10:00\nmay 3\n29/02/2016\n",
           "d\n\n\n\n\n\n2016-02-29\n");
}

static void applies_saved_decisions(void **unused)
{
    (void)unused;
    struct trial first = {.words = "types"};
    OWNED(batch_release) struct batch clear = trial_input("d:utf8", "25/04/2016\n");
    trial_run(&first, &module_types, &clear);
    struct trial second = {.words = "types", .load = (const char *)first.saved.data};
    OWNED(batch_release) struct batch unclear = trial_input("d:utf8", "03/04/2016\n");
    trial_run(&second, &module_types, &unclear);
    assert_string_equal(trial_text(&second), "d\n2016-04-03\n");
    trial_close(&first);
    trial_close(&second);
}

static void decimals_hold_what_a_double_would_round(void **unused)
{
    (void)unused;
    expect_type("12345678901234567.89\n0.1\n", "decimal128(38, 2)");
    expect_type("0.30000000000000004\n0.1\n", "float64");
    expect_type("12345678901234567.1234567890123456789012\n", "float64"); /* with a doubt */
    expect("types", "x:utf8", "12345678901234567.89\n0.1\n\n-7\n",
           "x\n12345678901234567.89\n0.10\n\n-7.00\n");
    expect("types x=decimal", "x:utf8", "1.5\n2,250.125\n", "x\n1.500\n2250.125\n");
    expect("types x={decimal: comma}", "x:utf8", "1,5\n2.250\n", "x\n1.5\n2250.0\n");
    expect("types x=\"decimal128(5, 2)\" on_fail=flag", "x:utf8", "1.5\n999.99\n1000\n0.125\n",
           "x|type_issues\n1.50|\n999.99|\n|x: 1000\n|x: 0.125\n");
    expect("types x=\"decimal128(5, 2)\" rounding=half-even", "x:utf8", "0.125\n0.135\n",
           "x\n0.12\n0.14\n");
    expect("types x=\"decimal128(5, 2)\"", "x:int64", "7\n8\n", "x\n7.00\n8.00\n");
    expect("types x=\"decimal128(5, 2)\"", "x:float64", "0.1\n2.5\n", "x\n0.10\n2.50\n");
}

static void saved_decimals_are_applied(void **unused)
{
    (void)unused;
    struct trial first = {.words = "types x=decimal"};
    OWNED(batch_release) struct batch seen = trial_input("x:utf8", "0.25\n");
    trial_run(&first, &module_types, &seen);
    struct trial second = {.words = "types x=decimal", .load = (const char *)first.saved.data};
    OWNED(batch_release) struct batch unseen = trial_input("x:utf8", "100000\n");
    trial_run(&second, &module_types, &unseen);
    assert_string_equal(trial_text(&second), "x\n100000.00\n");
    trial_close(&first);
    trial_close(&second);
}

static void refuses_unknown_columns_and_types(void **unused)
{
    (void)unused;
    const char *const words[] = {"types agee=int32", "types age=int23",
                                 "types decimal=comma "
                                 "thousands=comma age=int32",
                                 "types age=list"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct trial trial = {.words = words[i]};
        OWNED(batch_release) struct batch input = trial_input("age:utf8", "1\n");
        assert_int_equal(trial_try(&trial, &module_types, &input), STATUS_USAGE);
        trial_close(&trial);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(infers_a_type_for_each_column),
        cmocka_unit_test(keeps_what_is_a_name_as_text),
        cmocka_unit_test(types_named_columns_and_rejects_what_does_not_fit),
        cmocka_unit_test(makes_null_or_flags_instead),
        cmocka_unit_test(decides_the_day_order_once_for_the_column),
        cmocka_unit_test(tells_an_ambiguous_order),
        cmocka_unit_test(a_series_tells_its_order),
        cmocka_unit_test(answers_that_are_neither_become_null),
        cmocka_unit_test(reads_the_short_form_of_the_recipe),
        cmocka_unit_test(takes_units_off_numbers),
        cmocka_unit_test(decides_the_decimal_mark_for_the_column),
        cmocka_unit_test(typed_columns_are_converted_too),
        cmocka_unit_test(units_are_taken_off_when_asked),
        cmocka_unit_test(reads_times_with_zones_and_halves),
        cmocka_unit_test(refuses_dates_that_do_not_exist),
        cmocka_unit_test(applies_saved_decisions),
        cmocka_unit_test(decimals_hold_what_a_double_would_round),
        cmocka_unit_test(saved_decimals_are_applied),
        cmocka_unit_test(refuses_unknown_columns_and_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
