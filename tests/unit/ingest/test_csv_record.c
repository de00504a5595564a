/* test_csv_record.c: where a record ends, and which ones have a fault. */
#include "csv_test.h"

static const struct csv_dialect comma = {.delimiter = ',', .quote = '"'};

static struct csv_record found(const char *text)
{
    struct csv_record record;
    assert_true(csv_record_find(&comma, (const uint8_t *)text, strlen(text), true, &record));
    return record;
}

static void a_record_ends_at_lf_cr_or_crlf(void **state)
{
    (void)state;
    assert_int_equal(found("a,b\nc").end, 4);
    assert_int_equal(found("a,b\rc").end, 4);
    assert_int_equal(found("a,b\r\nc").end, 5);
    assert_int_equal(found("a,b\r\nc").size, 3);
    assert_int_equal(found("a,b").end, 3);
    assert_int_equal(found("\n").size, 0);
}

static void fields_are_counted_outside_quotes(void **state)
{
    (void)state;
    assert_int_equal(found("a,,c\n").fields, 3);
    assert_int_equal(found("\"a,b\",c\n").fields, 2);
    assert_int_equal(found("\"a\"\"b\",c\n").fields, 2);
    assert_int_equal(found(",").fields, 2);
}

static void a_quoted_field_may_hold_lines(void **state)
{
    (void)state;
    struct csv_record record = found("\"a\r\nb\nc\rd\",2\nnext");
    assert_int_equal(record.fault, CSV_FINE);
    assert_int_equal(record.lines, 4);
    assert_int_equal(record.fields, 2);
    assert_int_equal(record.longest, 10);
}

static void a_quote_inside_an_unquoted_field_is_a_byte(void **state)
{
    (void)state;
    struct csv_record record = found("5\" pipe,x\"y\nz");
    assert_int_equal(record.fault, CSV_FINE);
    assert_int_equal(record.fields, 2);
    assert_int_equal(record.end, 12);
}

static void a_stray_quote_costs_one_line(void **state)
{
    (void)state;
    struct csv_record record = found("\"a\nb\"c,1\nnext\n");
    assert_int_equal(record.fault, CSV_STRAY_QUOTE);
    assert_int_equal(record.size, 2);
    assert_int_equal(record.end, 3);
    assert_int_equal(record.lines, 1);
}

static void an_unclosed_quote_costs_one_line(void **state)
{
    (void)state;
    struct csv_record record = found("1,\"a\n2,b\n3,c\n");
    assert_int_equal(record.fault, CSV_UNCLOSED_QUOTE);
    assert_int_equal(record.end, 5);
    assert_int_equal(record.looked, 13);
}

static void more_bytes_are_asked_for_where_they_matter(void **state)
{
    (void)state;
    static const char *const open[] = {"a,b", "a,b\r", "\"a\"", "\"a\n", "\"a\"\""};
    struct csv_record record;
    for (size_t i = 0; i < sizeof open / sizeof *open; i++)
        assert_false(
            csv_record_find(&comma, (const uint8_t *)open[i], strlen(open[i]), false, &record));
    assert_true(csv_record_find(&comma, (const uint8_t *)"a\n", 2, false, &record));
}

static void without_a_quote_all_bytes_are_plain(void **state)
{
    (void)state;
    const struct csv_dialect plain = {.delimiter = '\t'};
    struct csv_record record;
    const uint8_t text[] = "\"a\tb\"\nc";
    assert_true(csv_record_find(&plain, text, sizeof text - 1, true, &record));
    assert_int_equal(record.fields, 2);
    assert_int_equal(record.end, 6);
}

/* The texts of the fields of a record, with bars between them. */
static void expect_fields(const struct csv_dialect *dialect, const char *text, const char *fields)
{
    struct err err = {0};
    struct csv_record record;
    struct csv_field field;
    struct bytes shown = bytes_limited(1000);
    const uint8_t *data = (const uint8_t *)text;
    size_t at = 0, count = 0;
    assert_true(csv_record_find(dialect, data, strlen(text), true, &record));
    assert_int_equal(record.fault, CSV_FINE);
    for (; csv_record_field(dialect, data, record.size, &at, &field); count++) {
        if (count > 0) assert_ok(bytes_append(&shown, "|", 1, &err));
        assert_ok(csv_field_text(dialect, data, &field, &shown, &err));
    }
    assert_int_equal(count, record.fields);
    assert_ok(bytes_append(&shown, "", 1, &err));
    assert_string_equal((const char *)shown.data, fields);
    bytes_release(&shown);
}

static void a_delimiter_may_have_several_bytes(void **state)
{
    (void)state;
    const struct csv_dialect dialect = {
        .delimiter = ',', .delimiter_more = " ", .delimiter_more_size = 1, .quote = '"'};
    expect_fields(&dialect, "a,b, \"c, d\", \ne", "a,b|c, d|");
    struct csv_record record;
    const uint8_t half[] = "\"a\",";
    assert_false(csv_record_find(&dialect, half, sizeof half - 1, false, &record));
    assert_true(csv_record_find(&dialect, half, sizeof half - 1, true, &record));
    assert_int_equal(record.fault, CSV_STRAY_QUOTE);
}

static void an_escape_makes_bytes_ordinary(void **state)
{
    (void)state;
    const struct csv_dialect dialect = {.delimiter = ',', .quote = '"', .escape = '\\'};
    expect_fields(&dialect, "\"a\\\"b\\'\",c\\,d,e\\\\\n", "a\"b\\'|c,d|e\\");
    expect_fields(&dialect, "a\\\nb,\"\"\"\"\nc", "a\nb|\"");
    struct csv_record record;
    const uint8_t open[] = "\"a\\\"\nb\n";
    assert_true(csv_record_find(&dialect, open, sizeof open - 1, true, &record));
    assert_int_equal(record.fault, CSV_UNCLOSED_QUOTE);
    assert_int_equal(record.end, 5);
}

static void a_comment_is_a_line_whatever_stands_in_it(void **state)
{
    (void)state;
    const struct csv_dialect dialect = {
        .delimiter = ',', .quote = '"', .comment = '#', .fields = 2};
    struct csv_record record;
    const uint8_t text[] = "#it's \"open\n1,2\n";
    assert_true(csv_record_find(&dialect, text, sizeof text - 1, true, &record));
    assert_true(csv_is_skipped(&dialect, &record));
    assert_int_equal(record.end, 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_ends_at_lf_cr_or_crlf),
        cmocka_unit_test(fields_are_counted_outside_quotes),
        cmocka_unit_test(a_quoted_field_may_hold_lines),
        cmocka_unit_test(a_quote_inside_an_unquoted_field_is_a_byte),
        cmocka_unit_test(a_stray_quote_costs_one_line),
        cmocka_unit_test(an_unclosed_quote_costs_one_line),
        cmocka_unit_test(more_bytes_are_asked_for_where_they_matter),
        cmocka_unit_test(without_a_quote_all_bytes_are_plain),
        cmocka_unit_test(a_delimiter_may_have_several_bytes),
        cmocka_unit_test(an_escape_makes_bytes_ordinary),
        cmocka_unit_test(a_comment_is_a_line_whatever_stands_in_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
