/* tests/unit/clean/test_suggest_words.c: words and numbers in a drafted recipe. */
#include "tests/unit/clean/harness.h"

#include "clean/suggest_words.h"

static void check_text(const char *text, const char *written)
{
    struct err err = {0};
    OWNED(bytes_release) struct bytes bytes = bytes_limited(1024);
    assert_int_equal(word_text(&bytes, str_of(text), &err), STATUS_OK);
    assert_int_equal(bytes_append(&bytes, "", 1, &err), STATUS_OK);
    assert_string_equal((const char *)bytes.data, written);
}

static void test_texts(void **unused)
{
    (void)unused;
    check_text("age", "age");
    check_text("Some of them", "Some of them");
    check_text("no", "\"no\"");
    check_text("NULL", "\"NULL\"");
    check_text("1-5", "\"1-5\"");
    check_text("a: b", "\"a: b\"");
    check_text("", "\"\"");
    check_text("it's", "\"it's\"");
    check_text("end ", "\"end \"");
}

static void test_texts_read_back(void **unused)
{
    (void)unused;
    static const char *const texts[] = {"age", "~",       "yes", "- x",
                                        "#1",  "a\"b\\c", "1.0", "x y-z.w/v"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct err err = {0};
        OWNED(bytes_release) struct bytes bytes = bytes_limited(1024);
        OWNED(yaml_close) struct yaml *yaml = NULL;
        assert_int_equal(bytes_append_text(&bytes, "key: [", &err), STATUS_OK);
        assert_int_equal(word_text(&bytes, str_of(texts[i]), &err), STATUS_OK);
        assert_int_equal(bytes_append_text(&bytes, "]", &err), STATUS_OK);
        struct str text = {(const char *)bytes.data, bytes.size};
        assert_int_equal(yaml_parse(&yaml, "draft", text, &err), STATUS_OK);
        struct str read = yaml_get(yaml_root(yaml), "key")->items[0]->text;
        assert_true(str_is(read, texts[i]));
    }
}

static void test_numbers(void **unused)
{
    (void)unused;
    assert_true(round_outward(93, true) == 100);
    assert_true(round_outward(93, false) == 90);
    assert_true(round_outward(-93, true) == -90);
    assert_true(round_outward(-93, false) == -100);
    assert_true(round_outward(0, true) == 0);
    assert_true(round_outward(0.66, true) == 0.7);
    assert_true(round_outward(0.66, false) == 0.6);
    assert_true(round_outward(200, true) == 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_texts_read_back),
        cmocka_unit_test(test_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
