/* columnar/concat.c: one array behind the other. */
#include "base/memory.h"
#include "columnar/intern.h"
#include "columnar/layout.h"

struct pieces {
    struct array *const *parts;
    size_t count;
    int64_t length;
};

static enum status join_validity(const struct field *field, struct pieces from, struct parts *parts,
                                 struct err *err)
{
    for (size_t i = 0; i < from.count; i++)
        parts->null_count += from.parts[i]->null_count;
    if (parts->null_count == 0 || !field_info(field)->validity) return STATUS_OK;
    TRY(buffer_new(&parts->validity, bits_bytes(from.length), err));
    uint8_t *bits = buffer_writable(&parts->validity);
    int64_t place = 0;
    for (size_t i = 0; i < from.count; i++) {
        const struct array *part = from.parts[i];
        if (part->validity.data == NULL)
            bits_fill(bits, place, part->length);
        else
            bits_copy(bits, place, part->validity.data, 0, part->length);
        place += part->length;
    }
    return STATUS_OK;
}

/* Parts that lie behind each other in one block of memory already (ipc_reader_place). */
static bool adjoin(struct pieces from, size_t buffer, size_t width, const struct buffer **ret_first,
                   size_t *ret_size)
{
    *ret_first = NULL;
    *ret_size = 0;
    for (size_t i = 0; i < from.count; i++) {
        const struct buffer *part = &from.parts[i]->buffers[buffer];
        if (from.parts[i]->length == 0) continue;
        if (*ret_first == NULL) *ret_first = part;
        if (part->block == NULL || part->block != (*ret_first)->block ||
            part->data != (*ret_first)->data + *ret_size)
            return false;
        *ret_size += (size_t)from.parts[i]->length * width;
    }
    return *ret_first != NULL;
}

static enum status join_fixed(struct pieces from, size_t buffer, size_t width, struct parts *parts,
                              struct err *err)
{
    const struct buffer *first;
    size_t whole;
    if (adjoin(from, buffer, width, &first, &whole)) {
        parts->buffers[buffer] = buffer_part(first, 0, whole);
        return STATUS_OK;
    }
    TRY(buffer_new_raw(&parts->buffers[buffer], (size_t)from.length * width, err));
    uint8_t *to = buffer_writable(&parts->buffers[buffer]);
    for (size_t i = 0; i < from.count; i++) {
        size_t size = (size_t)from.parts[i]->length * width;
        if (size == 0) continue;
        memcpy(to, from.parts[i]->buffers[buffer].data, size);
        to += size;
    }
    return STATUS_OK;
}

static enum status join_bits(struct pieces from, struct parts *parts, struct err *err)
{
    TRY(buffer_new(&parts->buffers[0], bits_bytes(from.length), err));
    uint8_t *to = buffer_writable(&parts->buffers[0]);
    int64_t place = 0;
    for (size_t i = 0; i < from.count; i++) {
        bits_copy(to, place, from.parts[i]->buffers[0].data, 0, from.parts[i]->length);
        place += from.parts[i]->length;
    }
    return STATUS_OK;
}

/* What the offsets of one part span: the items or bytes it really uses. */
static void span(const struct array *part, bool large, int64_t *ret_first, int64_t *ret_count)
{
    *ret_first = offset_at(&part->buffers[0], large, 0);
    *ret_count = offset_at(&part->buffers[0], large, part->length) - *ret_first;
}

static enum status join_offsets(const struct field *field, struct pieces from, struct parts *parts,
                                int64_t *ret_total, struct err *err)
{
    bool large = layout_is_large(field_info(field)->layout);
    int64_t total = 0, place = 0, first, count;
    TRY(buffer_new_raw(&parts->buffers[0], ((size_t)from.length + 1) * (large ? 8 : 4), err));
    TRY(offset_put(&parts->buffers[0], large, 0, 0, err));
    for (size_t i = 0; i < from.count; i++) {
        const struct array *part = from.parts[i];
        span(part, large, &first, &count);
        TRY(offsets_rebase(&parts->buffers[0], place, &part->buffers[0], large, 0, part->length,
                           total, err));
        total += count;
        place += part->length;
    }
    *ret_total = total;
    return STATUS_OK;
}

