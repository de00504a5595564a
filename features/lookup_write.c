/* features/lookup_write.c: makes a lookup index.
 *
 * The version's number of rows is known before its first row is read, so that all sections by
 * position have their place at once and ranges of entities are written where they belong; texts and
 * the hash table come behind them. */
#include "features/lookup_write.h"

#include "base/memory.h"
#include "base/output.h"
#include "columnar/ipc.h"
#include "columnar/value_text.h"
#include "features/window_words.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <xxhash.h>

#define ROWS_AT_ONCE 4096
#define HEAP_BYTES   ((size_t)1 << 30)
#define HEAP_FLUSH   ((size_t)1 << 20)

struct writer {
    int descriptor;
    struct feature_table *table;
    struct lookup_header header;
    struct schema *schema;
    struct lookup_column *columns;
    struct bytes heap;    /* not written yet */
    uint64_t heap_at;     /* in the section */
    uint32_t row, entity; /* of the next range */
};

static void writer_release(struct writer *writer)
{
    schema_unref(&writer->schema);
    memory_free(writer->columns);
    bytes_release(&writer->heap);
}

static enum status put(const struct writer *writer, enum lookup_section section, uint64_t at,
                       const void *data, size_t size, struct err *err)
{
    return pwrite_all(writer->descriptor, data, size, writer->header.offsets[section] + at, err);
}

/* ---- sections ---- */

static uint64_t blocks_up(uint64_t bytes)
{
    return (bytes + LOOKUP_BLOCK - 1) / LOOKUP_BLOCK * LOOKUP_BLOCK;
}

static void place(struct lookup_header *header, enum lookup_section section, uint64_t bytes)
{
    uint64_t at = section == 0
                      ? LOOKUP_BLOCK
                      : blocks_up(header->offsets[section - 1] + header->sizes[section - 1]);
    header->offsets[section] = at;
    header->sizes[section] = bytes;
}

static void place_rows(struct writer *writer, uint64_t schema_bytes)
{
    struct lookup_header *header = &writer->header;
    const struct view *view = &writer->table->view;
    uint64_t rows = header->rows;
    place(header, LOOKUP_SCHEMA, schema_bytes);
    place(header, LOOKUP_STARTS, (rows + 1) * sizeof(uint32_t));
    place(header, LOOKUP_TIMES, view->event_time == NULL ? 0 : rows * 8);
    place(header, LOOKUP_CREATED, view->created_time == NULL ? 0 : rows * 8);
    place(header, LOOKUP_UNTIL, view->log.given ? rows * 8 : 0);
    place(header, LOOKUP_GONE, view->log.given ? rows : 0);
    place(header, LOOKUP_WORDS, header->aggregates * rows * 8);
    place(header, LOOKUP_VALID, header->aggregates * rows);
    place(header, LOOKUP_RECORDS, rows * header->stride);
    place(header, LOOKUP_KEYS, rows * 8);
    place(header, LOOKUP_HEAP, 0);
}

/* ---- the schema ---- */

static enum status add_plain(struct schema *schema, const struct field *field, struct err *err)
{
    struct field plain = *field;
    plain.dictionary = false;
    plain.nullable = true;
    return schema_add(schema, &plain, err);
}

static enum status make_schema(struct writer *writer, struct err *err)
{
    const struct feature_table *table = writer->table;
    const struct text_list *entity = &table->view.entity;
    TRY(schema_new(&writer->schema, err));
    for (size_t i = 0; i < entity->count; i++) {
        size_t column;
        TRY(schema_require(table->schema, str_of(entity->items[i]), &column, err));
        TRY(add_plain(writer->schema, &table->schema->fields[column], err));
    }
    for (size_t i = 0; i < table->read_count; i++)
        TRY(add_plain(writer->schema, &table->schema->fields[table->columns[i]], err));
    TRY(NEW(&writer->columns, table->read_count + 1, err));
    lookup_columns(writer->schema, entity->count, writer->columns, &writer->header.stride);
    return STATUS_OK;
}

static enum status encode_schema(const struct schema *schema, struct bytes *ret, struct err *err)
{
    OWNED(output_close) struct output *output = NULL;
    OWNED(ipc_writer_close) struct ipc_writer *ipc = NULL;
    TRY(output_to_memory(&output, ret, err));
    TRY(ipc_writer_open(&ipc, output, schema, (struct ipc_options){.format = IPC_STREAM}, err));
    return ipc_writer_finish(ipc, err);
}

