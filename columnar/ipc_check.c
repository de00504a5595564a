/* columnar/ipc_check.c: what must hold before anybody may use an array that came from outside
 * (Columnar.rst, Security.rst "ValidateFull"), and bringing it into the form of array.h: null slots
 * zero, children exactly as long as their parent needs. */
#include "columnar/ipc_message.h"

#include "columnar/kernels.h"

/* Null slots to zero, null lists and texts to nothing. */
static enum status settle_nulls(const struct field *field, struct array **array, struct err *err)
{
    struct array *tidy = NULL;
    TRY(array_tidy(&tidy, field, *array, err));
    array_unref(array);
    *array = tidy;
    return STATUS_OK;
}

/* ---- offsets and text ---- */

static enum status check_offsets(const struct array *array, bool large, int64_t limit,
                                 struct err *err)
{
    const void *offsets = array->buffers[0].data;
    if (array->length == 0) return STATUS_OK;
    int64_t place = large ? kernels()->offsets_check_large(offsets, array->length, limit)
                          : kernels()->offsets_check(offsets, array->length, limit);
    if (place > array->length) return STATUS_OK;
    return fail(err, STATUS_FAILED, "offset %lld is %lld, which falls or is outside of 0 ... %lld",
                (long long)place, (long long)offset_at(&array->buffers[0], large, place),
                (long long)limit);
}

static enum status fail_utf8(int64_t row, struct err *err)
{
    return fail(err, STATUS_FAILED, "row %lld is not UTF-8 text", (long long)row);
}

static int64_t row_of_byte(const struct array *array, bool large, int64_t byte)
{
    int64_t row = 0;
    while (row + 1 < array->length && offset_at(&array->buffers[0], large, row + 1) <= byte)
        row++;
    return row;
}

/* All bytes at once, then no value may begin inside of a character. */
static enum status check_text(const struct array *array, bool large, struct err *err)
{
    int64_t first = offset_at(&array->buffers[0], large, 0);
    int64_t end = offset_at(&array->buffers[0], large, array->length);
    if (end == first) return STATUS_OK;
    const uint8_t *text = array->buffers[1].data;
    size_t size = (size_t)(end - first);
    if (kernels()->is_ascii(text + first, size)) return STATUS_OK;
    size_t valid = kernels()->utf8_check(text + first, size);
    if (valid < size) return fail_utf8(row_of_byte(array, large, first + (int64_t)valid), err);
    for (int64_t i = 0; i < array->length; i++) {
        int64_t offset = offset_at(&array->buffers[0], large, i);
        if (offset < end && (text[offset] & 0xc0) == 0x80) return fail_utf8(i, err);
    }
    return STATUS_OK;
}

/* Drops what lies behind the last value, and unused bytes. */
static enum status settle_bytes(const struct field *field, struct array **array, struct err *err)
{
    bool large = layout_is_large(field_info(field)->layout);
    if ((*array)->length == 0) return STATUS_OK;
    TRY(check_offsets(*array, large, (int64_t)(*array)->buffers[1].size, err));
    TRY(settle_nulls(field, array, err));
    (*array)->buffers[1].size = (size_t)offset_at(&(*array)->buffers[0], large, (*array)->length);
    if (!type_is_text(field->type.id)) return STATUS_OK;
    return check_text(*array, large, err);
}

/* ---- views ---- */

static enum status check_view(const struct field *field, const struct array *array, int64_t row,
                              struct err *err)
{
    int32_t view[4];
    const uint8_t *at = array->buffers[0].data + row * 16;
    memcpy(view, at, sizeof view);
    const uint8_t *text = at + 4;
    if (view[0] < 0)
        return fail(err, STATUS_FAILED, "row %lld has size %d", (long long)row, view[0]);
    if (view[0] > 12) {
        if (view[2] < 0 || (size_t)view[2] + 1 >= array->buffer_count || view[3] < 0 ||
            (size_t)view[3] + (size_t)view[0] > array->buffers[1 + view[2]].size)
            return fail(err, STATUS_FAILED, "row %lld points outside of its data", (long long)row);
        text = array->buffers[1 + view[2]].data + view[3];
        if (memcmp(text, at + 4, 4) != 0)
            return fail(err, STATUS_FAILED, "row %lld has another prefix than its text",
                        (long long)row);
    }
    if (type_is_text(field->type.id) &&
        kernels()->utf8_check(text, (size_t)view[0]) != (size_t)view[0])
        return fail_utf8(row, err);
    return STATUS_OK;
}