static enum status join_bytes(const struct field *field, struct pieces from, struct parts *parts,
                              struct err *err)
{
    bool large = layout_is_large(field_info(field)->layout);
    int64_t total = 0, first, count;
    TRY(join_offsets(field, from, parts, &total, err));
    TRY(buffer_new_raw(&parts->buffers[1], (size_t)total, err));
    uint8_t *to = buffer_writable(&parts->buffers[1]);
    for (size_t i = 0; i < from.count; i++) {
        span(from.parts[i], large, &first, &count);
        if (count == 0) continue;
        memcpy(to, from.parts[i]->buffers[1].data + first, (size_t)count);
        to += count;
    }
    return STATUS_OK;
}

/* Joins child `child` of all parts; offsets_of tells the used range of one part. */
static enum status join_child(const struct field *field, struct pieces from, size_t child,
                              bool spans, struct parts *parts, struct err *err)
{
    const struct field *items = &field->children[child];
    bool large = layout_is_large(field_info(field)->layout);
    struct array **used = NULL;
    TRY(NEW(&used, from.count, err));
    enum status status = STATUS_OK;
    for (size_t i = 0; i < from.count && status == STATUS_OK; i++) {
        const struct array *whole = from.parts[i]->children[child];
        int64_t first = 0, count = whole->length;
        if (spans) span(from.parts[i], large, &first, &count);
        status = array_slice(&used[i], items, whole, first, count, err);
    }
    if (status == STATUS_OK)
        status = array_concat(&parts->children[child], items, used, from.count, err);
    for (size_t i = 0; i < from.count; i++)
        array_unref(&used[i]);
    memory_free(used);
    return status;
}

static enum status join_list(const struct field *field, struct pieces from, struct parts *parts,
                             struct err *err)
{
    int64_t total = 0;
    TRY(join_offsets(field, from, parts, &total, err));
    return join_child(field, from, 0, true, parts, err);
}

static enum status join_children(const struct field *field, struct pieces from, struct parts *parts,
                                 struct err *err)
{
    for (size_t i = 0; i < field->child_count; i++)
        TRY(join_child(field, from, i, false, parts, err));
    return STATUS_OK;
}

static enum status join_dense(const struct field *field, struct pieces from, struct parts *parts,
                              struct err *err)
{
    OWNED(memory_release) int64_t *shift = NULL;
    TRY(NEW(&shift, field->child_count, err));
    TRY(join_fixed(from, 0, 1, parts, err));
    TRY(buffer_new(&parts->buffers[1], (size_t)from.length * sizeof(int32_t), err));
    int64_t place = 0;
    for (size_t i = 0; i < from.count; i++) {
        for (int64_t row = 0; row < from.parts[i]->length; row++) {
            int64_t in_child;
            size_t child = union_child(field, from.parts[i], row, &in_child);
            TRY(offset_put(&parts->buffers[1], false, place++, shift[child] + in_child, err));
        }
        for (size_t child = 0; child < field->child_count; child++)
            shift[child] += from.parts[i]->children[child]->length;
    }
    return join_children(field, from, parts, err);
}

static enum status join_list_views(const struct field *field, struct pieces from,
                                   struct parts *parts, struct err *err)
{
    bool large = layout_is_large(field_info(field)->layout);
    size_t width = large ? sizeof(int64_t) : sizeof(int32_t);
    int64_t place = 0, shift = 0;
    TRY(buffer_new(&parts->buffers[0], (size_t)from.length * width, err));
    TRY(join_fixed(from, 1, width, parts, err));
    for (size_t i = 0; i < from.count; i++) {
        for (int64_t row = 0; row < from.parts[i]->length; row++) {
            int64_t offset = offset_at(&from.parts[i]->buffers[0], large, row);
            TRY(offset_put(&parts->buffers[0], large, place++, shift + offset, err));
        }
        shift += from.parts[i]->children[0]->length;
    }
    return join_children(field, from, parts, err);
}

