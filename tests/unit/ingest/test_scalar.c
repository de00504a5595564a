/* test_scalar.c: texts and arrays as values of a type, exactly or not at all. */
#include "columnar/build.h"
#include "ingest/scalar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct reading {
    const char *type, *text, *shown; /* shown NULL: no value of this type */
};

static const struct reading readings[] = {
    {"int8", "127", "127"},
    {"int8", "128", NULL},
    {"uint8", "-1", NULL},
    {"int64", "9223372036854775807", "9223372036854775807"},
    {"int64", "9223372036854775808", NULL},
    {"int64", "007", NULL},
    {"int64", "+7", NULL},
    {"int64", "1.0", NULL},
    {"float64", "9007199254740993", NULL},
    {"float64", "0.1", "0.1"},
    {"float32", "1e39", NULL},
    {"float16", "65505", NULL},
    {"bool", "1", "true"},
    {"bool", "False", "false"},
    {"bool", "2", NULL},
    {"decimal128(5, 2)", "-123.45", "-123.45"},
    {"decimal128(5, 2)", "1", "1.00"},
    {"decimal128(5, 2)", "1.500", "1.50"},
    {"decimal128(5, 2)", "1.234", NULL},
    {"decimal128(5, 2)", "1234", NULL},
    {"decimal128(5, 2)", "-", NULL},
    {"decimal128(5, 2)", "1.2.3", NULL},
    {"decimal128(38, 0)", "99999999999999999999999999999999999999",
     "99999999999999999999999999999999999999"},
    {"decimal128(38, 0)", "100000000000000000000000000000000000000", NULL},
    {"date32", "2024-02-29", "2024-02-29"},
    {"date32", "2023-02-29", NULL},
    {"timestamp[s, UTC]", "2024-02-29 12:30", "2024-02-29T12:30:00Z"},
    {"timestamp[s, UTC]", "2024-02-29 12:30:00.5", NULL},
    {"timestamp[us, UTC]", "2024-02-29", "2024-02-29T00:00:00Z"},
    {"timestamp[us]", "2024-02-29T12:30:00Z", NULL},
    {"timestamp[ns]", "9999-01-01 00:00", NULL},
    {"utf8", "", ""},
    {"int64", "", NULL},
};

static void expect(const struct reading *reading)
{
    struct field text = field_of("t", TYPE_UTF8), to;
    struct builder *builder = NULL;
    struct array *array = NULL, *made = NULL;
    uint8_t failed = 0;
    char shown[128];
    assert_int_equal(field_type_parse(str_of(reading->type), &to, NULL), STATUS_OK);
    to.name = "v";
    assert_int_equal(builder_open(&builder, &text, 1, NULL), STATUS_OK);
    assert_int_equal(build_text(builder, str_of(reading->text), NULL), STATUS_OK);
    assert_int_equal(builder_finish(builder, &array, NULL), STATUS_OK);
    assert_int_equal(recast_array(&text, array, &to, false, &failed, &made, NULL), STATUS_OK);
    if (failed != (reading->shown == NULL))
        fail_msg("%s as %s: failed %d", reading->text, reading->type, failed);
    assert_int_equal(array_is_null(made, 0), reading->shown == NULL);
    if (reading->shown != NULL)
        assert_string_equal(array_value_text(&to, made, 0, shown, sizeof shown), reading->shown);
    array_unref(&array);
    array_unref(&made);
    builder_close(&builder);
}

static void texts_are_values_or_are_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof readings / sizeof *readings; i++)
        expect(&readings[i]);
}

static void numbers_become_others_only_exactly(void **state)
{
    (void)state;
    struct field from = field_of("f", TYPE_FLOAT64), to = field_of("t", TYPE_INT32);
    struct builder *builder = NULL;
    struct array *array = NULL, *made = NULL;
    uint8_t failed[4] = {0};
    assert_int_equal(builder_open(&builder, &from, 4, NULL), STATUS_OK);
    assert_int_equal(build_real(builder, 5.0, NULL), STATUS_OK);
    assert_int_equal(build_real(builder, 5.5, NULL), STATUS_OK);
    assert_int_equal(build_real(builder, 1e10, NULL), STATUS_OK);
    assert_int_equal(build_null(builder, NULL), STATUS_OK);
    assert_int_equal(builder_finish(builder, &array, NULL), STATUS_OK);
    assert_int_equal(recast_array(&from, array, &to, false, failed, &made, NULL), STATUS_OK);
    assert_memory_equal(failed, ((uint8_t[]){0, 1, 1, 0}), 4);
    assert_int_equal(((const int32_t *)array_values(made))[0], 5);
    assert_int_equal(made->null_count, 3);
    array_unref(&array);
    array_unref(&made);
    builder_close(&builder);
}

static void scalars_have_an_order(void **state)
{
    (void)state;
    struct field wide = field_of("w", TYPE_INT64), real = field_of("r", TYPE_FLOAT64);
    struct scalar a = {.whole = INT64_MAX - 1, .real = 1}, b = {.whole = INT64_MAX, .real = -1};
    assert_int_equal(scalar_compare(&wide, &a, &b), -1);
    assert_int_equal(scalar_compare(&real, &a, &b), 1);
    assert_int_equal(scalar_compare(&real, &a, &a), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_values_or_are_none),
        cmocka_unit_test(numbers_become_others_only_exactly),
        cmocka_unit_test(scalars_have_an_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