static enum status settle_views(const struct field *field, struct array **array, struct err *err)
{
    TRY(settle_nulls(field, array, err));
    for (int64_t row = 0; row < (*array)->length; row++)
        TRY(check_view(field, *array, row, err));
    return STATUS_OK;
}

/* ---- nested ---- */

/* Cuts a child to the length its parent needs. */
static enum status cut_child(const struct field *field, struct array *array, size_t child,
                             int64_t wanted, struct err *err)
{
    struct array **place = &array->children[child], *cut = NULL;
    if ((*place)->length == wanted) return STATUS_OK;
    if ((*place)->length < wanted)
        return fail(err, STATUS_FAILED, "child \"%s\" has %lld values, expected %lld",
                    field->children[child].name, (long long)(*place)->length, (long long)wanted);
    TRY(array_slice(&cut, &field->children[child], *place, 0, wanted, err));
    array_unref(place);
    *place = cut;
    return STATUS_OK;
}

static enum status cut_children(const struct field *field, struct array *array, struct err *err)
{
    for (size_t i = 0; i < array->child_count; i++)
        TRY(cut_child(field, array, i, array->length, err));
    return STATUS_OK;
}

static enum status settle_list(const struct field *field, struct array **array, struct err *err)
{
    bool large = layout_is_large(field_info(field)->layout);
    TRY(check_offsets(*array, large, (*array)->children[0]->length, err));
    TRY(settle_nulls(field, array, err));
    if (field->type.id != TYPE_MAP) return STATUS_OK;
    const struct array *entries = (*array)->children[0];
    if (entries->null_count > 0 || entries->children[0]->null_count > 0)
        return fail(err, STATUS_FAILED, "a map has a null entry or a null key");
    return STATUS_OK;
}

static enum status settle_list_views(const struct field *field, struct array **place,
                                     struct err *err)
{
    bool large = layout_is_large(field_info(field)->layout);
    TRY(settle_nulls(field, place, err));
    const struct array *array = *place;
    for (int64_t row = 0; row < array->length; row++) {
        int64_t offset = offset_at(&array->buffers[0], large, row);
        int64_t size = offset_at(&array->buffers[1], large, row);
        int64_t limit = array->children[0]->length;
        if (offset < 0 || size < 0 || offset > limit || size > limit - offset)
            return fail(err, STATUS_FAILED, "row %lld points outside of its %lld items",
                        (long long)row, (long long)limit);
    }
    return STATUS_OK;
}

static enum status settle_union(const struct field *field, struct array *array, struct err *err)
{
    const int8_t *ids = (const int8_t *)(const void *)array->buffers[0].data;
    bool dense = field->type.id == TYPE_DENSE_UNION;
    int child_of[128];
    for (int id = 0; id < 128; id++)
        child_of[id] = -1;
    for (size_t i = 0; i < field->child_count; i++)
        child_of[field->type.union_ids[i]] = (int)i;
    for (int64_t row = 0; row < array->length; row++) {
        if (ids[row] < 0 || child_of[ids[row]] < 0)
            return fail(err, STATUS_FAILED,
                        "row %lld has type id %d, which the union does not have", (long long)row,
                        ids[row]);
        if (!dense) continue;
        int64_t offset = offset_at(&array->buffers[1], false, row);
        if (offset < 0 || offset >= array->children[child_of[ids[row]]]->length)
            return fail(err, STATUS_FAILED, "row %lld points outside of its child", (long long)row);
    }
    return dense ? STATUS_OK : cut_children(field, array, err);
}

