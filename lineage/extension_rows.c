/* extension_rows.c: the rows of a file or version, chunk by chunk, without what cannot matter. */
#include "lineage/extension.h"

#include "base/memory.h"
#include "columnar/ipc.h"

#include <inttypes.h>

SQLITE_EXTENSION_INIT3

static bool piece_is_out(const struct extension_rows *rows)
{
    const struct extension_piece *piece = &rows->data->pieces[rows->piece];

    if (rows->skip != NULL && rows->skip[rows->piece]) return true;
    if (piece->rows < 0) return false;
    return piece->first > rows->high || piece->first + piece->rows <= rows->low;
}

static enum status open_piece(struct extension_rows *rows, struct err *err)
{
    OWNED(input_close) struct input *input = NULL;
    const struct extension_piece *piece = &rows->data->pieces[rows->piece];

    TRY(input_open(&input, piece->path, err));
    enum status status = ipc_reader_open(&rows->reader, &input, 1, err);
    if (status != STATUS_OK) return fail_within(err, status, "file \"%s\"", piece->path);
    rows->first = piece->first;
    if (schema_equal(ipc_reader_schema(rows->reader), rows->data->schema)) return STATUS_OK;
    return fail(err, STATUS_FAILED, "file \"%s\" has other columns than when the table was made",
                piece->path);
}

/* The next file that may matter; end where there is none. */
static enum status next_piece(struct extension_rows *rows, struct err *err)
{
    while (rows->piece < rows->data->count && piece_is_out(rows))
        rows->piece++;
    rows->end = rows->piece == rows->data->count;
    return rows->end ? STATUS_OK : open_piece(rows, err);
}

static enum status check_rows(const struct extension_rows *rows, struct err *err)
{
    const struct extension_piece *piece = &rows->data->pieces[rows->piece];

    if (piece->rows < 0 || rows->first == piece->first + piece->rows) return STATUS_OK;
    return fail(err, STATUS_FAILED, "file \"%s\" has %" PRId64 " rows, expected %" PRId64,
                piece->path, rows->first - piece->first, piece->rows);
}

static enum status next_batch(struct extension_rows *rows, struct err *err)
{
    bool end = false;

    rows->first += rows->batch.rows;
    batch_release(&rows->batch);
    if (rows->reader == NULL) return next_piece(rows, err);
    enum status status = ipc_reader_next(rows->reader, &rows->batch, &end, err);
    if (status != STATUS_OK)
        return fail_within(err, status, "file \"%s\"", rows->data->pieces[rows->piece].path);
    rows->row = rows->low > rows->first ? rows->low - rows->first : 0;
    if (!end) return STATUS_OK;
    TRY(check_rows(rows, err));
    ipc_reader_close(&rows->reader);
    rows->piece++;
    return STATUS_OK;
}

enum status extension_rows_next(struct extension_rows *rows, struct err *err)
{
    rows->row++;
    while (!rows->end && rows->row >= rows->batch.rows)
        TRY(next_batch(rows, err));
    if (!rows->end && rows->first + rows->row > rows->high) rows->end = true;
    return STATUS_OK;
}

void extension_rows_release(struct extension_rows *rows)
{
    batch_release(&rows->batch);
    ipc_reader_close(&rows->reader);
    *rows = (struct extension_rows){0};
}
