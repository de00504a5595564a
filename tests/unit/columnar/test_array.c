/* Arrays of every buildable type: build, slice, take, concat, compare, text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"
#include "columnar/build.h"

#include <stdio.h>

/* last: it defines a macro named fail */
#include <cmocka.h>

#define OK(expression) assert_int_equal((expression), STATUS_OK)

static struct array *texts_of(const struct field *field, const char *const *values, size_t count)
{
    struct builder *builder = NULL;
    struct array *array = NULL;
    OK(builder_open(&builder, field, 0, NULL));
    for (size_t i = 0; i < count; i++) {
        if (values[i] == NULL)
            OK(build_null(builder, NULL));
        else
            OK(build_text(builder, str_of(values[i]), NULL));
    }
    OK(builder_finish(builder, &array, NULL));
    builder_close(&builder);
    return array;
}

static void check_texts(const struct field *field, const struct array *array,
                        const char *const *values, int64_t count)
{
    assert_int_equal(array->length, count);
    int64_t nulls = 0;
    for (int64_t i = 0; i < count; i++) {
        struct str text = {NULL, 0};
        nulls += values[i] == NULL;
        assert_int_equal(array_text_at(field, array, i, &text), values[i] != NULL);
        if (values[i] != NULL) assert_true(str_is(text, values[i]));
    }
    assert_int_equal(array->null_count, nulls);
}

static const char *const words[] = {"a", NULL, "", "bc", "a", NULL, "d\xc3\xa9", "bc", "e", "f"};

static void check_operations(const struct field *field)
{
    struct array *whole = texts_of(field, words, 10), *part = NULL, *taken = NULL, *both = NULL;
    check_texts(field, whole, words, 10);
    for (int64_t first = 0; first <= 10; first++) {
        OK(array_slice(&part, field, whole, first, 10 - first, NULL));
        check_texts(field, part, words + first, 10 - first);
        array_unref(&part);
    }
    int64_t rows[] = {9, -1, 3, 1, 3};
    const char *const expected[] = {"f", NULL, "bc", NULL, "bc"};
    OK(array_take(&taken, field, whole, rows, 5, NULL));
    check_texts(field, taken, expected, 5);
    OK(array_slice(&part, field, whole, 3, 4, NULL));
    struct array *pieces[] = {part, taken};
    const char *const joined[] = {"bc", "a", NULL, "d\xc3\xa9", "f", NULL, "bc", NULL, "bc"};
    OK(array_concat(&both, field, pieces, 2, NULL));
    check_texts(field, both, joined, 9);
    struct array *same = texts_of(field, joined, 9);
    assert_true(array_equal(field, both, same));
    assert_false(array_equal(field, both, whole));
    array_unref(&same);
    array_unref(&both);
    array_unref(&part);
    array_unref(&taken);
    array_unref(&whole);
}

static void test_text(void **state)
{
    (void)state;
    size_t before = memory_in_use();
    struct field utf8 = field_of("text", TYPE_UTF8), large = field_of("text", TYPE_LARGE_UTF8);
    struct field coded = field_dictionary("text");
    check_operations(&utf8);
    check_operations(&large);
    check_operations(&coded);
    assert_int_equal(memory_in_use(), before);
}

static void test_dictionary_first_use(void **state)
{
    (void)state;
    struct field field = field_dictionary("kind");
    const char *const a[] = {"x", "y", "z"}, *const b[] = {"z", "w", "y"};
    struct array *one = texts_of(&field, a, 3), *two = texts_of(&field, b, 3), *tail = NULL;
    struct array *both = NULL, *plain = NULL;
    OK(array_slice(&tail, &field, one, 2, 1, NULL));
    struct array *pieces[] = {tail, two};
    OK(array_concat(&both, &field, pieces, 2, NULL));
    assert_int_equal(both->dictionary->length, 3);
    const int32_t *indices = array_values(both);
    assert_int_equal(indices[0], 0);
    assert_int_equal(indices[1], 0);
    assert_int_equal(indices[2], 1);
    assert_int_equal(indices[3], 2);
    OK(array_decode_dictionary(&plain, &field, both, NULL));
    struct field values = field_of("kind", TYPE_UTF8);
    const char *const expected[] = {"z", "z", "w", "y"};
    check_texts(&values, plain, expected, 4);
    array_unref(&plain);
    array_unref(&both);
    array_unref(&tail);
    array_unref(&two);
    array_unref(&one);
}

