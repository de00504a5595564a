/* The tree of a report as a page and as JSON: the same things in both, nothing of a text is markup.
 */
#include "check.h"

#include "base/document.h"
#include "base/html.h"
#include "base/memory.h"

#include <math.h>

#define HOSTILE "<script>alert('1')</script>&\"\xe2\x80\xae\x1b\xff"

static struct err e;
#define OK(expression) CHECK_OK(expression, &e)

static struct document *sample(void)
{
    struct document *document = NULL;
    static const struct document_column columns[] = {{"column", "column", false},
                                                     {"share", "share", true}};
    struct cell row[] = {cell_text(HOSTILE), cell_share(0.25)};
    int64_t before[] = {1, 0, 3};
    const char *names[] = {"a", "b"};
    double values[] = {1, -0.5, -0.5, 1};
    struct chart_step steps[] = {{"text", 10, 4, 1, 0, 0, 9}};
    OK(document_open(&document, "clean", str_of(HOSTILE), &e));
    OK(document_lead(document, str_of("lead"), str_of("passed"), TONE_GOOD, &e));
    OK(document_section(document, "overview", "Overview", &e));
    OK(document_fact(document, "rows", "Rows", cell_count(-1234567), &e));
    OK(document_fact(document, "nan", "Not a number", cell_number(NAN), &e));
    OK(document_fact(document, "tenth", "A tenth", cell_number(0.1), &e));
    OK(document_alert(document, TONE_WARN, str_of("one"), &e));
    OK(document_alert(document, TONE_BAD, str_of(HOSTILE), &e));
    OK(document_table(document, "nulls", "Nulls", columns, 2, &e));
    OK(document_row(document, row, &e));
    OK(document_flow(document, &(struct chart_flow){"Flow", steps, 1}, &e));
    OK(document_matrix(document, "pearson", &(struct chart_matrix){"Pearson", 2, names, values},
                       &e));
    OK(document_picture(document, "sheet", "image/png", "abcd", 4, str_of("p.png"), str_of("dark"),
                        &e));
    OK(document_section(document, "columns", "Columns", &e));
    OK(document_item(document, str_of("age"), str_of("int64"), true, &e));
    OK(document_histogram(document, "histogram",
                          &(struct chart_histogram){
                              "Values", "0", "9", 3, {before, NULL}, {"before", "after"}, {0, 9}},
                          &e));
    return document;
}

static const char *text_of(struct bytes *bytes)
{
    OK(bytes_append(bytes, "", 1, &e));
    return (const char *)bytes->data;
}

static void json_has_every_value(void **state)
{
    (void)state;
    OWNED(document_close) struct document *document = sample();
    OWNED(bytes_release) struct bytes json = bytes_limited(1 << 20);
    OK(document_json(document, &json, &e));
    const char *text = text_of(&json);
    assert_non_null(strstr(text, "\"rows\":-1234567"));
    assert_non_null(strstr(text, "\"nan\":null"));
    assert_non_null(strstr(text, "\"tenth\":0.1"));
    assert_non_null(
        strstr(text, "{\"level\":\"warning\",\"text\":\"one\"},\n{\"level\":\"failed\""));
    assert_non_null(strstr(text, "\"share\":0.25}"));
    assert_non_null(strstr(text, "\"values\":[[1,-0.5],\n[-0.5,1]]"));
    assert_non_null(strstr(text, "\"picture\":\"data:image/png;base64,YWJjZA==\""));
    assert_non_null(strstr(text, "{\"low\":0,\"high\":9,\"before\":[1,0,3]}"));
}

static void page_has_no_markup_of_texts(void **state)
{
    (void)state;
    OWNED(document_close) struct document *document = sample();
    OWNED(bytes_release) struct bytes page = bytes_limited(1 << 20);
    OK(document_html(document, &page, &e));
    const char *text = text_of(&page);
    assert_null(strstr(text, "<script"));
    assert_null(strstr(text, "\xe2\x80\xae"));
    assert_null(strchr(text, 0x1b));
    assert_non_null(strstr(text, "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot;"
                                 "\\u202e\\x1b\\xff"));
    assert_non_null(strstr(text, "-1,234,567"));
    assert_non_null(strstr(text, "25.0"));
}

static void texts_are_cut_between_characters(void **state)
{
    (void)state;
    OWNED(bytes_release) struct bytes bytes = bytes_limited(100);
    OK(bytes_append_html_cut(&bytes, str_of("\xc3\xa9\xc3\xa9\xc3\xa9"), 2, &e));
    assert_string_equal(text_of(&bytes), "\xc3\xa9\xc3\xa9\xe2\x80\xa6");
    bytes.size = 0;
    OK(bytes_append_html_cut(&bytes, str_of("ab"), 2, &e));
    assert_string_equal(text_of(&bytes), "ab");
}

static void memory_may_fail_anywhere(void **state)
{
    (void)state;
    OWNED(document_close) struct document *document = sample();
    for (uint64_t request = 1; request < 8; request++) {
        OWNED(bytes_release) struct bytes bytes = bytes_limited(1 << 20);
        memory_fail_at(memory_requests() + request);
        enum status status = document_html(document, &bytes, NULL);
        if (status == STATUS_OK) status = document_json(document, &bytes, NULL);
        memory_fail_at(0);
        assert_true(status == STATUS_OK || status == STATUS_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_has_every_value),
        cmocka_unit_test(page_has_no_markup_of_texts),
        cmocka_unit_test(texts_are_cut_between_characters),
        cmocka_unit_test(memory_may_fail_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
