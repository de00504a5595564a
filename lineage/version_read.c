/* version_read.c: the rows of a version, and whether they are still what was written. */
#include "lineage/version.h"

#include "lineage/chunk.h"
#include "lineage/sql.h"

#include "base/memory.h"
#include "columnar/content.h"
#include "columnar/ipc.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct listed {
    char digest[DIGEST_TEXT];
    struct digest file;
    int64_t rows;
};

struct version_reader {
    struct store *store;
    struct version version;
    struct schema *schema;
    struct listed *chunks;
    int64_t count, next;
    int64_t first; /* chunks before it were skipped */
    size_t threads;
};

/* ---- opening ---- */

static enum status read_schema(struct version_reader *reader, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    OWNED(input_close) struct input *input = NULL;
    OWNED(ipc_reader_close) struct ipc_reader *ipc = NULL;
    bool row;

    TRY(sql_open(reader->store, &rows, err,
                 "SELECT schema FROM versions WHERE dataset = ? AND number = ?", "ti",
                 reader->version.dataset, reader->version.number));
    TRY(sql_next(reader->store, rows, &row, err));
    if (!row) return fail(err, STATUS_FAILED, "is not in the catalog any more");
    const void *bytes = sqlite3_column_blob(rows, 0);
    size_t size = (size_t)sqlite3_column_bytes(rows, 0);
    TRY(input_from_memory(&input, bytes, size, "schema in the catalog", err));
    TRY(ipc_reader_open(&ipc, &input, 1, err));
    return schema_copy(&reader->schema, ipc_reader_schema(ipc), err);
}

static enum status list_chunks(struct version_reader *reader, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    bool row;

    TRY(NEW(&reader->chunks, (size_t)reader->version.chunks, err));
    TRY(sql_open(reader->store, &rows, err,
                 "SELECT c.digest, c.file_digest, c.rows FROM version_chunks AS v"
                 " JOIN chunks AS c ON c.digest = v.digest"
                 " WHERE v.dataset = ? AND v.number = ? ORDER BY v.position",
                 "ti", reader->version.dataset, reader->version.number));
    for (;;) {
        TRY(sql_next(reader->store, rows, &row, err));
        if (!row) break;
        if (reader->count == reader->version.chunks)
            return fail(err, STATUS_FAILED, "has more chunks than its row in versions says");
        struct listed *chunk = &reader->chunks[reader->count++];
        snprintf(chunk->digest, sizeof chunk->digest, "%s", sql_text(rows, 0));
        TRY(digest_parse(sql_text(rows, 1), &chunk->file, err));
        chunk->rows = sqlite3_column_int64(rows, 2);
    }
    if (reader->count == reader->version.chunks) return STATUS_OK;
    return fail(err, STATUS_FAILED, "has %" PRId64 " chunks listed, expected %" PRId64,
                reader->count, reader->version.chunks);
}

static enum status within(const struct version *version, enum status status, struct err *err)
{
    return fail_within(err, status, "version %s@%" PRId64, version->dataset, version->number);
}

enum status version_reader_open(struct version_reader **ret, struct store *store,
                                const struct version *version, size_t threads, struct err *err)
{
    OWNED(version_reader_close) struct version_reader *reader = NULL;

    TRY(NEW(&reader, 1, err));
    reader->store = store;
    reader->version = *version;
    reader->threads = threads;
    enum status status = read_schema(reader, err);
    if (status == STATUS_OK) status = list_chunks(reader, err);
    if (status != STATUS_OK) return within(version, status, err);
    *ret = reader;
    reader = NULL;
    return STATUS_OK;
}

const struct schema *version_reader_schema(const struct version_reader *reader)
{
    return reader->schema;
}

/* ---- reading ---- */

/* A chunk may have been written by another version first, with other metadata: the rows are handed
 * out under the schema of this version. */
static enum status adopt(const struct version_reader *reader, const struct listed *chunk,
                         struct batch *batch, struct err *err)
{
    if (!schema_equal(batch->schema, reader->schema))
        return fail(err, STATUS_FAILED, "chunk %s has another schema than its version",
                    chunk->digest);
    if (batch->rows != chunk->rows)
        return fail(err, STATUS_FAILED, "chunk %s has %" PRId64 " rows, expected %" PRId64,
                    chunk->digest, batch->rows, chunk->rows);
    schema_unref(&batch->schema);
    batch->schema = schema_ref(reader->schema);
    return STATUS_OK;
}

