/* test_encoding.c: which encoding bytes are in. */
#include "ingest/encoding.h"

#include "csv_test.h"

#include <stdio.h>

static void expect(const char *text, size_t size, const char *given, const char *name, size_t mark)
{
    struct encoding found;
    struct err err = {0};
    assert_ok(encoding_of((const uint8_t *)text, size, true, given, ENCODING_ANY, &found, &err));
    assert_string_equal(found.name, name);
    assert_int_equal(found.mark, mark);
}
#define EXPECT(text, name, mark) expect(text, sizeof(text) - 1, NULL, name, mark)

static void a_byte_order_mark_says_it(void **state)
{
    (void)state;
    EXPECT("\xef\xbb\xbfxyz", "utf-8", 3);
    EXPECT("\xff\xfex\0", "utf-16le", 2);
    EXPECT("\xfe\xff\0x", "utf-16be", 2);
    EXPECT("\xff\xfe\0\0x\0\0\0", "utf-32le", 4);
    EXPECT("\0\0\xfe\xff\0\0\0x", "utf-32be", 4);
}

static void zero_bytes_say_where_the_other_byte_is(void **state)
{
    (void)state;
    EXPECT("a\0,\0b\0\n\0", "utf-16le", 0);
    EXPECT("\0a\0,\0b\0\n", "utf-16be", 0);
    EXPECT("a\0\0\0\n\0\0\0", "utf-32le", 0);
    EXPECT("\0\0\0a\0\0\0\n", "utf-32be", 0);
    EXPECT("\x1f\x04\x40\x04\x38\x04\x32\x04\x35\x04\x42\x04\n\0", "utf-16le", 0);
    EXPECT("a,b\n1,x\0y\n", "utf-8", 0); /* a zero byte in UTF-8 */
    EXPECT("SQLite format 3\0", "utf-8", 0);
    EXPECT("some text with a zero \0 byte and a \xff wrong one, of an even size", "utf-8", 0);
    EXPECT("a\0,\0b\0\n", "utf-8", 0); /* an odd number of bytes */
}

static void utf8_is_preferred_where_it_fits(void **state)
{
    (void)state;
    EXPECT("", "utf-8", 0);
    EXPECT("plain", "utf-8", 0);
    EXPECT("na\xc3\xafve", "utf-8", 0);
    EXPECT("\xc3\xa9\xc3\xa8\xc3\xaa\xc3\xab and one wrong \xff byte", "utf-8", 0);
    EXPECT("4,\xff\xfe\n", "utf-8", 0); /* no text of any language */
}

static void few_bytes_are_western_where_they_look_so(void **state)
{
    (void)state;
    EXPECT("caf\xe9,b\n1,2\n", "windows-1252", 0);
    EXPECT("price,\x80 5\n", "windows-1252", 0);
    /* many times the same, which statistics take for Hungarian */
    EXPECT("M\xfcller,caf\xe9\nM\xfcller,caf\xe9\nM\xfcller,caf\xe9\nM\xfcller,caf\xe9\n",
           "windows-1252", 0);
    EXPECT("Mu\xf1oz\nMu\xf1oz\nMu\xf1oz\nMu\xf1oz\nMu\xf1oz\nMu\xf1oz\nMu\xf1oz\n", "windows-1252",
           0);
    EXPECT("it\x92s \x93quoted\x94\n", "windows-1252", 0);
}

static void a_given_name_decides(void **state)
{
    (void)state;
    expect("caf\xe9", 4, "koi8-r", "koi8-r", 0);
    expect("caf\xe9", 4, "CP1252", "windows-1252", 0);
    expect("\xef\xbb\xbfx", 4, "utf-8", "utf-8", 3);
    expect("\xfe\xff\0x", 4, "utf-16", "utf-16be", 2);
    expect("x\0", 2, "utf-16", "utf-16le", 0);
    struct encoding found;
    struct err err = {0};
    assert_int_equal(encoding_named("klingon", &found, &err), STATUS_USAGE);
    assert_int_equal(encoding_named("UTF-8//IGNORE", &found, &err), STATUS_USAGE);
    assert_int_equal(encoding_named("", &found, &err), STATUS_USAGE);
}

static void formats_that_are_unicode_are_not_guessed(void **state)
{
    (void)state;
    struct encoding found;
    struct err err = {0};
    assert_ok(encoding_of((const uint8_t *)"[\"caf\xe9\"]", 8, true, NULL, ENCODING_UNICODE, &found,
                          &err));
    assert_string_equal(found.name, "utf-8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_byte_order_mark_says_it),
        cmocka_unit_test(zero_bytes_say_where_the_other_byte_is),
        cmocka_unit_test(utf8_is_preferred_where_it_fits),
        cmocka_unit_test(few_bytes_are_western_where_they_look_so),
        cmocka_unit_test(a_given_name_decides),
        cmocka_unit_test(formats_that_are_unicode_are_not_guessed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
