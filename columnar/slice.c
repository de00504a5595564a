/* columnar/slice.c: a range of rows, sharing memory where it can. */
#include "columnar/kernels.h"
#include "columnar/layout.h"

struct range {
    int64_t first, count;
};

/* Shared only in whole bytes: what follows the last bit is zero in every array of ours. */
static enum status slice_bits(const struct buffer *bits, struct range range, struct buffer *ret,
                              struct err *err)
{
    *ret = (struct buffer){0};
    if (bits->data == NULL || range.count == 0) return STATUS_OK;
    if ((range.first & 7) == 0 && (range.count & 7) == 0) {
        *ret = buffer_part(bits, (size_t)range.first / 8, bits_bytes(range.count));
        return STATUS_OK;
    }
    TRY(buffer_new(ret, bits_bytes(range.count), err));
    bits_copy(buffer_writable(ret), 0, bits->data, range.first, range.count);
    return STATUS_OK;
}

static enum status slice_validity(const struct array *array, struct range range,
                                  struct parts *parts, struct err *err)
{
    const uint8_t *bits = array->validity.data;
    if (bits == NULL) {
        bool null_type = array->null_count == array->length && array->length > 0;
        parts->null_count = null_type ? range.count : 0;
        return STATUS_OK;
    }
    parts->null_count = range.count - kernels()->bits_count(bits, range.first, range.count);
    if (parts->null_count == 0) return STATUS_OK;
    return slice_bits(&array->validity, range, &parts->validity, err);
}

/* New offsets from 0, so that what lies before the slice is not carried along. */
static enum status slice_offsets(const struct array *array, bool large, struct range range,
                                 struct buffer *ret, struct range *ret_items, struct err *err)
{
    const struct buffer *offsets = &array->buffers[0];
    size_t width = large ? sizeof(int64_t) : sizeof(int32_t);
    int64_t first = offset_at(offsets, large, range.first);
    *ret_items =
        (struct range){first, offset_at(offsets, large, range.first + range.count) - first};
    if (offsets->data == NULL) *ret_items = (struct range){0, 0};
    TRY(buffer_new_raw(ret, ((size_t)range.count + 1) * width, err));
    return offsets_rebase(ret, 0, offsets, large, range.first, range.count, 0, err);
}

static enum status slice_bytes(const struct array *array, bool large, struct range range,
                               struct parts *parts, struct err *err)
{
    struct range bytes;
    TRY(slice_offsets(array, large, range, &parts->buffers[0], &bytes, err));
    parts->buffers[1] = buffer_part(&array->buffers[1], (size_t)bytes.first, (size_t)bytes.count);
    return STATUS_OK;
}

static enum status slice_child(const struct field *field, const struct array *array, size_t child,
                               struct range range, struct parts *parts, struct err *err)
{
    return array_slice(&parts->children[child], &field->children[child], array->children[child],
                       range.first, range.count, err);
}

static enum status slice_list(const struct field *field, const struct array *array, bool large,
                              struct range range, struct parts *parts, struct err *err)
{
    struct range items;
    TRY(slice_offsets(array, large, range, &parts->buffers[0], &items, err));
    return slice_child(field, array, 0, items, parts, err);
}

static void share_children(const struct array *array, struct parts *parts)
{
    for (size_t i = 0; i < array->child_count; i++)
        parts->children[i] = array_ref(array->children[i]);
}

static enum status slice_runs(const struct field *field, const struct array *array,
                              struct range range, struct parts *parts, struct err *err)
{
    enum type_id id = field->children[0].type.id;
    size_t width = field_width(&field->children[0]);
    int64_t first = run_of(field, array, range.first);
    int64_t last =
        range.count == 0 ? first - 1 : run_of(field, array, range.first + range.count - 1);
    struct range runs = {first, last - first + 1};
    OWNED(parts_release) struct parts ends = {0};
    TRY(parts_open(&ends, runs.count, 1, 0, err));
    TRY(buffer_new(&ends.buffers[0], (size_t)runs.count * width, err));
    for (int64_t i = 0; i < runs.count; i++) {
        int64_t end = integer_at(id, array->children[0], first + i) - range.first;
        integer_put(id, buffer_writable(&ends.buffers[0]), i,
                    end < range.count ? end : range.count);
    }
    TRY(parts_finish(&ends, &parts->children[0], err));
    return slice_child(field, array, 1, runs, parts, err);
}

