/* version_write.c: a new version: its chunks are written and fsynced under temporary names as rows
 * come; the commit links them into their places, then one transaction makes the version visible.
 * Whatever ends before that leaves nothing that has a name. */
#include "lineage/version_state.h"

#include "lineage/sql.h"
#include "lineage/watermark_state.h"

#include "base/memory.h"
#include "base/output.h"

#include <stdio.h>
#include <string.h>

struct prepared {
    size_t count;
    struct {
        struct chunk chunk;
        struct batch batch;
    } items[];
};

/* ---- opening ---- */

static bool dataset_letter(char letter)
{
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || strchr("_-./", letter) != NULL;
}

/* Letters, digits, "_", "-", "." and "/" between words, none of which looks like an option, a
 * hidden file or a step upwards: the name is part of file names and of commands. */
enum status dataset_check(const char *dataset, struct err *err)
{
    size_t size = strlen(dataset);
    bool fine = size > 0 && size < 200 && dataset[size - 1] != '/' &&
                strchr("/.-", dataset[0]) == NULL && strstr(dataset, "..") == NULL &&
                strstr(dataset, "//") == NULL && strstr(dataset, "/.") == NULL;

    for (size_t i = 0; fine && i < size; i++)
        fine = dataset_letter(dataset[i]);
    if (fine) return STATUS_OK;
    fail(err, STATUS_USAGE, "\"%s\" cannot name a dataset", dataset);
    err_hint(err, "write LAYER/NAME in letters, digits, \"_\", \"-\" and \".\", as in raw/orders");
    return STATUS_USAGE;
}

static bool of_this_run(const struct metadata_pair *pair)
{
    return str_is(pair->key, "tamis:run") || str_is(pair->key, "tamis:dataset");
}

static bool of_ours(const struct metadata_pair *pair)
{
    return pair->key.size >= 6 && memcmp(pair->key.data, "tamis:", 6) == 0;
}

static enum status schema_without(struct schema **ret, const struct schema *schema,
                                  bool (*leave_out)(const struct metadata_pair *pair),
                                  struct err *err)
{
    OWNED(schema_unref) struct schema *made = NULL;
    char key[256];

    TRY(schema_new(&made, err));
    for (size_t i = 0; i < schema->count; i++)
        TRY(schema_add(made, &schema->fields[i], err));
    for (size_t i = 0; i < schema->metadata.count; i++) {
        const struct metadata_pair *pair = &schema->metadata.pairs[i];
        if (leave_out(pair) || pair->key.size >= sizeof key) continue;
        snprintf(key, sizeof key, "%.*s", (int)pair->key.size, pair->key.data);
        TRY(schema_set_metadata(made, key, pair->value, err));
    }
    *ret = made;
    made = NULL;
    return STATUS_OK;
}

enum status version_writer_open(struct version_writer **ret, struct run *run, const char *dataset,
                                const struct schema *schema, bool exclusive, struct err *err)
{
    OWNED(version_writer_close) struct version_writer *writer = NULL;

    if (run_store(run) == NULL)
        return fail(err, STATUS_USAGE,
                    "dataset \"%s\" needs a store, and there is none under "
                    "--no-store",
                    dataset);
    TRY(dataset_check(dataset, err));
    TRY(NEW(&writer, 1, err));
    writer->lock.descriptor = writer->spool = -1;
    writer->run = run;
    writer->store = run_store(run);
    snprintf(writer->dataset, sizeof writer->dataset, "%s", dataset);
    if (exclusive && !watermarks_hand_lock(run->watermarks, dataset, &writer->lock))
        TRY(dataset_lock(writer->store, dataset, &writer->lock, err));
    TRY(schema_without(&writer->schema, schema, of_this_run, err));
    TRY(schema_without(&writer->bare, schema, of_ours, err));
    TRY(content_digester_open(&writer->digester, writer->bare, err));
    TRY(NEW(&writer->statistics, schema->count + 1, err));
    *ret = writer;
    writer = NULL;
    return STATUS_OK;
}

/* ---- chunks ---- */

/* Parts a batch has to be cut into, by rows and by bytes; a single row is never cut. */
static int64_t parts_of(const struct batch *batch)
{
    int64_t by_rows = (batch->rows + BATCH_ROWS_MAXIMUM - 1) / BATCH_ROWS_MAXIMUM;
    uint64_t by_bytes = (batch_bytes(batch) + BATCH_BYTES_MAXIMUM - 1) / BATCH_BYTES_MAXIMUM;
    int64_t parts = by_rows > (int64_t)by_bytes ? by_rows : (int64_t)by_bytes;

    if (parts > batch->rows) parts = batch->rows;
    return parts < 1 ? 1 : parts;
}

static enum status prepare_part(struct version_writer *writer, const struct batch *batch,
                                int64_t part, struct prepared *prepared, struct err *err)
{
    int64_t parts = (int64_t)prepared->count;
    int64_t first = batch->rows * part / parts, next = batch->rows * (part + 1) / parts;
    char name[UUID_TEXT + 48];

    snprintf(name, sizeof name, "tmp/%s-%llu.arrow", writer->run->id,
             (unsigned long long)atomic_fetch_add(&writer->serial, 1));
    OWNED(memory_release) char *path = path_join(writer->store->path, name);
    if (path == NULL) return fail_memory(err, 0);
    struct batch *rows = &prepared->items[part].batch;
    if (parts == 1)
        TRY(batch_share(rows, batch, err));
    else
        TRY(batch_slice(rows, batch, first, next - first, err));
    return chunk_write(&prepared->items[part].chunk, writer->store, path, writer->bare, rows, err);
}

