/* features/sorted_run.c: rows put aside in an unlinked temporary file. */
#include "features/sorted_run.h"

#include "base/memory.h"
#include "columnar/ipc.h"

#define BATCH_BYTES          ((uint64_t)64 << 10)
#define BATCH_ROWS           4096
#define STREAM_BYTES_MAXIMUM ((size_t)16 << 30)

struct place {
    uint64_t offset, size;
};

struct sorted_run {
    struct spill_file *file;
    struct place *places;
    size_t count, room, next;
};

int64_t sorted_run_batch(uint64_t bytes, uint64_t rows)
{
    uint64_t each = rows == 0 ? 1 : bytes / rows + 1;
    uint64_t fit = BATCH_BYTES / each + 1;
    return (int64_t)(fit < BATCH_ROWS ? fit : BATCH_ROWS);
}

enum status sorted_run_open(struct sorted_run **ret, struct spill_file *file, struct err *err)
{
    if (file->descriptor < 0) TRY(temporary_open(&file->descriptor, err));
    TRY(NEW(ret, 1, err));
    (*ret)->file = file;
    return STATUS_OK;
}

enum status sorted_run_encode(const struct batch *batch, struct bytes *ret, struct err *err)
{
    OWNED(output_close) struct output *output = NULL;
    OWNED(ipc_writer_close) struct ipc_writer *writer = NULL;
    struct ipc_options options = {.format = IPC_STREAM, .compression = IPC_ZSTD, .level = 1};
    *ret = bytes_limited(STREAM_BYTES_MAXIMUM);
    TRY(output_to_memory(&output, ret, err));
    TRY(ipc_writer_open(&writer, output, batch->schema, options, err));
    TRY(ipc_writer_add(writer, batch, err));
    return ipc_writer_finish(writer, err);
}

static enum status place_add(struct sorted_run *run, uint64_t size, struct err *err)
{
    if (run->count == run->room) {
        size_t room = run->room * 2 + 64;
        struct place *places = memory_resize(run->places, room, sizeof *places);
        if (places == NULL) return fail_memory(err, room * sizeof *places);
        run->places = places;
        run->room = room;
    }
    run->places[run->count++] = (struct place){run->file->end, size};
    run->file->end += size;
    return STATUS_OK;
}

enum status sorted_run_put(struct sorted_run *run, const struct bytes *encoded, struct err *err)
{
    enum status status =
        pwrite_all(run->file->descriptor, encoded->data, encoded->size, run->file->end, err);
    if (status != STATUS_OK) {
        err_hint(err, "TMPDIR names the folder for temporary files");
        return fail_within(err, status, "temporary file for rows");
    }
    return place_add(run, encoded->size, err);
}

enum status sorted_run_add(struct sorted_run *run, const struct batch *batch, struct err *err)
{
    OWNED(bytes_release) struct bytes encoded = {0};
    TRY(sorted_run_encode(batch, &encoded, err));
    return sorted_run_put(run, &encoded, err);
}

static enum status decode(const uint8_t *data, size_t size, struct batch *ret, struct err *err)
{
    OWNED(input_close) struct input *input = NULL;
    OWNED(ipc_reader_close) struct ipc_reader *reader = NULL;
    bool end = false;
    TRY(input_from_memory(&input, data, size, "sorted rows", err));
    TRY(ipc_reader_open(&reader, &input, 1, err));
    TRY(ipc_reader_next(reader, ret, &end, err));
    return end ? fail(err, STATUS_FAILED, "a sorted run holds a batch without rows") : STATUS_OK;
}

enum status sorted_run_read(const struct sorted_run *run, size_t at, struct batch *ret,
                            struct err *err)
{
    OWNED(memory_release) uint8_t *data = NULL;
    struct place place = run->places[at];
    data = memory_get_raw(place.size, 1);
    if (data == NULL) return fail_memory(err, place.size);
    TRY(pread_all(run->file->descriptor, data, place.size, place.offset, err));
    return decode(data, place.size, ret, err);
}

enum status sorted_run_next(struct sorted_run *run, struct batch *ret, bool *ret_end,
                            struct err *err)
{
    *ret_end = run->next == run->count;
    return *ret_end ? STATUS_OK : sorted_run_read(run, run->next++, ret, err);
}

void sorted_run_rewind(struct sorted_run *run)
{
    run->next = 0;
}

size_t sorted_run_count(const struct sorted_run *run)
{
    return run->count;
}

void sorted_run_close(struct sorted_run **run)
{
    if (run == NULL || *run == NULL) return;
    memory_free((*run)->places);
    memory_free(*run);
    *run = NULL;
}
