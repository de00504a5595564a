/* rejects.c: the file of records that did not become rows.
 *
 * Bodies go to an unlinked temporary file as they come, memory keeps 32 bytes a reject; the Arrow
 * file is written at the end, ordered by source and record whatever thread came first. */
#include "lineage/stage.h"

#include "lineage/run_state.h"

#include "base/memory.h"
#include "columnar/build.h"

#include <stdlib.h>
#include <string.h>

#define BATCH_ROWS  8192
#define BATCH_BYTES (32u << 20)

struct body { /* as it lies in the spool, followed by rule, message, raw bytes and path */
    int64_t byte_offset, line;
    uint64_t rule_size, message_size, raw_size, path_size;
};

struct place {
    int64_t record;
    uint64_t offset; /* of the body */
    uint32_t source;
    uint32_t size; /* of the body with its texts */
};

struct rejects {
    struct run *run;
    char *path; /* NULL = counts only */
    pthread_mutex_t mutex;
    bool mutex_made;
    int spool;
    uint64_t written;
    struct place *places;
    size_t count, room;
    struct arena *arena;
    const char **sources; /* in order of first appearance */
    size_t source_count, source_room;
    int64_t rejected;
    bool has_paths;
    const char *key; /* of the metadata, NULL = none; a literal */
    struct str value;
};

enum status rejects_open(struct rejects **ret, const char *path, struct run *run, struct err *err)
{
    OWNED(rejects_close) struct rejects *rejects = NULL;

    TRY(NEW(&rejects, 1, err));
    rejects->run = run;
    rejects->spool = -1;
    rejects->mutex_made = pthread_mutex_init(&rejects->mutex, NULL) == 0;
    TRY(arena_open(&rejects->arena, err));
    if (path != NULL) {
        rejects->path = memory_copy_text(path, strlen(path));
        if (rejects->path == NULL) return fail_memory(err, strlen(path));
        TRY(temporary_open(&rejects->spool, err));
    }
    *ret = rejects;
    rejects = NULL;
    return STATUS_OK;
}

/* ---- adding ---- */

static enum status grow(void *array, size_t *room, size_t count, size_t size, struct err *err)
{
    void **items = array;

    if (count < *room) return STATUS_OK;
    size_t larger = *room == 0 ? 64 : *room * 2;
    void *grown = memory_resize(*items, larger, size);
    if (grown == NULL) return fail_memory(err, larger * size);
    *items = grown;
    *room = larger;
    return STATUS_OK;
}

/* The number of a source; mostly the one of the reject before. */
static enum status source_number(struct rejects *rejects, struct str source, uint32_t *ret,
                                 struct err *err)
{
    for (size_t i = rejects->source_count; i-- > 0;) {
        if (!str_is(source, rejects->sources[i])) continue;
        *ret = (uint32_t)i;
        return STATUS_OK;
    }
    TRY(grow(&rejects->sources, &rejects->source_room, rejects->source_count,
             sizeof *rejects->sources, err));
    const char *copy = arena_text(rejects->arena, source.data, source.size);
    if (copy == NULL) return fail_memory(err, source.size);
    *ret = (uint32_t)rejects->source_count;
    rejects->sources[rejects->source_count++] = copy;
    return STATUS_OK;
}

static enum status spool_part(struct rejects *rejects, const void *data, size_t size,
                              struct err *err)
{
    TRY(pwrite_all(rejects->spool, data, size, rejects->written, err));
    rejects->written += size;
    return STATUS_OK;
}

static enum status spool(struct rejects *rejects, const struct reject *reject, struct err *err)
{
    const struct body body = {.byte_offset = reject->byte_offset,
                              .line = reject->line,
                              .rule_size = strlen(reject->rule),
                              .message_size = reject->message.size,
                              .raw_size = reject->raw.size,
                              .path_size = reject->path.size};
    struct place place = {.record = reject->record, .offset = rejects->written};
    uint64_t size =
        sizeof body + body.rule_size + body.message_size + body.raw_size + body.path_size;

    if (size > UINT32_MAX)
        return fail(err, STATUS_FAILED, "a rejected record of %llu bytes, expected less than 4 GiB",
                    (unsigned long long)size);
    place.size = (uint32_t)size;
    TRY(grow(&rejects->places, &rejects->room, rejects->count, sizeof *rejects->places, err));
    TRY(source_number(rejects, reject->source, &place.source, err));
    TRY(spool_part(rejects, &body, sizeof body, err));
    TRY(spool_part(rejects, reject->rule, body.rule_size, err));
    TRY(spool_part(rejects, reject->message.data, body.message_size, err));
    TRY(spool_part(rejects, reject->raw.data, body.raw_size, err));
    TRY(spool_part(rejects, reject->path.data, body.path_size, err));
    rejects->has_paths = rejects->has_paths || reject->path.data != NULL;
    rejects->places[rejects->count++] = place;
    return STATUS_OK;
}

enum status rejects_add(struct rejects *rejects, const struct reject *reject, struct err *err)
{
    enum status status = STATUS_OK;

    pthread_mutex_lock(&rejects->mutex);
    if (rejects->path != NULL) status = spool(rejects, reject, err);
    if (status == STATUS_OK) rejects->rejected++;
    pthread_mutex_unlock(&rejects->mutex);
    return status;
}

enum status rejects_describe(struct rejects *rejects, const char *key, struct str value,
                             struct err *err)
{
    const char *copy = arena_text(rejects->arena, value.data, value.size);

    if (copy == NULL) return fail_memory(err, value.size);
    rejects->key = key;
    rejects->value = (struct str){copy, value.size};
    return STATUS_OK;
}