static enum status slice_union(const struct field *field, const struct array *array,
                               struct range range, struct parts *parts, struct err *err)
{
    bool dense = field->type.id == TYPE_DENSE_UNION;
    parts->buffers[0] = buffer_part(&array->buffers[0], (size_t)range.first, (size_t)range.count);
    if (dense) {
        parts->buffers[1] = buffer_part(&array->buffers[1], (size_t)range.first * sizeof(int32_t),
                                        (size_t)range.count * sizeof(int32_t));
        share_children(array, parts);
        return STATUS_OK;
    }
    for (size_t i = 0; i < field->child_count; i++)
        TRY(slice_child(field, array, i, range, parts, err));
    return STATUS_OK;
}

static void slice_list_views(const struct array *array, bool large, struct range range,
                             struct parts *parts)
{
    size_t width = large ? sizeof(int64_t) : sizeof(int32_t);
    for (size_t i = 0; i < 2; i++)
        parts->buffers[i] = buffer_part(&array->buffers[i], (size_t)range.first * width,
                                        (size_t)range.count * width);
    share_children(array, parts);
}

static enum status slice_body(const struct field *field, const struct array *array,
                              struct range range, struct parts *parts, struct err *err)
{
    enum layout layout = field_info(field)->layout;
    bool large = layout_is_large(layout);
    switch (layout) {
    case LAYOUT_NULL: return STATUS_OK;
    case LAYOUT_BITS: return slice_bits(&array->buffers[0], range, &parts->buffers[0], err);
    case LAYOUT_FIXED: {
        size_t width = field_width(field);
        parts->buffers[0] = buffer_part(&array->buffers[0], (size_t)range.first * width,
                                        (size_t)range.count * width);
        return STATUS_OK;
    }
    case LAYOUT_BYTES:
    case LAYOUT_BYTES_LARGE: return slice_bytes(array, large, range, parts, err);
    case LAYOUT_LIST:
    case LAYOUT_LIST_LARGE: return slice_list(field, array, large, range, parts, err);
    case LAYOUT_LIST_FIXED: {
        struct range items = {range.first * field->type.width, range.count * field->type.width};
        return slice_child(field, array, 0, items, parts, err);
    }
    case LAYOUT_STRUCT:
        for (size_t i = 0; i < field->child_count; i++)
            TRY(slice_child(field, array, i, range, parts, err));
        return STATUS_OK;
    case LAYOUT_UNION_SPARSE:
    case LAYOUT_UNION_DENSE: return slice_union(field, array, range, parts, err);
    case LAYOUT_VIEW:
        for (size_t i = 1; i < array->buffer_count; i++)
            parts->buffers[i] = buffer_ref(&array->buffers[i]);
        parts->buffers[0] =
            buffer_part(&array->buffers[0], (size_t)range.first * 16, (size_t)range.count * 16);
        return STATUS_OK;
    case LAYOUT_LIST_VIEW:
    case LAYOUT_LIST_VIEW_LARGE: slice_list_views(array, large, range, parts); return STATUS_OK;
    case LAYOUT_RUN_END: return slice_runs(field, array, range, parts, err);
    }
    return STATUS_OK;
}

enum status array_slice(struct array **ret, const struct field *field, const struct array *array,
                        int64_t first, int64_t count, struct err *err)
{
    if (first == 0 && count == array->length) {
        *ret = array_ref(array);
        return STATUS_OK;
    }
    OWNED(parts_release) struct parts parts = {0};
    struct range range = {first, count};
    size_t children = field->dictionary ? 0 : field->child_count;
    TRY(parts_open(&parts, count, array->buffer_count, children, err));
    TRY(slice_validity(array, range, &parts, err));
    TRY(slice_body(field, array, range, &parts, err));
    parts.dictionary = array_ref(array->dictionary);
    return parts_finish(&parts, ret, err);
}
