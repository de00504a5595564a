/* columnar/parquet_array.c: a finished column as an Arrow array: values to their slots, nulls
 * between them, items into lists. */
#include "columnar/parquet_parts.h"

/* ---- values to slots ---- */

#define SPREAD(type)                                                                               \
    do {                                                                                           \
        type *out = (type *)(void *)to;                                                            \
        const type *in = (const type *)(const void *)from;                                         \
        for (int64_t i = 0; i < slots; i++)                                                        \
            if (bit_get(bits, i)) out[i] = *in++;                                                  \
    } while (0)

/* `to` is zero before. */
static void spread(uint8_t *to, const uint8_t *from, size_t width, const uint8_t *bits,
                   int64_t slots)
{
    if (width == 8)
        SPREAD(uint64_t);
    else if (width == 4)
        SPREAD(uint32_t);
    else
        for (int64_t i = 0; i < slots; i++) {
            if (!bit_get(bits, i)) continue;
            memcpy(to + (size_t)i * width, from, width);
            from += width;
        }
}

static enum status fixed_buffer(struct parquet_column *column, struct buffer *ret, struct err *err)
{
    struct parquet_dense *dense = &column->dense;
    if (dense->count == column->slots) return growing_freeze(&dense->data, ret, err);
    size_t width = dense->width;
    TRY(buffer_new(ret, (size_t)column->slots * width, err));
    if (dense->count > 0)
        spread(buffer_writable(ret), dense->data.data, width, column->validity.data, column->slots);
    return STATUS_OK;
}

static enum status bool_buffer(struct parquet_column *column, struct buffer *ret, struct err *err)
{
    const uint8_t *from = column->dense.data.data;
    TRY(buffer_new(ret, bits_bytes(column->slots), err));
    for (int64_t i = 0, k = 0; i < column->slots; i++)
        if (bit_get(column->validity.data, i) && from[k++] != 0) bit_set(buffer_writable(ret), i);
    return STATUS_OK;
}

/* Offsets of slots: a null ends where it begins. */
static enum status offset_buffer(struct parquet_column *column, struct buffer *ret, struct err *err)
{
    struct parquet_dense *dense = &column->dense;
    if (dense->count == column->slots) return growing_freeze(&dense->places, ret, err);
    TRY(buffer_new_raw(ret, ((size_t)column->slots + 1) * sizeof(int32_t), err));
    const int32_t *from = (const int32_t *)(const void *)dense->places.data;
    int32_t *to = (int32_t *)(void *)buffer_writable(ret);
    *to++ = *from;
    for (int64_t i = 0; i < column->slots; i++) {
        from += bit_get(column->validity.data, i);
        *to++ = *from;
    }
    return STATUS_OK;
}

static enum status null_array(int64_t length, struct array **ret, struct err *err)
{
    return array_make(ret, length, length, (struct buffer){0}, NULL, 0, NULL, 0, NULL, err);
}

static enum status fill_buffers(struct parquet_column *column, struct buffer buffers[2],
                                size_t *ret_count, struct err *err)
{
    *ret_count = 1;
    if (column->leaf->conversion == CONVERT_BOOL) return bool_buffer(column, &buffers[0], err);
    if (column->dense.width > 0) return fixed_buffer(column, &buffers[0], err);
    *ret_count = 2;
    TRY(offset_buffer(column, &buffers[0], err));
    return growing_freeze(&column->dense.data, &buffers[1], err);
}

static enum status slot_array(struct parquet_column *column, struct array **ret, struct err *err)
{
    struct buffer buffers[2] = {0}, validity = {0};
    size_t count = 0;
    int64_t nulls = column->slots - column->dense.count;
    if (column->leaf->conversion == CONVERT_NOTHING) return null_array(column->slots, ret, err);
    enum status status = fill_buffers(column, buffers, &count, err);
    if (status == STATUS_OK && nulls > 0)
        status = growing_freeze(&column->validity, &validity, err);
    if (status != STATUS_OK) {
        buffer_unref(&buffers[0]);
        buffer_unref(&buffers[1]);
        return status;
    }
    return array_make(ret, column->slots, nulls, validity, buffers, count, NULL, 0, NULL, err);
}

static enum status list_array(struct parquet_column *column, struct array **ret, struct err *err)
{
    struct array *items = NULL;
    struct buffer offsets = {0}, validity = {0};
    TRY(slot_array(column, &items, err));
    offsets = column->offsets;
    column->offsets = (struct buffer){0};
    if (column->null_lists > 0) {
        validity = column->lists;
        column->lists = (struct buffer){0};
    }
    return array_make(ret, column->rows, column->null_lists, validity, &offsets, 1, &items, 1, NULL,
                      err);
}

/* ---- faults of values as faults of rows ---- */

/* The row of a slot of a list column. */
static int64_t row_of_slot(const struct parquet_column *column, int64_t slot)
{
    const int32_t *offsets = (const int32_t *)(const void *)column->offsets.data;
    int64_t least = 0, most = column->rows - 1;
    while (least < most) { /* the first row that ends behind the slot */
        int64_t middle = least + (most - least) / 2;
        if (offsets[middle + 1] > slot)
            most = middle;
        else
            least = middle + 1;
    }
    return least;
}

/* Faults from `first` on name values, in order within each kind. */
static void place_faults(const struct parquet_column *column, struct parquet_faults *faults,
                         size_t first, size_t index)
{
    int64_t slot = -1, value = -1;
    for (size_t i = first; i < faults->count; i++) {
        struct parquet_fault *fault = &faults->items[i];
        if (fault->row < value) slot = value = -1; /* another kind of fault begins */
        while (value < fault->row)
            value += bit_get(column->validity.data, ++slot);
        fault->row = column->leaf->is_list ? row_of_slot(column, slot) : slot;
        fault->column = index;
    }
}

enum status parquet_column_finish(struct parquet_column *column, uint64_t field_limit, size_t index,
                                  struct array **ret, struct parquet_faults *faults,
                                  struct err *err)
{
    size_t first = faults->count;
    TRY(parquet_convert(column->leaf, &column->dense, field_limit, faults, err));
    place_faults(column, faults, first, index);
    return column->leaf->is_list ? list_array(column, ret, err) : slot_array(column, ret, err);
}
