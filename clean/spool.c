/* clean/spool.c: windows put aside between two passes. */
#include "clean/spool.h"

#include "base/memory.h"

struct place {
    int64_t index;
    uint64_t offset;
    uint64_t size;
};

struct spool {
    int descriptor;
    uint64_t end;
    struct place *places;
    size_t count, room;
};

/* In front of each window. */
struct head {
    uint64_t ordinals; /* count; 0 = none kept */
};

#define WINDOW_BYTES_MAXIMUM ((size_t)16 << 30)

enum status spool_open(struct spool **ret, struct err *err)
{
    OWNED(spool_close) struct spool *spool = NULL;
    TRY(NEW(&spool, 1, err));
    spool->descriptor = -1;
    TRY(temporary_open(&spool->descriptor, err));
    *ret = spool;
    spool = NULL;
    return STATUS_OK;
}

/* ---- writing ---- */

static enum status write_stream(const struct batch *batch, struct output *output, struct err *err)
{
    OWNED(ipc_writer_close) struct ipc_writer *writer = NULL;
    struct ipc_options options = {.format = IPC_STREAM, .compression = IPC_ZSTD, .level = 1};
    TRY(ipc_writer_open(&writer, output, batch->schema, options, err));
    TRY(ipc_writer_add(writer, batch, err));
    return ipc_writer_finish(writer, err);
}

enum status spool_encode(const struct batch *batch, const int64_t *ordinals, struct bytes *ret,
                         struct err *err)
{
    OWNED(output_close) struct output *output = NULL;
    struct head head = {.ordinals = ordinals == NULL ? 0 : (uint64_t)batch->rows};
    *ret = bytes_limited(WINDOW_BYTES_MAXIMUM);
    TRY(bytes_append(ret, &head, sizeof head, err));
    if (ordinals != NULL) TRY(bytes_append(ret, ordinals, head.ordinals * sizeof *ordinals, err));
    TRY(output_to_memory(&output, ret, err));
    return write_stream(batch, output, err);
}

enum status spool_put(struct spool *spool, int64_t index, const struct bytes *window,
                      struct err *err)
{
    if (spool->count == spool->room) {
        size_t room = spool->room == 0 ? 64 : spool->room * 2;
        struct place *places = memory_resize(spool->places, room, sizeof *places);
        if (places == NULL) return fail_memory(err, room * sizeof *places);
        spool->places = places;
        spool->room = room;
    }
    enum status status = pwrite_all(spool->descriptor, window->data, window->size, spool->end, err);
    if (status != STATUS_OK) {
        fail_within(err, status, "temporary file for rows between two passes");
        err_hint(err, "TMPDIR names the folder for temporary files");
        return status;
    }
    spool->places[spool->count++] = (struct place){index, spool->end, window->size};
    spool->end += window->size;
    return STATUS_OK;
}

size_t spool_count(const struct spool *spool)
{
    return spool->count;
}

uint64_t spool_bytes(const struct spool *spool)
{
    return spool->end;
}

/* ---- reading ---- */

static enum status read_stream(const uint8_t *data, size_t size, struct batch *ret, struct err *err)
{
    OWNED(input_close) struct input *input = NULL;
    OWNED(ipc_reader_close) struct ipc_reader *reader = NULL;
    bool end = false;
    TRY(input_from_memory(&input, data, size, "spool", err));
    TRY(ipc_reader_open(&reader, &input, 1, err));
    TRY(ipc_reader_next(reader, ret, &end, err));
    return end ? fail(err, STATUS_FAILED, "a window without rows in the spool") : STATUS_OK;
}

static enum status read_ordinals(const uint8_t *data, uint64_t count, int64_t **ret,
                                 struct err *err)
{
    *ret = NULL;
    if (count == 0) return STATUS_OK;
    TRY(NEW(ret, count, err));
    memcpy(*ret, data, count * sizeof **ret);
    return STATUS_OK;
}

enum status spool_read(const struct spool *spool, size_t at, int64_t *ret_index, struct batch *ret,
                       int64_t **ret_ordinals, struct err *err)
{
    struct place place = spool->places[at];
    OWNED(memory_release) uint8_t *data = NULL;
    struct head head;
    data = memory_get_raw(place.size, 1);
    if (data == NULL) return fail_memory(err, place.size);
    TRY(pread_all(spool->descriptor, data, place.size, place.offset, err));
    memcpy(&head, data, sizeof head);
    size_t skip = sizeof head + head.ordinals * sizeof(int64_t);
    TRY(read_stream(data + skip, place.size - skip, ret, err));
    *ret_index = place.index;
    return read_ordinals(data + sizeof head, head.ordinals, ret_ordinals, err);
}

void spool_close(struct spool **spool)
{
    struct spool *s = *spool;
    if (s == NULL) return;
    descriptor_close(&s->descriptor);
    memory_free(s->places);
    memory_free(s);
    *spool = NULL;
}
