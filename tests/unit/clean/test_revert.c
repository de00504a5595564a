/* tests/unit/clean/test_revert.c: cells of every type go back to what the audit says they were. */
#include "tests/unit/clean/harness.h"

#include "clean/audit.h"
#include "clean/revert.h"

#include <stdio.h>
#include <unistd.h>

static char path[64];

/* An audit file from lines "record|position|module|column|before", null where `before` is empty. */
static void write_audit(const char *lines)
{
    struct err err = {0};
    OWNED(batch_release)
    struct batch batch = trial_input("source:dictionary<int32, utf8>|record:int64|position:int32|"
                                     "module:dictionary<int32, utf8>|rule:dictionary<int32, utf8>|"
                                     "column:dictionary<int32, utf8>|before:utf8|after:utf8|"
                                     "confidence:float64",
                                     lines);
    OWNED(output_close) struct output *output = NULL;
    OWNED(ipc_writer_close) struct ipc_writer *writer = NULL;
    snprintf(path, sizeof path, "audit-%ld.arrow", (long)getpid());
    assert_int_equal(output_open(&output, path, &err), STATUS_OK);
    struct ipc_options options = {.format = IPC_FILE};
    assert_int_equal(ipc_writer_open(&writer, output, batch.schema, options, &err), STATUS_OK);
    assert_int_equal(ipc_writer_add(writer, &batch, &err), STATUS_OK);
    assert_int_equal(ipc_writer_finish(writer, &err), STATUS_OK);
    assert_int_equal(output_commit(output, &err), STATUS_OK);
}

static struct revert_counts restore(const char *module, int64_t position, const char *columns,
                                    const char *before, const char *after)
{
    struct err err = {0};
    OWNED(revert_close) struct revert *revert = NULL;
    OWNED(batch_release) struct batch input = trial_input(columns, before);
    OWNED(batch_release) struct batch expected = trial_input(columns, after);
    OWNED(batch_release) struct batch found = {0};
    if (revert_open(&revert, path, module, position, &err) != STATUS_OK)
        print_error("%s\n", err.message);
    assert_non_null(revert);
    assert_int_equal(revert_batch(revert, &input, &found, &err), STATUS_OK);
    for (size_t i = 0; i < input.schema->count; i++)
        assert_true(array_equal(&input.schema->fields[i], found.columns[i], expected.columns[i]));
    struct revert_counts counts = revert_counts(revert);
    unlink(path);
    return counts;
}

#define NAMES "_source:dictionary<int32, utf8>|_record:int64|"

static void test_every_type(void **unused)
{
    (void)unused;
    write_audit(
        "s|1|1|m||i|-7|1|\ns|1|1|m||x|0.25|1|\ns|1|1|m||t|old|new|\ns|1|1|m||b|true|false|\n"
        "s|1|1|m||d|2024-02-29|2024-03-01|\ns|1|1|m||c|red|blue|\ns|2|1|m||i||5|\n"
        "s|2|1|m||z|2024-01-01T00:00:00.5Z||\ns|2|1|m||t|\"\"|x|\n");
    struct revert_counts counts = restore(
        "m", 0,
        NAMES
        "i:int64|x:float64|t:utf8|b:bool|d:date32|c:dictionary<int32, utf8>|z:timestamp[us, UTC]",
        "s|1|1|1|new|false|2024-03-01|blue|2024-01-01\ns|2|5|2|x|true|2024-01-02|blue|2024-05-01\n"
        "r|1|3|3|q|true|2024-01-02|blue|\n",
        "s|1|-7|0.25|old|true|2024-02-29|red|2024-01-01\n"
        "s|2||2|\"\"|true|2024-01-02|blue|2024-01-01T00:00:00.5Z\nr|1|3|3|q|true|2024-01-02|blue|"
        "\n");
    assert_int_equal(counts.restored, 9);
    assert_int_equal(counts.cells, 9);
}

static void test_later_changes_stay(void **unused)
{
    (void)unused;
    write_audit("s|1|1|m||i|10|20|\ns|1|2|n||i|20|30|\ns|2|1|m||i|10|20|\ns|3|1|m||i|many|2|\n"
                "s|9|1|m||i|1|2|\n");
    struct revert_counts counts =
        restore("m", 0, NAMES "i:int64", "s|1|30\ns|2|20\ns|3|2\n", "s|1|30\ns|2|10\ns|3|2\n");
    assert_int_equal(counts.cells, 4);
    assert_int_equal(counts.superseded, 1);
    assert_int_equal(counts.restored, 1);
    assert_int_equal(counts.unfit, 1);
}

static void test_two_steps_of_one_module(void **unused)
{
    (void)unused;
    write_audit("s|1|1|m||i|10|20|\ns|1|3|m||i|20|30|\n");
    struct revert_counts counts = restore("m", 0, NAMES "i:int64", "s|1|30\n", "s|1|10\n");
    assert_int_equal(counts.restored, 1);
    write_audit("s|1|1|m||i|10|20|\ns|1|3|m||i|20|30|\n");
    counts = restore("m", 3, NAMES "i:int64", "s|1|30\n", "s|1|20\n");
    assert_int_equal(counts.restored, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_type),
        cmocka_unit_test(test_later_changes_stay),
        cmocka_unit_test(test_two_steps_of_one_module),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
