/* version_write.c: a new version: its chunks are written and fsynced under temporary names as rows
 * come; the commit links them into their places, then one transaction makes the version visible.
 * Whatever ends before that leaves nothing that has a name. */
#include "lineage/version.h"

#include "lineage/chunk.h"
#include "lineage/run_state.h"
#include "lineage/sql.h"
#include "lineage/store_state.h"

#include "base/memory.h"
#include "columnar/content.h"
#include "columnar/ipc.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

struct entry { /* one chunk of the version */
    struct chunk chunk;
    int64_t first_row;
    bool known; /* reused: its row is in the catalog */
};

struct version_writer {
    struct run *run;
    struct store *store;
    char dataset[256];
    struct lock lock;      /* of the dataset; -1 = optimistic */
    struct schema *schema; /* of the version: no run in its metadata */
    struct schema *bare;   /* of the chunks: no metadata of ours */
    struct content_digester *digester;
    struct entry *entries;
    size_t count, room;
    int64_t rows;
    atomic_uint_fast64_t serial; /* of temporary files */
};

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

/* Letters, digits, "_", "-", "." and "/" between words: the name is part of file names. */
static enum status check_dataset(const char *dataset, struct err *err)
{
    size_t size = strlen(dataset);
    bool fine = size > 0 && size < 200 && dataset[0] != '/' && dataset[size - 1] != '/' &&
                strstr(dataset, "..") == NULL && strstr(dataset, "//") == NULL;

    for (size_t i = 0; fine && i < size; i++)
        fine = dataset_letter(dataset[i]);
    if (fine) return STATUS_OK;
    fail(err, STATUS_USAGE, "\"%s\" cannot name a dataset", dataset);
    err_hint(err, "write LAYER/NAME in letters, digits, \"_\", \"-\" and \".\", as in raw/orders");
    return STATUS_USAGE;
}

static enum status take_lock(struct version_writer *writer, struct err *err)
{
    char name[256 + 16], what[256 + 16];

    snprintf(name, sizeof name, "locks/%s", writer->dataset);
    for (char *place = strchr(name, '/') + 1; *place != '\0'; place++)
        if (*place == '/') *place = '+';
    snprintf(what, sizeof what, "dataset \"%s\"", writer->dataset);
    OWNED(memory_release) char *path = path_join(writer->store->path, name);
    if (path == NULL) return fail_memory(err, 0);
    return lock_take(&writer->lock, path, writer->store->wait_given, what, writer->store->holder,
                     err);
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
    TRY(check_dataset(dataset, err));
    TRY(NEW(&writer, 1, err));
    writer->lock.descriptor = -1;
    writer->run = run;
    writer->store = run_store(run);
    snprintf(writer->dataset, sizeof writer->dataset, "%s", dataset);
    if (exclusive) TRY(take_lock(writer, err));
    TRY(schema_without(&writer->schema, schema, of_this_run, err));
    TRY(schema_without(&writer->bare, schema, of_ours, err));
    TRY(content_digester_open(&writer->digester, writer->bare, err));
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
                                struct err *err)
{
    if (writer->count == writer->room) {
        size_t room = writer->room == 0 ? 16 : writer->room * 2;
        struct entry *entries = memory_resize(writer->entries, room, sizeof *entries);
        if (entries == NULL) return fail_memory(err, room * sizeof *entries);
        writer->entries = entries;
        writer->room = room;
    }
    writer->entries[writer->count++] =
        (struct entry){.chunk = *chunk, .first_row = writer->rows, .known = known};
    writer->rows += chunk->rows;
    *chunk = (struct chunk){0};
    return STATUS_OK;
}

enum status version_writer_put(struct version_writer *writer, struct prepared **prepared,
                               struct err *err)
{
    OWNED(prepared_free) struct prepared *taken = *prepared;

    *prepared = NULL;
    for (size_t i = 0; i < taken->count; i++) {
        struct chunk *chunk = &taken->items[i].chunk;
        TRY(content_digester_add(writer->digester, &taken->items[i].batch, err));
        if (taken->items[i].batch.rows == 0) continue;
        TRY(append_entry(writer, chunk, false, err));
    }
    return STATUS_OK;
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
    TRY(chunk_read(writer->store, chunk_digest, 1, &batch, err));
    if (!schema_equal(batch.schema, writer->bare))
        return fail(err, STATUS_FAILED, "chunk %s has another schema than this version of \"%s\"",
                    chunk_digest, writer->dataset);
    TRY(content_digester_add(writer->digester, &batch, err));
    TRY(sql_number(writer->store, &chunk.bytes, 0, err, "SELECT bytes FROM chunks WHERE digest = ?",
                   "t", chunk_digest));
    chunk.rows = batch.rows;
    return append_entry(writer, &chunk, true, err);
}

