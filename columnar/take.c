/* columnar/take.c: any rows in any order. */
#include "base/memory.h"
#include "columnar/kernels.h"
#include "columnar/layout.h"

/* Wanted rows; -1 = a null. */
struct rows {
    const int64_t *rows;
    int64_t count;
};

static enum status take_validity(const struct field *field, struct rows want, struct parts *parts,
                                 struct err *err)
{
    if (field_info(field)->layout == LAYOUT_NULL) {
        parts->null_count = want.count;
        return STATUS_OK;
    }
    if (!field_info(field)->validity || want.count == 0) return STATUS_OK;
    TRY(buffer_new(&parts->validity, bits_bytes(want.count), err));
    uint8_t *bits = buffer_writable(&parts->validity);
    int64_t valid = 0;
    for (int64_t i = 0; i < want.count; i++) {
        bool present = want.rows[i] >= 0;
        bits[i >> 3] = (uint8_t)(bits[i >> 3] | (unsigned)present << (i & 7));
        valid += present;
    }
    parts->null_count = want.count - valid;
    return STATUS_OK;
}

static enum status take_fixed(const struct array *array, size_t buffer, size_t width,
                              struct rows want, struct parts *parts, struct err *err)
{
    TRY(buffer_new_raw(&parts->buffers[buffer], (size_t)want.count * width, err));
    if (want.count == 0 || width == 0) return STATUS_OK;
    uint8_t *to = buffer_writable(&parts->buffers[buffer]);
    kernels()->gather(to, array->buffers[buffer].data, width, want.rows, want.count);
    return STATUS_OK;
}

static enum status take_bits(const struct array *array, struct rows want, struct parts *parts,
                             struct err *err)
{
    TRY(buffer_new(&parts->buffers[0], bits_bytes(want.count), err));
    uint8_t *to = buffer_writable(&parts->buffers[0]);
    for (int64_t i = 0; i < want.count; i++)
        if (want.rows[i] >= 0 && array_bool(array, want.rows[i])) bit_set(to, i);
    return STATUS_OK;
}

/* The sum may be beyond the offsets, which the caller looks at. */
static int64_t add_sizes(int32_t *to, const int32_t *from, struct rows want)
{
    int64_t total = 0;
    to[0] = 0;
    for (int64_t i = 0; i < want.count; i++) {
        int64_t row = want.rows[i];
        if (row >= 0) total += from[row + 1] - from[row];
        to[i + 1] = (int32_t)total;
    }
    return total;
}

/* Offsets of the result, nulls empty. */
static enum status take_offsets(const struct field *field, const struct array *array,
                                struct rows want, struct buffer *ret, int64_t *ret_total,
                                struct err *err)
{
    bool large = layout_is_large(field_info(field)->layout);
    const struct buffer *offsets = &array->buffers[0];
    int64_t total = 0;
    TRY(buffer_new_raw(ret, ((size_t)want.count + 1) * (large ? 8 : 4), err));
    if (!large && offsets->data != NULL) {
        *ret_total = add_sizes((int32_t *)(void *)buffer_writable(ret),
                               (const int32_t *)(const void *)offsets->data, want);
        return offset_put(ret, large, want.count, *ret_total, err);
    }
    TRY(offset_put(ret, large, 0, 0, err));
    for (int64_t i = 0; i < want.count; i++) {
        int64_t row = want.rows[i];
        if (row >= 0) total += offset_at(offsets, large, row + 1) - offset_at(offsets, large, row);
        TRY(offset_put(ret, large, i + 1, total, err));
    }
    *ret_total = total;
    return STATUS_OK;
}

/* Rows that lay one behind the other are copied in one go. */
static void copy_runs(uint8_t *to, const struct array *array, bool large, struct rows want)
{
    for (int64_t i = 0; i < want.count;) {
        int64_t row = want.rows[i], end = row + 1;
        i++;
        if (row < 0) continue;
        for (; i < want.count && want.rows[i] == end; i++)
            end++;
        int64_t first = offset_at(&array->buffers[0], large, row);
        size_t size = (size_t)(offset_at(&array->buffers[0], large, end) - first);
        if (size == 0) continue;
        memcpy(to, array->buffers[1].data + first, size);
        to += size;
    }
}

