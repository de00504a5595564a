/* Parquet written and read again: the golden files through the writer and back, every allocation
 * failing once, types that are refused. Argument: the folder of golden files. */
#include "base/memory.h"
#include "columnar/parquet.h"
#include "columnar/parquet_write.h"
#include "columnar/parquet_write_parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#undef fail /* cmocka has one of its own */
#include <cmocka.h>

static const char *folder;

/* The rows of a file in one batch. */
static enum status read_batch(struct input *input, struct batch *ret, struct err *err)
{
    OWNED(parquet_close) struct parquet_reader *reader = NULL;
    OWNED(parquet_piece_free) struct parquet_piece *piece = NULL;
    OWNED(parquet_faults_release) struct parquet_faults faults = {0};
    struct parquet_options options = {0};
    TRY(parquet_open(&reader, input, &options, err));
    TRY(parquet_cut(reader, 1000, 1u << 30, &piece, err));
    return parquet_read(reader, piece, ret, &faults, err);
}

static enum status write_batch(const struct batch *batch, struct bytes *ret, struct err *err)
{
    OWNED(output_close) struct output *output = NULL;
    OWNED(parquet_writer_close) struct parquet_writer *writer = NULL;
    struct metadata_pair pair = {str_of("key"), str_of("value")};
    struct metadata metadata = {&pair, 1};
    struct parquet_write_options options = {.metadata = &metadata};
    TRY(output_to_memory(&output, ret, err));
    TRY(parquet_writer_open(&writer, output, batch->schema, &options, err));
    TRY(parquet_writer_add(writer, batch, err));
    TRY(parquet_writer_finish(writer, err));
    return output_commit(output, err);
}

static void open_golden(const char *name, struct input **ret)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(input_open(ret, path, NULL), STATUS_OK);
}

static void round_trip(const char *name)
{
    OWNED(batch_release) struct batch first = {0}, second = {0};
    OWNED(bytes_release) struct bytes bytes = bytes_limited(1u << 20);
    struct input *input = NULL;
    struct err err = {0};
    open_golden(name, &input);
    assert_int_equal(read_batch(input, &first, NULL), STATUS_OK);
    input_close(&input);
    if (write_batch(&first, &bytes, &err) != STATUS_OK) fail_msg("%s: %s", name, err.message);
    assert_int_equal(input_from_memory(&input, bytes.data, bytes.size, name, NULL), STATUS_OK);
    if (read_batch(input, &second, &err) != STATUS_OK) fail_msg("%s: %s", name, err.message);
    input_close(&input);
    assert_true(schema_equal(first.schema, second.schema));
    assert_true(str_is(metadata_get(&second.schema->metadata, "key"), "value"));
    for (size_t i = 0; i < first.schema->count; i++)
        if (!array_equal(&first.schema->fields[i], first.columns[i], second.columns[i]))
            fail_msg("%s: column %s is another one", name, first.schema->fields[i].name);
}

static void test_round_trip(void **state)
{
    (void)state;
    static const char *const names[] = {"version-1-snappy.parquet", "encodings.parquet",
                                        "two-level-lists.parquet",  "duckdb.parquet",
                                        "polars.parquet",           "int96-gzip.parquet"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        round_trip(names[i]);
    assert_int_equal(memory_in_use(), 0);
}

static void test_allocations(void **state)
{
    (void)state;
    OWNED(batch_release) struct batch batch = {0};
    struct input *input = NULL;
    open_golden("version-1-snappy.parquet", &input);
    assert_int_equal(read_batch(input, &batch, NULL), STATUS_OK);
    input_close(&input);
    size_t before = memory_in_use();
    uint64_t request = 0, made;
    do {
        OWNED(bytes_release) struct bytes bytes = bytes_limited(1u << 20);
        struct err err = {0};
        memory_fail_at(++request);
        enum status status = write_batch(&batch, &bytes, &err);
        made = memory_requests();
        memory_fail_at(0);
        if (status != STATUS_OK && status != STATUS_MEMORY)
            fail_msg("request %llu: %s", (unsigned long long)request, err.message);
        bytes_release(&bytes);
        if (memory_in_use() != before)
            fail_msg("request %llu is kept", (unsigned long long)request);
    } while (made >= request);
    assert_true(request > 100);
}

static void test_refused(void **state)
{
    (void)state;
    struct err err = {0};
    struct parquet_plan plan;
    struct field field = field_of("money", TYPE_DECIMAL256);
    assert_int_equal(parquet_plan_make(&field, &plan, &err), STATUS_USAGE);
    assert_non_null(strstr(err.message, "\"money\""));
    field = field_of("gap", TYPE_DURATION);
    assert_int_equal(parquet_plan_make(&field, &plan, &err), STATUS_USAGE);
}

int main(int argc, char **argv)
{
    folder = argc > 1 ? argv[1] : ".";
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip),
                                       cmocka_unit_test(test_allocations),
                                       cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
