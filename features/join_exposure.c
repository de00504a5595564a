/* features/join_exposure.c: --log-exposure: which version behind a weighted tag the entities of a
 * spine got. Counted are rows with a value of the view: who is not in it was shown nothing. */
#include "features/join.h"

#include "columnar/value_text.h"

static enum status key_text(const struct key_layout *layout, const struct batch *batch, int64_t row,
                            struct bytes *ret, struct err *err)
{
    ret->size = 0;
    for (size_t i = 0; i < layout->count; i++) {
        if (i > 0) TRY(bytes_append_text(ret, ",", err));
        TRY(value_plain(&batch->schema->fields[layout->columns[i]],
                        batch->columns[layout->columns[i]], row, ret, err));
    }
    return STATUS_OK;
}

static bool has_value(const struct batch *batch, size_t first, size_t count, int64_t row)
{
    for (size_t i = first; i < first + count; i++)
        if (!value_is_null(&batch->schema->fields[i], batch->columns[i], row)) return true;
    return false;
}

static enum status expose_rows(const struct join *join, size_t view, size_t first,
                               const struct batch *batch, struct err *err)
{
    OWNED(bytes_release) struct bytes scratch = bytes_limited((size_t)1 << 30);
    OWNED(bytes_release) struct bytes text = bytes_limited((size_t)1 << 30);
    const struct feature_table *table = &join->tables[view];
    const struct served *served = &table->served;
    for (int64_t row = 0; row < batch->rows; row++) {
        struct str key = {0};
        bool null;
        if (!has_value(batch, first, table->answers->count, row)) continue;
        TRY(key_bytes(&join->layouts[view], batch, row, &scratch, &key, &null, err));
        if (null) continue;
        TRY(key_text(&join->layouts[view], batch, row, &text, err));
        TRY(exposure_log_add(join->exposures[view],
                             (struct str){(const char *)text.data, text.size},
                             served->state.shares[served_pick(served, key)].number, err));
    }
    return STATUS_OK;
}

enum status join_expose_open(struct join *join, struct err *err)
{
    if (!join->args->log_exposure) return STATUS_OK;
    TRY(NEW(&join->exposures, join->table_count, err));
    for (size_t i = 0; i < join->table_count; i++) {
        const struct served *served = &join->tables[i].served;
        if (served->tag == NULL) continue;
        TRY(exposure_log_open(&join->exposures[i], &join->invocation->common, served->view.dataset,
                              served->tag, err));
    }
    return STATUS_OK;
}

enum status join_expose(const struct join *join, const struct batch *batch, struct err *err)
{
    size_t column = stage_input_schema(join->spine)->count;
    for (size_t i = 0; join->exposures != NULL && i < join->table_count; i++) {
        if (join->exposures[i] != NULL) TRY(expose_rows(join, i, column, batch, err));
        column += join->tables[i].answers->count;
    }
    return STATUS_OK;
}

enum status join_expose_end(const struct join *join, struct err *err)
{
    for (size_t i = 0; join->exposures != NULL && i < join->table_count; i++)
        if (join->exposures[i] != NULL) TRY(exposure_log_flush(join->exposures[i], err));
    return STATUS_OK;
}