static enum status join_runs(const struct field *field, struct pieces from, struct parts *parts,
                             struct err *err)
{
    enum type_id id = field->children[0].type.id;
    OWNED(parts_release) struct parts ends = {0};
    int64_t runs = 0, place = 0, shift = 0;
    for (size_t i = 0; i < from.count; i++)
        runs += from.parts[i]->children[0]->length;
    if (!integer_fits(id, from.length))
        return fail(err, STATUS_FAILED, "%lld rows are more than run ends of %s reach",
                    (long long)from.length, type_table[id].name);
    TRY(parts_open(&ends, runs, 1, 0, err));
    TRY(buffer_new(&ends.buffers[0], (size_t)runs * type_table[id].width, err));
    for (size_t i = 0; i < from.count; i++) {
        const struct array *part = from.parts[i]->children[0];
        for (int64_t run = 0; run < part->length; run++)
            integer_put(id, buffer_writable(&ends.buffers[0]), place++,
                        shift + integer_at(id, part, run));
        shift += from.parts[i]->length;
    }
    TRY(parts_finish(&ends, &parts->children[0], err));
    return join_child(field, from, 1, false, parts, err);
}

/* Data buffers one behind the other; views point at the moved ones. */
static enum status join_views(struct pieces from, struct parts *parts, struct err *err)
{
    TRY(join_fixed(from, 0, 16, parts, err));
    int32_t *views = (int32_t *)(void *)buffer_writable(&parts->buffers[0]);
    size_t used = 1;
    for (size_t i = 0; i < from.count; i++) {
        for (int64_t row = 0; row < from.parts[i]->length; row++, views += 4)
            if (views[0] > 12) views[2] += (int32_t)(used - 1);
        for (size_t k = 1; k < from.parts[i]->buffer_count; k++)
            parts->buffers[used++] = buffer_ref(&from.parts[i]->buffers[k]);
    }
    return STATUS_OK;
}

/* ---- dictionaries ---- */

/* New numbers of values, by value; `rows` are the places of the first uses in the joined values. */
struct merge {
    struct intern seen;
    struct bytes key;
    int64_t *numbers; /* of one part's dictionary, -1 = not used yet */
    int64_t *rows;    /* place in the dictionaries put behind each other, by new number */
};

static void merge_release(struct merge *merge)
{
    intern_release(&merge->seen);
    bytes_release(&merge->key);
    memory_free(merge->numbers);
    memory_free(merge->rows);
}

static enum status merge_number(const struct field *values, const struct array *dictionary,
                                int64_t index, int64_t before, struct merge *merge, struct err *err)
{
    bool new = false;
    if (merge->numbers[index] >= 0) return STATUS_OK;
    merge->key.size = 0;
    TRY(slot_key(values, dictionary, index, &merge->key, err));
    struct str key = {(const char *)merge->key.data, merge->key.size};
    TRY(intern_add(&merge->seen, key, &merge->numbers[index], &new, err));
    if (new) merge->rows[merge->numbers[index]] = before + index;
    return STATUS_OK;
}

static enum status merge_indices(const struct field *field, struct pieces from, struct merge *merge,
                                 struct parts *parts, struct err *err)
{
    struct field values = field_values(field);
    uint8_t *to = buffer_writable(&parts->buffers[0]);
    int64_t place = 0, before = 0;
    for (size_t i = 0; i < from.count; i++) {
        const struct array *part = from.parts[i];
        const struct array *dictionary = part->dictionary;
        for (int64_t k = 0; k < dictionary->length; k++)
            merge->numbers[k] = -1;
        for (int64_t row = 0; row < part->length; row++, place++) {
            if (array_is_null(part, row)) continue;
            int64_t index = integer_at(field->index, part, row);
            TRY(merge_number(&values, dictionary, index, before, merge, err));
            if (!integer_fits(field->index, merge->numbers[index]))
                return fail(err, STATUS_FAILED,
                            "%lld distinct values are more than %s indices reach",
                            (long long)merge->seen.count, type_table[field->index].name);
            integer_put(field->index, to, place, merge->numbers[index]);
        }
        before += dictionary->length;
    }
    return STATUS_OK;
}

