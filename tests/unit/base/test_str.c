/* tests/unit/base/test_str.c: slices, distance, byte buffer, escapes. */
#include "check.h"

#include "base/memory.h"
#include "base/str.h"

static void slices(void **state)
{
    (void)state;
    assert_true(str_is(str_trim(str_of(" \t a b\r\n")), "a b"));
    assert_int_equal(str_trim(str_of("  ")).size, 0);
    assert_true(str_compare(str_of("ab"), str_of("abc")) < 0);
    assert_true(str_compare(str_of("b"), str_of("abc")) > 0);
    assert_true(str_compare(str_of("\xff"), str_of("a")) > 0); /* bytes, not signed characters */
    assert_int_equal(str_compare(str_of(NULL), str_of("")), 0);
}

static size_t distance(const char *a, const char *b)
{
    return str_distance(str_of(a), str_of(b), 9);
}

static void distances(void **state)
{
    (void)state;
    assert_int_equal(distance("method", "method"), 0);
    assert_int_equal(distance("metod", "method"), 1);
    assert_int_equal(distance("mehtod", "method"), 1); /* a swap is one slip */
    assert_int_equal(distance("", "abc"), 3);
    assert_int_equal(distance("kitten", "sitting"), 3);
    assert_int_equal(str_distance(str_of("kitten"), str_of("sitting"), 1), 2);
}

static void a_buffer_has_an_end(void **state)
{
    (void)state;
    struct err err = {0};
    OWNED(bytes_release) struct bytes bytes = bytes_limited(10);
    CHECK_OK(bytes_append_text(&bytes, "12345", &err), &err);
    CHECK_OK(bytes_append(&bytes, "6789", 4, &err), &err);
    CHECK_FAILS(bytes_append_text(&bytes, "ab", &err), STATUS_FAILED, &err, "10");
    CHECK_TEXT(bytes, "123456789");
    CHECK_FAILS(bytes_reserve(&bytes, SIZE_MAX, &err), STATUS_FAILED, &err, "10");
}

static void formats(void **state)
{
    (void)state;
    struct err err = {0};
    OWNED(bytes_release) struct bytes bytes = bytes_limited(1000);
    for (int i = 0; i < 50; i++)
        CHECK_OK(bytes_format(&bytes, &err, "%d,", i), &err);
    assert_int_equal(bytes.size, 140);
    assert_memory_equal(bytes.data, "0,1,2,3,", 8);
}

static void escaped(const char *text, const char *expected)
{
    char shown[64];
    assert_string_equal(escape_for_terminal(str_of(text), shown, sizeof shown), expected);
}

static void terminals_are_safe(void **state)
{
    (void)state;
    escaped("Zürich 日本", "Zürich 日本");
    escaped("a\x1b[31mb\n", "a\\x1b[31mb\\n");
    escaped("\xe2\x80\xae", "\\u202e");         /* turns the writing round */
    escaped("\xff\xc0\xaf", "\\xff\\xc0\\xaf"); /* not UTF-8, overlong */
    escaped("\xc2\x9b", "\\x9b");               /* C1 control: an escape sequence too */
    char small[8];
    assert_string_equal(escape_for_terminal(str_of("123456789"), small, sizeof small), "1234...");
    assert_string_equal(escape_for_terminal(str_of("1234"), small, sizeof small), "1234");
}

static void json_strings(void **state)
{
    (void)state;
    struct err err = {0};
    OWNED(bytes_release) struct bytes bytes = bytes_limited(1000);
    CHECK_OK(bytes_append_json(&bytes, str_of("a\"\\\n\x01ü\xff"), &err), &err);
    CHECK_TEXT(bytes, "\"a\\\"\\\\\\n\\u0001ü\xef\xbf\xbd\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices),
        cmocka_unit_test(distances),
        cmocka_unit_test(a_buffer_has_an_end),
        cmocka_unit_test(formats),
        cmocka_unit_test(terminals_are_safe),
        cmocka_unit_test(json_strings),
    };
    return cmocka_run_group_tests_name("base str", tests, NULL, NULL);
}
