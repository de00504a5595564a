/* tests/unit/features/test_row_text.c: rows as CSV, JSON Lines and a table. */
#include "columnar/build.h"
#include "features/row_text.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct batch texts(const char *name, size_t count, const char *const *values)
{
    struct schema *schema = NULL;
    struct batch_builder *builder = NULL;
    struct batch batch = {0};
    assert_int_equal(schema_new(&schema, NULL), STATUS_OK);
    assert_int_equal(schema_add_column(schema, name, TYPE_UTF8, NULL), STATUS_OK);
    assert_int_equal(schema_add_column(schema, "n", TYPE_INT64, NULL), STATUS_OK);
    assert_int_equal(batch_builder_open(&builder, schema, 4, NULL), STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        struct builder *text = batch_builder_column(builder, 0);
        assert_int_equal(values[i] == NULL ? build_null(text, NULL)
                                           : build_text(text, str_of(values[i]), NULL),
                         STATUS_OK);
        assert_int_equal(build_int(batch_builder_column(builder, 1), INT64_MIN + (int64_t)i, NULL),
                         STATUS_OK);
    }
    assert_int_equal(batch_builder_finish(builder, &batch, NULL), STATUS_OK);
    batch_builder_close(&builder);
    schema_unref(&schema);
    return batch;
}

static void equals(struct bytes *text, const char *expected)
{
    assert_int_equal(bytes_append(text, "", 1, NULL), STATUS_OK);
    assert_string_equal((const char *)text->data, expected);
    bytes_release(text);
}

static const char *const tricky[] = {"plain",      NULL,         "",     "a,b",
                                     "say \"hi\"", "two\nlines", "cr\r", " x "};

static void csv_is_quoted_where_needed(void **context)
{
    struct bytes text = bytes_limited(1 << 20);
    struct batch batch = texts("na\"me", 8, tricky);
    (void)context;
    assert_int_equal(csv_header(batch.schema, false, &text, NULL), STATUS_OK);
    assert_int_equal(csv_rows(&batch, 0, batch.rows, &text, NULL), STATUS_OK);
    equals(&text, "\"na\"\"me\",n\n"
                  "plain,-9223372036854775808\n"
                  ",-9223372036854775807\n"
                  "\"\",-9223372036854775806\n"
                  "\"a,b\",-9223372036854775805\n"
                  "\"say \"\"hi\"\"\",-9223372036854775804\n"
                  "\"two\nlines\",-9223372036854775803\n"
                  "\"cr\r\",-9223372036854775802\n"
                  " x ,-9223372036854775801\n");
    batch_release(&batch);
}

static void json_is_one_object_a_line(void **context)
{
    struct bytes text = bytes_limited(1 << 20);
    struct batch batch = texts("a\"b", 6, tricky);
    (void)context;
    assert_int_equal(json_rows(&batch, 1, 2, &text, NULL), STATUS_OK);
    assert_int_equal(json_rows(&batch, 5, 1, &text, NULL), STATUS_OK);
    equals(&text, "{\"a\\\"b\":null,\"n\":-9223372036854775807}\n"
                  "{\"a\\\"b\":\"\",\"n\":-9223372036854775806}\n"
                  "{\"a\\\"b\":\"two\\nlines\",\"n\":-9223372036854775803}\n");
    assert_int_equal(json_array(&batch, &text, NULL), STATUS_OK);
    assert_memory_equal(text.data, "[{", 2);
    assert_memory_equal(text.data + text.size - 3, "}]\n", 3);
    bytes_release(&text);
    batch_release(&batch);
}

/* ---- nested and special values ---- */

static struct batch lists(void)
{
    struct schema *schema = NULL;
    struct batch_builder *builder = NULL;
    struct batch batch = {0};
    struct field item = field_of("item", TYPE_FLOAT64), list = field_of("xs", TYPE_LIST);
    struct field label = field_dictionary("label"), blob = field_of("blob", TYPE_BINARY);
    list.children = &item;
    list.child_count = 1;
    assert_int_equal(schema_new(&schema, NULL), STATUS_OK);
    assert_int_equal(schema_add(schema, &list, NULL), STATUS_OK);
    assert_int_equal(schema_add(schema, &label, NULL), STATUS_OK);
    assert_int_equal(schema_add(schema, &blob, NULL), STATUS_OK);
    assert_int_equal(batch_builder_open(&builder, schema, 4, NULL), STATUS_OK);
    struct builder *xs = batch_builder_column(builder, 0);
    const double values[] = {1.5, NAN, -INFINITY};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(build_real(builder_child(xs), values[i], NULL), STATUS_OK);
    assert_int_equal(build_null(builder_child(xs), NULL), STATUS_OK);
    assert_int_equal(build_list(xs, NULL), STATUS_OK);
    assert_int_equal(build_list(xs, NULL), STATUS_OK); /* an empty one */
    struct builder *labels = batch_builder_column(builder, 1);
    assert_int_equal(build_text(labels, str_of("cat"), NULL), STATUS_OK);
    assert_int_equal(build_null(labels, NULL), STATUS_OK);
    struct builder *blobs = batch_builder_column(builder, 2);
    assert_int_equal(build_text(blobs, (struct str){"\0\xff\x10z", 4}, NULL), STATUS_OK);
    assert_int_equal(build_text(blobs, str_of("abc"), NULL), STATUS_OK);
    assert_int_equal(batch_builder_finish(builder, &batch, NULL), STATUS_OK);
    batch_builder_close(&builder);
    schema_unref(&schema);
    return batch;
}

static void nested_values_are_json(void **context)
{
    struct bytes text = bytes_limited(1 << 20);
    struct batch batch = lists();
    (void)context;
    assert_int_equal(json_rows(&batch, 0, 2, &text, NULL), STATUS_OK);
    equals(&text,
           "{\"xs\":[1.5,\"NaN\",\"-Infinity\",null],\"label\":\"cat\",\"blob\":\"AP8Qeg==\"}\n"
           "{\"xs\":[],\"label\":null,\"blob\":\"YWJj\"}\n");
    assert_int_equal(csv_rows(&batch, 0, 2, &text, NULL), STATUS_OK);
    equals(&text, "\"[1.5,\"\"NaN\"\",\"\"-Infinity\"\",null]\",cat,AP8Qeg==\n"
                  "[],,YWJj\n");
    batch_release(&batch);
}

/* ---- the table ---- */

static void a_table_is_safe_to_look_at(void **context)
{
    static const char *const values[] = {"\x1b[31mred", NULL,
                                         "0123456789012345678901234567890123456789!"};
    struct bytes text = bytes_limited(1 << 20);
    struct text_table *table = NULL;
    struct batch batch = texts("t", 3, values);
    (void)context;
    assert_int_equal(text_table_open(&table, batch.schema, NULL), STATUS_OK);
    assert_int_equal(text_table_rows(table, &batch, 0, 3, &text, NULL), STATUS_OK);
    assert_int_equal(text_table_end(table, &text, NULL), STATUS_OK);
    text_table_close(&table);
    equals(&text, "t                                                            n\n"
                  "utf8                                                     int64\n"
                  "----------------------------------------  --------------------\n"
                  "\\x1b[31mred                               -9223372036854775808\n"
                  "null                                      -9223372036854775807\n"
                  "0123456789012345678901234567890123456...  -9223372036854775806\n");
    batch_release(&batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_is_quoted_where_needed),
        cmocka_unit_test(json_is_one_object_a_line),
        cmocka_unit_test(nested_values_are_json),
        cmocka_unit_test(a_table_is_safe_to_look_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
