/* clean/rowkey.c: the values of some columns of a row as one string of bytes. */
#include "clean/rowkey.h"

#include <math.h>

bool field_has_key(const struct field *field)
{
    switch (field->type.id) {
    case TYPE_SPARSE_UNION:
    case TYPE_DENSE_UNION:
    case TYPE_RUN_END:
    case TYPE_UTF8_VIEW:
    case TYPE_BINARY_VIEW:
    case TYPE_LIST_VIEW:
    case TYPE_LARGE_LIST_VIEW: return false;
    default: break;
    }
    for (size_t i = 0; i < field->child_count; i++)
        if (!field_has_key(&field->children[i])) return false;
    return true;
}

/* ---- pieces ---- */

static enum status add_sized(struct bytes *key, struct str value, struct err *err)
{
    uint64_t size = value.size;
    TRY(bytes_append(key, &size, sizeof size, err));
    return bytes_append(key, value.data, value.size, err);
}

static enum status add_float(struct bytes *key, const void *value, size_t width, struct err *err)
{
    double wide;
    if (width == sizeof(float)) {
        float narrow;
        memcpy(&narrow, value, sizeof narrow);
        wide = narrow;
    } else {
        memcpy(&wide, value, sizeof wide);
    }
    wide = isnan(wide) ? NAN : wide + 0.0;
    return bytes_append(key, &wide, sizeof wide, err);
}

static struct str large_text(const struct array *array, int64_t row)
{
    const int64_t *offsets = (const int64_t *)(const void *)array->buffers[0].data;
    return (struct str){(const char *)array->buffers[1].data + offsets[row],
                        (size_t)(offsets[row + 1] - offsets[row])};
}

static enum status add_items(struct bytes *key, const struct field *field,
                             const struct array *array, int64_t first, int64_t end, struct err *err)
{
    int64_t count = end - first;
    TRY(bytes_append(key, &count, sizeof count, err));
    for (int64_t item = first; item < end; item++)
        TRY(rowkey_add(key, &field->children[0], array->children[0], item, err));
    return STATUS_OK;
}

/* ---- by layout ---- */

static enum status add_list(struct bytes *key, const struct field *field, const struct array *array,
                            int64_t row, struct err *err)
{
    if (field->type.id == TYPE_FIXED_LIST) {
        int64_t width = field->type.width;
        return add_items(key, field, array, row * width, (row + 1) * width, err);
    }
    if (field->type.id == TYPE_LARGE_LIST) {
        const int64_t *offsets = (const int64_t *)(const void *)array->buffers[0].data;
        return add_items(key, field, array, offsets[row], offsets[row + 1], err);
    }
    const int32_t *offsets = (const int32_t *)(const void *)array->buffers[0].data;
    return add_items(key, field, array, offsets[row], offsets[row + 1], err);
}

static enum status add_struct(struct bytes *key, const struct field *field,
                              const struct array *array, int64_t row, struct err *err)
{
    for (size_t i = 0; i < field->child_count; i++)
        TRY(rowkey_add(key, &field->children[i], array->children[i], row, err));
    return STATUS_OK;
}

static enum status add_fixed(struct bytes *key, const struct field *field,
                             const struct array *array, int64_t row, struct err *err)
{
    if (field->type.id == TYPE_BOOL) {
        uint8_t bit = array_bool(array, row);
        return bytes_append(key, &bit, 1, err);
    }
    size_t width = type_width(&field->type);
    const uint8_t *value = array->buffers[0].data + (size_t)row * width;
    if (field->type.id == TYPE_FLOAT32 || field->type.id == TYPE_FLOAT64)
        return add_float(key, value, width, err);
    return bytes_append(key, value, width, err);
}

static int64_t dictionary_place(const struct field *field, const struct array *array, int64_t row)
{
    const void *indices = array_values(array);
    switch (field->index) {
    case TYPE_INT8: return ((const int8_t *)indices)[row];
    case TYPE_UINT8: return ((const uint8_t *)indices)[row];
    case TYPE_INT16: return ((const int16_t *)indices)[row];
    case TYPE_UINT16: return ((const uint16_t *)indices)[row];
    case TYPE_UINT32: return ((const uint32_t *)indices)[row];
    case TYPE_INT64: return ((const int64_t *)indices)[row];
    case TYPE_UINT64: return (int64_t)((const uint64_t *)indices)[row];
    default: return ((const int32_t *)indices)[row];
    }
}

enum status rowkey_add(struct bytes *key, const struct field *field, const struct array *array,
                       int64_t row, struct err *err)
{
    if (field->dictionary && !array_is_null(array, row)) {
        struct field plain = *field;
        plain.dictionary = false;
        return rowkey_add(key, &plain, array->dictionary, dictionary_place(field, array, row), err);
    }
    uint8_t present = field->type.id != TYPE_NULL && !array_is_null(array, row);
    TRY(bytes_append(key, &present, 1, err));
    if (!present) return STATUS_OK;
    switch (field->type.id) {
    case TYPE_UTF8:
    case TYPE_BINARY: return add_sized(key, array_text(array, row), err);
    case TYPE_LARGE_UTF8:
    case TYPE_LARGE_BINARY: return add_sized(key, large_text(array, row), err);
    case TYPE_LIST:
    case TYPE_LARGE_LIST:
    case TYPE_FIXED_LIST:
    case TYPE_MAP: return add_list(key, field, array, row, err);
    case TYPE_STRUCT: return add_struct(key, field, array, row, err);
    default: return add_fixed(key, field, array, row, err);
    }
}
