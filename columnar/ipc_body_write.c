/* columnar/ipc_body_write.c: arrays to the body of a record batch.
 *
 * What goes out is only what the rows hold: offsets from 0, null slots zero, bits behind the end
 * zero, no bytes or items that no row refers to. */
#include "columnar/ipc_message.h"

static enum status push_buffer(struct body *body, struct buffer *buffer, struct err *err)
{
    struct body_buffer entry = {.length = (int64_t)buffer->size, .data = *buffer};
    TRY(growing_append(&body->buffers, &entry, sizeof entry, err));
    *buffer = (struct buffer){0};
    return STATUS_OK;
}

static enum status push_part(struct body *body, const struct buffer *buffer, size_t first,
                             size_t size, struct err *err)
{
    OWNED(buffer_unref) struct buffer part = buffer_part(buffer, first, size);
    return push_buffer(body, &part, err);
}

static struct body_buffer *last_pushed(struct body *body)
{
    size_t count = body->buffers.size / sizeof(struct body_buffer);
    return (struct body_buffer *)(void *)body->buffers.data + count - 1;
}

/* Values of one width. */
static enum status push_values(struct body *body, const struct buffer *buffer, size_t count,
                               size_t width, struct err *err)
{
    TRY(push_part(body, buffer, 0, count * width, err));
    last_pushed(body)->words = width == 8;
    return STATUS_OK;
}

static enum status push_bits(struct body *body, const struct buffer *bits, int64_t count,
                             struct err *err)
{
    size_t size = bits_bytes(count);
    unsigned tail = (unsigned)(count & 7);
    if (count == 0 || tail == 0 || bits->data[size - 1] >> tail == 0)
        return push_part(body, bits, 0, size, err);
    OWNED(buffer_unref) struct buffer clean = {0};
    TRY(buffer_new_raw(&clean, size, err));
    uint8_t *to = buffer_writable(&clean);
    memcpy(to, bits->data, size);
    to[size - 1] = (uint8_t)(to[size - 1] & ((1u << tail) - 1));
    return push_buffer(body, &clean, err);
}

/* Offsets from 0; *ret_first and *ret_count are the items or bytes they span. */
static enum status push_offsets(struct body *body, const struct array *array, bool large,
                                int64_t *ret_first, int64_t *ret_count, struct err *err)
{
    const struct buffer *offsets = &array->buffers[0];
    size_t size = ((size_t)array->length + 1) * (large ? 8 : 4);
    *ret_first = offset_at(offsets, large, 0);
    *ret_count = offset_at(offsets, large, array->length) - *ret_first;
    if (array->length == 0) *ret_first = *ret_count = 0;
    if (array->length > 0 && *ret_first == 0) return push_part(body, offsets, 0, size, err);
    OWNED(buffer_unref) struct buffer shifted = {0};
    TRY(buffer_new(&shifted, size, err));
    if (array->length > 0)
        TRY(offsets_rebase(&shifted, 0, offsets, large, 0, array->length, 0, err));
    return push_buffer(body, &shifted, err);
}

static enum status add_array(struct body *body, const struct field *field,
                             const struct array *array, struct err *err);

static enum status add_child(struct body *body, const struct field *field,
                             const struct array *array, size_t child, int64_t first, int64_t count,
                             struct err *err)
{
    OWNED(array_unref) struct array *part = NULL;
    TRY(array_slice(&part, &field->children[child], array->children[child], first, count, err));
    return add_array(body, &field->children[child], part, err);
}

static enum status add_children(struct body *body, const struct field *field,
                                const struct array *array, struct err *err)
{
    for (size_t i = 0; i < field->child_count; i++)
        TRY(add_array(body, &field->children[i], array->children[i], err));
    return STATUS_OK;
}