static enum status begin(struct writer *writer, struct err *err)
{
    OWNED(bytes_release) struct bytes schema = bytes_limited((size_t)64 << 20);
    const struct feature_table *table = writer->table;
    struct lookup_header *header = &writer->header;
    if (table->version.rows >= UINT32_MAX)
        return fail(err, STATUS_FAILED, "more than %u rows in a lookup index", UINT32_MAX);
    memcpy(header->magic, LOOKUP_MAGIC, sizeof header->magic);
    header->version = table->version.digest;
    header->view = table->view.digest;
    header->rows = (uint32_t)table->version.rows;
    header->aggregates = (uint32_t)table->view.aggregate_count;
    TRY(make_schema(writer, err));
    TRY(encode_schema(writer->schema, &schema, err));
    place_rows(writer, schema.size);
    return put(writer, LOOKUP_SCHEMA, 0, schema.data, schema.size, err);
}

/* ---- texts ---- */

static enum status heap_flush(struct writer *writer, struct err *err)
{
    TRY(put(writer, LOOKUP_HEAP, writer->heap_at, writer->heap.data, writer->heap.size, err));
    writer->heap_at += writer->heap.size;
    writer->heap.size = 0;
    return STATUS_OK;
}

static uint64_t heap_end(const struct writer *writer)
{
    return writer->heap_at + writer->heap.size;
}

/* ---- records ---- */

static enum status write_text(struct writer *writer, const struct lookup_column *column,
                              const struct field *field, const struct array *array, int64_t row,
                              uint8_t *ret, struct err *err)
{
    struct lookup_text text = {heap_end(writer), 0};
    struct str value = {0};
    if (column->json)
        TRY(value_json(field, array, row, &writer->heap, err));
    else if (array_text_at(field, array, row, &value))
        TRY(bytes_append(&writer->heap, value.data, value.size, err));
    text.size = (uint32_t)(heap_end(writer) - text.offset);
    memcpy(ret, &text.offset, sizeof text.offset);
    memcpy(ret + sizeof text.offset, &text.size, sizeof text.size);
    return STATUS_OK;
}

static enum status write_value(struct writer *writer, size_t i, int64_t row, uint8_t *record,
                               struct err *err)
{
    const struct feature_table *table = writer->table;
    const struct lookup_column *column = &writer->columns[i];
    const struct field *field = &table->schema->fields[table->columns[i]];
    const struct array *array = table->values[i];
    uint8_t *to = record + column->offset;
    if (value_is_null(field, array, row)) return STATUS_OK;
    record[i / 8] |= (uint8_t)(1u << (i % 8));
    if (column->text || column->json || field->dictionary)
        return write_text(writer, column, field, array, row, to, err);
    if (column->field.type.id == TYPE_BOOL)
        *to = array_bool(array, row);
    else
        memcpy(to, array->buffers[0].data + row * column->width, column->width);
    return STATUS_OK;
}

static enum status write_records(struct writer *writer, struct err *err)
{
    OWNED(memory_release) uint8_t *records = NULL;
    const struct timeline *timeline = writer->table->timeline;
    uint32_t stride = writer->header.stride;
    TRY(NEW(&records, (size_t)ROWS_AT_ONCE * stride, err));
    for (uint32_t first = 0; first < timeline->rows; first += ROWS_AT_ONCE) {
        uint32_t count =
            timeline->rows - first < ROWS_AT_ONCE ? timeline->rows - first : ROWS_AT_ONCE;
        memset(records, 0, (size_t)count * stride);
        for (uint32_t at = 0; at < count; at++)
            for (size_t i = 0; i < writer->table->read_count; i++)
                TRY(write_value(writer, i, timeline_row(timeline, first + at),
                                records + (size_t)at * stride, err));
        TRY(interrupted(err));
        TRY(put(writer, LOOKUP_RECORDS, (uint64_t)(writer->row + first) * stride, records,
                (size_t)count * stride, err));
        if (writer->heap.size > HEAP_FLUSH) TRY(heap_flush(writer, err));
    }
    return STATUS_OK;
}

/* ---- times, windows, keys ---- */

