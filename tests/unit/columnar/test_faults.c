/* Every allocation of reading, using and writing Arrow data fails once: each time the error is
 * STATUS_MEMORY, and nothing is left behind. And what lies about its size is refused.
 * Argument: the folder of golden files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"
#include "columnar/content.h"
#include "columnar/ipc.h"
#include "columnar/ipc_codec.h"
#include "columnar/statistics.h"

#include <stdio.h>
#include <zstd.h>

/* last: it defines a macro named fail */
#include <cmocka.h>

static const char *folder;
static uint8_t file[1 << 16];
static size_t file_size;

static void load(const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *stream = fopen(path, "rb");
    assert_non_null(stream);
    file_size = fread(file, 1, sizeof file, stream);
    fclose(stream);
}

static enum status use(const struct batch *batch, struct ipc_writer *writer, struct err *err)
{
    OWNED(batch_release) struct batch part = {0}, joined = {0};
    OWNED(memory_release) struct column_statistics *statistics = NULL;
    struct digest digest;
    TRY(batch_slice(&part, batch, batch->rows / 3, batch->rows / 3, err));
    struct batch parts[] = {part, *batch};
    TRY(batch_concat(&joined, batch->schema, parts, 2, err));
    TRY(content_digest(&joined, &digest, err));
    TRY(NEW(&statistics, batch->schema->count, err));
    TRY(batch_statistics(&joined, statistics, err));
    return ipc_writer_add(writer, &joined, err);
}

static enum status copy_all(enum ipc_format format, struct err *err)
{
    OWNED(ipc_reader_close) struct ipc_reader *reader = NULL;
    OWNED(bytes_release) struct bytes bytes = bytes_limited(1 << 24);
    OWNED(output_close) struct output *output = NULL;
    OWNED(ipc_writer_close) struct ipc_writer *writer = NULL;
    struct ipc_options options = {.format = format, .compression = IPC_ZSTD};
    struct input *input = NULL;
    bool end = false;
    TRY(input_from_memory(&input, file, file_size, "test", err));
    TRY(ipc_reader_open(&reader, &input, 1, err));
    TRY(output_to_memory(&output, &bytes, err));
    TRY(ipc_writer_open(&writer, output, ipc_reader_schema(reader), options, err));
    for (;;) {
        OWNED(batch_release) struct batch batch = {0};
        TRY(ipc_reader_next(reader, &batch, &end, err));
        if (end) break;
        TRY(use(&batch, writer, err));
    }
    return ipc_writer_finish(writer, err);
}

static void check_faults(const char *name, enum ipc_format format)
{
    struct err err = {0};
    load(name);
    uint64_t before = memory_requests();
    assert_int_equal(copy_all(format, &err), STATUS_OK);
    uint64_t requests = memory_requests() - before;
    uint64_t tolerated = 0;
    size_t in_use = memory_in_use();
    for (uint64_t n = 1; n <= requests; n++) {
        memory_fail_at(n);
        enum status status = copy_all(format, &err);
        memory_fail_at(0);
        if (status == STATUS_OK) tolerated++; /* trimming a buffer may fail unnoticed */
        if (status == STATUS_FAILED || memory_in_use() != in_use)
            print_message("%s: request %d: %s, %s\n", name, (int)n, status_name(status),
                          err.message);
        assert_true(status == STATUS_MEMORY || status == STATUS_OK);
        assert_int_equal(memory_in_use(), in_use);
    }
    assert_true(requests > 100 && tolerated * 10 < requests);
}

static void test_every_allocation(void **state)
{
    (void)state;
    check_faults("1.0.0-littleendian/generated_nested_dictionary.stream", IPC_STREAM);
    check_faults("1.0.0-bigendian/generated_union.arrow_file", IPC_FILE);
    check_faults("cpp-21.0.0/generated_dictionary.arrow_file", IPC_FILE);
    check_faults("cpp-21.0.0/generated_recursive_nested.stream", IPC_STREAM);
    check_faults("2.0.0-compression/generated_zstd.stream", IPC_FILE);
}

/* ---- sizes that lie ---- */

static enum status expand(enum codec codec, int64_t length, const void *packed, size_t size,
                          struct err *err)
{
    uint8_t bytes[256];
    OWNED(buffer_unref) struct buffer expanded = {0};
    memcpy(bytes, &length, sizeof length);
    memcpy(bytes + sizeof length, packed, size);
    struct buffer stored = {bytes, sizeof length + size, NULL};
    return codec_expand(codec, &stored, NULL, &expanded, err);
}

static void test_lengths(void **state)
{
    (void)state;
    uint8_t packed[200], zeros[1000] = {0};
    struct err err = {0};
    size_t size = ZSTD_compress(packed, sizeof packed, zeros, sizeof zeros, 1);
    assert_int_equal(expand(CODEC_ZSTD, 1000, packed, size, &err), STATUS_OK);
    assert_int_equal(expand(CODEC_ZSTD, 999, packed, size, &err), STATUS_FAILED);
    assert_int_equal(expand(CODEC_ZSTD, 1001, packed, size, &err), STATUS_FAILED);
    assert_int_equal(expand(CODEC_ZSTD, (int64_t)1 << 60, packed, size, &err), STATUS_FAILED);
    assert_int_equal(expand(CODEC_ZSTD, -2, packed, size, &err), STATUS_FAILED);
    assert_int_equal(expand(CODEC_ZSTD, 1000, packed, size - 1, &err), STATUS_FAILED);
    assert_int_equal(expand(CODEC_LZ4, 1000, packed, size, &err), STATUS_FAILED);
    assert_int_equal(expand(CODEC_LZ4, (int64_t)1 << 40, packed, size, &err), STATUS_FAILED);
    assert_int_equal(expand(CODEC_ZSTD, -1, "as it is", 8, &err), STATUS_OK);
    struct buffer few = {packed, 7, NULL}, expanded = {0};
    assert_int_equal(codec_expand(CODEC_ZSTD, &few, NULL, &expanded, &err), STATUS_FAILED);
}

/* Nothing may allocate what a small file only declares. */
static void test_limit(void **state)
{
    (void)state;
    struct err err = {0};
    uint8_t huge[16] = {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0x10}; /* 256 MiB of metadata */
    struct input *input = NULL;
    struct ipc_reader *reader = NULL;
    size_t peak = memory_peak();
    assert_int_equal(input_from_memory(&input, huge, sizeof huge, "test", &err), STATUS_OK);
    assert_int_equal(ipc_reader_open(&reader, &input, 1, &err), STATUS_FAILED);
    assert_true(memory_peak() - peak < (1 << 20));
}

int main(int argc, char **argv)
{
    folder = argc > 1 ? argv[1] : ".";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_allocation),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
