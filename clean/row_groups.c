/* clean/row_groups.c: rows by the values of some columns. */
#include "clean/row_groups.h"

#include "columnar/array.h"

#define VALUE_ROOM 4096
#define KEY_MOST   ((size_t)1 << 24)

static enum status add_value(struct bytes *key, const struct field *field,
                             const struct array *array, int64_t row, struct err *err)
{
    char room[VALUE_ROOM];
    struct str text;
    if (array_is_null(array, row)) return bytes_append_text(key, "null", err);
    if (array_text_at(field, array, row, &text)) return bytes_append_json(key, text, err);
    return bytes_append_json(key, str_of(array_value_text(field, array, row, room, sizeof room)),
                             err);
}

static enum status make_key(const struct batch *batch, const size_t *by, size_t count, int64_t row,
                            struct bytes *key, struct err *err)
{
    key->size = 0;
    TRY(bytes_append_text(key, "[", err));
    for (size_t i = 0; i < count; i++) {
        if (i > 0) TRY(bytes_append_text(key, ", ", err));
        TRY(add_value(key, &batch->schema->fields[by[i]], batch->columns[by[i]], row, err));
    }
    return bytes_append_text(key, "]", err);
}

static enum status number_rows(const struct batch *batch, const size_t *by, size_t count,
                               struct row_groups *ret, struct err *err)
{
    OWNED(bytes_release) struct bytes key = bytes_limited(KEY_MOST);
    for (int64_t row = 0; row < batch->rows; row++) {
        TRY(make_key(batch, by, count, row, &key, err));
        uint64_t hash = count_hash(key.data, key.size);
        TRY(counts_add(&ret->keys, key.data, key.size, hash, 1, err));
        ret->of_row[row] = (uint32_t)counts_place(&ret->keys, key.data, key.size);
    }
    return STATUS_OK;
}

enum status row_groups_find(const struct window *window, const size_t *by, size_t count,
                            struct row_groups *ret, struct err *err)
{
    size_t rows = (size_t)window->batch->rows;
    TRY(NEW(&ret->of_row, rows + 1, err));
    TRY(NEW(&ret->order, rows + 1, err));
    TRY(number_rows(window->batch, by, count, ret, err));
    size_t groups = ret->keys.count;
    TRY(NEW(&ret->first, groups + 2, err));
    for (size_t g = 0; g < groups; g++)
        ret->first[g + 2] = ret->first[g + 1] + (size_t)ret->keys.items[g].count;
    for (size_t row = 0; row < rows; row++) /* leaves each entry at the beginning of the next */
        ret->order[ret->first[ret->of_row[row] + 1]++] = row;
    return STATUS_OK;
}

void row_groups_release(struct row_groups *groups)
{
    counts_release(&groups->keys);
    memory_free(groups->of_row);
    memory_free(groups->order);
    memory_free(groups->first);
    *groups = (struct row_groups){0};
}

enum status row_groups_number(const struct row_groups *groups, const struct counts *all,
                              size_t **ret, struct err *err)
{
    TRY(NEW(ret, groups->keys.count + 1, err));
    for (size_t g = 0; g < groups->keys.count; g++) {
        const struct counted *key = &groups->keys.items[g];
        size_t place = counts_place(all, key->data, key->size);
        (*ret)[g] = place == SIZE_MAX ? 0 : place + 1;
    }
    return STATUS_OK;
}

enum status row_groups_of_rows(const struct window *window, const size_t *by, size_t count,
                               const struct counts *all, size_t **ret, struct err *err)
{
    OWNED(row_groups_release) struct row_groups groups = {0};
    OWNED(memory_release) size_t *numbers = NULL;
    size_t rows = (size_t)window->batch->rows;
    TRY(row_groups_find(window, by, count, &groups, err));
    TRY(row_groups_number(&groups, all, &numbers, err));
    TRY(NEW(ret, rows + 1, err));
    for (size_t i = 0; i < rows; i++)
        (*ret)[i] = numbers[groups.of_row[i]];
    return STATUS_OK;
}
