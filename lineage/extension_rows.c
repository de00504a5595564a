/* extension_rows.c: the rows of a file or version, chunk by chunk, batch by batch, without what
 * cannot matter: by the catalog's statistics, by those of batches that were read before, by
 * declared nulls.
 *
 * A column is decompressed when a value of it is asked for, or for the statistics of its batch. */
#include "lineage/extension.h"

#include "base/memory.h"
#include "columnar/statistics.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

SQLITE_EXTENSION_INIT3

/* ---- files ---- */

static struct extension_piece *piece_of(const struct extension_rows *rows)
{
    return &rows->data->pieces[rows->piece];
}

static bool piece_is_out(const struct extension_rows *rows)
{
    const struct extension_piece *piece = piece_of(rows);

    if (piece->rows < 0) return false;
    if (piece->first > rows->high || piece->first + piece->rows <= rows->low) return true;
    for (size_t i = 0; piece->ranges != NULL && i < rows->check_count; i++) {
        const struct extension_check *check = &rows->checks[i];
        if (extension_excludes(&rows->data->schema->fields[check->column],
                               &piece->ranges[check->column], piece->rows, check))
            return true;
    }
    return false;
}

/* What was found out about batches is forgotten when the file is another one. */
static void identify(struct extension_piece *piece, const struct input *input)
{
    struct extension_identity identity = {0};
    struct stat status;

    if (fstat(input_descriptor(input), &status) == 0)
        identity = (struct extension_identity){
            (uint64_t)status.st_dev, (uint64_t)status.st_ino, (uint64_t)status.st_size,
            (int64_t)status.st_mtim.tv_sec, (int64_t)status.st_mtim.tv_nsec};
    if (memcmp(&identity, &piece->identity, sizeof identity) == 0) return;
    for (size_t i = 0; i < piece->batch_room; i++)
        piece->batches[i] = NULL;
    piece->identity = identity;
}

static enum status open_piece(struct extension_rows *rows, struct err *err)
{
    OWNED(input_close) struct input *input = NULL;
    struct extension_piece *piece = piece_of(rows);

    TRY(input_open(&input, piece->path, err));
    identify(piece, input);
    enum status status = ipc_reader_open_lazy(&rows->reader, &input, &rows->counts->decoded, err);
    if (status != STATUS_OK) return fail_within(err, status, "file \"%s\"", piece->path);
    rows->counts->files++;
    rows->first = piece->first;
    rows->batch = 0;
    if (schema_equal(ipc_reader_schema(rows->reader), rows->data->schema)) return STATUS_OK;
    return fail(err, STATUS_FAILED, "file \"%s\" has other columns than when the table was made",
                piece->path);
}

/* The next file that may matter; end where there is none. */
static enum status next_piece(struct extension_rows *rows, struct err *err)
{
    for (; rows->piece < rows->data->count && piece_is_out(rows); rows->piece++)
        rows->counts->skipped_files++;
    rows->end = rows->piece == rows->data->count;
    return rows->end ? STATUS_OK : open_piece(rows, err);
}

static enum status check_rows(const struct extension_rows *rows, struct err *err)
{
    const struct extension_piece *piece = piece_of(rows);

    if (piece->rows < 0 || rows->first == piece->first + piece->rows) return STATUS_OK;
    return fail(err, STATUS_FAILED, "file \"%s\" has %" PRId64 " rows, expected %" PRId64,
                piece->path, rows->first - piece->first, piece->rows);
}

/* ---- columns ---- */

static enum status column_of(struct extension_rows *rows, size_t column, struct array **ret,
                             struct err *err)
{
    if (rows->columns[column] == NULL) {
        enum status status = ipc_reader_column(rows->reader, column, &rows->columns[column], err);
        if (status != STATUS_OK)
            return fail_within(err, status, "file \"%s\"", piece_of(rows)->path);
    }
    *ret = rows->columns[column];
    return STATUS_OK;
}

static void drop_columns(struct extension_rows *rows)
{
    for (size_t i = 0; rows->columns != NULL && i < rows->data->schema->count; i++)
        array_unref(&rows->columns[i]);
}