static enum status write_times(const struct writer *writer, struct err *err)
{
    const struct timeline *timeline = writer->table->timeline;
    uint64_t at = (uint64_t)writer->row * 8;
    size_t bytes = (size_t)timeline->rows * 8;
    if (timeline->times != NULL) TRY(put(writer, LOOKUP_TIMES, at, timeline->times, bytes, err));
    if (timeline->created != NULL)
        TRY(put(writer, LOOKUP_CREATED, at, timeline->created, bytes, err));
    if (timeline->until == NULL) return STATUS_OK;
    TRY(put(writer, LOOKUP_UNTIL, at, timeline->until, bytes, err));
    return put(writer, LOOKUP_GONE, writer->row, timeline->gone, timeline->rows, err);
}

/* Words stand one aggregate behind the other; validity is a byte a position. */
static enum status write_windows(const struct writer *writer, struct err *err)
{
    const struct timeline *timeline = writer->table->timeline;
    OWNED(memory_release) uint8_t *valid = NULL;
    TRY(NEW(&valid, timeline->rows, err));
    for (uint32_t i = 0; i < writer->header.aggregates; i++) {
        const struct window *window = window_set_window(writer->table->windows, i);
        uint64_t at = (uint64_t)i * writer->header.rows + writer->row;
        if (window->words != NULL)
            TRY(put(writer, LOOKUP_WORDS, at * 8, window->words, (size_t)timeline->rows * 8, err));
        for (uint32_t row = 0; row < timeline->rows; row++)
            valid[row] = window->valid == NULL ? 1 : window->valid[row];
        TRY(put(writer, LOOKUP_VALID, at, valid, timeline->rows, err));
    }
    return STATUS_OK;
}

static enum status write_entities(struct writer *writer, struct err *err)
{
    const struct timeline *timeline = writer->table->timeline;
    OWNED(memory_release) uint32_t *starts = NULL;
    OWNED(memory_release) uint64_t *keys = NULL;
    uint32_t count = timeline->entity_count;
    TRY(NEW(&starts, (size_t)count + 1, err));
    TRY(NEW(&keys, count, err));
    for (uint32_t id = 0; id <= count; id++)
        starts[id] = timeline->starts[id] + writer->row;
    for (uint32_t id = 0; id < count; id++) {
        keys[id] = timeline->layout.word ? entities_word(timeline->entities, id) : heap_end(writer);
        if (timeline->layout.word) continue;
        struct str bytes = entities_bytes(timeline->entities, id);
        uint32_t size = (uint32_t)bytes.size;
        TRY(bytes_append(&writer->heap, &size, sizeof size, err));
        TRY(bytes_append(&writer->heap, bytes.data, bytes.size, err));
        if (writer->heap.size > HEAP_FLUSH) TRY(heap_flush(writer, err));
    }
    TRY(put(writer, LOOKUP_STARTS, (uint64_t)writer->entity * 4, starts, ((size_t)count + 1) * 4,
            err));
    return put(writer, LOOKUP_KEYS, (uint64_t)writer->entity * 8, keys, (size_t)count * 8, err);
}

static enum status write_range(struct writer *writer, struct err *err)
{
    const struct timeline *timeline = writer->table->timeline;
    if ((uint64_t)writer->row + timeline->rows > writer->header.rows)
        return fail(err, STATUS_FAILED, "the version has more rows than its row in versions says");
    writer->header.time_unit = timeline->times == NULL ? 0 : timeline->time_unit;
    writer->header.created_unit = timeline->created == NULL ? 0 : timeline->created_unit;
    TRY(write_records(writer, err));
    TRY(write_times(writer, err));
    if (writer->table->windows != NULL) TRY(write_windows(writer, err));
    TRY(write_entities(writer, err));
    writer->row += timeline->rows;
    writer->entity += timeline->entity_count;
    return STATUS_OK;
}

static enum status write_rows(struct writer *writer, struct err *err)
{
    size_t limit = memory_limit();
    for (bool more = true; more;) {
        TRY(feature_table_next(writer->table, limit == 0 ? UINT64_MAX : limit / 3, &more, err));
        TRY(write_range(writer, err));
    }
    if (writer->row != writer->header.rows)
        return fail(err, STATUS_FAILED, "the version has %u rows, its row in versions says %u",
                    writer->row, writer->header.rows);
    writer->header.entities = writer->entity;
    return heap_flush(writer, err);
}

