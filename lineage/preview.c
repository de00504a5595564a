/* preview.c: a table of the first rows for people. */
#include "lineage/preview.h"

#include "base/memory.h"
#include "base/terminal.h"
#include "columnar/value_text.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ROWS         20
#define WIDTH        28 /* of the widest cell, in columns of the terminal */
#define CELL_BYTES   (WIDTH * 4 + 8)
#define LINE_DEFAULT 100

enum cell_kind { CELL_VALUE, CELL_NULL };

struct cell {
    char text[CELL_BYTES];
    enum cell_kind kind;
};

struct preview {
    struct output *output;
    struct schema *schema;
    struct cell *cells; /* row by row; row 0 names, row 1 types, then values */
    size_t shown;       /* rows of values kept */
    int64_t rows;
};

static struct cell *cell_at(struct preview *preview, size_t row, size_t column)
{
    return &preview->cells[row * preview->schema->count + column];
}

/* Escaped and cut. */
static void set_cell(struct cell *cell, struct str text)
{
    escape_for_terminal(text, cell->text, sizeof cell->text - 4);
    text_cut(cell->text, WIDTH);
}

enum status preview_open(struct preview **ret, struct output *output, const struct schema *schema,
                         struct err *err)
{
    OWNED(preview_close) struct preview *preview = NULL;
    char type[128];

    TRY(NEW(&preview, 1, err));
    preview->output = output;
    preview->schema = schema_ref(schema);
    TRY(NEW(&preview->cells, (ROWS + 2) * (schema->count + 1), err));
    for (size_t i = 0; i < schema->count; i++) {
        set_cell(cell_at(preview, 0, i), str_of(schema->fields[i].name));
        set_cell(cell_at(preview, 1, i),
                 str_of(field_type_text(&schema->fields[i], type, sizeof type)));
    }
    *ret = preview;
    preview = NULL;
    return STATUS_OK;
}

static void keep_row(struct preview *preview, const struct batch *batch, int64_t row)
{
    char value[256];

    for (size_t i = 0; i < preview->schema->count; i++) {
        const struct field *field = &preview->schema->fields[i];
        struct cell *cell = cell_at(preview, preview->shown + 2, i);
        bool null = value_is_null(field, batch->columns[i], row);
        cell->kind = null ? CELL_NULL : CELL_VALUE;
        set_cell(cell, str_of(null ? "null"
                                   : array_value_text(field, batch->columns[i], row, value,
                                                      sizeof value)));
    }
    preview->shown++;
}

enum status preview_add(struct preview *preview, const struct batch *batch, struct err *err)
{
    (void)err;
    for (int64_t row = 0; row < batch->rows && preview->shown < ROWS; row++)
        keep_row(preview, batch, row);
    preview->rows += batch->rows;
    return STATUS_OK;
}

static size_t column_width(struct preview *preview, size_t column)
{
    size_t width = 1;

    for (size_t row = 0; row < preview->shown + 2; row++) {
        size_t cell = text_width(cell_at(preview, row, column)->text);
        if (cell > width) width = cell;
    }
    return width;
}

/* Columns that fit on the line; at least one. */
static size_t columns_that_fit(struct preview *preview)
{
    size_t left = terminal_columns(STDOUT_FILENO, LINE_DEFAULT), column = 0;

    for (; column < preview->schema->count; column++) {
        size_t width = column_width(preview, column) + (column > 0 ? 2 : 0);
        if (column > 0 && width > left) break;
        left = width > left ? 0 : left - width;
    }
    return column;
}

/* Names are bold, types and nulls dim. */
static enum style style_of(size_t row, const struct cell *cell)
{
    if (row == 0) return STYLE_BOLD;
    return row == 1 || cell->kind == CELL_NULL ? STYLE_DIM : STYLE_PLAIN;
}

static enum status write_cell(struct preview *preview, size_t row, size_t column, size_t width,
                              bool last, struct bytes *line, struct err *err)
{
    const struct cell *cell = cell_at(preview, row, column);
    bool right = value_is_numeric(&preview->schema->fields[column]);
    int blanks = (int)(width - text_width(cell->text));
    enum style style = style_of(row, cell);
    const char *begin = style == STYLE_PLAIN ? "" : terminal_style(STDOUT_FILENO, style);
    const char *end = style == STYLE_PLAIN ? "" : terminal_style(STDOUT_FILENO, STYLE_PLAIN);

    TRY(bytes_format(line, err, "%*s%s%s%s", right ? blanks : 0, "", begin, cell->text, end));
    return last ? STATUS_OK : bytes_format(line, err, "%*s", (right ? 0 : blanks) + 2, "");
}

static enum status write_row(struct preview *preview, size_t row, size_t columns, struct err *err)
{
    OWNED(bytes_release) struct bytes line = bytes_limited(16u << 20);

    for (size_t i = 0; i < columns; i++)
        TRY(write_cell(preview, row, i, column_width(preview, i), i + 1 == columns, &line, err));
    TRY(bytes_append_text(&line, "\n", err));
    return output_write(preview->output, line.data, line.size, err);
}

enum status preview_finish(struct preview *preview, struct err *err)
{
    OWNED(bytes_release) struct bytes line = bytes_limited(256);
    size_t columns = columns_that_fit(preview), hidden = preview->schema->count - columns;

    for (size_t row = 0; row < preview->shown + 2; row++)
        TRY(write_row(preview, row, columns, err));
    TRY(bytes_format(&line, err, "%lld rows, %zu shown", (long long)preview->rows, preview->shown));
    if (hidden > 0) TRY(bytes_format(&line, err, "; %zu more columns", hidden));
    TRY(bytes_append_text(&line, "\n", err));
    return output_write(preview->output, line.data, line.size, err);
}

void preview_close(struct preview **preview)
{
    if (preview == NULL || *preview == NULL) return;
    schema_unref(&(*preview)->schema);
    memory_free((*preview)->cells);
    memory_free(*preview);
    *preview = NULL;
}
