/* clean/spool.c: windows put aside between passes. */
#include "clean/spool.h"

#include <stdatomic.h>

#include "base/memory.h"
#include "columnar/distinct.h"

struct place {
    int64_t index;
    struct spool_place at;
};

struct round {
    struct schema *schema; /* of its windows; NULL before the first */
    struct place *places;
    size_t count, room;
};

struct spool {
    int descriptor;
    _Atomic uint64_t end;
    size_t memory;
    _Atomic size_t
        held; /* bytes of windows in memory; columns that both rounds share count twice */
    struct round reading, writing;
};

/* A window's table: this, its columns, then the rows of each cut, then its ordinals. */
struct head {
    int64_t rows;
    uint64_t ordinals; /* count; 0 = none kept */
    uint64_t columns, cuts;
};

#define COLUMN_BYTES_MAXIMUM ((size_t)16 << 30)
#define TABLE_BYTES_MAXIMUM  ((size_t)1 << 30)

enum status spool_open(struct spool **ret, size_t memory, struct err *err)
{
    OWNED(spool_close) struct spool *spool = NULL;
    TRY(NEW(&spool, 1, err));
    spool->descriptor = -1;
    spool->memory = memory;
    TRY(temporary_open(&spool->descriptor, err));
    *ret = spool;
    spool = NULL;
    return STATUS_OK;
}

/* ---- writing ---- */

static enum status put_aside(struct spool *spool, const struct bytes *bytes, uint64_t *ret_offset,
                             struct err *err)
{
    *ret_offset = atomic_fetch_add(&spool->end, bytes->size);
    enum status status = pwrite_all(spool->descriptor, bytes->data, bytes->size, *ret_offset, err);
    if (status == STATUS_OK) return STATUS_OK;
    status = fail_within(err, status, "temporary file for rows between two passes");
    err_hint(err, "TMPDIR names the folder for temporary files");
    return status;
}

static enum status column_batch(const struct batch *batch, size_t column, struct batch *ret,
                                struct err *err)
{
    OWNED(schema_unref) struct schema *schema = NULL;
    TRY(schema_new(&schema, err));
    TRY(schema_add(schema, &batch->schema->fields[column], err));
    return batch_make(ret, schema, batch->rows, &batch->columns[column], err);
}

static enum status encode_column(const struct batch *batch, size_t column, struct bytes *ret,
                                 struct err *err)
{
    OWNED(batch_release) struct batch one = {0};
    OWNED(output_close) struct output *output = NULL;
    OWNED(ipc_writer_close) struct ipc_writer *writer = NULL;
    const struct ipc_options options = {.format = IPC_STREAM, .compression = IPC_ZSTD, .level = 1};
    TRY(column_batch(batch, column, &one, err));
    TRY(output_to_memory(&output, ret, err));
    TRY(ipc_writer_open(&writer, output, one.schema, options, err));
    TRY(ipc_writer_add(writer, &one, err));
    TRY(ipc_writer_finish(writer, err));
    return output_flush(output, err);
}

static enum status write_column(struct spool *spool, const struct batch *batch, size_t column,
                                struct trace_column *ret, struct err *err)
{
    OWNED(bytes_release) struct bytes bytes = bytes_limited(COLUMN_BYTES_MAXIMUM);
    TRY(encode_column(batch, column, &bytes, err));
    *ret = (struct trace_column){.size = bytes.size, .cut = -1};
    return put_aside(spool, &bytes, &ret->offset, err);
}

static enum status write_columns(struct spool *spool, const struct batch *batch,
                                 const struct trace *trace, struct bytes *table, struct err *err)
{
    for (size_t i = 0; i < batch->schema->count; i++) {
        struct trace_column column = {0};
        if (trace != NULL && i < trace->count) column = trace->columns[i];
        if (column.size == 0) TRY(write_column(spool, batch, i, &column, err));
        TRY(bytes_append(table, &column, sizeof column, err));
    }
    return STATUS_OK;
}

static enum status write_window(struct spool *spool, const struct batch *batch,
                                const int64_t *ordinals, const struct trace *trace,
                                struct spool_place *ret, struct err *err)
{
    OWNED(bytes_release) struct bytes table = bytes_limited(TABLE_BYTES_MAXIMUM);
    const struct head head = {
        .rows = batch->rows,
        .ordinals = ordinals == NULL ? 0 : (uint64_t)batch->rows,
        .columns = batch->schema->count,
        .cuts = trace == NULL ? 0 : trace->cut_count,
    };
    TRY(bytes_append(&table, &head, sizeof head, err));
    TRY(write_columns(spool, batch, trace, &table, err));
    for (size_t i = 0; i < head.cuts; i++) {
        const struct trace_cut *cut = &trace->cuts[i];
        TRY(bytes_append(&table, cut, sizeof *cut, err));
        TRY(bytes_append(&table, cut->rows, (size_t)cut->count * sizeof *cut->rows, err));
    }
    if (ordinals != NULL)
        TRY(bytes_append(&table, ordinals, head.ordinals * sizeof *ordinals, err));
    ret->size = table.size;
    return put_aside(spool, &table, &ret->offset, err);
}

