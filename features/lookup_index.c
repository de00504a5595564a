/* features/lookup_index.c: a version of a view as a mapped file that is asked about entities. */
#include "features/lookup_index.h"

#include "base/input.h"
#include "base/memory.h"
#include "base/output.h"
#include "columnar/ipc.h"
#include "features/lookup_map.h"
#include "features/lookup_write.h"
#include "features/view_aggregates.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#define PREFETCHED 1024 /* bytes of a record */

struct lookup_index {
    struct view view;
    struct version version;
    struct lookup_map map;
    struct schema *schema, *answers;
    struct key_layout layout;
    struct lookup_column *columns;
    size_t column_count, carried; /* of the records; the first `carried` are answers */
    struct timeline timeline;     /* over the map */
    struct point_in_time *point;
    struct window *windows;
    size_t *sources; /* of each aggregate, in `columns` */
};

/* ---- the mapped sections ---- */

static void *section(const struct lookup_index *index, enum lookup_section which)
{
    const struct lookup_header *header = index->map.header;
    return header->sizes[which] == 0 ? NULL : index->map.data + header->offsets[which];
}

static enum status read_schema(struct lookup_index *index, struct err *err)
{
    OWNED(input_close) struct input *input = NULL;
    OWNED(ipc_reader_close) struct ipc_reader *ipc = NULL;
    const void *bytes;
    uint64_t size = index->map.header->sizes[LOOKUP_SCHEMA];
    TRY(lookup_map_read(&index->map, LOOKUP_SCHEMA, 0, size, &bytes, err));
    TRY(input_from_memory(&input, bytes, size, "schema of the lookup index", err));
    TRY(ipc_reader_open(&ipc, &input, 1, err));
    TRY(schema_copy(&index->schema, ipc_reader_schema(ipc), err));
    return key_layout_of(index->schema, &index->view.entity, &index->layout, err);
}

static enum status open_columns(struct lookup_index *index, struct err *err)
{
    size_t first = index->view.entity.count;
    uint32_t stride;
    index->column_count = index->schema->count - first;
    TRY(NEW(&index->columns, index->column_count + 1, err));
    lookup_columns(index->schema, first, index->columns, &stride);
    if (stride != index->map.header->stride)
        return fail(err, STATUS_FAILED, "records of %u bytes, expected %u", stride,
                    index->map.header->stride);
    TRY(schema_new(&index->answers, err));
    for (size_t i = 0; i < index->column_count; i++) {
        if (view_is_key(&index->view, index->columns[i].field.name)) break;
        TRY(schema_add(index->answers, &index->columns[i].field, err));
        index->carried++;
    }
    return STATUS_OK;
}

static enum status open_window(struct lookup_index *index, size_t i, struct err *err)
{
    const struct view_aggregate *aggregate = &index->view.aggregates[i];
    struct window *window = &index->windows[i];
    uint64_t rows = index->map.header->rows;
    const uint64_t *words = section(index, LOOKUP_WORDS);
    const uint8_t *valid = section(index, LOOKUP_VALID);
    struct field field;
    *window = (struct window){.function = aggregate->function, .length = aggregate->window};
    index->sources[i] = 0;
    while (aggregate->of != NULL && index->sources[i] < index->column_count &&
           strcmp(index->columns[index->sources[i]].field.name, aggregate->of) != 0)
        index->sources[i]++;
    if (index->sources[i] >= index->column_count && aggregate->of != NULL)
        return fail(err, STATUS_FAILED, "column \"%s\" is not in it", aggregate->of);
    const struct field *of = &index->columns[index->sources[i]].field;
    TRY(view_aggregate_field(aggregate, of, &field, err));
    TRY(schema_add(index->answers, &field, err));
    if (aggregate->of == NULL || rows == 0) return STATUS_OK;
    word_kind_of(of, aggregate->function, &window->kind);
    window->words = words + i * rows;
    window->valid = valid + i * rows;
    return STATUS_OK;
}

static enum status open_rules(struct lookup_index *index, const struct lookup_options *options,
                              struct err *err)
{
    const struct lookup_header *header = index->map.header;
    struct point_rule rule = {index->view.ttl, false, options->as_known};
    index->timeline = (struct timeline){.rows = header->rows,
                                        .entity_count = header->entities,
                                        .starts = section(index, LOOKUP_STARTS),
                                        .times = section(index, LOOKUP_TIMES),
                                        .created = section(index, LOOKUP_CREATED),
                                        .until = section(index, LOOKUP_UNTIL),
                                        .gone = section(index, LOOKUP_GONE),
                                        .time_unit = header->time_unit,
                                        .created_unit = header->created_unit};
    TRY(point_in_time_open_lightly(&index->point, &index->timeline, &rule, err));
    TRY(NEW(&index->windows, header->aggregates, err));
    TRY(NEW(&index->sources, header->aggregates, err));
    for (size_t i = 0; i < header->aggregates; i++)
        TRY(open_window(index, i, err));
    return STATUS_OK;
}