/* ---- committing ---- */

/* A version without rows still has a schema: one chunk of zero rows carries it. */
static enum status require_one_chunk(struct version_writer *writer, struct err *err)
{
    OWNED(batch_release) struct batch empty = {0};
    OWNED(prepared_free) struct prepared *prepared = NULL;

    if (writer->count > 0) return STATUS_OK;
    TRY(batch_empty(&empty, writer->bare, err));
    TRY(version_writer_prepare(writer, &empty, &prepared, err));
    return append_entry(writer, &prepared->items[0].chunk, false, err);
}

static enum status place_chunks(struct version_writer *writer, struct err *err)
{
    bool touched[256] = {false}; /* folders of chunks/ with a new entry */

    for (size_t i = 0; i < writer->count; i++) {
        struct chunk *chunk = &writer->entries[i].chunk;
        if (writer->entries[i].known) continue;
        TRY(chunk_place(chunk, writer->store, err));
        touched[chunk->content.bytes[0]] = true;
    }
    for (unsigned first = 0; first < 256; first++)
        if (touched[first]) TRY(chunk_sync(writer->store, (uint8_t)first, err));
    return STATUS_OK;
}

static bool is_personal(const struct field *field)
{
    struct str mark = metadata_get(&field->metadata, "tamis:personal");
    return mark.data != NULL && !str_is(mark, "false");
}

static enum status insert_columns_of_chunk(struct version_writer *writer, const struct chunk *chunk,
                                           const char *digest, struct err *err)
{
    for (size_t i = 0; i < chunk->column_count; i++) {
        const struct column_statistics *column = &chunk->columns[i];
        const struct field *field = &writer->schema->fields[i];
        bool show = column->has_range && !is_personal(field);

        TRY(sql_run(writer->store, err,
                    "INSERT INTO chunk_columns (digest, position, name, nulls, distinct_values,"
                    " minimum, maximum) VALUES (?, ?, ?, ?, ?, ?, ?)"
                    " ON CONFLICT DO UPDATE SET minimum = NULL, maximum = NULL"
                    " WHERE excluded.minimum IS NULL",
                    "titiitt", digest, (int64_t)i + 1, field->name, column->nulls, column->distinct,
                    show ? column->minimum : NULL, show ? column->maximum : NULL));
    }
    return STATUS_OK;
}

static enum status insert_chunk(struct version_writer *writer, const struct entry *entry,
                                struct err *err)
{
    const struct chunk *chunk = &entry->chunk;
    char digest[DIGEST_TEXT];

    digest_text(&chunk->content, digest);
    TRY(sql_run(writer->store, err,
                "INSERT INTO chunks (digest, file_digest, rows, bytes, run_id, created_at)"
                " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (digest) DO UPDATE"
                " SET file_digest = excluded.file_digest, bytes = excluded.bytes",
                "tdiitu", digest, &chunk->file, chunk->rows, chunk->bytes, writer->run->id,
                clock_now()));
    return insert_columns_of_chunk(writer, chunk, digest, err);
}

static enum status insert_chunks(struct version_writer *writer, int64_t number, struct err *err)
{
    for (size_t i = 0; i < writer->count; i++) {
        const struct entry *entry = &writer->entries[i];
        if (!entry->known) TRY(insert_chunk(writer, entry, err));
        TRY(sql_run(writer->store, err,
                    "INSERT INTO version_chunks (dataset, number, position, digest, first_row)"
                    " VALUES (?, ?, ?, ?, ?)",
                    "tiidi", writer->dataset, number, (int64_t)i + 1, &entry->chunk.content,
                    entry->first_row));
    }
    return STATUS_OK;
}

static enum status schema_bytes(const struct schema *schema, struct bytes *ret, struct err *err)
{
    OWNED(output_close) struct output *output = NULL;
    OWNED(ipc_writer_close) struct ipc_writer *writer = NULL;

    TRY(output_to_memory(&output, ret, err));
    TRY(ipc_writer_open(&writer, output, schema, (struct ipc_options){.format = IPC_STREAM}, err));
    TRY(ipc_writer_finish(writer, err));
    return output_commit(output, err);
}

