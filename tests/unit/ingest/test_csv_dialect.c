/* test_csv_dialect.c: delimiter, quote, header and names found in a sample. */
#include "csv_test.h"

struct found {
    struct arena *arena;
    struct csv_dialect dialect;
    const char **names;
    struct err err;
    enum status status;
};

static struct found look(const char *text, struct source_options options)
{
    struct found found = {0};
    assert_int_equal(arena_open(&found.arena, &found.err), STATUS_OK);
    found.status = csv_dialect_find(&options, (const uint8_t *)text, strlen(text), true,
                                    found.arena, &found.dialect, &found.names, &found.err);
    return found;
}

static void expect(const char *text, uint8_t delimiter, size_t fields, bool header, size_t preface)
{
    struct found found = look(text, csv_options());
    if (found.status != STATUS_OK) fail_msg("%s: %s", text, found.err.message);
    if (found.dialect.delimiter != delimiter || found.dialect.fields != fields ||
        found.dialect.header != header || found.dialect.preface != preface)
        fail_msg("%s: found '%c', %zu fields, header %d, preface %zu", text,
                 found.dialect.delimiter, found.dialect.fields, found.dialect.header,
                 found.dialect.preface);
    arena_close(&found.arena);
}

static void delimiters_are_found(void **state)
{
    (void)state;
    expect("a,b\n1,2\n", ',', 2, true, 4);
    expect("a;b\n1,5;2\n", ';', 2, true, 4);
    expect("a\tb,c\n1\t2\n", '\t', 2, true, 6);
    expect("a|b|c\nx|y,|z\n", '|', 3, true, 6);
    expect("word\nother\n", ',', 1, true, 5);
    expect("\"a;b\",c\n\"x;y;z\",d\n", ',', 2, true, 8);
}

static void headers_are_told_from_values(void **state)
{
    (void)state;
    expect("1,2\n3,4\n", ',', 2, false, 0);
    expect("name,2019,2020\nx,1.5,2.5\n", ',', 3, false, 0); /* numbers above numbers */
    expect("a,b\nc,d\na,e\n", ',', 2, false, 0);             /* comes again below */
    expect("id,when\n1,2024-01-01\n", ',', 2, true, 8);
    expect("foo,bar,baz", ',', 3, true, 11);
    expect("\xef\xbb\xbf"
           "a,b\n1,2\n",
           ',', 2, true, 7);
    expect("\n\na,b\n1,2\n", ',', 2, true, 6);
    expect("\n\n", ',', 1, false, 0);
    expect(",name\n0,x\n", ',', 2, true, 6);
}

static void an_apostrophe_quotes_where_it_pairs(void **state)
{
    (void)state;
    struct found found = look("'a','b'\n'x,1','y'\n", csv_options());
    assert_int_equal(found.dialect.quote, '\'');
    assert_int_equal(found.dialect.fields, 2);
    arena_close(&found.arena);
    found = look("it,is\n'tis,so\n", csv_options());
    assert_int_equal(found.dialect.quote, '"');
    arena_close(&found.arena);
}

static void names_are_unique_and_never_empty(void **state)
{
    (void)state;
    struct found found = look("a,,a,a_2,a\n1,2,3,4,5\n", csv_options());
    static const char *const names[] = {"a", "column2", "a_2", "a_2_2", "a_3"};
    assert_int_equal(found.status, STATUS_OK);
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(found.names[i], names[i]);
    arena_close(&found.arena);
}

static void what_is_no_csv_is_refused_by_name(void **state)
{
    (void)state;
    struct found found = look("\xff\xfe"
                              "a",
                              csv_options());
    assert_int_equal(found.status, STATUS_FAILED);
    assert_non_null(strstr(found.err.message, "UTF-16"));
    assert_non_null(strstr(found.err.hint, "iconv"));
    arena_close(&found.arena);
    found = look("", csv_options());
    assert_int_equal(found.status, STATUS_FAILED);
    arena_close(&found.arena);
    found = look("caf\xe9,b\n1,2\n", csv_options());
    assert_int_equal(found.status, STATUS_FAILED);
    assert_non_null(strstr(found.err.message, "not UTF-8"));
    arena_close(&found.arena);
}

static void what_is_given_is_not_guessed(void **state)
{
    (void)state;
    struct source_options options = csv_options();
    options.delimiter = ';';
    options.header = HEADER_NO;
    struct found found = look("a,b\n1,2\n", options);
    assert_int_equal(found.dialect.fields, 1);
    assert_false(found.dialect.header);
    assert_string_equal(found.names[0], "column1");
    arena_close(&found.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delimiters_are_found),
        cmocka_unit_test(headers_are_told_from_values),
        cmocka_unit_test(an_apostrophe_quotes_where_it_pairs),
        cmocka_unit_test(names_are_unique_and_never_empty),
        cmocka_unit_test(what_is_no_csv_is_refused_by_name),
        cmocka_unit_test(what_is_given_is_not_guessed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