static enum status read_chunk(const struct version_reader *reader, int64_t at, size_t threads,
                              const struct buffer *places, struct batch *ret, struct err *err)
{
    OWNED(batch_release) struct batch batch = {0};
    const struct listed *chunk = &reader->chunks[at];

    TRY(chunk_read(reader->store, chunk->digest, threads, places, &batch, err));
    TRY(adopt(reader, chunk, &batch, err));
    *ret = batch;
    batch = (struct batch){0};
    return STATUS_OK;
}

enum status version_reader_next(struct version_reader *reader, struct batch *ret, bool *ret_end,
                                struct err *err)
{
    *ret_end = reader->next == reader->count;
    if (*ret_end) return STATUS_OK;
    enum status status = read_chunk(reader, reader->next, reader->threads, NULL, ret, err);
    if (status != STATUS_OK) return within(&reader->version, status, err);
    reader->next++;
    return STATUS_OK;
}

int64_t version_reader_chunks(const struct version_reader *reader)
{
    return reader->count;
}

int64_t version_reader_rows(const struct version_reader *reader, int64_t at)
{
    return reader->chunks[at].rows;
}

enum status version_reader_read(const struct version_reader *reader, int64_t at,
                                const struct buffer *places, struct batch *ret, struct err *err)
{
    enum status status = read_chunk(reader, at, 1, places, ret, err);
    return status == STATUS_OK ? STATUS_OK : within(&reader->version, status, err);
}

bool version_reader_skip(struct version_reader *reader, const char *chunk_digest)
{
    if (reader->next == reader->count ||
        strcmp(reader->chunks[reader->next].digest, chunk_digest) != 0)
        return false;
    reader->first = ++reader->next;
    return true;
}

void version_reader_rewind(struct version_reader *reader)
{
    reader->next = reader->first;
}

void version_reader_close(struct version_reader **reader)
{
    if (reader == NULL || *reader == NULL) return;
    schema_unref(&(*reader)->schema);
    memory_free((*reader)->chunks);
    memory_free(*reader);
    *reader = NULL;
}

/* ---- verifying ---- */

static enum status compare(const char *what, const struct digest *found,
                           const struct digest *expected, struct err *err)
{
    char a[DIGEST_TEXT], b[DIGEST_TEXT];

    if (memcmp(found, expected, sizeof *found) == 0) return STATUS_OK;
    fail(err, STATUS_FAILED, "%s digest is %s, expected %s", what, digest_text(found, a),
         digest_text(expected, b));
    err_hint(err, "the file was changed after it was written; restore it from a copy");
    return STATUS_FAILED;
}

static enum status verify_file(const struct store *store, const struct listed *chunk,
                               struct err *err)
{
    OWNED(memory_release) char *path = chunk_path(store, chunk->digest);
    struct digest found;
    int64_t bytes;

    if (path == NULL) return fail_memory(err, 0);
    TRY(file_digest(path, &found, &bytes, err));
    return compare("file", &found, &chunk->file, err);
}

static enum status verify_chunk(struct version_reader *reader, const struct listed *chunk,
                                struct content_digester *digester, struct err *err)
{
    OWNED(batch_release) struct batch batch = {0};
    struct digest found, expected;

    enum status status = verify_file(reader->store, chunk, err);
    if (status != STATUS_OK) return fail_within(err, status, "chunk %s", chunk->digest);
    TRY(chunk_read(reader->store, chunk->digest, reader->threads, NULL, &batch, err));
    TRY(digest_parse(chunk->digest, &expected, err));
    TRY(content_digest(&batch, &found, err));
    status = compare("content", &found, &expected, err);
    if (status != STATUS_OK) return fail_within(err, status, "chunk %s", chunk->digest);
    TRY(adopt(reader, chunk, &batch, err));
    return content_digester_add(digester, &batch, err);
}

static enum status verify_rows(struct version_reader *reader, struct err *err)
{
    OWNED(content_digester_close) struct content_digester *digester = NULL;
    struct digest found;

    TRY(content_digester_open(&digester, reader->schema, err));
    for (int64_t i = 0; i < reader->count; i++)
        TRY(verify_chunk(reader, &reader->chunks[i], digester, err));
    TRY(content_digester_end(digester, &found, err));
    return compare("version", &found, &reader->version.digest, err);
}

enum status version_verify(struct store *store, const struct version *version, struct err *err)
{
    OWNED(version_reader_close) struct version_reader *reader = NULL;

    TRY(version_reader_open(&reader, store, version, 1, err));
    enum status status = verify_rows(reader, err);
    return status == STATUS_OK ? STATUS_OK : within(version, status, err);
}
