/* ingest/record_stored.c: what a store knows of one record of a source. */
#include "ingest/ingest.h"

#include "columnar/value_text.h"
#include "lineage/sql.h"

#include <stdio.h>
#include <sys/stat.h>

enum status record_indexed(struct store *store, const char *name, const char *path, int64_t number,
                           struct record_place *ret, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    struct stat info;
    bool row;
    *ret = (struct record_place){0};
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode)) return STATUS_OK;
    int64_t modified = (int64_t)info.st_mtim.tv_sec * 1000000 + info.st_mtim.tv_nsec / 1000;
    TRY(sql_open(store, &rows, err,
                 "SELECT s.run_id, i.record, i.byte_offset, i.line FROM sources AS s"
                 " JOIN record_index AS i ON i.run_id = s.run_id AND i.source = s.name"
                 " WHERE s.name = ? AND s.bytes = ? AND s.modified_at = ? AND i.record <= ?"
                 " ORDER BY s.run_id DESC, i.record DESC LIMIT 1",
                 "tiui", name, (int64_t)info.st_size, modified, number));
    TRY(sql_next(store, rows, &row, err));
    if (!row) return STATUS_OK;
    snprintf(ret->run, sizeof ret->run, "%s", sql_text(rows, 0));
    ret->resume.records = sqlite3_column_int64(rows, 1) - 1;
    ret->resume.offset = (uint64_t)sqlite3_column_int64(rows, 2);
    ret->resume.lines = sqlite3_column_int64(rows, 3) - 1;
    return STATUS_OK;
}

/* ---- the values ---- */

enum status record_row_json(const struct batch *batch, int64_t row, struct bytes *ret,
                            struct err *err)
{
    for (size_t i = 0; i < batch->schema->count; i++) {
        const struct field *field = &batch->schema->fields[i];
        TRY(bytes_append_text(ret, i == 0 ? "{" : ",", err));
        TRY(bytes_append_json(ret, str_of(field->name), err));
        TRY(bytes_append_text(ret, ":", err));
        TRY(value_json(field, batch->columns[i], row, ret, err));
    }
    return bytes_append_text(ret, "}\n", err);
}

static enum status search_batch(const struct batch *batch, const char *name, int64_t number,
                                struct bytes *ret, bool *ret_found, struct err *err)
{
    int64_t source = schema_find(batch->schema, str_of(COLUMN_SOURCE));
    int64_t record = schema_find(batch->schema, str_of(COLUMN_RECORD));
    struct str text;
    if (source < 0 || record < 0 || batch->schema->fields[record].type.id != TYPE_INT64)
        return STATUS_OK;
    const int64_t *numbers = array_values(batch->columns[record]);
    for (int64_t row = 0; row < batch->rows && !*ret_found; row++) {
        if (numbers[row] != number) continue;
        if (!array_text_at(&batch->schema->fields[source], batch->columns[source], row, &text) ||
            !str_is(text, name))
            continue;
        *ret_found = true;
        TRY(record_row_json(batch, row, ret, err));
    }
    return STATUS_OK;
}

static enum status search_version(struct store *store, const struct version *version,
                                  const char *name, int64_t number, struct bytes *ret,
                                  bool *ret_found, struct err *err)
{
    OWNED(version_reader_close) struct version_reader *reader = NULL;
    TRY(version_reader_open(&reader, store, version, 1, err));
    for (bool end = false; !end && !*ret_found;) {
        OWNED(batch_release) struct batch batch = {0};
        TRY(version_reader_next(reader, &batch, &end, err));
        if (!end) TRY(search_batch(&batch, name, number, ret, ret_found, err));
    }
    return STATUS_OK;
}

static enum status newest_version(struct store *store, const char *name, struct arena *arena,
                                  const char **ret, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    bool row;
    *ret = NULL;
    TRY(sql_open(store, &rows, err,
                 "SELECT v.dataset || '@' || v.number FROM sources AS s"
                 " JOIN versions AS v ON v.run_id = s.run_id WHERE s.name = ?"
                 " ORDER BY v.created_at DESC, v.number DESC LIMIT 1",
                 "t", name));
    TRY(sql_next(store, rows, &row, err));
    if (!row) return STATUS_OK;
    *ret = arena_format(arena, "%s", sql_text(rows, 0));
    return *ret == NULL ? fail_memory(err, 0) : STATUS_OK;
}

/* Its rejection, when it was none of the rows. */
static enum status find_rejection(struct store *store, const char *name, int64_t number,
                                  struct arena *arena, const char **ret_where, bool *ret_found,
                                  struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    TRY(sql_open(store, &rows, err,
                 "SELECT rule, run_id FROM row_events WHERE source = ? AND record = ?"
                 " AND kind = 'reject' AND position = 0 ORDER BY run_id DESC LIMIT 1",
                 "ti", name, number));
    TRY(sql_next(store, rows, ret_found, err));
    if (!*ret_found) return STATUS_OK;
    *ret_where = arena_format(arena, "run %s rejected it (%s); its bytes are in the rejects file",
                              sql_text(rows, 1), sql_text(rows, 0));
    return *ret_where == NULL ? fail_memory(err, 0) : STATUS_OK;
}

enum status record_stored(struct store *store, const char *name, int64_t number,
                          struct arena *arena, struct bytes *ret, const char **ret_where,
                          bool *ret_found, struct err *err)
{
    struct version version;
    const char *reference;
    *ret_found = false;
    TRY(newest_version(store, name, arena, &reference, err));
    if (reference == NULL) return STATUS_OK;
    TRY(version_resolve(store, reference, &version, err));
    TRY(search_version(store, &version, name, number, ret, ret_found, err));
    if (!*ret_found) return find_rejection(store, name, number, arena, ret_where, ret_found, err);
    *ret_where = arena_format(arena, "these are its values in %s", reference);
    return *ret_where == NULL ? fail_memory(err, 0) : STATUS_OK;
}
