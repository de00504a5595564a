/* tests/unit/clean/test_module_text.c: decoding, invisible characters, normal forms, white space.
 */
#include "tests/unit/clean/harness.h"

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
        cmocka_unit_test(test_reject_names_the_row),
        cmocka_unit_test(test_untouched_columns_are_shared),
        cmocka_unit_test(test_dictionaries_keep_their_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
