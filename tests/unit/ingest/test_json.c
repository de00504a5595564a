/* test_json.c: the grammar of RFC 8259, strictly, and what strings mean. */
#include "ingest/json.h"

#include "csv_test.h"

static struct json json;

static const char *fault_of(const char *text, size_t size)
{
    struct err err = {0};
    assert_ok(json_parse(&json, (const uint8_t *)text, size, &err));
    return json.fault;
}

static void what_the_grammar_allows_is_taken(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "null",
        " true ",
        "false",
        "0",
        "-0",
        "-0.0e+1",
        "1E2",
        "123.456e-7",
        "\"\"",
        "\"a\\u0041\\n\\/\"",
        "[]",
        "[ ]",
        "[1,[2,[]],{}]",
        "{}",
        "{\"a\":1}",
        " {\"a\" : [ {\"b\":null} ] , \"\":0}\r\n",
        "\"\\ud83d\\ude00\"",
        "\"\x7f\"",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (*fault_of(texts[i], strlen(texts[i])) != '\0') fail_msg("%s: %s", texts[i], json.fault);
    json_release(&json);
}

static void what_it_does_not_is_a_fault(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        " ",
        "nul",
        "True",
        "nan",
        "+1",
        "01",
        "-",
        "-01",
        ".5",
        "1.",
        "1e",
        "1e+",
        "0x1",
        "1 2",
        "'a'",
        "\"",
        "\"a",
        "\"\\\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u123g\"",
        "\"\t\"",
        "\"\\ud800\"",
        "\"\\ud800\\u0041\"",
        "\"\\udc00\"",
        "[",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[1 2]",
        "]",
        "{",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{a:1}",
        "{1:1}",
        "{\"a\":1]",
        "[1}",
        "{\"a\":1}}",
        "//",
        "[1]x",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (*fault_of(texts[i], strlen(texts[i])) == '\0') fail_msg("%s", texts[i]);
    assert_string_not_equal(fault_of("1\0", 2), "");
    json_release(&json);
}

static void depth_is_bounded(void **state)
{
    (void)state;
    char text[4 * JSON_DEPTH];
    memset(text, '[', JSON_DEPTH);
    memset(text + JSON_DEPTH, ']', JSON_DEPTH);
    assert_string_equal(fault_of(text, 2 * JSON_DEPTH), "");
    memset(text, '[', JSON_DEPTH + 1);
    memset(text + JSON_DEPTH + 1, ']', JSON_DEPTH + 1);
    assert_non_null(strstr(fault_of(text, 2 * JSON_DEPTH + 2), "levels"));
    json_release(&json);
}

static void means_text(const char *text, const char *means, size_t size)
{
    struct bytes scratch = bytes_limited(1000);
    struct err err = {0};
    struct str found;
    assert_string_equal(fault_of(text, strlen(text)), "");
    assert_ok(json_string(&json, &json.tokens[0], &scratch, &found, &err));
    assert_int_equal(found.size, size);
    assert_memory_equal(found.data, means, size);
    bytes_release(&scratch);
}

static void escapes_mean_characters(void **state)
{
    (void)state;
    means_text("\"plain\"", "plain", 5);
    means_text("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8);
    means_text("\"a\\u00e9\\u20AC\\ud83d\\ude00b\\u0000\"",
               "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"
               "b\0",
               12);
    json_release(&json);
    assert_int_equal(memory_in_use(), 0);
}

static void tokens_know_what_is_behind_them(void **state)
{
    (void)state;
    const char *text = "{\"a\":[1,{\"b\":2}],\"c\":3}";
    assert_string_equal(fault_of(text, strlen(text)), "");
    assert_int_equal(json.count, 9);
    assert_int_equal(json.tokens[0].next, 9);
    assert_int_equal(json.tokens[2].next, 7); /* the array */
    assert_true(str_is(json_raw(&json, &json.tokens[2]), "[1,{\"b\":2}]"));
    assert_true(str_is(json_raw(&json, &json.tokens[7]), "\"c\""));
    json_release(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_grammar_allows_is_taken),
        cmocka_unit_test(what_it_does_not_is_a_fault),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(escapes_mean_characters),
        cmocka_unit_test(tokens_know_what_is_behind_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