/* ---- finding or making the file ---- */

static bool is_ours(const struct lookup_index *index)
{
    const struct lookup_header *header = index->map.header;
    return memcmp(&header->version, &index->version.digest, sizeof header->version) == 0 &&
           memcmp(&header->view, &index->view.digest, sizeof header->view) == 0 &&
           header->aggregates == index->view.aggregate_count;
}

/* A file that is damaged or of another version of this format is made again. */
static enum status open_there(struct lookup_index *index, const char *path, bool *ret_there)
{
    struct err ignored;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    *ret_there = false;
    if (descriptor < 0) return STATUS_OK;
    if (lookup_map_open(&index->map, descriptor, path, &ignored) != STATUS_OK) {
        unlink(path);
        return STATUS_OK;
    }
    *ret_there = is_ours(index);
    if (!*ret_there) lookup_map_release(&index->map);
    return STATUS_OK;
}

/* A file without a name where the index will be, or somewhere else where the store cannot be
 * written. */
static enum status open_nameless(const char *folder, int *ret, bool *ret_kept, struct err *err)
{
    *ret = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    *ret_kept = *ret >= 0;
    return *ret_kept ? STATUS_OK : temporary_open(ret, err);
}

/* The finished file gets its name; another process may have been quicker. */
static enum status give_name(int descriptor, const char *folder, const char *path, struct err *err)
{
    char from[64];
    snprintf(from, sizeof from, "/proc/self/fd/%d", descriptor);
    if (fsync(descriptor) != 0) return fail_errno(err, errno, "lookup index \"%s\"", path);
    if (linkat(AT_FDCWD, from, AT_FDCWD, path, AT_SYMLINK_FOLLOW) != 0 && errno != EEXIST)
        return fail_errno(err, errno, "lookup index \"%s\"", path);
    return directory_sync(folder, err);
}

static enum status make(struct lookup_index *index, struct store *store, const char *operand,
                        const struct lookup_options *options, const char *folder, const char *path,
                        struct arena *arena, struct err *err)
{
    OWNED(feature_table_release) struct feature_table table = {0};
    OWNED(descriptor_close) int descriptor = -1;
    struct feature_options wanted = {.as_known = options->as_known,
                                     .order = TIMELINE_BY_ENTITY_NUMBER,
                                     .threads = options->threads};
    bool kept = false;
    TRY(feature_table_open(&table, store, operand, &wanted, arena, err));
    TRY(open_nameless(folder, &descriptor, &kept, err));
    TRY(lookup_write(descriptor, &table, err));
    if (kept) TRY(give_name(descriptor, folder, path, err));
    index->version = table.version;
    int taken = descriptor;
    descriptor = -1;
    return lookup_map_open(&index->map, taken, kept ? path : NULL, err);
}

static enum status find_or_make(struct lookup_index *index, struct store *store,
                                const char *operand, const struct lookup_options *options,
                                struct arena *arena, struct err *err)
{
    char version[DIGEST_TEXT], view[DIGEST_TEXT];
    const char *folder = arena_format(arena, "%s/index", store_path(store));
    const char *path = folder == NULL ? NULL
                                      : arena_format(arena, "%s/%s-%s" LOOKUP_ENDING, folder,
                                                     digest_text(&index->version.digest, version),
                                                     digest_text(&index->view.digest, view));
    bool there = false;
    if (path == NULL) return fail_memory(err, PATH_MAX);
    TRY(open_there(index, path, &there));
    if (there) return STATUS_OK;
    if (options->made)
        return fail(err, STATUS_USAGE, "view \"%s\", version %lld has no lookup index",
                    index->view.name, (long long)index->version.number);
    /* The version that was resolved, whatever a tag says meanwhile. */
    const char *exact =
        arena_format(arena, "%s@%lld", index->view.name, (long long)index->version.number);
    if (exact == NULL) return fail_memory(err, strlen(operand));
    return make(index, store, exact, options, folder, path, arena, err);
}

static enum status open_index(struct lookup_index *index, struct store *store, const char *operand,
                              const struct lookup_options *options, struct arena *arena,
                              struct err *err)
{
    TRY(reference_view(store, operand, &index->view, &index->version, arena, err));
    TRY(find_or_make(index, store, operand, options, arena, err));
    TRY(read_schema(index, err));
    TRY(open_columns(index, err));
    return open_rules(index, options, err);
}

