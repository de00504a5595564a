/* clean/before_after.c: one column as it came to a step and as it leaves it. */
#include "clean/before_after.h"

#include <stdio.h>

bool before_after_of(const struct change *change, size_t column, struct before_after *ret)
{
    const struct batch *batch = change->window->batch;
    int64_t from = change_origin(change, column);
    if (from < 0 || batch->columns[from] == change->columns[column]) return false;
    *ret = (struct before_after){.field_before = &batch->schema->fields[from],
                                 .field_after = &change->schema->fields[column],
                                 .before = batch->columns[from],
                                 .after = change->columns[column],
                                 .column = column};
    return true;
}

static bool is_text(const struct field *field)
{
    return field->dictionary || field->type.id == TYPE_UTF8 || field->type.id == TYPE_BINARY;
}

/* false for null. */
static bool value_of(const struct field *field, const struct array *array, int64_t row, char *room,
                     struct str *ret)
{
    *ret = (struct str){NULL, 0};
    if (field->type.id == TYPE_NULL || array_is_null(array, row)) return false;
    if (field->type.id == TYPE_BINARY && !field->dictionary) {
        snprintf(room, CELL_TEXT_ROOM, "(%zu bytes)", array_text(array, row).size);
        *ret = str_of(room);
        return true;
    }
    if (is_text(field)) return array_text_at(field, array, row, ret);
    *ret = str_of(array_value_text(field, array, row, room, CELL_TEXT_ROOM));
    return true;
}

/* The quick way for columns of one fixed width. */
static bool same_bits(const struct before_after *pair, int64_t row)
{
    size_t width = type_width(&pair->field_after->type);
    if (width == 0 || pair->field_after->dictionary) return false;
    if (!field_equal(pair->field_before, pair->field_after)) return false;
    if (array_is_null(pair->before, row) != array_is_null(pair->after, row)) return false;
    const uint8_t *before = array_values(pair->before), *after = array_values(pair->after);
    return memcmp(before + (size_t)row * width, after + (size_t)row * width, width) == 0;
}

bool before_after_differs(const struct before_after *pair, int64_t row, struct cell_pair *ret)
{
    if (same_bits(pair, row)) return false;
    ret->was_null = !value_of(pair->field_before, pair->before, row, ret->rooms[0], &ret->before);
    ret->is_null = !value_of(pair->field_after, pair->after, row, ret->rooms[1], &ret->after);
    return ret->was_null != ret->is_null || !str_equal(ret->before, ret->after);
}

/* "12 %" that became 12 is the same value; where it became nothing it is not. */
static bool is_converted(const struct before_after *pair)
{
    return is_text(pair->field_before) != is_text(pair->field_after);
}

static void mark_changed(const struct change *change, const struct before_after *pair,
                         struct cell_pair *cell, uint8_t *changed)
{
    bool converted = is_converted(pair);
    for (int64_t row = 0; row < change->window->batch->rows; row++) {
        if (changed[row] != 0 || change_removed(change, row)) continue;
        changed[row] = converted
                           ? array_is_null(pair->before, row) != array_is_null(pair->after, row)
                           : before_after_differs(pair, row, cell);
    }
}

enum status rows_changed(const struct change *change, int64_t *ret, struct err *err)
{
    OWNED(memory_release) uint8_t *changed = NULL;
    OWNED(memory_release) struct cell_pair *cell = NULL;
    int64_t rows = change->window->batch->rows;
    *ret = 0;
    TRY(NEW(&changed, (size_t)rows, err));
    TRY(NEW(&cell, 1, err));
    for (size_t i = 0; i < change->schema->count; i++) {
        struct before_after pair;
        if (change->cells[i] == 0 || !before_after_of(change, i, &pair)) continue;
        mark_changed(change, &pair, cell, changed);
    }
    for (int64_t row = 0; row < rows; row++)
        *ret += changed[row];
    return STATUS_OK;
}
