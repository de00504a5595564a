/* version_commit.c: how a version becomes visible: its chunks are linked into their places and made
 * durable, then one transaction names them all. */
#include "lineage/version_state.h"

#include "lineage/sql.h"
#include "lineage/watermark_state.h"

#include "base/memory.h"
#include "columnar/ipc.h"

#include <stdio.h>
#include <string.h>

/* A version without rows still has a schema: one chunk of zero rows carries it. */
static enum status require_one_chunk(struct version_writer *writer, struct err *err)
{
    OWNED(batch_release) struct batch empty = {0};
    OWNED(prepared_free) struct prepared *prepared = NULL;

    if (writer->count > 0) return STATUS_OK;
    TRY(batch_empty(&empty, writer->bare, err));
    TRY(version_writer_prepare(writer, &empty, &prepared, err));
    return version_append_prepared(writer, prepared, err);
}

static enum status sync_all(struct version_writer *writer, const bool touched[256], bool made,
                            struct err *err)
{
    OWNED(memory_release) char *parent = path_join(writer->store->path, "chunks");

    if (parent == NULL) return fail_memory(err, 0);
    for (unsigned first = 0; first < 256; first++)
        if (touched[first]) TRY(chunk_sync(writer->store, (uint8_t)first, err));
    return made ? directory_sync(parent, err) : STATUS_OK;
}

static enum status place_chunks(struct version_writer *writer, struct err *err)
{
    bool touched[256] = {false},
         made = false; /* folders of chunks/ with new entries, new folders */

    for (size_t i = 0; i < writer->count; i++) {
        struct chunk *chunk = &writer->entries[i].chunk;
        if (writer->entries[i].known) continue;
        TRY(chunk_place(chunk, writer->store, &made, err));
        touched[chunk->content.bytes[0]] = true;
    }
    return sync_all(writer, touched, made, err);
}

/* ---- rows of the catalog ---- */

bool field_is_personal(const struct field *field)
{
    struct str mark = metadata_get(&field->metadata, "tamis:personal");
    return mark.data != NULL && !str_is(mark, "false");
}

/* Statements that run once a chunk or once a column of one. */
struct inserts {
    sqlite3_stmt *chunk, *column, *place;
};

static void inserts_close(struct inserts *inserts)
{
    sql_close(&inserts->chunk);
    sql_close(&inserts->column);
    sql_close(&inserts->place);
}

static enum status inserts_open(struct inserts *inserts, struct store *store, struct err *err)
{
    TRY(sql_open(store, &inserts->chunk, err,
                 "INSERT INTO chunks (digest, file_digest, rows, bytes, run_id, created_at)"
                 " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (digest) DO UPDATE"
                 " SET file_digest = excluded.file_digest, bytes = excluded.bytes",
                 ""));
    TRY(sql_open(store, &inserts->column, err,
                 "INSERT INTO chunk_columns (digest, position, name, nulls, distinct_values,"
                 " minimum, maximum) VALUES (?, ?, ?, ?, ?, ?, ?)"
                 " ON CONFLICT DO UPDATE SET minimum = NULL, maximum = NULL"
                 " WHERE excluded.minimum IS NULL",
                 ""));
    return sql_open(store, &inserts->place, err,
                    "INSERT INTO version_chunks (dataset, number, position, digest, first_row)"
                    " VALUES (?, ?, ?, ?, ?)",
                    "");
}

static enum status insert_columns_of_chunk(struct version_writer *writer, struct inserts *inserts,
                                           const struct entry *entry, struct err *err)
{
    for (size_t i = 0; i < writer->schema->count; i++) {
        const struct column_statistics *column = &writer->statistics[i];
        const struct field *field = &writer->schema->fields[i];
        bool show = column->has_range && !field_is_personal(field);

        TRY(sql_again(writer->store, inserts->column, err, "ditiitt", &entry->chunk.content,
                      (int64_t)i + 1, field->name, column->nulls, column->distinct,
                      show ? column->minimum : NULL, show ? column->maximum : NULL));
    }
    return STATUS_OK;
}

static enum status insert_chunk(struct version_writer *writer, struct inserts *inserts,
                                const struct entry *entry, struct err *err)
{
    const struct chunk *chunk = &entry->chunk;
    size_t size = writer->schema->count * sizeof *writer->statistics;

    TRY(sql_again(writer->store, inserts->chunk, err, "ddiitu", &chunk->content, &chunk->file,
                  chunk->rows, chunk->bytes, writer->run->id, clock_now()));
    TRY(pread_all(writer->spool, writer->statistics, size, entry->spooled_at, err));
    return insert_columns_of_chunk(writer, inserts, entry, err);
}

static enum status insert_chunks(struct version_writer *writer, int64_t number, struct err *err)
{
    OWNED(inserts_close) struct inserts inserts = {0};