int64_t rejects_count(const struct rejects *rejects)
{
    return rejects->rejected;
}

/* ---- writing ---- */

enum { SOURCE, RECORD, BYTE_OFFSET, LINE, RULE, MESSAGE, RAW, PATH };

static enum status make_schema(struct schema **ret, const struct rejects *rejects, struct err *err)
{
    OWNED(schema_unref) struct schema *schema = NULL;
    const struct field source = field_dictionary("source"), rule = field_dictionary("rule");

    TRY(schema_new(&schema, err));
    TRY(schema_add(schema, &source, err));
    TRY(schema_add_column(schema, "record", TYPE_INT64, err));
    TRY(schema_add_column(schema, "byte_offset", TYPE_INT64, err));
    TRY(schema_add_column(schema, "line", TYPE_INT64, err));
    TRY(schema_add(schema, &rule, err));
    TRY(schema_add_column(schema, "message", TYPE_UTF8, err));
    TRY(schema_add_column(schema, "raw", TYPE_BINARY, err));
    if (rejects->has_paths) TRY(schema_add_column(schema, "path", TYPE_UTF8, err));
    TRY(schema_set_metadata(schema, "tamis:run", str_of(run_id(rejects->run)), err));
    *ret = schema;
    schema = NULL;
    return STATUS_OK;
}

static int compare_places(const void *left, const void *right)
{
    const struct place *a = left, *b = right;

    if (a->source != b->source) return a->source < b->source ? -1 : 1;
    if (a->record != b->record) return a->record < b->record ? -1 : 1;
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

static enum status build_known(struct builder *column, int64_t value, struct err *err)
{
    return value < 0 ? build_null(column, err) : build_int(column, value, err);
}

static enum status build_row(struct rejects *rejects, struct batch_builder *rows,
                             const struct place *place, struct err *err)
{
    OWNED(memory_release) char *bytes = memory_get_raw(place->size, 1);
    struct body body;

    if (bytes == NULL) return fail_memory(err, place->size);
    TRY(pread_all(rejects->spool, bytes, place->size, place->offset, err));
    memcpy(&body, bytes, sizeof body);
    const char *rule = bytes + sizeof body, *message = rule + body.rule_size;
    const char *raw = message + body.message_size;

    TRY(build_text(batch_builder_column(rows, SOURCE), str_of(rejects->sources[place->source]),
                   err));
    TRY(build_known(batch_builder_column(rows, RECORD), place->record, err));
    TRY(build_known(batch_builder_column(rows, BYTE_OFFSET), body.byte_offset, err));
    TRY(build_known(batch_builder_column(rows, LINE), body.line, err));
    TRY(build_text(batch_builder_column(rows, RULE), (struct str){rule, body.rule_size}, err));
    TRY(build_text(batch_builder_column(rows, MESSAGE), (struct str){message, body.message_size},
                   err));
    TRY(build_text(batch_builder_column(rows, RAW), (struct str){raw, body.raw_size}, err));
    if (!rejects->has_paths) return STATUS_OK;
    struct builder *path = batch_builder_column(rows, PATH);
    return body.path_size == 0
               ? build_null(path, err)
               : build_text(path, (struct str){raw + body.raw_size, body.path_size}, err);
}

static enum status write_batch(struct batch_builder *rows, struct ipc_writer *writer,
                               struct err *err)
{
    OWNED(batch_release) struct batch batch = {0};

    TRY(batch_builder_finish(rows, &batch, err));
    return ipc_writer_add(writer, &batch, err);
}

static enum status write_rows(struct rejects *rejects, const struct schema *schema,
                              struct ipc_writer *writer, struct err *err)
{
    OWNED(batch_builder_close) struct batch_builder *rows = NULL;

    TRY(batch_builder_open(&rows, schema, BATCH_ROWS, err));
    for (size_t i = 0; i < rejects->count; i++) {
        TRY(build_row(rejects, rows, &rejects->places[i], err));
        if (batch_builder_rows(rows) < BATCH_ROWS && batch_builder_bytes(rows) < BATCH_BYTES)
            continue;
        TRY(write_batch(rows, writer, err));
    }
    return batch_builder_rows(rows) == 0 ? STATUS_OK : write_batch(rows, writer, err);
}

enum status rejects_commit(struct rejects *rejects, struct err *err)
{
    OWNED(schema_unref) struct schema *schema = NULL;
    OWNED(output_close) struct output *output = NULL;
    OWNED(ipc_writer_close) struct ipc_writer *writer = NULL;
    const struct ipc_options options = {.format = IPC_FILE, .compression = IPC_ZSTD, .level = 1};

    if (rejects->path == NULL) return STATUS_OK;
    if (rejects->count > 0)
        qsort(rejects->places, rejects->count, sizeof *rejects->places, compare_places);
    TRY(make_schema(&schema, rejects, err));
    if (rejects->key != NULL) TRY(schema_set_metadata(schema, rejects->key, rejects->value, err));
    TRY(output_open(&output, rejects->path, err));
    TRY(ipc_writer_open(&writer, output, schema, options, err));
    TRY(write_rows(rejects, schema, writer, err));
    TRY(ipc_writer_finish(writer, err));
    return output_commit(output, err);
}

void rejects_close(struct rejects **rejects)
{
    if (rejects == NULL || *rejects == NULL) return;
    descriptor_close(&(*rejects)->spool);
    arena_close(&(*rejects)->arena);
    memory_free((*rejects)->places);
    memory_free((*rejects)->sources);
    memory_free((*rejects)->path);
    if ((*rejects)->mutex_made) pthread_mutex_destroy(&(*rejects)->mutex);
    memory_free(*rejects);
    *rejects = NULL;
}
