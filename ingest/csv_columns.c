/* ingest/csv_columns.c: a table of cells as arrays, and as what their columns may be. */
#include "ingest/csv_parts.h"

/* ---- classes ---- */

void csv_classify(const struct csv_table *table, uint8_t *classes, uint8_t *seen)
{
    for (size_t column = 0; column < table->columns; column++) {
        unsigned among = classes[column];
        const struct csv_cell *cell = table->cells + column;
        for (size_t row = 0; row < table->rows; row++, cell += table->columns) {
            if (cell->size == CSV_NULL || cell->size == 0) continue;
            seen[column] = 1;
            if (among == 0) break;
            struct str value = {(const char *)table->text + cell->at, cell->size};
            among &= csv_value_classes(value, among);
        }
        classes[column] = (uint8_t)among;
    }
}

/* ---- arrays ---- */

static enum status changed(const struct csv_table *table, size_t row, struct str value,
                           struct err *err)
{
    char shown[80];
    escape_for_terminal(value, shown, sizeof shown);
    return fail(err, STATUS_FAILED, "record %lld: found \"%s\", which was not there at first",
                (long long)table->records[row], shown);
}

/* Appends one value of any type but text. */
static enum status append_typed(struct builder *builder, enum type_id type, struct str value,
                                bool *ret_fits, struct err *err)
{
    int64_t integer = 0;
    int32_t days = 0;
    double real = 0;
    bool truth = false, zoned;
    switch (type) {
    case TYPE_BOOL:
        *ret_fits = csv_value_bool(value, &truth);
        return build_bool(builder, truth, err);
    case TYPE_FLOAT64:
        *ret_fits = csv_value_real(value, &real);
        return build_real(builder, real, err);
    case TYPE_DATE32:
        *ret_fits = csv_value_date(value, &days);
        return build_int(builder, days, err);
    case TYPE_TIMESTAMP:
        *ret_fits = csv_value_time(value, &integer, &zoned);
        return build_int(builder, integer, err);
    default: *ret_fits = csv_value_int(value, &integer); return build_int(builder, integer, err);
    }
}

static enum status append_cell(const struct csv_table *table, size_t row, size_t column,
                               enum type_id type, struct builder *builder, struct err *err)
{
    const struct csv_cell *cell = &table->cells[row * table->columns + column];
    if (cell->size == CSV_NULL) return build_null(builder, err);
    struct str value = {(const char *)table->text + cell->at, cell->size};
    if (type == TYPE_UTF8) return build_text(builder, value, err);
    if (value.size == 0) return build_null(builder, err);
    bool fits = false;
    TRY(append_typed(builder, type, value, &fits, err));
    return fits ? STATUS_OK : changed(table, row, value, err);
}

enum status csv_columns(const struct csv_table *table, const struct schema *schema,
                        struct batch *ret, struct err *err)
{
    OWNED(batch_builder_close) struct batch_builder *builder = NULL;
    TRY(batch_builder_open(&builder, schema, (int64_t)table->rows, err));
    for (size_t column = 0; column < schema->count; column++) {
        enum type_id type = schema->fields[column].type.id;
        struct builder *values = batch_builder_column(builder, column);
        for (size_t row = 0; row < table->rows; row++)
            TRY(append_cell(table, row, column, type, values, err));
    }
    return batch_builder_finish(builder, ret, err);
}