enum status lookup_index_open(struct lookup_index **ret, struct store *store, const char *operand,
                              const struct lookup_options *options, struct arena *arena,
                              struct err *err)
{
    OWNED(lookup_index_close) struct lookup_index *index = NULL;
    TRY(NEW(&index, 1, err));
    enum status status = open_index(index, store, operand, options, arena, err);
    if (status != STATUS_OK) return fail_within(err, status, "view \"%s\"", operand);
    *ret = index;
    index = NULL;
    return STATUS_OK;
}

const struct view *lookup_index_view(const struct lookup_index *index)
{
    return &index->view;
}

const struct version *lookup_index_version(const struct lookup_index *index)
{
    return &index->version;
}

const struct schema *lookup_index_schema(const struct lookup_index *index)
{
    return index->schema;
}

const struct key_layout *lookup_index_layout(const struct lookup_index *index)
{
    return &index->layout;
}

const struct schema *lookup_index_answers(const struct lookup_index *index)
{
    return index->answers;
}

/* ---- entities ---- */

static uint64_t slot_of(const struct lookup_index *index, const struct lookup_key *key,
                        uint64_t *ret_key)
{
    bool word = index->layout.word;
    *ret_key = word ? key->word : XXH3_64bits(key->bytes.data, key->bytes.size);
    return lookup_place(*ret_key, word) & index->map.header->slot_mask;
}

static enum status same_bytes(const struct lookup_index *index, uint32_t entity, struct str wanted,
                              bool *ret, struct err *err)
{
    const void *place, *size_place, *bytes;
    uint64_t at;
    uint32_t size;
    TRY(lookup_map_read(&index->map, LOOKUP_KEYS, (uint64_t)entity * 8, 8, &place, err));
    memcpy(&at, place, sizeof at);
    TRY(lookup_map_read(&index->map, LOOKUP_HEAP, at, sizeof size, &size_place, err));
    memcpy(&size, size_place, sizeof size);
    TRY(lookup_map_read(&index->map, LOOKUP_HEAP, at + sizeof size, size, &bytes, err));
    *ret = size == wanted.size && memcmp(bytes, wanted.data, size) == 0;
    return STATUS_OK;
}

enum status lookup_index_find(const struct lookup_index *index, const struct lookup_key *key,
                              uint32_t *ret, struct err *err)
{
    uint64_t wanted, at = slot_of(index, key, &wanted);
    *ret = ENTITY_NONE;
    for (;; at = (at + 1) & index->map.header->slot_mask) {
        const void *place;
        struct lookup_slot slot;
        bool same = true;
        TRY(lookup_map_read(&index->map, LOOKUP_SLOTS, at * sizeof slot, sizeof slot, &place, err));
        memcpy(&slot, place, sizeof slot);
        if (slot.entity == 0) return STATUS_OK;
        if (slot.key != wanted) continue;
        if (!index->layout.word) TRY(same_bytes(index, slot.entity - 1, key->bytes, &same, err));
        if (!same) continue;
        *ret = slot.entity - 1;
        return STATUS_OK;
    }
}

void lookup_index_prefetch(const struct lookup_index *index, const struct lookup_key *key)
{
    uint64_t wanted, at = slot_of(index, key, &wanted);
    __builtin_prefetch(index->map.data + index->map.header->offsets[LOOKUP_SLOTS] +
                       at * sizeof(struct lookup_slot));
}

/* ---- points in time ---- */

static enum status check_positions(const struct lookup_index *index, enum lookup_section which,
                                   uint64_t first, uint64_t count, uint64_t width, struct err *err)
{
    const void *ignored;
    if (index->map.header->sizes[which] == 0) return STATUS_OK;
    return lookup_map_read(&index->map, which, first * width, count * width, &ignored, err);
}

/* Everything that point_in_time.c may read about an entity. */
static enum status check_entity(const struct lookup_index *index, uint32_t entity,
                                uint32_t *ret_first, uint32_t *ret_count, struct err *err)
{
    const void *place;
    uint32_t bounds[2];
    TRY(lookup_map_read(&index->map, LOOKUP_STARTS, (uint64_t)entity * 4, sizeof bounds, &place,
                        err));
    memcpy(bounds, place, sizeof bounds);
    *ret_first = bounds[0];
    *ret_count = bounds[1] - bounds[0];
    TRY(check_positions(index, LOOKUP_TIMES, bounds[0], *ret_count, 8, err));
    TRY(check_positions(index, LOOKUP_CREATED, bounds[0], *ret_count, 8, err));
    TRY(check_positions(index, LOOKUP_UNTIL, bounds[0], *ret_count, 8, err));
    return check_positions(index, LOOKUP_GONE, bounds[0], *ret_count, 1, err);
}

