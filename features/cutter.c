/* features/cutter.c: where one chunk ends and the next begins, decided by the rows themselves. */
#include "features/cutter.h"

#include "base/memory.h"
#include "features/ticks.h"

#include <xxhash.h>

#define ROWS_MINIMUM  16384
#define CUT_MASK      ((uint64_t)32768 - 1)
#define BYTES_MAXIMUM ((uint64_t)32 << 20)

struct cutter {
    struct sorter *sorter;
    struct schema *schema;
    struct key_layout layout;
    int64_t time_column;
    struct batch batch; /* being cut, from row `at` on */
    int64_t at;
    bool end;
    uint64_t *hashes, *weights; /* of its rows */
    struct batch *parts;        /* of the chunk that is not full yet */
    size_t part_count, part_room;
    int64_t rows;
    uint64_t bytes;
};

/* ---- what a row says ---- */

static enum status hash_words(struct cutter *cutter, struct err *err)
{
    OWNED(memory_release) bool *null = NULL;
    const struct batch *batch = &cutter->batch;
    TRY(NEW(&null, (size_t)batch->rows, err));
    key_words(&cutter->layout, batch, cutter->hashes, null);
    for (int64_t row = 0; row < batch->rows; row++)
        cutter->hashes[row] = XXH3_64bits(&cutter->hashes[row], sizeof(uint64_t));
    return STATUS_OK;
}

static enum status hash_bytes(struct cutter *cutter, struct err *err)
{
    OWNED(bytes_release) struct bytes scratch = bytes_limited((size_t)1 << 32);
    for (int64_t row = 0; row < cutter->batch.rows; row++) {
        struct str key = {0};
        bool null;
        TRY(key_bytes(&cutter->layout, &cutter->batch, row, &scratch, &key, &null, err));
        cutter->hashes[row] = XXH3_64bits(key.data, key.size);
    }
    return STATUS_OK;
}

static enum status add_times(struct cutter *cutter, struct err *err)
{
    OWNED(memory_release) int64_t *times = NULL;
    const struct batch *batch = &cutter->batch;
    int64_t null;
    if (cutter->time_column < 0) return STATUS_OK;
    TRY(NEW(&times, (size_t)batch->rows, err));
    ticks_of(&batch->schema->fields[cutter->time_column], batch->columns[cutter->time_column],
             times, &null);
    for (int64_t row = 0; row < batch->rows; row++)
        cutter->hashes[row] =
            XXH3_64bits_withSeed(&times[row], sizeof(int64_t), cutter->hashes[row]);
    return STATUS_OK;
}

/* Bytes of a row: 8 a column, and its texts and items. */
static void weigh_column(struct cutter *cutter, const struct field *field,
                         const struct array *array)
{
    const int32_t *small = NULL;
    const int64_t *large = NULL;
    enum type_id id = field->type.id;
    bool offsets = !field->dictionary && array->buffer_count > 0;
    if (offsets && (id == TYPE_UTF8 || id == TYPE_BINARY || id == TYPE_LIST || id == TYPE_MAP))
        small = (const int32_t *)(const void *)array->buffers[0].data;
    if (offsets && (id == TYPE_LARGE_UTF8 || id == TYPE_LARGE_BINARY || id == TYPE_LARGE_LIST))
        large = (const int64_t *)(const void *)array->buffers[0].data;
    uint64_t fixed = 8;
    if (id == TYPE_FIXED_BINARY) fixed += (uint64_t)field->type.width;
    if (id == TYPE_FIXED_LIST) fixed += (uint64_t)field->type.width * 8;
    for (int64_t row = 0; row < array->length; row++) {
        cutter->weights[row] += fixed;
        if (small != NULL) cutter->weights[row] += (uint64_t)(small[row + 1] - small[row]);
        if (large != NULL) cutter->weights[row] += (uint64_t)(large[row + 1] - large[row]);
    }
}

static enum status look_at_rows(struct cutter *cutter, struct err *err)
{
    size_t rows = (size_t)cutter->batch.rows;
    memory_free(cutter->hashes);
    memory_free(cutter->weights);
    cutter->hashes = cutter->weights = NULL;
    TRY(NEW(&cutter->hashes, rows, err));
    TRY(NEW(&cutter->weights, rows, err));
    TRY(cutter->layout.word ? hash_words(cutter, err) : hash_bytes(cutter, err));
    TRY(add_times(cutter, err));
    for (size_t i = 0; i < cutter->schema->count; i++)
        weigh_column(cutter, &cutter->schema->fields[i], cutter->batch.columns[i]);
    return STATUS_OK;
}

