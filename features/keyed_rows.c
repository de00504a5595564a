/* features/keyed_rows.c: the rows of a version one by one in key order. */
#include "features/keyed_rows.h"

#include "base/memory.h"
#include "features/pieces.h"

static enum status sort_all(struct keyed_rows *rows, size_t threads, struct err *err)
{
    /* Two versions may be read side by side. */
    TRY(sorter_open(&rows->sorter, rows->schema, &rows->columns, memory_limit() / 2, threads, err));
    for (;;) {
        OWNED(batch_release) struct batch batch = {0};
        bool end = false;
        TRY(interrupted(err));
        TRY(version_reader_next(rows->reader, &batch, &end, err));
        if (end) return STATUS_OK;
        TRY(sorter_add(rows->sorter, &batch, err));
    }
}

static enum status next_batch(struct keyed_rows *rows, struct err *err)
{
    batch_release(&rows->batch);
    rows->row = 0;
    TRY(interrupted(err));
    if (rows->sorter != NULL) return sorter_next(rows->sorter, &rows->batch, &rows->end, err);
    do {
        batch_release(&rows->batch);
        TRY(version_reader_next(rows->reader, &rows->batch, &rows->end, err));
    } while (!rows->end && rows->batch.rows == 0);
    return STATUS_OK;
}

static enum status read_key(struct keyed_rows *rows, struct err *err)
{
    bool null;
    return key_bytes(&rows->layout, &rows->batch, rows->row, &rows->scratch, &rows->key, &null,
                     err);
}

enum status keyed_rows_next(struct keyed_rows *rows, struct err *err)
{
    if (++rows->row >= rows->batch.rows) TRY(next_batch(rows, err));
    return rows->end ? STATUS_OK : read_key(rows, err);
}

static void name_keys(struct keyed_rows *rows, const struct view *view)
{
    rows->key_names.items = rows->names;
    for (size_t i = 0; i < view->entity.count && i < KEY_COLUMNS; i++)
        rows->names[rows->key_names.count++] = view->entity.items[i];
    if (view->event_time != NULL && rows->key_names.count < KEY_COLUMNS)
        rows->names[rows->key_names.count++] = view->event_time;
    if (view->created_time != NULL && rows->key_names.count < KEY_COLUMNS)
        rows->names[rows->key_names.count++] = view->created_time;
}

enum status keyed_rows_open(struct keyed_rows *ret, struct store *store, const struct view *view,
                            const struct version *version, size_t threads, struct err *err)
{
    *ret = (struct keyed_rows){.columns = view_columns(view),
                               .scratch = bytes_limited((size_t)1 << 32)};
    name_keys(ret, view);
    TRY(version_reader_open(&ret->reader, store, version, threads, err));
    ret->schema = schema_ref(version_reader_schema(ret->reader));
    TRY(key_layout_of(ret->schema, &ret->key_names, &ret->layout, err));
    if (sorted_pieces(ret->schema) > 1) TRY(sort_all(ret, threads, err));
    ret->row = -1;
    return keyed_rows_next(ret, err);
}

void keyed_rows_close(struct keyed_rows *rows)
{
    batch_release(&rows->batch);
    sorter_close(&rows->sorter);
    version_reader_close(&rows->reader);
    schema_unref(&rows->schema);
    bytes_release(&rows->scratch);
}