    TRY(inserts_open(&inserts, writer->store, err));
    for (size_t i = 0; i < writer->count; i++) {
        const struct entry *entry = &writer->entries[i];
        if (!entry->known) TRY(insert_chunk(writer, &inserts, entry, err));
        TRY(sql_again(writer->store, inserts.place, err, "tiidi", writer->dataset, number,
                      (int64_t)i + 1, &entry->chunk.content, entry->first_row));
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
                    (int64_t)field_is_personal(field)));
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
    if (writer->run->watermarks != NULL)
        TRY(watermarks_commit(writer->run->watermarks, version->number, err));
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

/* ---- committing ---- */

#define ANY_BASE ((int64_t)-1)

static enum status is_latest(const struct version_writer *writer, int64_t base, bool *ret,
                             struct err *err)
{
    int64_t latest = 0;

    *ret = true;
    if (base == ANY_BASE) return STATUS_OK;
    TRY(sql_number(writer->store, &latest, 0, err,
                   "SELECT max(number) FROM versions WHERE dataset = ?", "t", writer->dataset));
    *ret = latest == base;
    return STATUS_OK;
}

static enum status insert_base_edge(struct version_writer *writer, int64_t base, struct err *err)
{
    if (base == ANY_BASE || base == 0) return STATUS_OK;
    return sql_run(writer->store, err,
                   "INSERT OR IGNORE INTO edges (run_id, input, output)"
                   " VALUES (?1, 'version:' || ?2 || '@' || ?3, 'stream:' || ?1)",
                   "tti", writer->run->id, writer->dataset, base);
}

/* In the transaction: nobody commits between the comparison and the rows. */
static enum status insert_after(struct version_writer *writer, int64_t base,
                                struct version *version, bool *ret_done, struct err *err)
{
    TRY(is_latest(writer, base, ret_done, err));
    if (!*ret_done) return STATUS_OK;
    TRY(insert_base_edge(writer, base, err));
    return insert_all(writer, version, err);
}

static enum status commit(struct version_writer *writer, int64_t base, struct version *version,
                          bool *ret_done, struct err *err)
{
    TRY(catalog_begin(writer->store, err));
    enum status status = insert_after(writer, base, version, ret_done, err);
    if (status == STATUS_OK && *ret_done) return catalog_commit(writer->store, err);
    catalog_rollback(writer->store);
    return status;
}

static enum status place_and_commit(struct version_writer *writer, int64_t base,
                                    struct version *ret, bool *ret_done, struct err *err)
{
    struct version version = {0};

    TRY(require_one_chunk(writer, err));
    TRY(place_chunks(writer, err));
    TRY(content_digester_end(writer->digester, &version.digest, err));
    describe(writer, &version);
    enum status status = commit(writer, base, &version, ret_done, err);
    if (status != STATUS_OK)
        return fail_within(err, status, "committing a version of \"%s\"", writer->dataset);
    if (*ret_done) lock_release(&writer->lock);
    if (*ret_done && ret != NULL) *ret = version;
    return STATUS_OK;
}

enum status version_writer_commit(struct version_writer *writer, struct version *ret,
                                  struct err *err)
{
    bool done;

    TRY(run_record_counts(writer->run, err));
    TRY(run_flush(writer->run, err));
    return place_and_commit(writer, ANY_BASE, ret, &done, err);
}

enum status version_writer_commit_after(struct version_writer *writer, int64_t base,
                                        struct version *ret, bool *ret_done, struct err *err)
{
    TRY(run_flush(writer->run, err));
    /* Who has lost already need not place chunks that no version would name. */
    TRY(is_latest(writer, base, ret_done, err));
    return *ret_done ? place_and_commit(writer, base, ret, ret_done, err) : STATUS_OK;
}

/* ---- in the place of a version ---- */

/* In the transaction. */
static enum status replace_all(struct version_writer *writer, const struct version *now,
                               struct err *err)
{
    TRY(sql_run(writer->store, err, "DELETE FROM version_chunks WHERE dataset = ? AND number = ?",
                "ti", now->dataset, now->number));
    TRY(insert_chunks(writer, now->number, err));
    return sql_run(writer->store, err,
                   "UPDATE versions SET rows = ?, bytes = ?, chunks = ?, digest = ?"
                   " WHERE dataset = ? AND number = ?",
                   "iiidti", now->rows, now->bytes, now->chunks, &now->digest, now->dataset,
                   now->number);
}

enum status version_writer_replace(struct version_writer *writer, const struct version *old,
                                   enum status (*also)(void *context, const struct version *now,
                                                       struct err *err),
                                   void *context, struct err *err)
{
    struct version now = {0};

    TRY(require_one_chunk(writer, err));
    TRY(place_chunks(writer, err));
    describe(writer, &now);
    now.number = old->number;
    snprintf(now.run_id, sizeof now.run_id, "%s", old->run_id);
    snprintf(now.created_at, sizeof now.created_at, "%s", old->created_at);
    TRY(content_digester_end(writer->digester, &now.digest, err));
    TRY(catalog_begin(writer->store, err));
    enum status status = replace_all(writer, &now, err);
    if (status == STATUS_OK && also != NULL) status = also(context, &now, err);
    if (status == STATUS_OK) return catalog_commit(writer->store, err);
    catalog_rollback(writer->store);
    return fail_within(err, status, "version %s@%lld", old->dataset, (long long)old->number);
}