static enum status check_runs(const struct field *field, const struct array *array, struct err *err)
{
    const struct array *ends = array->children[0];
    enum type_id id = field->children[0].type.id;
    int64_t before = 0;
    if (ends->null_count > 0) return fail(err, STATUS_FAILED, "a run end is null");
    for (int64_t run = 0; run < ends->length; run++) {
        int64_t end = integer_at(id, ends, run);
        if (end <= before)
            return fail(err, STATUS_FAILED, "run end %lld is %lld after %lld", (long long)run,
                        (long long)end, (long long)before);
        before = end;
    }
    if (before < array->length)
        return fail(err, STATUS_FAILED, "the runs end at %lld of %lld rows", (long long)before,
                    (long long)array->length);
    if (array->children[1]->length < ends->length)
        return fail(err, STATUS_FAILED, "%lld runs have %lld values", (long long)ends->length,
                    (long long)array->children[1]->length);
    return STATUS_OK;
}

/* The last run ends with the array, and no run or value is left over. */
static enum status settle_runs(const struct field *field, struct array **array, struct err *err)
{
    TRY(check_runs(field, *array, err));
    const struct array *ends = (*array)->children[0];
    int64_t runs = ends->length;
    bool exact =
        (runs == 0 && (*array)->length == 0) ||
        (runs > 0 && integer_at(field->children[0].type.id, ends, runs - 1) == (*array)->length);
    if (!exact) return array_rewrite(field, array, err);
    return cut_child(field, *array, 1, runs, err);
}

static enum status settle_fixed_list(const struct field *field, struct array **array,
                                     struct err *err)
{
    int64_t wanted = 0;
    if (__builtin_mul_overflow((*array)->length, (int64_t)field->type.width, &wanted))
        return fail(err, STATUS_FAILED, "%lld lists of %d items", (long long)(*array)->length,
                    field->type.width);
    TRY(cut_child(field, *array, 0, wanted, err));
    return settle_nulls(field, array, err);
}

/* ---- numbers ---- */

static enum status check_indices(const struct field *field, const struct array *array,
                                 struct err *err)
{
    int64_t limit = array->dictionary->length;
    if (field->index == TYPE_INT32 && array->null_count == 0 && array->length > 0) {
        int32_t least = 0, most = 0;
        kernels()->range_int32(array_values(array), array->length, &least, &most);
        if (least >= 0 && most < limit) return STATUS_OK;
    }
    for (int64_t row = 0; row < array->length; row++) {
        int64_t index = integer_at(field->index, array, row);
        if (array_is_null(array, row) || (index >= 0 && index < limit)) continue;
        return fail(err, STATUS_FAILED, "row %lld has index %lld into a dictionary of %lld values",
                    (long long)row, (long long)index, (long long)limit);
    }
    return STATUS_OK;
}

static enum status settle_fixed(const struct field *field, struct array **array, struct err *err)
{
    TRY(settle_nulls(field, array, err));
    return field->dictionary ? check_indices(field, *array, err) : STATUS_OK;
}

enum status array_settle(const struct field *field, struct array **array, struct err *err)
{
    switch (field_info(field)->layout) {
    case LAYOUT_NULL: return STATUS_OK;
    case LAYOUT_BITS: return settle_nulls(field, array, err);
    case LAYOUT_FIXED: return settle_fixed(field, array, err);
    case LAYOUT_BYTES:
    case LAYOUT_BYTES_LARGE: return settle_bytes(field, array, err);
    case LAYOUT_LIST:
    case LAYOUT_LIST_LARGE: return settle_list(field, array, err);
    case LAYOUT_LIST_FIXED: return settle_fixed_list(field, array, err);
    case LAYOUT_STRUCT:
        TRY(cut_children(field, *array, err));
        return settle_nulls(field, array, err);
    case LAYOUT_UNION_SPARSE:
    case LAYOUT_UNION_DENSE: return settle_union(field, *array, err);
    case LAYOUT_VIEW: return settle_views(field, array, err);
    case LAYOUT_LIST_VIEW:
    case LAYOUT_LIST_VIEW_LARGE: return settle_list_views(field, array, err);
    case LAYOUT_RUN_END: return settle_runs(field, array, err);
    }
    return STATUS_OK;
}