/* ---- batches ---- */

static enum status batch_range(struct extension_rows *rows, size_t column,
                               struct extension_range **ret, struct err *err)
{
    struct extension_piece *piece = piece_of(rows);
    struct arena *arena = rows->data->arena;
    size_t index = rows->batch - 1;

    if (index >= piece->batch_room) {
        size_t room = piece->batch_room * 2 > index ? piece->batch_room * 2 : index + 16;
        struct extension_range **batches = arena_get(arena, room, sizeof(void *));
        if (batches == NULL) return fail_memory(err, room * sizeof(void *));
        if (piece->batch_room > 0)
            memcpy(batches, piece->batches, piece->batch_room * sizeof(void *));
        piece->batches = batches;
        piece->batch_room = room;
    }
    if (piece->batches[index] == NULL)
        piece->batches[index] =
            arena_get(arena, rows->data->schema->count + 1, sizeof(struct extension_range));
    if (piece->batches[index] == NULL) return fail_memory(err, sizeof(struct extension_range));
    *ret = &piece->batches[index][column];
    return STATUS_OK;
}

/* Reads the column; the others of a batch that is out stay as they are. */
static enum status settle_range(struct extension_rows *rows, size_t column,
                                struct extension_range *range, struct err *err)
{
    const struct field *field = &rows->data->schema->fields[column];
    struct column_statistics found;
    struct array *array = NULL;

    TRY(column_of(rows, column, &array, err));
    TRY(array_statistics(field, array, &found, err));
    TRY(range_put(rows->data->arena, field, found.has_range ? found.minimum : NULL,
                  found.has_range ? found.maximum : NULL, range, err));
    range->settled = true;
    return STATUS_OK;
}

static enum status batch_fails(struct extension_rows *rows, const struct extension_check *check,
                               bool *ret, struct err *err)
{
    size_t column = (size_t)check->column;
    const struct field *field = &rows->data->schema->fields[column];
    const struct extension_piece *piece = piece_of(rows);
    struct extension_range declared = {.nulls = ipc_reader_nulls(rows->reader, column)};
    struct extension_range *range = NULL;

    *ret = extension_excludes(field, &declared, rows->batch_rows, check);
    if (*ret || range_kind_of(field) == RANGE_NONE) return STATUS_OK;
    if (check->op == SQLITE_INDEX_CONSTRAINT_ISNULL ||
        check->op == SQLITE_INDEX_CONSTRAINT_ISNOTNULL)
        return STATUS_OK;
    if (piece->ranges != NULL && piece->ranges[column].known) return STATUS_OK; /* was asked */
    TRY(batch_range(rows, column, &range, err));
    if (!range->settled) TRY(settle_range(rows, column, range, err));
    range->nulls = -1;
    *ret = extension_excludes(field, range, rows->batch_rows, check);
    return STATUS_OK;
}

static enum status batch_is_out(struct extension_rows *rows, bool *ret, struct err *err)
{
    *ret = rows->batch_rows == 0 || rows->first + rows->batch_rows <= rows->low ||
           rows->first > rows->high;
    for (size_t i = 0; !*ret && i < rows->check_count; i++)
        TRY(batch_fails(rows, &rows->checks[i], ret, err));
    return STATUS_OK;
}

static enum status step(struct extension_rows *rows, bool *ret_end, struct err *err)
{
    rows->first += rows->batch_rows;
    rows->batch_rows = 0;
    rows->batch++;
    drop_columns(rows);
    enum status status = ipc_reader_step(rows->reader, &rows->batch_rows, ret_end, err);
    if (status != STATUS_OK) return fail_within(err, status, "file \"%s\"", piece_of(rows)->path);
    return STATUS_OK;
}

static enum status next_batch(struct extension_rows *rows, struct err *err)
{
    bool end = false, out = false;

