/* columnar/tidy.c: nothing may hide under a null: old values in null slots would travel into files.
 */
#include "base/memory.h"
#include "columnar/kernels.h"
#include "columnar/layout.h"

static bool bytes_zero(struct str bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        if (bytes.data[i] != 0) return false;
    return true;
}

static bool children_empty(const struct field *field, const struct array *array, int64_t first,
                           int64_t count);

static bool slot_is_empty(const struct field *field, const struct array *array, int64_t row)
{
    enum layout layout = field_info(field)->layout;
    bool large = layout_is_large(layout);
    switch (layout) {
    case LAYOUT_BITS: return !array_bool(array, row);
    case LAYOUT_FIXED: return bytes_zero(slot_bytes(field, array, row));
    case LAYOUT_BYTES:
    case LAYOUT_BYTES_LARGE:
    case LAYOUT_LIST:
    case LAYOUT_LIST_LARGE:
        return offset_at(&array->buffers[0], large, row) ==
               offset_at(&array->buffers[0], large, row + 1);
    case LAYOUT_VIEW:
        return bytes_zero((struct str){(const char *)array->buffers[0].data + row * 16, 16});
    case LAYOUT_LIST_VIEW:
    case LAYOUT_LIST_VIEW_LARGE:
        return offset_at(&array->buffers[0], large, row) == 0 &&
               offset_at(&array->buffers[1], large, row) == 0;
    case LAYOUT_LIST_FIXED:
        return children_empty(field, array, row * field->type.width, field->type.width);
    case LAYOUT_STRUCT: return children_empty(field, array, row, 1);
    default: return true;
    }
}

static bool children_empty(const struct field *field, const struct array *array, int64_t first,
                           int64_t count)
{
    for (size_t i = 0; i < field->child_count; i++)
        for (int64_t k = 0; k < count; k++)
            if (!slot_is_empty(&field->children[i], array->children[i], first + k)) return false;
    return true;
}

bool nulls_are_empty(const struct field *field, const struct array *array)
{
    const uint8_t *validity = array->validity.data;
    if (validity == NULL || array->length == 0) return true;
    if (field_info(field)->layout == LAYOUT_FIXED)
        return array->buffers[0].size == 0 ||
               kernels()->nulls_are_zero(array->buffers[0].data, field_width(field), validity,
                                         array->length);
    for (int64_t row = 0; row < array->length; row++)
        if (!bit_get(validity, row) && !slot_is_empty(field, array, row)) return false;
    return true;
}

enum status array_rewrite(const struct field *field, struct array **array, struct err *err)
{
    struct array *clean = NULL;
    OWNED(memory_release) int64_t *rows = NULL;
    TRY(NEW(&rows, (size_t)(*array)->length, err));
    for (int64_t i = 0; i < (*array)->length; i++)
        rows[i] = i;
    TRY(array_take(&clean, field, *array, rows, (*array)->length, err));
    array_unref(array);
    *array = clean;
    return STATUS_OK;
}

enum status array_tidy(struct array **ret, const struct field *field, const struct array *array,
                       struct err *err)
{
    OWNED(array_unref) struct array *tidy = array_ref(array);
    if (!nulls_are_empty(field, array)) TRY(array_rewrite(field, &tidy, err));
    *ret = tidy;
    tidy = NULL;
    return STATUS_OK;
}
