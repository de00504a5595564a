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

static void rarer_delimiters_are_found(void **state)
{
    (void)state;
    expect("1 2 3\n4 5 6\n", ' ', 3, false, 0);
    expect("1.2.3.4 \"GET /a b\" 200\n5.6.7.8 \"GET /\" 404\n", ' ', 3, false, 0);
    expect("name\nJohn Smith\nJane Miller\n", ',', 1, true, 5);         /* words */
    expect("t\n2024-01-01 10:00\n2024-01-02 11:30\n", ',', 1, true, 2); /* one value each */
    expect("Value\n68,527.00\n", 0x1f, 1, true, 6);
    expect("1,000.00\n3,000,000.40\n50\n999.20\n", 0x1f, 1, false, 0);
    expect("a\x1f"
           "b\n1\x1f"
           "2\n",
           '\x1f', 2, true, 4);
    expect("a||b||c\n1||2||3\n", '|', 3, true, 8);
    expect("a, b\n1, \"x, y\"\n2, \"z, w\"\n", ',', 2, true, 5);
    expect("a\xc2\xa7"
           "b\n1\xc2\xa7"
           "2\n",
           0xc2, 2, true, 5);
    expect("a,b\n1,\"x \\\"y\\\", z\"\n2,\"\\\"\"\n", ',', 2, true, 4); /* escapes */
}

static void titles_stand_in_front_of_a_header(void **state)
{
    (void)state;
    expect("A report\n\nid,name,n\n1,x,2\n2,y,3\n", ',', 3, true, 20);
    expect("A report,,\n,,\nid,name,n\n1,x,2\n2,y,3\n", ',', 3, true, 24);
    expect("# made today\nid,name\n1,x\n2,y\n", ',', 2, true, 21);
    expect("made,by,me\ncm,t\n1.5,2\n1.6,3\n", ',', 2, true, 16);
    expect("x,y,z\na,b\nc,d\ne,f\n", ',', 2, false, 0); /* a reject, and nothing says header */
    expect("1,2,3\n1,2\n3,4\n5,6\n", ',', 2, false, 0);
    expect("id,name\n1,x,2\n2,y,3\n3,z,4\n", ',', 3, true, 8); /* a name is missing */
    expect("id,name,\n1,x\n", ',', 2, true, 9);
    expect("x,y\n# a\n1,2\n# b\n# c\n4,5\n# d\n", ',', 2, true, 4);
    expect("#id,x\n1,2\n3,4\n", ',', 2, true, 6);
}

static void header_rows_that_belong_together_are_joined(void **state)
{
    (void)state;
    struct found found = look("Staff,,Cost\n,FTE,Total\nx,1.5,20\ny,2.5,30\n", csv_options());
    static const char *const names[] = {"Staff", "Staff FTE", "Cost Total"};
    assert_int_equal(found.status, STATUS_OK);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(found.names[i], names[i]);
    assert_int_equal(found.dialect.preface, 23);
    arena_close(&found.arena);
    expect("t,v\ns,m/s\n1,2\n2,3\n3,4\n", ',', 2, true, 10);    /* units */
    expect("id,v\n1,n/a\n2,3\n3,4\n", ',', 2, true, 5);         /* a value that is not there */
    expect("name,age\nBob,old\nAl,3\nEd,4\n", ',', 2, true, 9); /* one word is no header */
    struct source_options options = csv_options();
    options.header = HEADER_YES;
    options.header_rows = 2;
    found = look("a,b\nc,d\n1,2\n", options);
    assert_string_equal(found.names[1], "b d");
    assert_int_equal(found.dialect.preface, 8);
    arena_close(&found.arena);
}

static void lines_are_skipped_where_told(void **state)
{
    (void)state;
    struct source_options options = csv_options();
    options.skip_rows = 2;
    struct found found = look("x\ny;z\na,b\n1,2\n", options);
    assert_int_equal(found.dialect.fields, 2);
    assert_int_equal(found.dialect.preface, 10);
    assert_int_equal(found.dialect.preface_lines, 3);
    arena_close(&found.arena);
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

static void one_name_may_come_ten_thousand_times(void **state)
{
    (void)state;
    static char text[4 * 10000 + 8];
    for (size_t i = 0; i < 10000; i++)
        memcpy(text + 2 * i, "x,", 2);
    text[19999] = '\n';
    for (size_t i = 0; i < 10000; i++)
        memcpy(text + 20000 + 2 * i, "1,", 2);
    text[39999] = '\n';
    struct found found = look(text, csv_options());
    assert_int_equal(found.status, STATUS_OK);
    assert_int_equal(found.dialect.fields, 10000);
    assert_string_equal(found.names[0], "x");
    assert_string_equal(found.names[9999], "x_10000");
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
    assert_int_equal(found.status, STATUS_OK);
    assert_int_equal(found.dialect.fields, 0);
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
    options.delimiter = ";";
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
        cmocka_unit_test(rarer_delimiters_are_found),
        cmocka_unit_test(titles_stand_in_front_of_a_header),
        cmocka_unit_test(header_rows_that_belong_together_are_joined),
        cmocka_unit_test(lines_are_skipped_where_told),
        cmocka_unit_test(headers_are_told_from_values),
        cmocka_unit_test(an_apostrophe_quotes_where_it_pairs),
        cmocka_unit_test(names_are_unique_and_never_empty),
        cmocka_unit_test(one_name_may_come_ten_thousand_times),
        cmocka_unit_test(what_is_no_csv_is_refused_by_name),
        cmocka_unit_test(what_is_given_is_not_guessed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
