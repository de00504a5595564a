/* tests/unit/clean/test_module_text.c: decoding, invisible characters, normal forms, white space.
 */
#include "tests/unit/clean/harness.h"

#include <stdio.h>

extern const struct clean_module module_text;

static void check(const char *words, const char *before, const char *after)
{
    struct trial trial = {.words = words};
    OWNED(batch_release) struct batch input = trial_input("t:utf8", before);
    trial_run(&trial, &module_text, &input);
    const char *found = trial_text(&trial);
    assert_string_equal(found, after);
    trial_close(&trial);
}

static void test_white_space(void **unused)
{
    (void)unused;
    check("text", "  a  b \n", "t\na b\n");
    check("text", "a\\tb\\n\\nc\n", "t\na b\nc\n");
    check("text", "\xc2\xa0x\xe2\x80\x83\xe3\x80\x80y\n", "t\nx y\n");
    check("text whitespace=trim", " a  b \n", "t\na  b\n");
    check("text whitespace=keep", " a  b \n", "t\n a  b \n");
    check("text", "   \n", "t\n\n");
}

static void test_invisible_characters(void **unused)
{
    (void)unused;
    check("text", "a\\x01b\\x7f\\x1bc\n", "t\nabc\n");
    check("text", "\xef\xbb\xbfx\xe2\x80\x8by\xc2\xadz\n", "t\nxyz\n");
    check("text",
          "a\xe2\x80\xae"
          "b\n",
          "t\nab\n");
    check("text",
          "a\xe2\x80\x8d"
          "b\n",
          "t\nab\n");
    check("text", "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb\n",
          "t\n\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb\n");
    check("text invisible=false",
          "a\xe2\x80\x8b"
          "b\n",
          "t\na\xe2\x80\x8b"
          "b\n");
}

static void test_normal_forms(void **unused)
{
    (void)unused;
    check("text", "e\xcc\x81\n", "t\n\xc3\xa9\n");
    check("text normalize=none", "e\xcc\x81\n", "t\ne\xcc\x81\n");
    check("text normalize=nfkc", "\xef\xac\x81\xc2\xbd\n",
          "t\nfi1\xe2\x81\x84"
          "2\n");
    check("text", "\xef\xac\x81\n", "t\n\xef\xac\x81\n");
}

static void test_bytes_that_are_not_utf8(void **unused)
{
    (void)unused;
    check("text", "caf\\xe9 \\x80 5\n", "t\ncaf\xc3\xa9 \xe2\x82\xac 5\n");
    check("text decode_as=replacement", "caf\\xe9\n", "t\ncaf\xef\xbf\xbd\n");
    check("text on_fail=null", "caf\\xe9\n", "t\n\n");
    check("text", "\\xed\\xa0\\x80\n", "t\n\xc3\xad \xe2\x82\xac\n"); /* a surrogate */
}

static void check_text(const char *before, const char *after)
{
    char lines[512], expected[512];
    snprintf(lines, sizeof lines, "%s\n", before);
    snprintf(expected, sizeof expected, "t\n%s\n", after);
    check("text", lines, expected);
}

