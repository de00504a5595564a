/* Arrow IPC: what is written is read back the same, and what is cut or changed is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"
#include "columnar/build.h"
#include "columnar/content.h"
#include "columnar/ipc.h"
#include "columnar/placement.h"
#include "columnar/statistics.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* last: it defines a macro named fail */
#include <cmocka.h>

#define OK(expression) assert_int_equal((expression), STATUS_OK)

static char path[64];
static int64_t rows = 100; /* of a sample batch */

static struct schema *sample_schema(void)
{
    struct schema *schema = NULL;
    struct field item = field_of("item", TYPE_FLOAT32), list = field_of("tensor", TYPE_FIXED_LIST);
    struct field kind = field_dictionary("kind"), price = field_of("price", TYPE_DECIMAL128);
    struct metadata_pair pair = {str_of("unit"), str_of("EUR")};
    list.children = &item;
    list.child_count = 1;
    list.type.width = 2;
    price.type.precision = 12;
    price.type.scale = 2;
    price.metadata = (struct metadata){&pair, 1};
    OK(schema_new(&schema, NULL));
    OK(schema_add_column(schema, "flag", TYPE_BOOL, NULL));
    OK(schema_add_column(schema, "n", TYPE_INT64, NULL));
    OK(schema_add_column(schema, "x", TYPE_FLOAT64, NULL));
    OK(schema_add_column(schema, "text", TYPE_UTF8, NULL));
    OK(schema_add_column(schema, "day", TYPE_DATE32, NULL));
    OK(schema_add_column(schema, "at", TYPE_TIMESTAMP, NULL));
    OK(schema_add(schema, &kind, NULL));
    OK(schema_add(schema, &list, NULL));
    OK(schema_add(schema, &price, NULL));
    OK(schema_set_metadata(schema, "tamis:dataset", str_of("raw/orders"), NULL));
    return schema;
}

static void add_row(struct batch_builder *builder, int64_t i)
{
    char text[32];
    struct builder *column[9];
    for (size_t k = 0; k < 9; k++)
        column[k] = batch_builder_column(builder, k);
    if (i % 7 == 3) {
        for (size_t k = 0; k < 9; k++)
            OK(build_null(column[k], NULL));
        return;
    }
    snprintf(text, sizeof text, "t\xc3\xa4xt %d", (int)(i % 40));
    OK(build_bool(column[0], i % 3 == 0, NULL));
    OK(build_int(column[1], i * i, NULL));
    OK(build_real(column[2], (double)i / 3, NULL));
    OK(build_text(column[3], str_of(text), NULL));
    OK(build_int(column[4], i, NULL));
    OK(build_int(column[5], i * 1000000, NULL));
    snprintf(text, sizeof text, "kind %d", (int)(i / 20));
    OK(build_text(column[6], str_of(text), NULL));
    OK(build_real(builder_child(column[7]), (double)i, NULL));
    OK(build_real(builder_child(column[7]), 0.5, NULL));
    OK(build_list(column[7], NULL));
    OK(build_int(column[8], i * 5, NULL));
}

static struct batch sample(const struct schema *schema, int64_t first, int64_t count)
{
    struct batch_builder *builder = NULL;
    struct batch batch = {0};
    OK(batch_builder_open(&builder, schema, count, NULL));
    for (int64_t i = first; i < first + count; i++)
        add_row(builder, i);
    OK(batch_builder_finish(builder, &batch, NULL));
    batch_builder_close(&builder);
    return batch;
}

static void check_equal(const struct batch *a, const struct batch *b)
{
    assert_true(schema_equal(a->schema, b->schema));
    assert_int_equal(a->rows, b->rows);
    for (size_t i = 0; i < a->schema->count; i++)
        assert_true(array_equal(&a->schema->fields[i], a->columns[i], b->columns[i]));
}

static void write_sample(struct ipc_options options)
{
    struct output *output = NULL;
    struct ipc_writer *writer = NULL;
    struct schema *schema = sample_schema();
    OK(output_open(&output, path, NULL));
    OK(ipc_writer_open(&writer, output, schema, options, NULL));
    for (int64_t k = 0; k < 3; k++) {
        struct batch batch = sample(schema, 40 * k, k == 1 ? 0 : rows);
        OK(ipc_writer_add(writer, &batch, NULL));
        batch_release(&batch);
    }
    OK(ipc_writer_finish(writer, NULL));
    OK(output_commit(output, NULL));
    ipc_writer_close(&writer);
    output_close(&output);
    schema_unref(&schema);
}