/* ---- in memory ---- */

/* With what steps may put beside columns of text while they lie here. */
static size_t bytes_kept(const struct batch *batch)
{
    size_t bytes = (size_t)batch_bytes(batch);
    for (size_t i = 0; i < batch->schema->count; i++)
        bytes += distinct_bytes_most(&batch->schema->fields[i], batch->rows);
    return bytes;
}

static bool reserve(struct spool *spool, size_t bytes)
{
    if (atomic_fetch_add(&spool->held, bytes) + bytes <= spool->memory) return true;
    atomic_fetch_sub(&spool->held, bytes);
    return false;
}

static enum status keep(const struct batch *batch, const int64_t *ordinals, struct spool_place *ret,
                        struct err *err)
{
    TRY(batch_share(&ret->batch, batch, err));
    if (ordinals == NULL) return STATUS_OK;
    TRY(NEW(&ret->ordinals, (size_t)batch->rows, err));
    memcpy(ret->ordinals, ordinals, (size_t)batch->rows * sizeof *ordinals);
    return STATUS_OK;
}

void spool_place_release(struct spool_place *place)
{
    batch_release(&place->batch);
    memory_free(place->ordinals);
    *place = (struct spool_place){0};
}

/* ---- both ---- */

enum status spool_write(struct spool *spool, const struct batch *batch, const int64_t *ordinals,
                        const struct trace *trace, struct spool_place *ret, struct err *err)
{
    *ret = (struct spool_place){0};
    if (spool->memory > 0 && reserve(spool, bytes_kept(batch)))
        return keep(batch, ordinals, ret, err);
    return write_window(spool, batch, ordinals, trace, ret, err);
}

enum status spool_put(struct spool *spool, int64_t index, const struct schema *schema,
                      struct spool_place *place, struct err *err)
{
    struct round *round = &spool->writing;
    if (round->count == round->room) {
        size_t room = round->room == 0 ? 64 : round->room * 2;
        struct place *places = memory_resize(round->places, room, sizeof *places);
        if (places == NULL) return fail_memory(err, room * sizeof *places);
        round->places = places;
        round->room = room;
    }
    if (round->schema == NULL) round->schema = schema_ref(schema);
    round->places[round->count++] = (struct place){index, *place};
    *place = (struct spool_place){0};
    return STATUS_OK;
}

static void release_round(struct round *round)
{
    for (size_t i = 0; i < round->count; i++)
        spool_place_release(&round->places[i].at);
    schema_unref(&round->schema);
    memory_free(round->places);
    *round = (struct round){0};
}

void spool_turn(struct spool *spool)
{
    release_round(&spool->reading);
    spool->reading = spool->writing;
    spool->writing = (struct round){0};
    size_t held = 0;
    for (size_t i = 0; i < spool->reading.count; i++)
        if (spool->reading.places[i].at.batch.schema != NULL)
            held += bytes_kept(&spool->reading.places[i].at.batch);
    atomic_store(&spool->held, held);
}

size_t spool_count(const struct spool *spool)
{
    return spool->reading.count;
}

uint64_t spool_bytes(const struct spool *spool)
{
    return atomic_load(&spool->end);
}

/* ---- reading ---- */

static void take(const void **cursor, void *ret, size_t size)
{
    memcpy(ret, *cursor, size);
    *cursor = (const uint8_t *)*cursor + size;
}

static enum status decode(const uint8_t *data, size_t size, struct array **ret, struct err *err)
{
    OWNED(input_close) struct input *input = NULL;
    OWNED(ipc_reader_close) struct ipc_reader *reader = NULL;
    OWNED(batch_release) struct batch batch = {0};
    bool end = false;
    TRY(input_from_memory(&input, data, size, "spool", err));
    TRY(ipc_reader_open(&reader, &input, 1, err));
    TRY(ipc_reader_next(reader, &batch, &end, err));
    if (end) return fail(err, STATUS_FAILED, "a window without rows in the spool");
    *ret = array_ref(batch.columns[0]);
    return STATUS_OK;
}

