/* Steps that work once a value where a column has few: the same as row by row, which is what they
 * do in windows too short to be looked through. */
#include "harness.h"

#include "base/memory.h"
#include "clean/module.h"
#include "columnar/distinct.h"

#include <stdio.h>

#define ROWS 1000

extern const struct clean_module module_text, module_standardize, module_missing, module_types;

static const char *const texts[] = {
    "London",
    " paris",
    "PARIS ",
    "n/a",
    "NA",
    "-",
    "\\xc3\\xa9t\\xc3\\xa9",
    "a\\tb  c",
    "&amp; so",
    "",
    "ol\\x00d",
    "-999",
    " -999.0",
    "12",
    "1,5",
    "1.234",
    "007",
    "31/12/2020",
    "abc",
    "2020-02-30",
    "01/02/2021",
    "yes",
    "No",
    "1e3",
    "12.50",
    "unsure",
    "3.000",
    "a longer text than 16 bytes",
};
#define COUNT (sizeof texts / sizeof *texts)

/* Two columns of these texts; a third of their cells null. */
static struct batch table(unsigned first, unsigned count)
{
    OWNED(bytes_release) struct bytes lines = bytes_limited(1 << 20);
    uint32_t random = 7;
    for (int row = 0; row < ROWS; row++) {
        random = random * 1664525u + 1013904223u;
        const char *a = texts[(first + (random >> 8) % count) % COUNT];
        const char *b = texts[(random >> 20) % COUNT];
        bool null = random >> 30 == 0, empty = *b == '\0';
        assert_int_equal(bytes_format(&lines, NULL, "%s|%s\n", null ? "" : a, empty ? "\"\"" : b),
                         STATUS_OK);
    }
    assert_int_equal(bytes_append(&lines, "", 1, NULL), STATUS_OK);
    return trial_input("a:utf8|b:utf8", (const char *)lines.data);
}

static void compare(const struct clean_module *module, const char *yaml, const struct batch *input)
{
    struct trial once = {.yaml = yaml}, rows = {.yaml = yaml, .window_rows = 50};
    trial_run(&once, module, input);
    trial_run(&rows, module, input);
    assert_string_equal(trial_text(&once), trial_text(&rows));
    assert_int_equal(once.cells, rows.cells);
    assert_int_equal(once.removal_count, rows.removal_count);
    for (size_t i = 0; i < once.removal_count; i++) {
        assert_int_equal(once.removals[i].row, rows.removals[i].row);
        assert_true(str_equal(once.removals[i].value, rows.removals[i].value));
    }
    assert_int_equal(once.finding_count, rows.finding_count);
    for (size_t i = 0; i < once.finding_count; i++)
        assert_int_equal(once.findings[i].rows, rows.findings[i].rows);
    if (once.saved.size > 0) assert_string_equal((char *)once.saved.data, (char *)rows.saved.data);
    trial_close(&once);
    trial_close(&rows);
}

static void compare_all(const struct clean_module *module, const char *const *yamls, size_t count)
{
    for (unsigned first = 0; first < COUNT; first += 3) {
        OWNED(batch_release) struct batch input = table(first, 5 + first % 4);
        assert_non_null(array_distinct(&input.schema->fields[0], input.columns[0]));
        for (size_t i = 0; i < count; i++)
            compare(module, yamls[i], &input);
    }
}
#define COMPARE(module, yamls) compare_all(module, yamls, sizeof(yamls) / sizeof *(yamls))

static void test_text(void **state)
{
    static const char *const yamls[] = {
        "text: {}",
        "text: {columns: [b], whitespace: trim, entities: false}",
        "text: {on_fail: reject}",
    };
    (void)state;
    COMPARE(&module_text, yamls);
}

static void test_standardize(void **state)
{
    static const char *const yamls[] = {
        "standardize: {columns: [a], methods: [lower]}",
        "standardize: {methods: [title, punctuation, spaces]}",
        "standardize: {columns: [b], methods: [fingerprint]}",
    };
    (void)state;
    COMPARE(&module_standardize, yamls);
}

static void test_missing(void **state)
{
    static const char *const yamls[] = {
        "missing: {}",
        "missing: {detect: false}",
        "missing: {markers: [abc, N/a], ignore_case: true, numbers: [-999]}",
        "missing: {columns: {a: {numbers: [-999], keep: [NA]}}}",
    };
    (void)state;
    COMPARE(&module_missing, yamls);
}

static void test_types(void **state)
{
    static const char *const yamls[] = {
        "types: {}",
        "types: {a: float64, b: auto, on_fail: \"null\"}",
        "types: {a: int32, b: date, on_fail: flag}",
        "types: {a: bool, b: timestamp, on_fail: reject}",
        "types: {a: decimal, b: category, on_fail: \"null\"}",
        "types: {infer: all, mostly: 0.5}",
    };
    (void)state;
    COMPARE(&module_types, yamls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_standardize),
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