static void test_mojibake(void **unused)
{
    (void)unused;
    check_text("Cr\xc3\x83\xc2\xa8me br\xc3\x83\xc2\xbbl\xc3\x83\xc2\xa9"
               "e \xc3\x83\xc2\xa0 Orl\xc3\x83\xc2\xa9"
               "ans",
               "Cr\xc3\xa8me br\xc3\xbbl\xc3\xa9"
               "e \xc3\xa0 Orl\xc3\xa9"
               "ans");
    check_text("Stra\xc3\x83\xc2\x9f"
               "e nach K\xc3\x83\xc2\xb6ln",
               "Stra\xc3\x9f"
               "e nach K\xc3\xb6ln");
    check_text(
        "P\xc4\xb9\xe2\x84\xa2\xc4\x82\xc2\xadli\xc4\xb9\xcb\x87 "
        "\xc4\xb9\xc4\xbelu\xc4\xb9\xc4\x84ou\xc3\x84\xc5\xa4k\xc4\x82\xcb\x9d "
        "k\xc4\xb9\xc5\xbb\xc4\xb9\xc2\x88",
        "P\xc5\x99\xc3\xadli\xc5\xa1 \xc5\xbelu\xc5\xa5ou\xc4\x8dk\xc3\xbd k\xc5\xaf\xc5\x88");
    check_text("\xd0\xa0\xd1\x9f\xd0\xa1\xd0\x82\xd0\xa0\xd1\x91\xd0\xa0\xd0\x86\xd0\xa0\xc2\xb5"
               "\xd0\xa1\xe2\x80\x9a, \xd0\xa0\xd1\x98\xd0\xa0\xd1\x91\xd0\xa1\xd0\x82",
               "\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82, \xd0\xbc\xd0\xb8\xd1\x80");
    check_text("\xc3\x90\xc5\xb8\xc3\x91\xe2\x82\xac\xc3\x90\xc2\xb8\xc3\x90\xc2\xb2\xc3\x90\xc2"
               "\xb5\xc3\x91\xe2\x80\x9a, \xc3\x90\xc2\xbc\xc3\x90\xc2\xb8\xc3\x91\xe2\x82\xac",
               "\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82, \xd0\xbc\xd0\xb8\xd1\x80");
    check_text("\xc3\xa6\xe2\x80\x94\xc2\xa5\xc3\xa6\xc5\x93\xc2\xac\xc3\xa8\xc2\xaa\xc5\xbe",
               "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e");
    check_text("Cr\xc3\x83\xc6\x92\xc3\x82\xc2\xa8me "
               "br\xc3\x83\xc6\x92\xc3\x82\xc2\xbbl\xc3\x83\xc6\x92\xc3\x82\xc2\xa9"
               "e \xc3\x83\xc6\x92\xc3\x82\xc2\xa0 Orl\xc3\x83\xc6\x92\xc3\x82\xc2\xa9"
               "ans",
               "Cr\xc3\xa8me br\xc3\xbbl\xc3\xa9"
               "e \xc3\xa0 Orl\xc3\xa9"
               "ans");
    check_text("price \xc2\xac\xc2\xa3"
               "5, it\xe2\x80\x9a\xc3\x84\xc3\xb4s \xe2\x80\x9a\xc3\x84\xc3\xba"
               "fine\xe2\x80\x9a\xc3\x84\xc3\xb9\xe2\x80\x9a\xc3\x84\xc2\xb6",
               "price \xc2\xa3"
               "5, it\xe2\x80\x99s \xe2\x80\x9c"
               "fine\xe2\x80\x9d\xe2\x80\xa6");
    check_text("Stra\xe2\x94\x9c\xc6\x92"
               "e nach K\xe2\x94\x9c\xe2\x95\xa2ln",
               "Stra\xc3\x9f"
               "e nach K\xc3\xb6ln");
    check("text mojibake=false", "\xc3\x83\xc2\xa9\n", "t\n\xc3\x83\xc2\xa9\n");
}

