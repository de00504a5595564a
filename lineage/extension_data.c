/* extension_data.c: from a reference to the files that hold its rows, and their statistics. */
#include "lineage/extension.h"

#include "base/clock.h"
#include "base/memory.h"
#include "columnar/ipc.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

SQLITE_EXTENSION_INIT3

#define CHUNKS_MAXIMUM (1 << 24)

/* A version while its rows in the catalog are read. */
struct catalog {
    sqlite3 *db, *own; /* own: opened here */
    char *folder;
    char *dataset;
    int64_t number;
};

static void catalog_close(struct catalog *catalog)
{
    if (catalog->own != NULL) sqlite3_close(catalog->own);
}

static void statement_close(sqlite3_stmt **statement)
{
    sqlite3_finalize(*statement);
    *statement = NULL;
}

static enum status fail_sqlite(sqlite3 *db, struct err *err)
{
    return fail(err, STATUS_FAILED, "catalog: %s", sqlite3_errmsg(db));
}

static enum status step(sqlite3 *db, sqlite3_stmt *statement, bool *ret_row, struct err *err)
{
    int result = sqlite3_step(statement);

    *ret_row = result == SQLITE_ROW;
    return result == SQLITE_ROW || result == SQLITE_DONE ? STATUS_OK : fail_sqlite(db, err);
}

/* ?1 is the dataset, ?2 the number once it is known. */
static enum status ask(const struct catalog *catalog, sqlite3_stmt **ret, const char *sql,
                       struct err *err)
{
    if (sqlite3_prepare_v2(catalog->db, sql, -1, ret, NULL) != SQLITE_OK) {
        fail_sqlite(catalog->db, err);
        err_hint(err, "open catalog.db of the store as the main database, or name the store's "
                      "folder as the second argument");
        return STATUS_FAILED;
    }
    sqlite3_bind_text(*ret, 1, catalog->dataset, -1, SQLITE_STATIC);
    if (catalog->number > 0) sqlite3_bind_int64(*ret, 2, catalog->number);
    return STATUS_OK;
}

/* ---- which store ---- */

enum status extension_main_folder(sqlite3 *db, struct arena *arena, char **ret, struct err *err)
{
    const char *path = sqlite3_db_filename(db, "main");
    const char *slash = path == NULL ? NULL : strrchr(path, '/');

    if (slash == NULL) {
        fail(err, STATUS_USAGE, "the main database is not a file, expected catalog.db of a store");
        err_hint(err, "start with sqlite3 -readonly .tamis/catalog.db, or name the store's folder "
                      "as the last argument");
        return STATUS_USAGE;
    }
    *ret = arena_text(arena, path, (size_t)(slash - path));
    return *ret == NULL ? fail_memory(err, 0) : STATUS_OK;
}

