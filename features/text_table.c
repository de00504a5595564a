/* features/text_table.c: rows as a table for people: aligned, escaped, cut. */
#include "features/row_text.h"

#include "base/memory.h"
#include "base/terminal.h"
#include "columnar/value_text.h"

#define CELL_BYTES (TABLE_CELL * 4 + 8)

struct text_table {
    struct schema *schema;
    int *widths;
    bool *right;        /* numbers end at the same column */
    bool settled;       /* widths and heading are decided */
    struct bytes cells; /* NUL-terminated cells of the waiting rows */
    int64_t waiting;
};

enum status text_table_open(struct text_table **ret, const struct schema *schema, struct err *err)
{
    OWNED(text_table_close) struct text_table *table = NULL;
    TRY(NEW(&table, 1, err));
    table->schema = schema_ref(schema);
    table->cells = bytes_limited((size_t)1 << 30);
    TRY(NEW(&table->widths, schema->count, err));
    TRY(NEW(&table->right, schema->count, err));
    for (size_t i = 0; i < schema->count; i++)
        table->right[i] = value_is_numeric(&schema->fields[i]);
    *ret = table;
    table = NULL;
    return STATUS_OK;
}

static enum status add_cell(struct text_table *table, size_t column, struct str text,
                            struct err *err)
{
    char cell[CELL_BYTES];
    escape_for_terminal(text, cell, sizeof cell - 4);
    text_cut(cell, TABLE_CELL);
    int width = (int)text_width(cell);
    if (!table->settled && width > table->widths[column]) table->widths[column] = width;
    return bytes_append(&table->cells, cell, strlen(cell) + 1, err);
}

static enum status add_row(struct text_table *table, const struct batch *batch, int64_t row,
                           struct bytes *value, struct err *err)
{
    for (size_t i = 0; i < table->schema->count; i++) {
        const struct field *field = &table->schema->fields[i];
        value->size = 0;
        if (value_is_null(field, batch->columns[i], row))
            TRY(bytes_append(value, "null", 4, err));
        else
            TRY(value_plain(field, batch->columns[i], row, value, err));
        TRY(add_cell(table, i, (struct str){(const char *)value->data, value->size}, err));
    }
    table->waiting++;
    return STATUS_OK;
}

static enum status put_line(const struct text_table *table, const char **at, struct bytes *ret,
                            struct err *err)
{
    for (size_t i = 0; i < table->schema->count; i++) {
        const char *cell = *at;
        int blanks = table->widths[i] - (int)text_width(cell);
        bool last = i + 1 == table->schema->count;
        *at += strlen(cell) + 1;
        if (blanks < 0) blanks = 0;
        if (table->right[i]) TRY(bytes_format(ret, err, "%*s", blanks, ""));
        TRY(bytes_append_text(ret, cell, err));
        if (!table->right[i] && !last) TRY(bytes_format(ret, err, "%*s", blanks, ""));
        if (!last) TRY(bytes_append(ret, "  ", 2, err));
    }
    return bytes_append(ret, "\n", 1, err);
}

/* Names, types and a rule below them; they count for the widths. */
static enum status put_heading(struct text_table *table, struct bytes *ret, struct err *err)
{
    OWNED(bytes_release) struct bytes rows = table->cells;
    table->cells = bytes_limited(rows.limit);
    for (size_t i = 0; i < table->schema->count; i++)
        TRY(add_cell(table, i, str_of(table->schema->fields[i].name), err));
    for (size_t i = 0; i < table->schema->count; i++) {
        char type[TABLE_CELL * 2];
        field_type_text(&table->schema->fields[i], type, sizeof type);
        TRY(add_cell(table, i, str_of(type), err));
    }
    for (size_t i = 0; i < table->schema->count; i++) {
        static const char rule[] = "----------------------------------------";
        size_t width = (size_t)table->widths[i];
        TRY(add_cell(table, i, (struct str){rule, width < TABLE_CELL ? width : TABLE_CELL}, err));
    }
    table->settled = true;
    const char *at = (const char *)table->cells.data;
    for (int line = 0; line < 3; line++)
        TRY(put_line(table, &at, ret, err));
    struct bytes heading = table->cells;
    table->cells = rows;
    rows = heading;
    return STATUS_OK;
}

static enum status put_waiting(struct text_table *table, struct bytes *ret, struct err *err)
{
    if (!table->settled) TRY(put_heading(table, ret, err));
    const char *at = (const char *)table->cells.data;
    for (int64_t i = 0; i < table->waiting; i++)
        TRY(put_line(table, &at, ret, err));
    table->waiting = 0;
    table->cells.size = 0;
    return STATUS_OK;
}

enum status text_table_rows(struct text_table *table, const struct batch *batch, int64_t first,
                            int64_t count, struct bytes *ret, struct err *err)
{
    OWNED(bytes_release) struct bytes value = bytes_limited((size_t)4 << 30);
    for (int64_t row = first; row < first + count; row++) {
        TRY(add_row(table, batch, row, &value, err));
        if (table->waiting == TABLE_BLOCK) TRY(put_waiting(table, ret, err));
    }
    return STATUS_OK;
}

enum status text_table_end(struct text_table *table, struct bytes *ret, struct err *err)
{
    if (table->waiting > 0 || !table->settled) return put_waiting(table, ret, err);
    return STATUS_OK;
}

void text_table_close(struct text_table **table)
{
    if (table == NULL || *table == NULL) return;
    schema_unref(&(*table)->schema);
    memory_free((*table)->widths);
    memory_free((*table)->right);
    bytes_release(&(*table)->cells);
    memory_free(*table);
    *table = NULL;
}
