/* Random single bits of a large stored chunk: the file digest finds each one; the reader refuses
 * what it can see and never crashes. argv[1]: how many bits (2,000; the long suite asks for
 * 100,000). */
#include "base/digest.h"
#include "base/memory.h"
#include "columnar/build.h"
#include "columnar/ipc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#undef fail /* cmocka has one of its own */
#include <cmocka.h>

#define ROWS       12000
#define READ_EVERY 50 /* reading costs a thousand times what hashing does */

static unsigned long bits = 2000;
static uint64_t seed = 7;

static uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

/* Values that compress a little: what is stored raw has no checksum of its own. */
static void fill(struct batch *ret)
{
    struct schema *schema = NULL;
    struct batch_builder *builder = NULL;
    assert_int_equal(schema_new(&schema, NULL), STATUS_OK);
    assert_int_equal(schema_add_column(schema, "number", TYPE_INT64, NULL), STATUS_OK);
    assert_int_equal(schema_add_column(schema, "text", TYPE_UTF8, NULL), STATUS_OK);
    assert_int_equal(batch_builder_open(&builder, schema, ROWS, NULL), STATUS_OK);
    for (int row = 0; row < ROWS; row++) {
        char text[32];
        snprintf(text, sizeof text, "%llx", (unsigned long long)next_random());
        assert_int_equal(
            build_int(batch_builder_column(builder, 0), (int64_t)(next_random() % 1000000), NULL),
            STATUS_OK);
        assert_int_equal(build_text(batch_builder_column(builder, 1), str_of(text), NULL),
                         STATUS_OK);
    }
    assert_int_equal(batch_builder_finish(builder, ret, NULL), STATUS_OK);
    batch_builder_close(&builder);
    schema_unref(&schema);
}

static uint8_t *stored_chunk(size_t *ret_size)
{
    char path[64];
    struct batch batch = {0};
    struct output *output = NULL;
    struct ipc_writer *writer = NULL;
    struct input *input = NULL;
    fill(&batch);
    snprintf(path, sizeof path, "/tmp/test_flips.%d.arrow", (int)getpid());
    struct ipc_options options = {.format = IPC_FILE, .compression = IPC_ZSTD, .level = 1};
    assert_int_equal(output_open(&output, path, NULL), STATUS_OK);
    assert_int_equal(ipc_writer_open(&writer, output, batch.schema, options, NULL), STATUS_OK);
    assert_int_equal(ipc_writer_add(writer, &batch, NULL), STATUS_OK);
    assert_int_equal(ipc_writer_finish(writer, NULL), STATUS_OK);
    assert_int_equal(output_commit(output, NULL), STATUS_OK);
    ipc_writer_close(&writer);
    output_close(&output);
    batch_release(&batch);
    assert_int_equal(input_open(&input, path, NULL), STATUS_OK);
    *ret_size = (size_t)input_size(input);
    uint8_t *bytes = memory_get(*ret_size, 1);
    assert_non_null(bytes);
    assert_int_equal(input_read_exact(input, bytes, *ret_size, NULL), STATUS_OK);
    input_close(&input);
    unlink(path);
    return bytes;
}

static enum status read_all(const uint8_t *bytes, size_t size, struct err *err)
{
    OWNED(ipc_reader_close) struct ipc_reader *reader = NULL;
    struct input *input = NULL;
    bool end = false;
    TRY(input_from_memory(&input, bytes, size, "chunk", err));
    TRY(ipc_reader_open(&reader, &input, 1, err));
    while (!end) {
        OWNED(batch_release) struct batch batch = {0};
        TRY(ipc_reader_next(reader, &batch, &end, err));
    }
    return STATUS_OK;
}

static void test_random_bits(void **state)
{
    (void)state;
    size_t size = 0;
    uint8_t *bytes = stored_chunk(&size);
    const struct digest good = digest_of(bytes, size);
    unsigned long found = 0, refused = 0, read = 0;
    for (unsigned long i = 0; i < bits; i++) {
        size_t bit = next_random() % (size * 8);
        bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        struct digest now = digest_of(bytes, size);
        found += memcmp(&good, &now, sizeof good) != 0;
        if (i % READ_EVERY == 0) {
            struct err err = {0};
            read++;
            refused += read_all(bytes, size, &err) != STATUS_OK;
        }
        bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    memory_free(bytes);
    print_message("%zu bytes: %lu of %lu bits found by the digest, %lu of %lu refused by the "
                  "reader alone\n",
                  size, found, bits, refused, read);
    assert_int_equal(found, bits);
    assert_true(refused * 100 > read * 95); /* zstd's frame checksums */
}

int main(int argc, char **argv)
{
    if (argc > 1) bits = strtoul(argv[1], NULL, 10);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_bits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