static void test_bool_bits(void **state)
{
    (void)state;
    struct field field = field_of("flag", TYPE_BOOL);
    struct builder *builder = NULL;
    struct array *array = NULL, *part = NULL, *both = NULL;
    OK(builder_open(&builder, &field, 0, NULL));
    for (int i = 0; i < 100; i++) {
        if (i % 7 == 3)
            OK(build_null(builder, NULL));
        else
            OK(build_bool(builder, i % 3 == 0, NULL));
    }
    OK(builder_finish(builder, &array, NULL));
    builder_close(&builder);
    for (int64_t first = 0; first < 20; first++) {
        OK(array_slice(&part, &field, array, first, 70, NULL));
        struct array *pieces[] = {part, part};
        OK(array_concat(&both, &field, pieces, 2, NULL));
        for (int64_t i = 0; i < 140; i++) {
            int64_t row = first + i % 70;
            assert_int_equal(array_is_null(both, i), row % 7 == 3);
            if (row % 7 != 3) assert_int_equal(array_bool(both, i), row % 3 == 0);
        }
        array_unref(&both);
        array_unref(&part);
    }
    array_unref(&array);
}

static void test_lists(void **state)
{
    (void)state;
    struct field item = field_of("item", TYPE_FLOAT32);
    struct field field = field_of("list", TYPE_LIST);
    field.children = &item;
    field.child_count = 1;
    struct builder *builder = NULL;
    struct array *array = NULL, *part = NULL, *taken = NULL;
    OK(builder_open(&builder, &field, 4, NULL));
    for (int row = 0; row < 4; row++) {
        if (row == 1) {
            OK(build_null(builder, NULL));
            continue;
        }
        for (int i = 0; i <= row; i++)
            OK(build_real(builder_child(builder), row + i * 0.5, NULL));
        OK(build_list(builder, NULL));
    }
    OK(builder_finish(builder, &array, NULL));
    builder_close(&builder);
    char text[64];
    OK(array_slice(&part, &field, array, 1, 3, NULL));
    assert_string_equal(array_value_text(&field, part, 0, text, sizeof text), "");
    assert_string_equal(array_value_text(&field, part, 1, text, sizeof text), "[2.0, 2.5, 3.0]");
    int64_t rows[] = {3, 0, -1};
    OK(array_take(&taken, &field, array, rows, 3, NULL));
    assert_string_equal(array_value_text(&field, taken, 0, text, sizeof text),
                        "[3.0, 3.5, 4.0, 4.5]");
    assert_string_equal(array_value_text(&field, taken, 1, text, sizeof text), "[0.0]");
    assert_true(array_is_null(taken, 2));
    array_unref(&taken);
    array_unref(&part);
    array_unref(&array);
}

static void check_value(enum type_id id, int64_t value, const char *expected)
{
    struct field field = field_of("v", id);
    if (id == TYPE_DECIMAL128) field.type.precision = 10, field.type.scale = 3;
    struct builder *builder = NULL;
    struct array *array = NULL;
    char text[64];
    OK(builder_open(&builder, &field, 1, NULL));
    OK(build_int(builder, value, NULL));
    OK(builder_finish(builder, &array, NULL));
    assert_string_equal(array_value_text(&field, array, 0, text, sizeof text), expected);
    array_unref(&array);
    builder_close(&builder);
}

static void test_value_text(void **state)
{
    (void)state;
    check_value(TYPE_INT8, -128, "-128");
    check_value(TYPE_UINT32, 4000000000, "4000000000");
    check_value(TYPE_INT64, INT64_MIN, "-9223372036854775808");
    check_value(TYPE_DATE32, 0, "1970-01-01");
    check_value(TYPE_DATE32, -1, "1969-12-31");
    check_value(TYPE_TIMESTAMP, 1700000000123456, "2023-11-14T22:13:20.123456Z");
    check_value(TYPE_TIMESTAMP, -1, "1969-12-31T23:59:59.999999Z");
    check_value(TYPE_DECIMAL128, -1234567, "-1234.567");
    check_value(TYPE_DECIMAL128, 5, "0.005");
    check_value(TYPE_DECIMAL128, 0, "0.000");
}

static void check_real(enum type_id id, double value, const char *expected)
{
    struct field field = field_of("v", id);
    struct builder *builder = NULL;
    struct array *array = NULL;
    char text[64];
    OK(builder_open(&builder, &field, 1, NULL));
    OK(build_real(builder, value, NULL));
    OK(builder_finish(builder, &array, NULL));
    assert_string_equal(array_value_text(&field, array, 0, text, sizeof text), expected);
    array_unref(&array);
    builder_close(&builder);
}

static void test_real_text(void **state)
{
    (void)state;
    check_real(TYPE_FLOAT64, 0.1, "0.1");
    check_real(TYPE_FLOAT64, 1.0 / 3, "0.3333333333333333");
    check_real(TYPE_FLOAT64, 5, "5.0");
    check_real(TYPE_FLOAT64, 1e300, "1e+300");
    check_real(TYPE_FLOAT32, (double)0.1f, "0.1");
    check_real(TYPE_FLOAT16, 0.5, "0.5");
    check_real(TYPE_FLOAT16, 65504, "65504.0");
    check_real(TYPE_FLOAT16, 0, "0.0");
    check_real(TYPE_FLOAT16, 1e9, "inf");
}