static void check_sample(void)
{
    struct err err = {0};
    struct input *input = NULL;
    struct ipc_reader *reader = NULL;
    bool end = false;
    struct batch batch = {0};
    OK(input_open(&input, path, &err));
    OK(ipc_reader_open(&reader, &input, 2, &err));
    const struct schema *schema = ipc_reader_schema(reader);
    assert_true(str_is(metadata_get(&schema->metadata, "tamis:dataset"), "raw/orders"));
    assert_true(str_is(metadata_get(&schema->fields[8].metadata, "unit"), "EUR"));
    for (int64_t k = 0; k < 3; k++) {
        struct batch expected = sample(schema, 40 * k, k == 1 ? 0 : rows);
        OK(ipc_reader_next(reader, &batch, &end, &err));
        assert_false(end);
        check_equal(&expected, &batch);
        batch_release(&expected);
        batch_release(&batch);
    }
    OK(ipc_reader_next(reader, &batch, &end, &err));
    assert_true(end);
    ipc_reader_close(&reader);
}

static void test_round_trip(void **state)
{
    (void)state;
    size_t before = memory_in_use();
    for (int format = IPC_STREAM; format <= IPC_FILE; format++) {
        for (int compression = IPC_PLAIN; compression <= IPC_ZSTD; compression++) {
            write_sample((struct ipc_options){.format = (enum ipc_format)format,
                                              .compression = (enum ipc_compression)compression});
            check_sample();
        }
    }
    assert_int_equal(memory_in_use(), before);
}

/* The buffers of an uncompressed file are the mapped file itself. */
static void test_mapped(void **state)
{
    (void)state;
    struct input *input = NULL;
    struct ipc_reader *reader = NULL;
    struct batch batch = {0};
    bool end = false;
    rows = 60000;
    write_sample((struct ipc_options){.format = IPC_FILE});
    size_t before = memory_in_use();
    OK(input_open(&input, path, NULL));
    OK(ipc_reader_open(&reader, &input, 1, NULL));
    OK(ipc_reader_next(reader, &batch, &end, NULL));
    assert_true(batch_bytes(&batch) > 3000000);
    assert_true(memory_in_use() - before < 200000);
    assert_int_equal((uintptr_t)array_values(batch.columns[1]) % 64, 0);
    ipc_reader_close(&reader);
    struct batch expected = sample(batch.schema, 0, rows); /* still there without the reader */
    check_equal(&expected, &batch);
    batch_release(&expected);
    batch_release(&batch);
    rows = 100;
}

/* ---- damage ---- */

static uint8_t *load(size_t *ret_size)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    uint8_t *bytes = memory_get(1, 1 << 20);
    *ret_size = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    return bytes;
}

/* Reads everything; the content digest of what came. */
static enum status read_all(const void *bytes, size_t size, struct digest *ret, struct err *err)
{
    OWNED(ipc_reader_close) struct ipc_reader *reader = NULL;
    OWNED(content_digester_close) struct content_digester *digester = NULL;
    struct input *input = NULL;
    bool end = false;
    TRY(input_from_memory(&input, bytes, size, "test", err));
    TRY(ipc_reader_open(&reader, &input, 1, err));
    TRY(content_digester_open(&digester, ipc_reader_schema(reader), err));
    for (;;) {
        OWNED(batch_release) struct batch batch = {0};
        TRY(ipc_reader_next(reader, &batch, &end, err));
        if (end) break;
        TRY(content_digester_add(digester, &batch, err));
    }
    return content_digester_end(digester, ret, err);
}

static void test_truncation(void **state)
{
    (void)state;
    for (int format = IPC_STREAM; format <= IPC_FILE; format++) {
        size_t size = 0;
        struct digest digest;
        struct err err = {0};
        write_sample((struct ipc_options){.format = (enum ipc_format)format});
        uint8_t *bytes = load(&size);
        OK(read_all(bytes, size, &digest, &err));
        for (size_t cut = 0; cut < size; cut += 3)
            assert_int_equal(read_all(bytes, cut, &digest, &err), STATUS_FAILED);
        memory_free(bytes);
    }
}

/* Every single bit of a small file: read to an end or refused with a reason, never a crash. What
 * the format itself cannot notice is for the file digest. */
