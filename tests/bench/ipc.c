/* tests/bench/ipc.c: how fast Arrow IPC is written and read, against what the machine can do.
 *
 *   ipc FILE [MIB [THREADS]]
 *
 * Makes batches of 65,536 rows (int64, float64 with nulls, utf8, dictionary), about MIB MiB, writes
 * them to FILE (memory-backed is best: /dev/shm/x) and reads them back. One line a measurement:
 * name, GB/s over the bytes of the values, best of five. memcpy and the zstd library alone work on
 * the same bytes. */
#include "columnar/ipc.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "columnar/build.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zstd.h>

#define ROUNDS 5

struct bench {
    const char *path;
    size_t threads;
    struct schema *schema;
    struct batch *batches;
    size_t count;
    uint64_t bytes;
    uint8_t *room; /* as many bytes as all batches */
    bool file, zstd;
};

static uint64_t seed = 88172645463325252u;

static uint64_t random_next(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static enum status fill(struct batch_builder *builder, struct batch *ret, struct err *err)
{
    char text[64];
    for (int64_t row = 0; row < BATCH_ROWS_MAXIMUM; row++) {
        uint64_t random = random_next();
        TRY(build_int(batch_builder_column(builder, 0), (int64_t)(random % 1000000), err));
        TRY(random % 10 == 0 ? build_null(batch_builder_column(builder, 1), err)
                             : build_real(batch_builder_column(builder, 1),
                                          (double)(random % 100000) / 100, err));
        int size =
            snprintf(text, sizeof text, "customer %" PRIu64 " of the north", random % 100000);
        TRY(build_text(batch_builder_column(builder, 2), (struct str){text, (size_t)size}, err));
        size = snprintf(text, sizeof text, "kind %" PRIu64, random % 40);
        TRY(build_text(batch_builder_column(builder, 3), (struct str){text, (size_t)size}, err));
    }
    return batch_builder_finish(builder, ret, err);
}

static enum status make(struct bench *bench, uint64_t bytes, struct err *err)
{
    struct field kind = field_dictionary("kind");
    OWNED(batch_builder_close) struct batch_builder *builder = NULL;
    TRY(schema_new(&bench->schema, err));
    TRY(schema_add_column(bench->schema, "id", TYPE_INT64, err));
    TRY(schema_add_column(bench->schema, "price", TYPE_FLOAT64, err));
    TRY(schema_add_column(bench->schema, "name", TYPE_UTF8, err));
    TRY(schema_add(bench->schema, &kind, err));
    TRY(batch_builder_open(&builder, bench->schema, BATCH_ROWS_MAXIMUM, err));
    TRY(NEW(&bench->batches, 4096, err));
    while (bench->bytes < bytes && bench->count < 4096) {
        TRY(fill(builder, &bench->batches[bench->count], err));
        bench->bytes += batch_bytes(&bench->batches[bench->count++]);
    }
    return NEW(&bench->room, bench->bytes, err);
}

/* ---- what is measured ---- */

static enum status each_buffer(struct bench *bench,
                               enum status (*use)(struct bench *bench, const struct buffer *buffer,
                                                  uint8_t **room, struct err *err),
                               struct err *err)
{
    uint8_t *room = bench->room;
    for (size_t k = 0; k < bench->count; k++)
        for (size_t i = 0; i < bench->schema->count; i++) {
            const struct array *array = bench->batches[k].columns[i];
            TRY(use(bench, &array->validity, &room, err));
            for (size_t b = 0; b < array->buffer_count; b++)
                TRY(use(bench, &array->buffers[b], &room, err));
        }
    return STATUS_OK;
}

static enum status copy_buffer(struct bench *bench, const struct buffer *buffer, uint8_t **room,
                               struct err *err)
{
    (void)bench, (void)err;
    if (buffer->size > 0) memcpy(*room, buffer->data, buffer->size);
    *room += buffer->size;
    return STATUS_OK;
}

static enum status run_memcpy(struct bench *bench, struct err *err)
{
    return each_buffer(bench, copy_buffer, err);
}

static enum status pack_buffer(struct bench *bench, const struct buffer *buffer, uint8_t **room,
                               struct err *err)
{
    static ZSTD_CCtx *context;
    (void)bench;
    if (context == NULL) context = ZSTD_createCCtx();
    if (context == NULL) return fail_memory(err, 0);
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, 1);
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    size_t size =
        ZSTD_compress2(context, *room, buffer->size + (1 << 16), buffer->data, buffer->size);
    return ZSTD_isError(size) ? fail(err, STATUS_FAILED, "zstd") : STATUS_OK;
}