static enum status add_bytes(struct body *body, const struct array *array, bool large,
                             struct err *err)
{
    int64_t first, count;
    TRY(push_offsets(body, array, large, &first, &count, err));
    TRY(push_part(body, &array->buffers[1], (size_t)first, (size_t)count, err));
    last_pushed(body)->texts = true;
    return STATUS_OK;
}

static enum status add_list(struct body *body, const struct field *field, const struct array *array,
                            bool large, struct err *err)
{
    int64_t first, count;
    TRY(push_offsets(body, array, large, &first, &count, err));
    return add_child(body, field, array, 0, first, count, err);
}

/* ---- views ---- */

/* Texts longer than 12 bytes, one behind the other, in as many buffers as 31-bit offsets need. */
static enum status gather_views(const struct field *field, const struct array *array,
                                struct buffer *views, struct growing *data, struct body *body,
                                int64_t *ret_buffers, struct err *err)
{
    int32_t *view = (int32_t *)(void *)buffer_writable(views);
    for (int64_t row = 0; row < array->length; row++, view += 4) {
        if (view[0] <= 12) continue;
        struct str text = slot_bytes(field, array, row);
        if (data->size + text.size > INT32_MAX) {
            OWNED(buffer_unref) struct buffer full = {0};
            TRY(growing_freeze(data, &full, err));
            TRY(push_buffer(body, &full, err));
            (*ret_buffers)++;
        }
        view[2] = (int32_t)*ret_buffers;
        view[3] = (int32_t)data->size;
        TRY(growing_append(data, text.data, text.size, err));
    }
    return STATUS_OK;
}

static enum status add_views(struct body *body, const struct field *field,
                             const struct array *array, struct err *err)
{
    OWNED(buffer_unref) struct buffer views = {0}, last = {0};
    OWNED(growing_release) struct growing data = {0};
    int64_t buffers = 0;
    size_t size = (size_t)array->length * 16;
    TRY(buffer_new(&views, size, err));
    if (size > 0) memcpy(buffer_writable(&views), array->buffers[0].data, size);
    TRY(push_part(body, &views, 0, size, err)); /* filled in below */
    TRY(gather_views(field, array, &views, &data, body, &buffers, err));
    if (data.size > 0) {
        TRY(growing_freeze(&data, &last, err));
        TRY(push_buffer(body, &last, err));
        buffers++;
    }
    return growing_append(&body->variadic, &buffers, sizeof buffers, err);
}

/* List views become contiguous: item k of row i right behind item k - 1. */
static enum status add_list_views(struct body *body, const struct field *field,
                                  const struct array *array, bool large, struct err *err)
{
    size_t width = large ? 8 : 4;
    int64_t total = 0, used = 0, first, count;
    OWNED(buffer_unref) struct buffer offsets = {0};
    OWNED(memory_release) int64_t *items = NULL;
    OWNED(array_unref) struct array *child = NULL;
    TRY(buffer_new(&offsets, (size_t)array->length * width, err));
    for (int64_t row = 0; row < array->length; row++) {
        TRY(offset_put(&offsets, large, row, total, err));
        total += offset_at(&array->buffers[1], large, row);
    }
    TRY(NEW(&items, (size_t)total, err));
    for (int64_t row = 0; row < array->length; row++) {
        list_range(field, array, row, &first, &count);
        for (int64_t k = 0; k < count; k++)
            items[used++] = first + k;
    }
    TRY(push_buffer(body, &offsets, err));
    TRY(push_part(body, &array->buffers[1], 0, (size_t)array->length * width, err));
    TRY(array_take(&child, field->children, array->children[0], items, total, err));
    return add_array(body, field->children, child, err);
}

/* ---- all types ---- */