static enum status take_bytes(const struct field *field, const struct array *array,
                              struct rows want, struct parts *parts, struct err *err)
{
    bool large = layout_is_large(field_info(field)->layout);
    int64_t total = 0;
    TRY(take_offsets(field, array, want, &parts->buffers[0], &total, err));
    TRY(buffer_new_raw(&parts->buffers[1], (size_t)total, err));
    copy_runs(buffer_writable(&parts->buffers[1]), array, large, want);
    return STATUS_OK;
}

static enum status take_child(const struct field *field, const struct array *array, size_t child,
                              struct rows want, struct parts *parts, struct err *err)
{
    return array_take(&parts->children[child], &field->children[child], array->children[child],
                      want.rows, want.count, err);
}

/* Lists and maps: the items of the wanted rows, one after the other. */
static enum status take_list(const struct field *field, const struct array *array, struct rows want,
                             struct parts *parts, struct err *err)
{
    int64_t total = 0, used = 0;
    OWNED(memory_release) int64_t *items = NULL;
    TRY(take_offsets(field, array, want, &parts->buffers[0], &total, err));
    TRY(NEW(&items, (size_t)total, err));
    for (int64_t i = 0; i < want.count; i++) {
        int64_t first, count;
        if (want.rows[i] < 0) continue;
        list_range(field, array, want.rows[i], &first, &count);
        for (int64_t k = 0; k < count; k++)
            items[used++] = first + k;
    }
    return take_child(field, array, 0, (struct rows){items, total}, parts, err);
}

static enum status take_fixed_list(const struct field *field, const struct array *array,
                                   struct rows want, struct parts *parts, struct err *err)
{
    int64_t width = field->type.width;
    int64_t total = 0;
    if (__builtin_mul_overflow(want.count, width, &total)) return fail_memory(err, SIZE_MAX);
    OWNED(memory_release) int64_t *items = NULL;
    TRY(NEW(&items, (size_t)total, err));
    for (int64_t i = 0; i < want.count; i++)
        for (int64_t k = 0; k < width; k++)
            items[i * width + k] = want.rows[i] < 0 ? -1 : want.rows[i] * width + k;
    return take_child(field, array, 0, (struct rows){items, total}, parts, err);
}

static enum status take_struct(const struct field *field, const struct array *array,
                               struct rows want, struct parts *parts, struct err *err)
{
    for (size_t i = 0; i < field->child_count; i++)
        TRY(take_child(field, array, i, want, parts, err));
    return STATUS_OK;
}

/* A null row of a union is a null of its first child. */
static enum status take_sparse(const struct field *field, const struct array *array,
                               struct rows want, struct parts *parts, struct err *err)
{
    TRY(take_fixed(array, 0, 1, want, parts, err));
    int8_t *ids = (int8_t *)buffer_writable(&parts->buffers[0]);
    for (int64_t i = 0; i < want.count; i++)
        if (want.rows[i] < 0) ids[i] = (int8_t)field->type.union_ids[0];
    return take_struct(field, array, want, parts, err);
}

static enum status take_dense_child(const struct field *field, const struct array *array,
                                    size_t child, struct rows want, struct parts *parts,
                                    struct err *err)
{
    OWNED(memory_release) int64_t *rows = NULL;
    TRY(NEW(&rows, (size_t)want.count, err));
    int8_t *ids = (int8_t *)buffer_writable(&parts->buffers[0]);
    int32_t *offsets = (int32_t *)(void *)buffer_writable(&parts->buffers[1]);
    int64_t used = 0;
    for (int64_t i = 0; i < want.count; i++) {
        int64_t row = -1;
        size_t chosen = want.rows[i] < 0 ? 0 : union_child(field, array, want.rows[i], &row);
        if (chosen != child) continue;
        ids[i] = (int8_t)field->type.union_ids[child];
        offsets[i] = (int32_t)used;
        rows[used++] = row;
    }
    return take_child(field, array, child, (struct rows){rows, used}, parts, err);
}

static enum status take_dense(const struct field *field, const struct array *array,
                              struct rows want, struct parts *parts, struct err *err)
{
    TRY(buffer_new(&parts->buffers[0], (size_t)want.count, err));
    TRY(buffer_new(&parts->buffers[1], (size_t)want.count * sizeof(int32_t), err));
    for (size_t i = 0; i < field->child_count; i++)
        TRY(take_dense_child(field, array, i, want, parts, err));
    return STATUS_OK;
}