static void test_what_only_looks_like_mojibake(void **unused)
{
    (void)unused;
    static const char *const texts[] = {
        "Cr\xc3\xa8me br\xc3\xbbl\xc3\xa9"
        "e \xc3\xa0 Orl\xc3\xa9"
        "ans",
        "Stra\xc3\x9f"
        "e nach K\xc3\xb6ln",
        "P\xc5\x99\xc3\xadli\xc5\xa1 \xc5\xbelu\xc5\xa5ou\xc4\x8dk\xc3\xbd k\xc5\xaf\xc5\x88",
        "\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82, \xd0\xbc\xd0\xb8\xd1\x80",
        "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e",
        "price \xc2\xa3"
        "5, it\xe2\x80\x99s \xe2\x80\x9c"
        "fine\xe2\x80\x9d\xe2\x80\xa6",
        "\xce\xb3-globulin",
        "MARQU\xc3\x89\xe2\x80\xa6 et \xc2\xab"
        "fini\xc2\xbb",
        "\xc5\x98\xc3\xadm, N\xc3\xa1\xc5\xa1 \xc5\xa0\xc3\xa9"
        "f",
        "5\xc3\x97"
        "3 m\xc2\xb2, \xc2\xbd \xe2\x82\xac",
        "\xc3\x85\xc3\x84\xc3\x96",
        "C O N C L U S \xc3\x83 O",
        "\xce\xa9mega \xce\xb1 and \xce\xb2",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        check_text(texts[i], texts[i]);
}

static void test_entities_quotes_ligatures(void **unused)
{
    (void)unused;
    check("text", "AT&amp;T &eacute;&#233;&#xE9; &nosuch; & &#1;\n",
          "t\nAT&T \xc3\xa9\xc3\xa9\xc3\xa9 &nosuch; & &#1;\n");
    check("text", "<b>&amp;</b>\n", "t\n<b>&amp;</b>\n");
    check("text entities=false", "&amp;\n", "t\n&amp;\n");
    check("text quotes=straight", "\xe2\x80\x9cit\xe2\x80\x99s\xe2\x80\x9d\n", "t\n\"it's\"\n");
    check("text ligatures=true", "\xef\xac\x81t\n", "t\nfit\n");
}

static void test_reject_names_the_row(void **unused)
{
    (void)unused;
    struct trial trial = {.words = "text on_fail=reject", .window_rows = 2, .threads = 2};
    OWNED(batch_release) struct batch input = trial_input("t:utf8", "a\nb\n\\xff\nc\n");
    trial_run(&trial, &module_text, &input);
    assert_string_equal(trial_text(&trial), "t\na\nb\nc\n");
    assert_int_equal(trial.removal_count, 1);
    assert_int_equal(trial.removals[0].row, 2);
    assert_string_equal(trial.removals[0].rule, "invalid UTF-8");
    assert_memory_equal(trial.removals[0].value.data, "\\xff", 4);
    trial_close(&trial);
}

static void test_untouched_columns_are_shared(void **unused)
{
    (void)unused;
    struct trial trial = {.words = "text columns=t"};
    OWNED(batch_release)
    struct batch input = trial_input("t:utf8|u:utf8", "plain text|  u \n|  v \n");
    trial_run(&trial, &module_text, &input);
    assert_int_equal(trial.cells, 0);
    assert_string_equal(trial_text(&trial), "t|u\nplain text|  u \n|  v \n");
    trial_close(&trial);
}

static void test_dictionaries_keep_their_type(void **unused)
{
    (void)unused;
    struct trial trial = {.words = "text"};
    OWNED(batch_release)
    struct batch input = trial_input("t:dictionary<int32, utf8>", "cat\n cat \n\ndog\n");
    trial_run(&trial, &module_text, &input);
    assert_string_equal(trial_text(&trial), "t\ncat\ncat\n\ndog\n");
    assert_true(trial.output.schema->fields[0].dictionary);
    assert_int_equal(trial.output.columns[0]->dictionary->length, 2);
    trial_close(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_white_space),
        cmocka_unit_test(test_invisible_characters),
        cmocka_unit_test(test_normal_forms),
        cmocka_unit_test(test_bytes_that_are_not_utf8),
        cmocka_unit_test(test_mojibake),
        cmocka_unit_test(test_what_only_looks_like_mojibake),
        cmocka_unit_test(test_entities_quotes_ligatures),
        cmocka_unit_test(test_reject_names_the_row),
        cmocka_unit_test(test_untouched_columns_are_shared),
        cmocka_unit_test(test_dictionaries_keep_their_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