static enum status run_zstd(struct bench *bench, struct err *err)
{
    return each_buffer(bench, pack_buffer, err);
}

static enum status run_write(struct bench *bench, struct err *err)
{
    OWNED(output_close) struct output *output = NULL;
    OWNED(ipc_writer_close) struct ipc_writer *writer = NULL;
    struct ipc_options options = {.format = bench->file ? IPC_FILE : IPC_STREAM,
                                  .compression = bench->zstd ? IPC_ZSTD : IPC_PLAIN,
                                  .threads = bench->threads};
    TRY(output_open(&output, bench->path, err));
    TRY(ipc_writer_open(&writer, output, bench->schema, options, err));
    for (size_t k = 0; k < bench->count; k++)
        TRY(ipc_writer_add(writer, &bench->batches[k], err));
    TRY(ipc_writer_finish(writer, err));
    return output_commit(output, err);
}

static enum status run_read(struct bench *bench, struct err *err)
{
    OWNED(ipc_reader_close) struct ipc_reader *reader = NULL;
    struct input *input = NULL;
    bool end = false;
    TRY(input_open(&input, bench->path, err));
    TRY(ipc_reader_open(&reader, &input, bench->threads, err));
    for (;;) {
        OWNED(batch_release) struct batch batch = {0};
        TRY(ipc_reader_next(reader, &batch, &end, err));
        if (end) return STATUS_OK;
    }
}

static enum status measure(struct bench *bench, const char *name,
                           enum status (*run)(struct bench *bench, struct err *err),
                           struct err *err)
{
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double start = clock_seconds();
        TRY(run(bench, err));
        double rate = (double)bench->bytes / (clock_seconds() - start) / 1e9;
        if (rate > best) best = rate;
    }
    printf("%-28s %8.2f GB/s\n", name, best);
    return STATUS_OK;
}

static enum status run_all(struct bench *bench, struct err *err)
{
    printf("%zu batches, %.0f MB, %zu threads\n", bench->count, (double)bench->bytes / 1e6,
           bench->threads);
    TRY(measure(bench, "memcpy", run_memcpy, err));
    TRY(measure(bench, "write stream", run_write, err));
    TRY(measure(bench, "read stream", run_read, err));
    bench->file = true;
    TRY(measure(bench, "write file", run_write, err));
    TRY(measure(bench, "read file (mapped)", run_read, err));
    TRY(measure(bench, "zstd alone, 1 thread", run_zstd, err));
    bench->zstd = true;
    TRY(measure(bench, "write file zstd", run_write, err));
    return measure(bench, "read file zstd", run_read, err);
}

int main(int argc, char **argv)
{
    struct err err = {0};
    if (argc < 2) {
        fputs("usage: ipc FILE [MIB [THREADS]]\n", stderr);
        return 2;
    }
    struct bench bench = {.path = argv[1], .threads = argc > 3 ? strtoul(argv[3], NULL, 10) : 1};
    uint64_t bytes = (argc > 2 ? strtoull(argv[2], NULL, 10) : 256) << 20;
    enum status status = make(&bench, bytes, &err);
    if (status == STATUS_OK) status = run_all(&bench, &err);
    if (status != STATUS_OK) fprintf(stderr, "ipc: %s\n", err.message);
    return status_exit_code(status);
}
