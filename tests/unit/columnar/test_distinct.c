/* Columns of texts as their distinct values: what the view says is what the rows say, and mapping
 * values is mapping rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"
#include "columnar/build.h"
#include "columnar/distinct.h"

#include <stdio.h>

/* last: it defines a macro named fail */
#include <cmocka.h>

#define OK(expression) assert_int_equal((expression), STATUS_OK)

#define ROWS 5000

/* Texts of 0 to 40 bytes, one of `many`, and nulls. */
static struct array *column(const struct field *field, int64_t rows, unsigned many, bool nulls)
{
    struct builder *builder = NULL;
    struct array *array = NULL;
    char text[64];
    uint32_t random = 1;
    OK(builder_open(&builder, field, rows, NULL));
    for (int64_t row = 0; row < rows; row++) {
        random = random * 1664525u + 1013904223u;
        unsigned value = (random >> 8) % many;
        if (nulls && value % 7 == 3) {
            OK(build_null(builder, NULL));
            continue;
        }
        int size = snprintf(text, sizeof text, "%u%.*s", value, (int)(value % 37),
                            "abcdefghijklmnopqrstuvwxyzabcdefghijklmn");
        OK(build_text(builder, (struct str){text, value == 0 ? 0 : (size_t)size}, NULL));
    }
    OK(builder_finish(builder, &array, NULL));
    builder_close(&builder);
    return array;
}

static void check_view(const struct field *field, const struct array *array,
                       const struct distinct *distinct)
{
    uint32_t counts[DISTINCT_MAXIMUM] = {0};
    assert_non_null(distinct);
    for (int64_t row = 0; row < array->length; row++) {
        struct str text = {NULL, 0}, value = {NULL, 0};
        size_t code = distinct->codes[row];
        assert_true((int64_t)code < distinct->values->length);
        assert_int_equal(array_text_at(field, array, row, &text),
                         array_text_at(field, distinct->values, (int64_t)code, &value));
        assert_true(str_equal(text, value));
        counts[code]++;
    }
    for (int64_t i = 0; i < distinct->values->length; i++)
        assert_int_equal(counts[i], distinct->counts[i]);
}

static void test_view(void **state)
{
    (void)state;
    struct field field = field_of("name", TYPE_UTF8);
    for (unsigned many = 1; many <= 1000; many += 111) {
        struct array *array = column(&field, ROWS, many, true);
        const struct distinct *distinct = array_distinct(&field, array);
        check_view(&field, array, distinct);
        assert_ptr_equal(array_distinct(&field, array), distinct);
        array_unref(&array);
    }
}

static void test_too_many(void **state)
{
    (void)state;
    struct field field = field_of("name", TYPE_UTF8), other = field_of("name", TYPE_BINARY);
    struct array *array = column(&field, ROWS, 1u << 20, false);
    assert_null(array_distinct(&field, array));
    assert_null(array_distinct(&field, array));
    array_unref(&array);
    array = column(&field, 20, 2, false); /* too short */
    assert_null(array_distinct(&field, array));
    array_unref(&array);
    array = column(&other, ROWS, 5, false);
    assert_null(array_distinct(&other, array));
    array_unref(&array);
}

/* Values that differ in their last letters only are told apart as well as others. */
static void test_dates(void **state)
{
    (void)state;
    struct field field = field_of("day", TYPE_UTF8);
    struct builder *builder = NULL;
    struct array *array = NULL;
    char text[32];
    OK(builder_open(&builder, &field, 0, NULL));
    uint32_t random = 5;
    for (int row = 0; row < 60000; row++) {
        random = random * 1664525u + 1013904223u;
        int day = (int)((random >> 8) % 2300);
        snprintf(text, sizeof text, "%04d-%02d-%02d", 2017 + day / 372, 1 + day / 31 % 12,
                 1 + day % 31);
        OK(build_text(builder, str_of(text), NULL));
    }
    OK(builder_finish(builder, &array, NULL));
    builder_close(&builder);
    check_view(&field, array, array_distinct(&field, array));
    array_unref(&array);
}

/* Every third value becomes null, the others change their length. */
static struct array *changed(const struct field *field, const struct array *values)
{
    struct builder *builder = NULL;
    struct array *array = NULL;
    char text[128];
    OK(builder_open(&builder, field, values->length, NULL));
    for (int64_t i = 0; i < values->length; i++) {
        struct str value = {NULL, 0};
        if (i % 3 == 0 || !array_text_at(field, values, i, &value)) {
            OK(build_null(builder, NULL));
            continue;
        }
        int size = snprintf(text, sizeof text, "%.*s%.*s", (int)value.size, value.data,
                            (int)(i % 20), "01234567890123456789");
        OK(build_text(builder, (struct str){text, (size_t)size}, NULL));
    }
    OK(builder_finish(builder, &array, NULL));
    builder_close(&builder);
    return array;
}

/* The simple way: values taken by code. */
static void test_map(void **state)
{
    (void)state;
    struct field field = field_of("name", TYPE_UTF8);
    int64_t rows[ROWS];
    for (unsigned many = 1; many <= 1000; many += 37) {
        struct array *array = column(&field, ROWS, many, many % 2 == 0), *mapped = NULL,
                     *taken = NULL;
        const struct distinct *distinct = array_distinct(&field, array);
        struct array *values = changed(&field, distinct->values);
        for (int64_t row = 0; row < ROWS; row++)
            rows[row] = distinct->codes[row];
        OK(distinct_map(&mapped, distinct, values, NULL));
        OK(array_take(&taken, &field, values, rows, ROWS, NULL));
        assert_true(array_equal(&field, mapped, taken));
        assert_int_equal(mapped->null_count, taken->null_count);
        array_unref(&array); /* the view goes on with the mapped array */
        check_view(&field, mapped, array_distinct(&field, mapped));
        array_unref(&mapped);
        array_unref(&taken);
        array_unref(&values);
    }
}

static void test_bytes(void **state)
{
    (void)state;
    struct field field = field_of("name", TYPE_UTF8), number = field_of("n", TYPE_INT64);
    struct array *array = column(&field, ROWS, 100, true);
    const struct distinct *distinct = array_distinct(&field, array);
    assert_true(distinct->memory.size <= distinct_bytes_most(&field, ROWS));
    assert_int_equal(distinct_bytes_most(&number, ROWS), 0);
    array_unref(&array);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_view), cmocka_unit_test(test_too_many), cmocka_unit_test(test_dates),
        cmocka_unit_test(test_map),  cmocka_unit_test(test_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
