/* tests/unit/clean/test_failing_memory.c: every request for memory fails once; the module says so
 * and leaves nothing behind (a sanitizer watches). */
#include "harness.h"

#include <stdio.h>

extern const struct clean_module module_types, module_standardize, module_images, module_validate,
    module_deduplicate, module_labels;

#define MOST_REQUESTS 20000

/* Fails request after request until one run gets through. */
static void torture(const struct clean_module *module, const char *yaml, const char *columns,
                    const char *lines)
{
    OWNED(batch_release) struct batch input = trial_input(columns, lines);
    enum status status = STATUS_MEMORY;
    uint64_t request = 0;
    while (status != STATUS_OK && request++ < MOST_REQUESTS) {
        struct trial trial = {.yaml = yaml, .window_rows = 2};
        memory_fail_at(request);
        status = trial_try(&trial, module, &input);
        memory_fail_at(0);
        if (status != STATUS_OK && status != STATUS_MEMORY)
            fail_msg("request %llu: %s", (unsigned long long)request, trial.err.message);
        trial_close(&trial);
    }
    assert_int_equal(status, STATUS_OK);
    assert_true(request > 10);
}

static void types_survives(void **unused)
{
    (void)unused;
    torture(&module_types, "types: {a: int8, d: {date: day-first}, infer: all, on_fail: flag}",
            "a:utf8|d:utf8|x:utf8", "1|03/04/2016|yes\nx|5|no\n3|4 May 2001|yes\n");
}

static void standardize_survives(void **unused)
{
    (void)unused;
    torture(&module_standardize,
            "standardize: {columns: [a], methods: [lower, fingerprint], map: {x: y}, repair: "
            "[{key: k, gives: [v]}]}",
            "a:utf8|k:int64|v:utf8", "B a|1|x\na b|1|x\nc|1|y\n");
    torture(&module_standardize, "standardize: {methods: [spelling], ratio: 1, rare: 1}", "a:utf8",
            "boston\nboston\nbosxon\n");
}

static void validate_survives(void **unused)
{
    (void)unused;
    torture(&module_validate,
            "validate: {rules: [{column: a, unique: yes}, {column: a, in: [1, 2]}, {column: t, "
            "matches: 'x.*', on_fail: null}, {column: t, determines: a, on_fail: reject}]}",
            "a:int64|t:utf8", "1|x\n1|y\n3|x\n");
}

static void labels_survives(void **unused)
{
    (void)unused;
    torture(&module_labels,
            "labels: {columns: [x], folds: 2, penalty: 0.1, action: relabel, balance: weights}",
            "label:utf8|x:int64", "a|1\na|2\nb|9\nb|8\na|1\n");
    torture(&module_labels, "labels: {probabilities: [p*], filter: both}",
            "label:utf8|pa:int64|pb:int64", "a|9|1\na|1|9\nb|1|9\nb|2|8\n");
}

static void deduplicate_survives(void **unused)
{
    (void)unused;
    torture(&module_deduplicate,
            "deduplicate: {method: key, columns: [k], survivor: newest, by: n, fill: true}",
            "k:int64|n:int64|v:utf8", "1|1|x\n1|2|\n2|1|y\n1|0|z\n");
    torture(&module_deduplicate, "deduplicate: {method: minhash, threshold: 0.5, keep: flag}",
            "t:utf8", "a b c d e f\na b c d e g\na b c d e f\nx\n");
    torture(&module_deduplicate, "deduplicate: {method: linkage, survivor: longest}",
            "a:utf8|b:utf8", "ann lee|oslo x\nann leo|oslo x\nbob ray|rome y\nbob roy|rome y\n");
}

static void images_survives(void **unused)
{
    (void)unused;
    torture(&module_images, "images: {column: i, on_fail: null, checks: [all]}", "i:binary",
            "text\n\\x89PNG\\x0d\\n\\x1a\\n\\x00\\x00\\x00\\x0dIHDR\n\\xff\\xd8\\xff\\xe0\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_survives),       cmocka_unit_test(standardize_survives),
        cmocka_unit_test(validate_survives),    cmocka_unit_test(labels_survives),
        cmocka_unit_test(deduplicate_survives), cmocka_unit_test(images_survives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