    if (rows->reader == NULL) return next_piece(rows, err);
    TRY(step(rows, &end, err));
    if (end) {
        TRY(check_rows(rows, err));
        ipc_reader_close(&rows->reader);
        rows->piece++;
        return STATUS_OK;
    }
    rows->row = rows->low > rows->first ? rows->low - rows->first : 0;
    if (rows->first > rows->high) rows->end = true;
    TRY(batch_is_out(rows, &out, err));
    if (!out) return STATUS_OK;
    rows->row = rows->batch_rows;
    rows->counts->skipped_batches++;
    return STATUS_OK;
}

enum status extension_rows_next(struct extension_rows *rows, struct err *err)
{
    rows->row++;
    while (!rows->end && rows->row >= rows->batch_rows)
        TRY(next_batch(rows, err));
    if (!rows->end && rows->first + rows->row > rows->high) rows->end = true;
    return STATUS_OK;
}

enum status extension_rows_value(struct extension_rows *rows, sqlite3_context *context,
                                 size_t column, struct err *err)
{
    struct array *array = NULL;

    TRY(column_of(rows, column, &array, err));
    extension_result(context, &rows->data->schema->fields[column], array, rows->row);
    return STATUS_OK;
}

/* ---- beginning ---- */

/* Rowids count from 1, rows from 0. Anything but an integer is left to SQLite. */
static void narrow_rows(struct extension_rows *rows, int op, sqlite3_value *value)
{
    if (sqlite3_value_type(value) != SQLITE_INTEGER) return;
    int64_t id = sqlite3_value_int64(value);
    int64_t row = id < 1 ? -1 : id - 1;
    bool from = op == SQLITE_INDEX_CONSTRAINT_EQ || op == SQLITE_INDEX_CONSTRAINT_GE ||
                op == SQLITE_INDEX_CONSTRAINT_GT;
    bool to = op == SQLITE_INDEX_CONSTRAINT_EQ || op == SQLITE_INDEX_CONSTRAINT_LE ||
              op == SQLITE_INDEX_CONSTRAINT_LT;
    int64_t low = op == SQLITE_INDEX_CONSTRAINT_GT ? row + 1 : row;
    int64_t high = op == SQLITE_INDEX_CONSTRAINT_LT && row >= 0 ? row - 1 : row;

    if (from && low > rows->low) rows->low = low;
    if (to && high < rows->high) rows->high = high;
}

static enum status add_check(struct extension_rows *rows, int column, int op, sqlite3_value *value,
                             struct err *err)
{
    struct extension_check *check = &rows->checks[rows->check_count];

    if (column < 0) {
        narrow_rows(rows, op, value);
        return STATUS_OK;
    }
    if ((size_t)column >= rows->data->schema->count || rows->check_count == EXTENSION_CHECKS)
        return STATUS_OK;
    *check = (struct extension_check){column, op, sqlite3_value_dup(value)};
    if (check->value == NULL) return fail_memory(err, 0);
    rows->check_count++;
    return STATUS_OK;
}

enum status extension_rows_begin(struct extension_rows *rows, struct extension_data *data,
                                 struct extension_counts *counts, const char *checks, int argc,
                                 sqlite3_value **argv, struct err *err)
{
    extension_rows_release(rows);
    *rows = (struct extension_rows){.data = data, .counts = counts, .high = INT64_MAX};
    TRY(NEW(&rows->columns, data->schema->count + 1, err));
    for (int i = 0; i < argc && checks != NULL && *checks != '\0'; i++) {
        char *rest;
        long column = strtol(checks, &rest, 10);
        long op = strtol(rest + 1, &rest, 10);
        checks = rest + 1;
        TRY(add_check(rows, (int)column, (int)op, argv[i], err));
    }
    return extension_rows_next(rows, err);
}

void extension_rows_release(struct extension_rows *rows)
{
    if (rows->data != NULL) drop_columns(rows);
    for (size_t i = 0; i < rows->check_count; i++)
        sqlite3_value_free(rows->checks[i].value);
    memory_free(rows->columns);
    ipc_reader_close(&rows->reader);
    *rows = (struct extension_rows){0};
}