static enum status cut_rows(const struct trace_cut *cut, const struct field *field,
                            struct array **array, struct err *err)
{
    OWNED(memory_release) int64_t *rows = NULL;
    struct array *left = NULL;
    TRY(NEW(&rows, (size_t)cut->count, err));
    for (int64_t i = 0; i < cut->count; i++)
        rows[i] = cut->rows[i];
    TRY(array_take(&left, field, *array, rows, cut->count, err));
    array_unref(array);
    *array = left;
    return STATUS_OK;
}

static enum status read_column(const struct spool *spool, const struct trace *trace, size_t column,
                               struct array **ret, struct err *err)
{
    const struct trace_column *at = &trace->columns[column];
    OWNED(memory_release) uint8_t *data = memory_get_raw(at->size, 1);
    if (data == NULL) return fail_memory(err, at->size);
    TRY(pread_all(spool->descriptor, data, at->size, at->offset, err));
    TRY(decode(data, at->size, ret, err));
    if (at->cut < 0) return STATUS_OK;
    return cut_rows(&trace->cuts[at->cut], &spool->reading.schema->fields[column], ret, err);
}

static enum status read_cuts(const struct head *head, const void **cursor, struct trace *ret,
                             struct err *err)
{
    if (head->cuts == 0) return STATUS_OK;
    TRY(NEW(&ret->cuts, head->cuts, err));
    for (; ret->cut_count < head->cuts; ret->cut_count++) {
        struct trace_cut cut;
        take(cursor, &cut, sizeof cut);
        cut.rows = NULL;
        TRY(NEW(&cut.rows, (size_t)cut.count, err));
        take(cursor, cut.rows, (size_t)cut.count * sizeof *cut.rows);
        ret->cuts[ret->cut_count] = cut;
    }
    return STATUS_OK;
}

/* The table of a window: all but its columns. */
static enum status read_table(const struct spool *spool, struct spool_place place,
                              struct head *ret_head, struct trace *ret, int64_t **ret_ordinals,
                              struct err *err)
{
    OWNED(memory_release) uint8_t *data = memory_get_raw(place.size, 1);
    if (data == NULL) return fail_memory(err, place.size);
    TRY(pread_all(spool->descriptor, data, place.size, place.offset, err));
    const void *cursor = data;
    take(&cursor, ret_head, sizeof *ret_head);
    TRY(NEW(&ret->columns, ret_head->columns, err));
    ret->count = ret_head->columns;
    take(&cursor, ret->columns, ret->count * sizeof *ret->columns);
    TRY(read_cuts(ret_head, &cursor, ret, err));
    if (ret_head->ordinals == 0) return STATUS_OK;
    TRY(NEW(ret_ordinals, ret_head->ordinals, err));
    take(&cursor, *ret_ordinals, ret_head->ordinals * sizeof **ret_ordinals);
    return STATUS_OK;
}

static void release_columns(struct array **columns, size_t count)
{
    for (size_t i = 0; columns != NULL && i < count; i++)
        array_unref(&columns[i]);
    memory_free(columns);
}

static enum status read_window(const struct spool *spool, const struct head *head,
                               const struct trace *trace, struct batch *ret, struct err *err)
{
    struct array **columns = NULL;
    enum status status = NEW(&columns, trace->count, err);
    for (size_t i = 0; i < trace->count && status == STATUS_OK; i++)
        status = read_column(spool, trace, i, &columns[i], err);
    if (status == STATUS_OK)
        status = batch_make(ret, spool->reading.schema, head->rows, columns, err);
    release_columns(columns, trace->count);
    return status;
}

static enum status read_kept(const struct spool_place *place, struct batch *ret,
                             int64_t **ret_ordinals, struct err *err)
{
    struct spool_place copy = {0};
    enum status status = keep(&place->batch, place->ordinals, &copy, err);
    if (status != STATUS_OK) {
        spool_place_release(&copy);
        return status;
    }
    *ret = copy.batch;
    *ret_ordinals = copy.ordinals;
    return STATUS_OK;
}

enum status spool_read(const struct spool *spool, size_t at, int64_t *ret_index, struct batch *ret,
                       int64_t **ret_ordinals, struct trace *ret_trace, struct err *err)
{
    const struct place *place = &spool->reading.places[at];
    struct head head;
    *ret_index = place->index;
    *ret_ordinals = NULL;
    if (place->at.batch.schema != NULL) return read_kept(&place->at, ret, ret_ordinals, err);
    TRY(read_table(spool, place->at, &head, ret_trace, ret_ordinals, err));
    return read_window(spool, &head, ret_trace, ret, err);
}

void spool_close(struct spool **spool)
{
    struct spool *s = *spool;
    if (s == NULL) return;
    descriptor_close(&s->descriptor);
    release_round(&s->reading);
    release_round(&s->writing);
    memory_free(s);
    *spool = NULL;
}
