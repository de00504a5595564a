/* preview.c: a table of the first rows for people. */
#include "lineage/preview.h"

#include "base/memory.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define ROWS         20
#define WIDTH        28 /* of the widest cell, in bytes */
#define LINE_DEFAULT 100

struct preview {
    struct output *output;
    struct schema *schema;
    char (*cells)[WIDTH + 4]; /* row by row; row 0 names, row 1 types, then values */
    size_t shown;             /* rows of values kept */
    int64_t rows;
};

static char *cell(struct preview *preview, size_t row, size_t column)
{
    return preview->cells[row * preview->schema->count + column];
}

/* Escaped and cut. */
static void set_cell(struct preview *preview, size_t row, size_t column, const char *text)
{
    escape_for_terminal(str_of(text), cell(preview, row, column), WIDTH + 1);
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
        set_cell(preview, 0, i, schema->fields[i].name);
        set_cell(preview, 1, i, field_type_text(&schema->fields[i], type, sizeof type));
    }
    *ret = preview;
    preview = NULL;
    return STATUS_OK;
}

static void keep_row(struct preview *preview, const struct batch *batch, int64_t row)
{
    char value[256];

    for (size_t i = 0; i < preview->schema->count; i++)
        set_cell(preview, preview->shown + 2, i,
                 array_value_text(&preview->schema->fields[i], batch->columns[i], row, value,
                                  sizeof value));
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

static size_t line_width(void)
{
    struct winsize size = {0};

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 20) return LINE_DEFAULT;
    return size.ws_col;
}

static size_t column_width(struct preview *preview, size_t column)
{
    size_t width = 1;

    for (size_t row = 0; row < preview->shown + 2; row++)
        if (strlen(cell(preview, row, column)) > width) width = strlen(cell(preview, row, column));
    return width;
}

/* Columns that fit on the line; at least one. */
static size_t columns_that_fit(struct preview *preview)
{
    size_t left = line_width(), column = 0;

    for (; column < preview->schema->count; column++) {
        size_t width = column_width(preview, column) + 2;
        if (column > 0 && width > left) break;
        left = width > left ? 0 : left - width;
    }
    return column;
}

static enum status write_row(struct preview *preview, size_t row, size_t columns, struct err *err)
{
    char padded[WIDTH + 8];

    for (size_t i = 0; i < columns; i++) {
        int width = i + 1 < columns ? (int)column_width(preview, i) + 2 : 0;
        snprintf(padded, sizeof padded, "%-*s", width, cell(preview, row, i));
        TRY(output_write(preview->output, padded, strlen(padded), err));
    }
    return output_write(preview->output, "\n", 1, err);
}

enum status preview_finish(struct preview *preview, struct err *err)
{
    char line[128];
    size_t columns = columns_that_fit(preview), hidden = preview->schema->count - columns;

    for (size_t row = 0; row < preview->shown + 2; row++)
        TRY(write_row(preview, row, columns, err));
    snprintf(line, sizeof line, "%lld rows, %zu shown", (long long)preview->rows, preview->shown);
    TRY(output_write(preview->output, line, strlen(line), err));
    if (hidden > 0) {
        snprintf(line, sizeof line, "; %zu more columns", hidden);
        TRY(output_write(preview->output, line, strlen(line), err));
    }
    return output_write(preview->output, "\n", 1, err);
}

void preview_close(struct preview **preview)
{
    if (preview == NULL || *preview == NULL) return;
    schema_unref(&(*preview)->schema);
    memory_free((*preview)->cells);
    memory_free(*preview);
    *preview = NULL;
}