static enum status catalog_open(struct catalog *ret, struct arena *arena, sqlite3 *db,
                                const char *store, struct err *err)
{
    ret->db = db;
    if (store == NULL) return extension_main_folder(db, arena, &ret->folder, err);
    ret->folder = arena_text(arena, store, strlen(store));
    char *path = arena_format(arena, "%s/catalog.db", store);
    if (ret->folder == NULL || path == NULL) return fail_memory(err, strlen(store));
    int result = sqlite3_open_v2(path, &ret->own, SQLITE_OPEN_READONLY, NULL);
    ret->db = ret->own;
    if (result == SQLITE_OK) {
        sqlite3_busy_timeout(ret->own, 5000);
        sqlite3_db_config(ret->own, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        sqlite3_db_config(ret->own, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        sqlite3_exec(ret->own, "PRAGMA query_only=ON; PRAGMA cell_size_check=ON", NULL, NULL, NULL);
        return STATUS_OK;
    }
    return fail(err, STATUS_FAILED, "\"%s\": %s", path, sqlite3_errstr(result));
}

/* ---- which version ---- */

static enum status bind_reference(sqlite3_stmt *statement, const char *reference, struct err *err)
{
    bool digits = reference[0] != '\0' && reference[strspn(reference, "0123456789")] == '\0';
    char text[TIME_TEXT];
    int64_t time;
    int result;

    if (digits)
        result = sqlite3_bind_int64(statement, 2, strtoll(reference, NULL, 10));
    else if (time_parse(str_of(reference), &time, NULL) == STATUS_OK)
        result = sqlite3_bind_text(statement, 3, time_text(time, text), -1, SQLITE_TRANSIENT);
    else if (strcmp(reference, "latest") == 0)
        return STATUS_OK;
    else
        result = sqlite3_bind_text(statement, 4, reference, -1, SQLITE_TRANSIENT);
    return result == SQLITE_OK ? STATUS_OK : fail_memory(err, strlen(reference));
}

/* A number, a time, a tag, else the newest; a tag spread over versions gives several rows. */
static const char find_version[] =
    "SELECT number FROM main.versions AS v WHERE dataset = ?1 AND"
    " CASE WHEN ?2 IS NOT NULL THEN number = ?2"
    "      WHEN ?4 IS NOT NULL THEN number IN"
    "          (SELECT number FROM main.tags WHERE dataset = ?1 AND tag = ?4)"
    "      ELSE number = (SELECT number FROM main.versions"
    "          WHERE dataset = ?1 AND (?3 IS NULL OR created_at <= ?3)"
    "          ORDER BY CASE WHEN ?3 IS NULL THEN NULL ELSE created_at END DESC, number DESC"
    "          LIMIT 1) END";

static enum status find_number(struct catalog *catalog, const char *reference, struct err *err)
{
    OWNED(statement_close) sqlite3_stmt *rows = NULL;
    bool row = false, more = false;

    TRY(ask(catalog, &rows, find_version, err));
    TRY(bind_reference(rows, reference, err));
    TRY(step(catalog->db, rows, &row, err));
    if (row) catalog->number = sqlite3_column_int64(rows, 0);
    if (row) TRY(step(catalog->db, rows, &more, err));
    if (row && !more) return STATUS_OK;
    fail(err, STATUS_USAGE, "\"%s@%s\" names %s version of store \"%s\"", catalog->dataset,
         reference, more ? "more than one" : "no", catalog->folder);
    err_hint(err, "SELECT dataset, number FROM versions lists them");
    return STATUS_USAGE;
}

static enum status resolve(struct catalog *catalog, struct arena *arena, const char *name,
                           struct err *err)
{
    const char *at = strrchr(name, '@');
    size_t size = at == NULL ? strlen(name) : (size_t)(at - name);

    catalog->dataset = arena_text(arena, name, size);
    if (catalog->dataset == NULL) return fail_memory(err, size);
    return find_number(catalog, at == NULL ? "latest" : at + 1, err);
}

/* ---- what the catalog says about it ---- */

static enum status read_schema(struct extension_data *data, const struct catalog *catalog,
                               struct err *err)
{
    OWNED(statement_close) sqlite3_stmt *rows = NULL;
    OWNED(input_close) struct input *input = NULL;
    OWNED(ipc_reader_close) struct ipc_reader *reader = NULL;
    bool row = false;

    TRY(ask(catalog, &rows,
            "SELECT schema, rows FROM main.versions WHERE dataset = ?1 AND number = ?2", err));
    TRY(step(catalog->db, rows, &row, err));
    if (!row) return fail(err, STATUS_FAILED, "is not in the catalog any more");
    const void *bytes = sqlite3_column_blob(rows, 0);
    size_t size = (size_t)sqlite3_column_bytes(rows, 0);
    data->rows = sqlite3_column_int64(rows, 1);
    TRY(input_from_memory(&input, bytes, size, "schema in the catalog", err));
    TRY(ipc_reader_open(&reader, &input, 1, err));
    return schema_copy(&data->schema, ipc_reader_schema(reader), err);
}

static enum status add_piece(struct extension_data *data, const struct catalog *catalog,
                             sqlite3_stmt *rows, struct err *err)
{
    struct extension_piece *piece = &data->pieces[data->count];
    const char *digest = (const char *)sqlite3_column_text(rows, 0);
    struct digest checked;

    TRY(digest_parse(digest == NULL ? "" : digest, &checked, err)); /* it becomes a path */
    piece->path =
        arena_format(data->arena, "%s/chunks/%.2s/%s.arrow", catalog->folder, digest, digest);
    piece->first = sqlite3_column_int64(rows, 1);
    piece->rows = sqlite3_column_int64(rows, 2);
    piece->ranges = arena_get(data->arena, data->schema->count + 1, sizeof *piece->ranges);
    piece->digest = arena_text(data->arena, digest, strlen(digest));
    if (piece->path == NULL || piece->ranges == NULL || piece->digest == NULL)
        return fail_memory(err, sizeof *piece);
    for (size_t i = 0; i < data->schema->count; i++)
        piece->ranges[i].nulls = -1;
    data->count++;
    return STATUS_OK;
}

static enum status count_pieces(const struct catalog *catalog, size_t *ret, struct err *err)
{
    OWNED(statement_close) sqlite3_stmt *rows = NULL;
    bool row = false;

    TRY(ask(catalog, &rows,
            "SELECT count(*) FROM main.version_chunks WHERE dataset = ?1 AND number = ?2", err));
    TRY(step(catalog->db, rows, &row, err));
    int64_t count = row ? sqlite3_column_int64(rows, 0) : 0;
    if (count > CHUNKS_MAXIMUM) return fail(err, STATUS_FAILED, "has %" PRId64 " chunks", count);
    *ret = (size_t)count;
    return STATUS_OK;
}

static enum status read_pieces(struct extension_data *data, const struct catalog *catalog,
                               struct err *err)
{
    OWNED(statement_close) sqlite3_stmt *rows = NULL;
    size_t count = 0;

    TRY(count_pieces(catalog, &count, err));
    data->pieces = arena_get(data->arena, count + 1, sizeof *data->pieces);
    if (data->pieces == NULL) return fail_memory(err, count * sizeof *data->pieces);
    TRY(ask(catalog, &rows,
            "SELECT v.digest, v.first_row, c.rows FROM main.version_chunks AS v"
            " JOIN main.chunks AS c ON c.digest = v.digest"
            " WHERE v.dataset = ?1 AND v.number = ?2 ORDER BY v.position",
            err));
    for (bool row = true; row && data->count < count;) {
        TRY(step(catalog->db, rows, &row, err));
        if (row) TRY(add_piece(data, catalog, rows, err));
    }
    if (data->count == count) return STATUS_OK;
    return fail(err, STATUS_FAILED, "has %zu chunks listed, expected %zu", data->count, count);
}

/* ---- statistics ---- */

static enum status read_ranges(struct extension_data *data, const struct catalog *catalog,
                               struct err *err)
{
    OWNED(statement_close) sqlite3_stmt *rows = NULL;
    bool row = false;

    TRY(ask(catalog, &rows,
            "SELECT v.position, c.position, c.minimum, c.maximum, c.nulls, c.distinct_values"
            " FROM main.version_chunks AS v"
            " JOIN main.chunk_columns AS c ON c.digest = v.digest"
            " WHERE v.dataset = ?1 AND v.number = ?2",
            err));
    for (;;) {
        TRY(step(catalog->db, rows, &row, err));
        if (!row) return STATUS_OK;
        int64_t piece = sqlite3_column_int64(rows, 0) - 1;
        int64_t column = sqlite3_column_int64(rows, 1) - 1;
        if (piece < 0 || piece >= (int64_t)data->count || column < 0 ||
            column >= (int64_t)data->schema->count)
            continue;
        struct extension_range *range = &data->pieces[piece].ranges[column];
        range->nulls = sqlite3_column_int64(rows, 4);
        range->distinct = sqlite3_column_int64(rows, 5);
        TRY(range_put(data->arena, &data->schema->fields[column],
                      (const char *)sqlite3_column_text(rows, 2),
                      (const char *)sqlite3_column_text(rows, 3), range, err));
    }
}

/* ---- the parts together ---- */

static enum status open_version(struct extension_data *data, sqlite3 *db, const char *name,
                                const char *store, struct err *err)
{
    OWNED(catalog_close) struct catalog catalog = {0};

    TRY(catalog_open(&catalog, data->arena, db, store, err));
    TRY(resolve(&catalog, data->arena, name, err));
    enum status status = read_schema(data, &catalog, err);
    if (status == STATUS_OK) status = read_pieces(data, &catalog, err);
    if (status == STATUS_OK) status = read_ranges(data, &catalog, err);
    data->node = arena_format(data->arena, "version:%s@%" PRId64, catalog.dataset, catalog.number);
    if (status == STATUS_OK && data->node == NULL) status = fail_memory(err, 0);
    if (status == STATUS_OK) return STATUS_OK;
    return fail_within(err, status, "version %s@%" PRId64, catalog.dataset, catalog.number);
}

static enum status open_file(struct extension_data *data, const char *path, struct err *err)
{
    OWNED(input_close) struct input *input = NULL;
    OWNED(ipc_reader_close) struct ipc_reader *reader = NULL;

    if (strcmp(path, "-") == 0)
        return fail(err, STATUS_USAGE, "a table cannot read stdin, expected a file");
    TRY(input_open(&input, path, err));
    if (input_size(input) < 0)
        return fail(err, STATUS_USAGE, "file \"%s\" cannot be read twice, as a table must", path);
    enum status status = ipc_reader_open_lazy(&reader, &input, NULL, err);
    if (status != STATUS_OK) return fail_within(err, status, "file \"%s\"", path);
    TRY(schema_copy(&data->schema, ipc_reader_schema(reader), err));
    data->pieces = arena_get(data->arena, 1, sizeof *data->pieces);
    if (data->pieces == NULL) return fail_memory(err, sizeof *data->pieces);
    data->pieces[0].path = arena_text(data->arena, path, strlen(path));
    data->pieces[0].rows = data->rows = -1;
    data->count = 1;
    return data->pieces[0].path == NULL ? fail_memory(err, strlen(path)) : STATUS_OK;
}

enum status extension_data_open(struct extension_data *ret, sqlite3 *db, const char *reference,
                                const char *store, struct err *err)
{
    static const char scheme[] = "tamis:";
    OWNED(extension_data_release) struct extension_data data = {0};

    TRY(arena_open(&data.arena, err));
    if (strncmp(reference, scheme, sizeof scheme - 1) == 0)
        TRY(open_version(&data, db, reference + sizeof scheme - 1, store, err));
    else if (store != NULL)
        return fail(err, STATUS_USAGE, "a store goes with tamis:DATASET, found \"%s\"", reference);
    else
        TRY(open_file(&data, reference, err));
    *ret = data;
    data = (struct extension_data){0};
    return STATUS_OK;
}

void extension_data_release(struct extension_data *data)
{
    schema_unref(&data->schema);
    arena_close(&data->arena);
    *data = (struct extension_data){0};
}