static void test_refusals(void **state)
{
    (void)state;
    struct err err = {0};
    struct field field = field_of("age", TYPE_INT8);
    struct builder *builder = NULL;
    OK(builder_open(&builder, &field, 1, NULL));
    assert_int_equal(build_int(builder, 128, &err), STATUS_FAILED);
    assert_non_null(strstr(err.message, "\"age\""));
    assert_int_equal(build_text(builder, str_of("x"), &err), STATUS_FAILED);
    builder_close(&builder);
}

static void test_types(void **state)
{
    (void)state;
    static const char *const names[] = {"int64",
                                        "utf8",
                                        "timestamp[us, UTC]",
                                        "timestamp[ms]",
                                        "decimal128(10, 2)",
                                        "dictionary<int32, utf8>",
                                        "fixed_binary[16]",
                                        "time32[ms]",
                                        "bool",
                                        "null"};
    struct err err = {0};
    char text[64];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct field field;
        OK(field_type_parse(str_of(names[i]), &field, &err));
        assert_string_equal(field_type_text(&field, text, sizeof text), names[i]);
    }
    struct field field;
    assert_int_equal(field_type_parse(str_of("utf-8"), &field, &err), STATUS_USAGE);
    assert_string_equal(err.hint, "did you mean \"utf8\"?");
    assert_int_equal(field_type_parse(str_of("decimal128(50, 2)"), &field, &err), STATUS_USAGE);
}

static void test_schema(void **state)
{
    (void)state;
    struct err err = {0};
    size_t index = 0, before = memory_in_use();
    struct schema *schema = NULL, *copy = NULL;
    OK(schema_new(&schema, NULL));
    OK(schema_add_column(schema, "name", TYPE_UTF8, NULL));
    OK(schema_add_column(schema, "age", TYPE_INT64, NULL));
    OK(schema_set_metadata(schema, "k", str_of("1"), NULL));
    OK(schema_set_metadata(schema, "k", str_of("2"), NULL));
    OK(schema_require(schema, str_of("age"), &index, NULL));
    assert_int_equal(index, 1);
    assert_int_equal(schema_require(schema, str_of("nmae"), &index, &err), STATUS_USAGE);
    assert_string_equal(err.hint, "did you mean \"name\"?");
    OK(schema_copy(&copy, schema, NULL));
    assert_true(schema_equal(schema, copy));
    assert_true(str_is(metadata_get(&copy->metadata, "k"), "2"));
    OK(schema_add_column(copy, "more", TYPE_BOOL, NULL));
    assert_false(schema_equal(schema, copy));
    schema_unref(&copy);
    schema_unref(&schema);
    assert_int_equal(memory_in_use(), before);
}

static void test_batch(void **state)
{
    (void)state;
    size_t before = memory_in_use();
    struct schema *schema = NULL;
    struct batch_builder *builder = NULL;
    struct batch batch = {0}, part = {0}, taken = {0}, both = {0}, empty = {0};
    OK(schema_new(&schema, NULL));
    OK(schema_add_column(schema, "n", TYPE_INT32, NULL));
    struct field kind = field_dictionary("kind");
    OK(schema_add(schema, &kind, NULL));
    OK(batch_builder_open(&builder, schema, 10, NULL));
    for (int i = 0; i < 10; i++) {
        OK(build_int(batch_builder_column(builder, 0), i, NULL));
        OK(build_text(batch_builder_column(builder, 1), str_of(i % 2 ? "odd" : "even"), NULL));
    }
    OK(batch_builder_finish(builder, &batch, NULL));
    OK(batch_slice(&part, &batch, 2, 5, NULL));
    OK(batch_take(&taken, &batch, (int64_t[]){9, 0}, 2, NULL));
    OK(batch_concat(&both, schema, (struct batch[]){part, taken}, 2, NULL));
    assert_int_equal(both.rows, 7);
    assert_int_equal(((const int32_t *)array_values(both.columns[0]))[5], 9);
    OK(batch_empty(&empty, schema, NULL));
    assert_int_equal(empty.columns[1]->length, 0);
    batch_release(&empty);
    batch_release(&both);
    batch_release(&taken);
    batch_release(&part);
    batch_release(&batch);
    batch_builder_close(&builder);
    schema_unref(&schema);
    assert_int_equal(memory_in_use(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),       cmocka_unit_test(test_dictionary_first_use),
        cmocka_unit_test(test_bool_bits),  cmocka_unit_test(test_lists),
        cmocka_unit_test(test_value_text), cmocka_unit_test(test_real_text),
        cmocka_unit_test(test_refusals),   cmocka_unit_test(test_types),
        cmocka_unit_test(test_schema),     cmocka_unit_test(test_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