static enum status check_record(const struct lookup_index *index, int64_t position,
                                const uint8_t **ret, struct err *err)
{
    uint32_t stride = index->map.header->stride;
    const void *place =
        index->map.data + index->map.header->offsets[LOOKUP_RECORDS] + (uint64_t)position * stride;
    for (uint32_t at = 0; at < stride && at < PREFETCHED; at += 64)
        __builtin_prefetch((const uint8_t *)place + at);
    TRY(lookup_map_read(&index->map, LOOKUP_RECORDS, (uint64_t)position * stride, stride, &place,
                        err));
    *ret = place;
    return STATUS_OK;
}

enum status lookup_index_at(const struct lookup_index *index, uint32_t entity, int64_t time,
                            struct lookup_hit *ret, struct err *err)
{
    uint32_t first, count;
    *ret = (struct lookup_hit){entity, -1, NULL};
    if (entity == ENTITY_NONE) return STATUS_OK;
    TRY(check_entity(index, entity, &first, &count, err));
    ret->position = point_in_time_at(index->point, entity, time, 1000);
    return ret->position < 0 ? STATUS_OK : check_record(index, ret->position, &ret->record, err);
}

/* ---- values ---- */

static enum status read_value(const struct lookup_index *index, const uint8_t *record,
                              size_t number, struct lookup_value *ret, struct err *err)
{
    const struct lookup_column *column = &index->columns[number];
    const void *text;
    struct lookup_text at;
    ret->null = !lookup_record_has(record, number);
    if (ret->null) return STATUS_OK;
    ret->data = record + column->offset;
    ret->size = column->width;
    if (!column->text && !column->json) return STATUS_OK;
    memcpy(&at.offset, ret->data, sizeof at.offset);
    memcpy(&at.size, ret->data + sizeof at.offset, sizeof at.size);
    TRY(lookup_map_read(&index->map, LOOKUP_HEAP, at.offset, at.size, &text, err));
    ret->json = column->json;
    ret->data = text;
    ret->size = at.size;
    return STATUS_OK;
}

static enum status check_window(const struct lookup_index *index, uint32_t entity, size_t number,
                                struct err *err)
{
    uint64_t place = number * (uint64_t)index->map.header->rows;
    uint32_t first, count;
    TRY(check_entity(index, entity, &first, &count, err));
    if (index->windows[number].words == NULL) return STATUS_OK;
    TRY(check_positions(index, LOOKUP_WORDS, place + first, count, 8, err));
    return check_positions(index, LOOKUP_VALID, place + first, count, 1, err);
}

static enum status read_window(const struct lookup_index *index, uint32_t entity, int64_t time,
                               size_t number, struct lookup_value *ret, struct err *err)
{
    OWNED(window_scratch_release) struct window_scratch scratch = {0};
    const struct window *window = &index->windows[number];
    struct window_value value;
    const uint8_t *record;
    TRY(check_window(index, entity, number, err));
    TRY(window_at(window, index->point, entity, time, 1000, &scratch, &value, err));
    ret->null = value.null;
    if (value.null) return STATUS_OK;
    ret->size = sizeof ret->own;
    switch (window_result(window->function, window->kind)) {
    case WINDOW_REAL: memcpy(&ret->own, &value.real, sizeof ret->own); return STATUS_OK;
    case WINDOW_WHOLE: memcpy(&ret->own, &value.whole, sizeof ret->own); return STATUS_OK;
    default: break;
    }
    TRY(check_record(index, value.position, &record, err));
    return read_value(index, record, index->sources[number], ret, err);
}

enum status lookup_index_value(const struct lookup_index *index, const struct lookup_hit *hit,
                               int64_t time, size_t column, struct lookup_value *ret,
                               struct err *err)
{
    *ret = (struct lookup_value){.null = true};
    if (column < index->carried) return read_value(index, hit->record, column, ret, err);
    if (hit->entity == ENTITY_NONE) return STATUS_OK;
    return read_window(index, hit->entity, time, column - index->carried, ret, err);
}

const struct lookup_column *lookup_index_plain(const struct lookup_index *index, size_t column)
{
    const struct lookup_column *plain = &index->columns[column];
    return column >= index->carried || plain->text || plain->json ? NULL : plain;
}

void lookup_index_close(struct lookup_index **index)
{
    if (index == NULL || *index == NULL) return;
    point_in_time_close(&(*index)->point);
    lookup_map_release(&(*index)->map);
    schema_unref(&(*index)->schema);
    schema_unref(&(*index)->answers);
    memory_free((*index)->columns);
    memory_free((*index)->windows);
    memory_free((*index)->sources);
    memory_free(*index);
    *index = NULL;
}