static enum status add_union(struct body *body, const struct field *field,
                             const struct array *array, struct err *err)
{
    OWNED(array_unref) struct array *compact = array_ref(array);
    int64_t items = 0;
    for (size_t i = 0; i < field->child_count; i++)
        items += array->children[i]->length;
    bool dense = field->type.id == TYPE_DENSE_UNION;
    if (dense && items != array->length) TRY(array_rewrite(field, &compact, err));
    TRY(push_part(body, &compact->buffers[0], 0, (size_t)array->length, err));
    if (dense) TRY(push_part(body, &compact->buffers[1], 0, (size_t)array->length * 4, err));
    return add_children(body, field, compact, err);
}

static enum status add_body(struct body *body, const struct field *field, const struct array *array,
                            struct err *err)
{
    enum layout layout = field_info(field)->layout;
    bool large = layout_is_large(layout);
    switch (layout) {
    case LAYOUT_NULL: return STATUS_OK;
    case LAYOUT_BITS: return push_bits(body, &array->buffers[0], array->length, err);
    case LAYOUT_FIXED:
        return push_values(body, &array->buffers[0], (size_t)array->length, field_width(field),
                           err);
    case LAYOUT_BYTES:
    case LAYOUT_BYTES_LARGE: return add_bytes(body, array, large, err);
    case LAYOUT_LIST:
    case LAYOUT_LIST_LARGE: return add_list(body, field, array, large, err);
    case LAYOUT_LIST_FIXED:
        return add_child(body, field, array, 0, 0, array->length * field->type.width, err);
    case LAYOUT_STRUCT:
    case LAYOUT_RUN_END: return add_children(body, field, array, err);
    case LAYOUT_UNION_SPARSE:
    case LAYOUT_UNION_DENSE: return add_union(body, field, array, err);
    case LAYOUT_VIEW: return add_views(body, field, array, err);
    case LAYOUT_LIST_VIEW:
    case LAYOUT_LIST_VIEW_LARGE: return add_list_views(body, field, array, large, err);
    }
    return STATUS_OK;
}

static enum status add_array(struct body *body, const struct field *field,
                             const struct array *array, struct err *err)
{
    OWNED(array_unref) struct array *tidy = NULL;
    TRY(array_tidy(&tidy, field, array, err));
    struct body_node node = {tidy->length, tidy->null_count};
    if (field_info(field)->layout == LAYOUT_NULL) node.null_count = node.length;
    TRY(growing_append(&body->nodes, &node, sizeof node, err));
    if (field_info(field)->validity) {
        if (tidy->null_count > 0)
            TRY(push_bits(body, &tidy->validity, tidy->length, err));
        else
            TRY(push_part(body, &tidy->validity, 0, 0, err));
    }
    return add_body(body, field, tidy, err);
}

enum status body_add(struct body *body, const struct field *field, const struct array *array,
                     struct err *err)
{
    body->rows = array->length;
    enum status status = add_array(body, field, array, err);
    if (status != STATUS_OK) return fail_within(err, status, "column \"%s\"", field->name);
    return STATUS_OK;
}

enum status body_join(struct body *body, struct body *from, struct err *err)
{
    TRY(growing_append(&body->nodes, from->nodes.data, from->nodes.size, err));
    TRY(growing_append(&body->variadic, from->variadic.data, from->variadic.size, err));
    TRY(growing_append(&body->buffers, from->buffers.data, from->buffers.size, err));
    from->buffers.size = 0; /* the references moved */
    body_release(from);
    return STATUS_OK;
}

enum status body_compress(struct body *body, int level, struct err *err)
{
    struct body_buffer *buffers = (struct body_buffer *)(void *)body->buffers.data;
    for (size_t i = 0; i < body->buffers.size / sizeof *buffers; i++)
        TRY(codec_compress(&buffers[i], level, err));
    return STATUS_OK;
}

void body_release(struct body *body)
{
    struct body_buffer *buffers = (struct body_buffer *)(void *)body->buffers.data;
    for (size_t i = 0; i < body->buffers.size / sizeof *buffers; i++)
        buffer_unref(&buffers[i].data);
    growing_release(&body->nodes);
    growing_release(&body->buffers);
    growing_release(&body->variadic);
}