static enum status join_values(const struct field *field, struct pieces from, struct merge *merge,
                               struct parts *parts, struct err *err)
{
    struct field values = field_values(field);
    struct array **dictionaries = NULL;
    OWNED(array_unref) struct array *all = NULL;
    TRY(NEW(&dictionaries, from.count, err));
    for (size_t i = 0; i < from.count; i++)
        dictionaries[i] = from.parts[i]->dictionary;
    enum status status = array_concat(&all, &values, dictionaries, from.count, err);
    memory_free(dictionaries);
    TRY(status);
    return array_take(&parts->dictionary, &values, all, merge->rows, merge->seen.count, err);
}

static bool one_dictionary(struct pieces from)
{
    for (size_t i = 1; i < from.count; i++)
        if (from.parts[i]->dictionary != from.parts[0]->dictionary) return false;
    return true;
}

static enum status join_dictionary(const struct field *field, struct pieces from,
                                   struct parts *parts, struct err *err)
{
    if (one_dictionary(from)) {
        parts->dictionary = array_ref(from.parts[0]->dictionary);
        return join_fixed(from, 0, field_width(field), parts, err);
    }
    OWNED(merge_release) struct merge merge = {.key = bytes_limited(SIZE_MAX / 2)};
    int64_t largest = 0, all = 0;
    for (size_t i = 0; i < from.count; i++) {
        int64_t length = from.parts[i]->dictionary->length;
        if (length > largest) largest = length;
        all += length;
    }
    TRY(NEW(&merge.numbers, (size_t)largest, err));
    TRY(NEW(&merge.rows, (size_t)all, err));
    TRY(buffer_new(&parts->buffers[0], (size_t)from.length * field_width(field), err));
    TRY(merge_indices(field, from, &merge, parts, err));
    return join_values(field, from, &merge, parts, err);
}

/* ---- all types ---- */

static enum status join_body(const struct field *field, struct pieces from, struct parts *parts,
                             struct err *err)
{
    if (field->dictionary) return join_dictionary(field, from, parts, err);
    switch (field_info(field)->layout) {
    case LAYOUT_NULL: return STATUS_OK;
    case LAYOUT_BITS: return join_bits(from, parts, err);
    case LAYOUT_FIXED: return join_fixed(from, 0, field_width(field), parts, err);
    case LAYOUT_BYTES:
    case LAYOUT_BYTES_LARGE: return join_bytes(field, from, parts, err);
    case LAYOUT_LIST:
    case LAYOUT_LIST_LARGE: return join_list(field, from, parts, err);
    case LAYOUT_LIST_FIXED:
    case LAYOUT_STRUCT: return join_children(field, from, parts, err);
    case LAYOUT_UNION_SPARSE:
        TRY(join_fixed(from, 0, 1, parts, err));
        return join_children(field, from, parts, err);
    case LAYOUT_UNION_DENSE: return join_dense(field, from, parts, err);
    case LAYOUT_VIEW: return join_views(from, parts, err);
    case LAYOUT_LIST_VIEW:
    case LAYOUT_LIST_VIEW_LARGE: return join_list_views(field, from, parts, err);
    case LAYOUT_RUN_END: return join_runs(field, from, parts, err);
    }
    return STATUS_OK;
}

static size_t buffers_of(const struct field *field, struct pieces from)
{
    size_t count = field_info(field)->buffers;
    if (field_info(field)->layout != LAYOUT_VIEW) return count;
    for (size_t i = 0; i < from.count; i++)
        count += from.parts[i]->buffer_count - 1;
    return count;
}

enum status array_concat(struct array **ret, const struct field *field, struct array *const *parts,
                         size_t part_count, struct err *err)
{
    struct pieces from = {parts, part_count, 0};
    if (part_count == 1) {
        *ret = array_ref(parts[0]);
        return STATUS_OK;
    }
    for (size_t i = 0; i < part_count; i++)
        from.length += parts[i]->length;
    OWNED(parts_release) struct parts whole = {0};
    size_t children = field->dictionary ? 0 : field->child_count;
    TRY(parts_open(&whole, from.length, buffers_of(field, from), children, err));
    TRY(join_validity(field, from, &whole, err));
    TRY(join_body(field, from, &whole, err));
    return parts_finish(&whole, ret, err);
}