enum status version_writer_prepare(struct version_writer *writer, const struct batch *batch,
                                   struct prepared **ret, struct err *err)
{
    OWNED(prepared_free) struct prepared *prepared = NULL;
    size_t parts = (size_t)parts_of(batch);

    if (!schema_equal(batch->schema, writer->bare))
        return fail(err, STATUS_FAILED, "dataset \"%s\": a batch has another schema than the first",
                    writer->dataset);
    prepared = memory_get(1, sizeof *prepared + parts * sizeof prepared->items[0]);
    if (prepared == NULL) return fail_memory(err, parts * sizeof prepared->items[0]);
    prepared->count = parts;
    for (int64_t part = 0; part < (int64_t)parts; part++)
        TRY(prepare_part(writer, batch, part, prepared, err));
    *ret = prepared;
    prepared = NULL;
    return STATUS_OK;
}

void prepared_free(struct prepared **prepared)
{
    if (prepared == NULL || *prepared == NULL) return;
    for (size_t i = 0; i < (*prepared)->count; i++) {
        chunk_release(&(*prepared)->items[i].chunk);
        batch_release(&(*prepared)->items[i].batch);
    }
    memory_free(*prepared);
    *prepared = NULL;
}

static enum status append_entry(struct version_writer *writer, struct chunk *chunk, bool known,
                                uint64_t spooled_at, struct err *err)
{
    if (writer->count == writer->room) {
        size_t room = writer->room == 0 ? 16 : writer->room * 2;
        struct entry *entries = memory_resize(writer->entries, room, sizeof *entries);
        if (entries == NULL) return fail_memory(err, room * sizeof *entries);
        writer->entries = entries;
        writer->room = room;
    }
    writer->entries[writer->count++] = (struct entry){
        .chunk = *chunk, .first_row = writer->rows, .known = known, .spooled_at = spooled_at};
    writer->rows += chunk->rows;
    *chunk = (struct chunk){0};
    return STATUS_OK;
}

/* Statistics are a few hundred bytes a column and chunk: too many for memory in a large version. */
static enum status spool_statistics(struct version_writer *writer, struct chunk *chunk,
                                    struct err *err)
{
    size_t size = chunk->column_count * sizeof *chunk->columns;

    if (writer->spool < 0) TRY(temporary_open(&writer->spool, err));
    TRY(pwrite_all(writer->spool, chunk->columns, size, writer->spooled, err));
    writer->spooled += size;
    memory_free(chunk->columns);
    chunk->columns = NULL;
    return STATUS_OK;
}

enum status version_append_prepared(struct version_writer *writer, struct prepared *prepared,
                                    struct err *err)
{
    for (size_t i = 0; i < prepared->count; i++) {
        uint64_t at = writer->spooled;
        TRY(spool_statistics(writer, &prepared->items[i].chunk, err));
        TRY(append_entry(writer, &prepared->items[i].chunk, false, at, err));
    }
    return STATUS_OK;
}

enum status version_writer_put(struct version_writer *writer, struct prepared **prepared,
                               struct err *err)
{
    OWNED(prepared_free) struct prepared *taken = *prepared;

    *prepared = NULL;
    if (taken->items[0].batch.rows == 0) return STATUS_OK;
    for (size_t i = 0; i < taken->count; i++)
        TRY(content_digester_add(writer->digester, &taken->items[i].batch, err));
    return version_append_prepared(writer, taken, err);
}

enum status version_writer_add(struct version_writer *writer, const struct batch *batch,
                               struct err *err)
{
    OWNED(prepared_free) struct prepared *prepared = NULL;

    TRY(version_writer_prepare(writer, batch, &prepared, err));
    return version_writer_put(writer, &prepared, err);
}

enum status version_writer_reuse(struct version_writer *writer, const char *chunk_digest,
                                 struct err *err)
{
    OWNED(batch_release) struct batch batch = {0};
    struct chunk chunk = {0};

    TRY(digest_parse(chunk_digest, &chunk.content, err));
    TRY(chunk_read(writer->store, chunk_digest, 1, NULL, &batch, err));
    if (!schema_equal(batch.schema, writer->bare))
        return fail(err, STATUS_FAILED, "chunk %s has another schema than this version of \"%s\"",
                    chunk_digest, writer->dataset);
    TRY(content_digester_add(writer->digester, &batch, err));
    TRY(sql_number(writer->store, &chunk.bytes, 0, err, "SELECT bytes FROM chunks WHERE digest = ?",
                   "t", chunk_digest));
    chunk.rows = batch.rows;
    return append_entry(writer, &chunk, true, 0, err);
}

void version_writer_close(struct version_writer **writer)
{
    if (writer == NULL || *writer == NULL) return;
    for (size_t i = 0; i < (*writer)->count; i++)
        chunk_release(&(*writer)->entries[i].chunk);
    memory_free((*writer)->entries);
    memory_free((*writer)->statistics);
    descriptor_close(&(*writer)->spool);
    content_digester_close(&(*writer)->digester);
    schema_unref(&(*writer)->schema);
    schema_unref(&(*writer)->bare);
    lock_release(&(*writer)->lock);
    memory_free(*writer);
    *writer = NULL;
}