static enum status insert_columns(struct version_writer *writer, int64_t number, struct err *err)
{
    char type[256];

    for (size_t i = 0; i < writer->schema->count; i++) {
        const struct field *field = &writer->schema->fields[i];
        TRY(sql_run(writer->store, err,
                    "INSERT INTO version_columns (dataset, number, position, name, type, nullable,"
                    " personal) VALUES (?, ?, ?, ?, ?, ?, ?)",
                    "tiittii", writer->dataset, number, (int64_t)i + 1, field->name,
                    field_type_text(field, type, sizeof type), (int64_t)field->nullable,
                    (int64_t)is_personal(field)));
    }
    return STATUS_OK;
}

static enum status insert_version(struct version_writer *writer, struct version *version,
                                  struct err *err)
{
    OWNED(bytes_release) struct bytes schema = bytes_limited(64 << 20);

    TRY(schema_bytes(writer->schema, &schema, err));
    TRY(sql_run(writer->store, err,
                "INSERT INTO versions (dataset, number, rows, bytes, chunks, digest, verdict,"
                " run_id, created_at, schema) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                "tiiiidtttb", version->dataset, version->number, version->rows, version->bytes,
                version->chunks, &version->digest,
                run_verdict_is_failed(writer->run) ? "failed" : "passed", version->run_id,
                version->created_at, (const void *)schema.data, schema.size));
    return insert_columns(writer, version->number, err);
}

static enum status insert_edge(struct version_writer *writer, int64_t number, struct err *err)
{
    return sql_run(writer->store, err,
                   "INSERT INTO edges (run_id, input, output)"
                   " VALUES (?1, 'stream:' || ?1, 'version:' || ?2 || '@' || ?3)",
                   "tti", writer->run->id, writer->dataset, number);
}

/* In the transaction. The layer is the word before the first "/". */
static enum status insert_all(struct version_writer *writer, struct version *version,
                              struct err *err)
{
    struct str layer = {writer->dataset, strcspn(writer->dataset, "/")};

    TRY(sql_run(writer->store, err,
                "INSERT OR IGNORE INTO datasets (dataset, layer, run_id, created_at)"
                " VALUES (?, ?, ?, ?)",
                "tstt", version->dataset, layer, version->run_id, version->created_at));
    TRY(sql_number(writer->store, &version->number, 1, err,
                   "SELECT max(number) + 1 FROM versions WHERE dataset = ?", "t",
                   version->dataset));
    TRY(insert_version(writer, version, err));
    TRY(insert_chunks(writer, version->number, err));
    return insert_edge(writer, version->number, err);
}

static void describe(const struct version_writer *writer, struct version *version)
{
    snprintf(version->dataset, sizeof version->dataset, "%s", writer->dataset);
    snprintf(version->run_id, sizeof version->run_id, "%s", writer->run->id);
    time_text(clock_now(), version->created_at);
    version->rows = writer->rows;
    version->chunks = (int64_t)writer->count;
    for (size_t i = 0; i < writer->count; i++)
        version->bytes += writer->entries[i].chunk.bytes;
}

static enum status commit(struct version_writer *writer, struct version *version, struct err *err)
{
    TRY(catalog_begin(writer->store, err));
    enum status status = insert_all(writer, version, err);
    if (status == STATUS_OK) return catalog_commit(writer->store, err);
    catalog_rollback(writer->store);
    return status;
}

enum status version_writer_commit(struct version_writer *writer, struct version *ret,
                                  struct err *err)
{
    struct version version = {0};

    TRY(run_flush(writer->run, err));
    TRY(require_one_chunk(writer, err));
    TRY(place_chunks(writer, err));
    TRY(content_digester_end(writer->digester, &version.digest, err));
    describe(writer, &version);
    enum status status = commit(writer, &version, err);
    if (status != STATUS_OK)
        return fail_within(err, status, "committing a version of \"%s\"", writer->dataset);
    lock_release(&writer->lock);
    if (ret != NULL) *ret = version;
    return STATUS_OK;
}

void version_writer_close(struct version_writer **writer)
{
    if (writer == NULL || *writer == NULL) return;
    for (size_t i = 0; i < (*writer)->count; i++)
        chunk_release(&(*writer)->entries[i].chunk);
    memory_free((*writer)->entries);
    content_digester_close(&(*writer)->digester);
    schema_unref(&(*writer)->schema);
    schema_unref(&(*writer)->bare);
    lock_release(&(*writer)->lock);
    memory_free(*writer);
    *writer = NULL;
}