/* ---- what is made from the file itself: the hash table and the checksums ---- */

struct mapping {
    uint8_t *data;
    size_t size;
};

static void unmap(struct mapping *mapping)
{
    if (mapping->data != NULL) munmap(mapping->data, mapping->size);
}

/* Room is taken first, so that a full disk is an error and no signal. */
static enum status map_all(const struct writer *writer, uint64_t bytes, struct mapping *ret,
                           struct err *err)
{
    uint64_t slots = writer->header.offsets[LOOKUP_SLOTS];
    int failed = posix_fallocate(writer->descriptor, (off_t)slots, (off_t)(bytes - slots));
    if (failed != 0)
        return fail_errno(err, failed, "lookup index of %llu bytes", (unsigned long long)bytes);
    void *data = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, writer->descriptor, 0);
    if (data == MAP_FAILED) return fail_errno(err, errno, "mapping the lookup index");
    *ret = (struct mapping){data, bytes};
    return STATUS_OK;
}

static void fill_slots(const struct writer *writer, uint8_t *file)
{
    const struct lookup_header *header = &writer->header;
    const uint64_t *keys = (const uint64_t *)(const void *)(file + header->offsets[LOOKUP_KEYS]);
    struct lookup_slot *slots =
        (struct lookup_slot *)(void *)(file + header->offsets[LOOKUP_SLOTS]);
    bool word = writer->table->timeline->layout.word;
    for (uint32_t id = 0; id < header->entities; id++) {
        uint64_t key = keys[id];
        if (!word) {
            const uint8_t *text = file + header->offsets[LOOKUP_HEAP] + key;
            uint32_t size;
            memcpy(&size, text, sizeof size);
            key = XXH3_64bits(text + sizeof size, size);
        }
        uint64_t at = lookup_place(key, word) & header->slot_mask;
        while (slots[at].entity != 0)
            at = (at + 1) & header->slot_mask;
        slots[at] = (struct lookup_slot){key, id + 1, 0};
    }
}

static void fill_checksums(const struct writer *writer, uint8_t *file)
{
    uint64_t end = writer->header.offsets[LOOKUP_CHECKSUMS];
    uint64_t *checksums = (uint64_t *)(void *)(file + end);
    for (uint64_t at = LOOKUP_BLOCK; at < end; at += LOOKUP_BLOCK)
        checksums[at / LOOKUP_BLOCK] = XXH3_64bits(file + at, LOOKUP_BLOCK);
}

static enum status finish(struct writer *writer, struct err *err)
{
    OWNED(unmap) struct mapping mapping = {0};
    struct lookup_header *header = &writer->header;
    uint64_t slots = 8;
    while (slots < (uint64_t)header->entities * 2)
        slots *= 2;
    header->slot_mask = slots - 1;
    header->sizes[LOOKUP_HEAP] = writer->heap_at;
    place(header, LOOKUP_SLOTS, slots * sizeof(struct lookup_slot));
    place(header, LOOKUP_CHECKSUMS, 0);
    header->sizes[LOOKUP_CHECKSUMS] = header->offsets[LOOKUP_CHECKSUMS] / LOOKUP_BLOCK * 8;
    header->file_bytes =
        blocks_up(header->offsets[LOOKUP_CHECKSUMS] + header->sizes[LOOKUP_CHECKSUMS]);
    TRY(map_all(writer, header->file_bytes, &mapping, err));
    fill_slots(writer, mapping.data);
    fill_checksums(writer, mapping.data);
    header->checksums = XXH3_64bits(mapping.data + header->offsets[LOOKUP_CHECKSUMS],
                                    header->sizes[LOOKUP_CHECKSUMS]);
    header->header = digest_of(header, offsetof(struct lookup_header, header));
    return pwrite_all(writer->descriptor, header, sizeof *header, 0, err);
}

enum status lookup_write(int descriptor, struct feature_table *table, struct err *err)
{
    OWNED(writer_release)
    struct writer writer = {
        .descriptor = descriptor, .table = table, .heap = bytes_limited(HEAP_BYTES)};
    _Static_assert(sizeof(struct lookup_header) <= LOOKUP_BLOCK, "the header fits into a block");
    TRY(begin(&writer, err));
    TRY(write_rows(&writer, err));
    return finish(&writer, err);
}