/* Neighbors from one run stay one run. */
static enum status take_runs(const struct field *field, const struct array *array, struct rows want,
                             struct parts *parts, struct err *err)
{
    enum type_id id = field->children[0].type.id;
    OWNED(memory_release) int64_t *runs = NULL;
    OWNED(parts_release) struct parts ends = {0};
    TRY(NEW(&runs, (size_t)want.count, err));
    TRY(parts_open(&ends, 0, 1, 0, err));
    TRY(buffer_new(&ends.buffers[0], (size_t)want.count * field_width(&field->children[0]), err));
    if (!integer_fits(id, want.count))
        return fail(err, STATUS_FAILED, "%lld rows are more than run ends of %s reach",
                    (long long)want.count, type_table[id].name);
    int64_t used = 0;
    for (int64_t i = 0; i < want.count; i++) {
        int64_t run = want.rows[i] < 0 ? -1 : run_of(field, array, want.rows[i]);
        if (used == 0 || runs[used - 1] != run) runs[used++] = run;
        integer_put(id, buffer_writable(&ends.buffers[0]), used - 1, i + 1);
    }
    ends.length = used;
    ends.buffers[0].size = (size_t)used * field_width(&field->children[0]);
    TRY(parts_finish(&ends, &parts->children[0], err));
    return take_child(field, array, 1, (struct rows){runs, used}, parts, err);
}

static enum status take_body(const struct field *field, const struct array *array, struct rows want,
                             struct parts *parts, struct err *err)
{
    enum layout layout = field_info(field)->layout;
    size_t width = layout_is_large(layout) ? sizeof(int64_t) : sizeof(int32_t);
    switch (layout) {
    case LAYOUT_NULL: return STATUS_OK;
    case LAYOUT_BITS: return take_bits(array, want, parts, err);
    case LAYOUT_FIXED: return take_fixed(array, 0, field_width(field), want, parts, err);
    case LAYOUT_BYTES:
    case LAYOUT_BYTES_LARGE: return take_bytes(field, array, want, parts, err);
    case LAYOUT_LIST:
    case LAYOUT_LIST_LARGE: return take_list(field, array, want, parts, err);
    case LAYOUT_LIST_FIXED: return take_fixed_list(field, array, want, parts, err);
    case LAYOUT_STRUCT: return take_struct(field, array, want, parts, err);
    case LAYOUT_UNION_SPARSE: return take_sparse(field, array, want, parts, err);
    case LAYOUT_UNION_DENSE: return take_dense(field, array, want, parts, err);
    case LAYOUT_RUN_END: return take_runs(field, array, want, parts, err);
    case LAYOUT_VIEW:
        for (size_t i = 1; i < array->buffer_count; i++)
            parts->buffers[i] = buffer_ref(&array->buffers[i]);
        return take_fixed(array, 0, 16, want, parts, err);
    case LAYOUT_LIST_VIEW:
    case LAYOUT_LIST_VIEW_LARGE:
        parts->children[0] = array_ref(array->children[0]);
        TRY(take_fixed(array, 0, width, want, parts, err));
        return take_fixed(array, 1, width, want, parts, err);
    }
    return STATUS_OK;
}

/* Rows that are null become -1, so that nothing of what lies in their slots is copied. */
static enum status hide_nulls(const struct array *array, struct rows *want, int64_t **ret_owner,
                              struct err *err)
{
    if (array->validity.data == NULL) return STATUS_OK;
    TRY(NEW(ret_owner, (size_t)want->count, err));
    for (int64_t i = 0; i < want->count; i++) {
        int64_t row = want->rows[i];
        (*ret_owner)[i] = row >= 0 && array_is_null(array, row) ? -1 : row;
    }
    want->rows = *ret_owner;
    return STATUS_OK;
}

enum status array_take(struct array **ret, const struct field *field, const struct array *array,
                       const int64_t *rows, int64_t count, struct err *err)
{
    OWNED(parts_release) struct parts parts = {0};
    OWNED(memory_release) int64_t *hidden = NULL;
    struct rows want = {rows, count};
    size_t children = field->dictionary ? 0 : field->child_count;
    TRY(hide_nulls(array, &want, &hidden, err));
    TRY(parts_open(&parts, count, array->buffer_count, children, err));
    TRY(take_validity(field, want, &parts, err));
    TRY(take_body(field, array, want, &parts, err));
    parts.dictionary = array_ref(array->dictionary);
    return parts_finish(&parts, ret, err);
}