static void test_flipped_bits(void **state)
{
    (void)state;
    size_t size = 0, silent = 0;
    struct digest good, digest, whole;
    rows = 8;
    write_sample((struct ipc_options){.format = IPC_FILE, .compression = IPC_ZSTD});
    uint8_t *bytes = load(&size);
    OK(read_all(bytes, size, &good, NULL));
    whole = digest_of(bytes, size);
    for (size_t bit = 0; bit < size * 8; bit++) {
        struct err err = {0};
        bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        struct digest changed = digest_of(bytes, size);
        assert_memory_not_equal(&whole, &changed, sizeof whole);
        if (read_all(bytes, size, &digest, &err) == STATUS_OK)
            silent += memcmp(&good, &digest, sizeof good) != 0;
        else
            assert_true(err.message[0] != '\0');
        bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    memory_free(bytes);
    rows = 100;
    print_message("%zu of %zu flipped bits read as other content\n", silent, size * 8);
}

/* ---- digests ---- */

static struct digest digest_in_parts(const struct batch *whole, int64_t step)
{
    struct content_digester *digester = NULL;
    struct digest digest;
    OK(content_digester_open(&digester, whole->schema, NULL));
    for (int64_t first = 0; first < whole->rows; first += step) {
        struct batch part = {0};
        int64_t count = whole->rows - first < step ? whole->rows - first : step;
        OK(batch_slice(&part, whole, first, count, NULL));
        OK(content_digester_add(digester, &part, NULL));
        batch_release(&part);
    }
    OK(content_digester_end(digester, &digest, NULL));
    content_digester_close(&digester);
    return digest;
}

static void test_digest_of_parts(void **state)
{
    (void)state;
    struct schema *schema = sample_schema();
    struct batch whole = sample(schema, 0, 70000), other = sample(schema, 1, 70000);
    struct digest digest, changed;
    OK(content_digest(&whole, &digest, NULL));
    OK(content_digest(&other, &changed, NULL));
    assert_memory_not_equal(&digest, &changed, sizeof digest);
    for (int64_t step = 70001; step > 100; step /= 3) {
        struct digest parts = digest_in_parts(&whole, step);
        assert_memory_equal(&digest, &parts, sizeof digest);
    }
    batch_release(&other);
    batch_release(&whole);
    schema_unref(&schema);
}

static void test_statistics(void **state)
{
    (void)state;
    struct schema *schema = sample_schema();
    struct batch batch = sample(schema, 0, 10000);
    struct column_statistics columns[9];
    OK(batch_statistics(&batch, columns, NULL));
    assert_int_equal(columns[1].nulls, 1429);
    assert_string_equal(columns[1].minimum, "0");
    assert_string_equal(columns[1].maximum, "99960004");
    assert_in_range(columns[1].distinct, 8571 * 95 / 100, 8571 * 105 / 100);
    assert_int_equal(columns[3].distinct, 40);
    assert_string_equal(columns[6].minimum, "kind 0");
    assert_string_equal(columns[6].maximum, "kind 99");
    assert_int_equal(columns[6].distinct, 500);
    assert_string_equal(columns[8].maximum, "499.90");
    assert_false(columns[7].has_range);
    batch_release(&batch);
    schema_unref(&schema);
}

/* Batches expanded where they stay: the same values, joined without a copy. */
static void check_placed(size_t column, const struct placement *placement)
{
    struct input *input = NULL;
    struct ipc_reader *reader = NULL;
    struct batch batches[3] = {0}, joined = {0}, expected = {0};
    struct buffer *first = NULL;
    int64_t row = 0;
    bool end = false;
    OK(input_open(&input, path, NULL));
    OK(ipc_reader_open(&reader, &input, 2, NULL));
    for (int64_t k = 0; k < 3; k++) {
        struct buffer *places = NULL;
        OK(placement_at(placement, row, k == 1 ? 0 : rows, &places, NULL));
        ipc_reader_place(reader, places);
        OK(ipc_reader_next(reader, &batches[k], &end, NULL));
        placement_release(placement, &places);
        row += batches[k].rows;
    }
    struct batch plain[] = {sample(batches[0].schema, 0, rows),
                            sample(batches[0].schema, 80, rows)};
    OK(batch_concat(&joined, batches[0].schema, batches, 3, NULL));
    OK(batch_concat(&expected, batches[0].schema, plain, 2, NULL));
    check_equal(&joined, &expected);
    OK(placement_at(placement, 0, rows, &first, NULL));
    assert_ptr_equal(array_values(joined.columns[column]), first[column].data);
    placement_release(placement, &first);
    ipc_reader_close(&reader);
    for (size_t i = 0; i < 5; i++)
        batch_release(
            (struct batch *[]){&batches[0], &batches[1], &batches[2], &plain[0], &plain[1]}[i]);
    batch_release(&joined);
    batch_release(&expected);
}

static void test_placed(void **state)
{
    (void)state;
    size_t before = memory_in_use(), all[] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
    struct schema *schema = sample_schema();
    struct placement *placement = NULL;
    struct buffer *places = NULL;
    rows = 5000;
    write_sample((struct ipc_options){.format = IPC_FILE, .compression = IPC_ZSTD});
    OK(placement_open(&placement, schema, all, 9, 2 * rows, NULL));
    check_placed(1, placement);
    check_placed(2, placement);
    assert_int_equal(placement_at(placement, rows, rows + 1, &places, NULL), STATUS_FAILED);
    placement_close(&placement);
    schema_unref(&schema);
    rows = 100;
    assert_int_equal(memory_in_use(), before);
}

int main(void)
{
    snprintf(path, sizeof path, "/tmp/test_ipc.%d.arrow", (int)getpid());
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),      cmocka_unit_test(test_mapped),
        cmocka_unit_test(test_truncation),      cmocka_unit_test(test_flipped_bits),
        cmocka_unit_test(test_digest_of_parts), cmocka_unit_test(test_statistics),
        cmocka_unit_test(test_placed),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