/* ---- chunks ---- */

static bool begins_chunk(const struct cutter *cutter, int64_t row)
{
    if (cutter->rows == 0) return false;
    if (cutter->rows >= BATCH_ROWS_MAXIMUM) return true;
    if (cutter->bytes + cutter->weights[row] > BYTES_MAXIMUM) return true;
    return cutter->rows >= ROWS_MINIMUM && (cutter->hashes[row] & CUT_MASK) == 0;
}

/* Rows first ... end - 1 of the batch join the chunk. */
static enum status keep_part(struct cutter *cutter, int64_t first, int64_t end, struct err *err)
{
    if (first == end) return STATUS_OK;
    if (cutter->part_count == cutter->part_room) {
        size_t room = cutter->part_room * 2 + 8;
        struct batch *parts = memory_resize(cutter->parts, room, sizeof *parts);
        if (parts == NULL) return fail_memory(err, room * sizeof *parts);
        cutter->parts = parts;
        cutter->part_room = room;
    }
    cutter->parts[cutter->part_count] = (struct batch){0};
    TRY(batch_slice(&cutter->parts[cutter->part_count], &cutter->batch, first, end - first, err));
    cutter->part_count++;
    return STATUS_OK;
}

static void forget_parts(struct cutter *cutter)
{
    for (size_t i = 0; i < cutter->part_count; i++)
        batch_release(&cutter->parts[i]);
    cutter->part_count = 0;
    cutter->rows = 0;
    cutter->bytes = 0;
}

static enum status make_chunk(struct cutter *cutter, struct batch *ret, struct err *err)
{
    if (cutter->part_count == 1)
        TRY(batch_share(ret, &cutter->parts[0], err));
    else
        TRY(batch_concat(ret, cutter->schema, cutter->parts, cutter->part_count, err));
    forget_parts(cutter);
    return STATUS_OK;
}

/* Moves on to where the next chunk begins, or to the end of the batch. */
static enum status find_cut(struct cutter *cutter, bool *ret_cut, struct err *err)
{
    int64_t first = cutter->at;
    *ret_cut = false;
    for (; cutter->at < cutter->batch.rows; cutter->at++) {
        *ret_cut = begins_chunk(cutter, cutter->at);
        if (*ret_cut) break;
        cutter->rows++;
        cutter->bytes += cutter->weights[cutter->at];
    }
    return keep_part(cutter, first, cutter->at, err);
}

static enum status next_batch(struct cutter *cutter, struct err *err)
{
    batch_release(&cutter->batch);
    cutter->at = 0;
    TRY(sorter_next(cutter->sorter, &cutter->batch, &cutter->end, err));
    return cutter->end ? STATUS_OK : look_at_rows(cutter, err);
}

enum status cutter_next(struct cutter *cutter, struct batch *ret, bool *ret_end, struct err *err)
{
    for (bool cut = false; !cut;) {
        if (!cutter->end && cutter->at == cutter->batch.rows) TRY(next_batch(cutter, err));
        if (cutter->end) break;
        TRY(find_cut(cutter, &cut, err));
    }
    *ret_end = cutter->rows == 0;
    return *ret_end ? STATUS_OK : make_chunk(cutter, ret, err);
}

/* ---- life ---- */

enum status cutter_open(struct cutter **ret, struct sorter *sorter, const struct schema *schema,
                        const struct timeline_columns *columns, struct err *err)
{
    OWNED(cutter_close) struct cutter *cutter = NULL;
    TRY(NEW(&cutter, 1, err));
    cutter->sorter = sorter;
    cutter->schema = schema_ref(schema);
    TRY(key_layout_of(schema, columns->entity, &cutter->layout, err));
    cutter->time_column =
        columns->event_time == NULL ? -1 : schema_find(schema, str_of(columns->event_time));
    *ret = cutter;
    cutter = NULL;
    return STATUS_OK;
}

void cutter_close(struct cutter **cutter)
{
    if (cutter == NULL || *cutter == NULL) return;
    forget_parts(*cutter);
    batch_release(&(*cutter)->batch);
    memory_free((*cutter)->parts);
    memory_free((*cutter)->hashes);
    memory_free((*cutter)->weights);
    schema_unref(&(*cutter)->schema);
    memory_free(*cutter);
    *cutter = NULL;
}
