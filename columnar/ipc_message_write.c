/* columnar/ipc_message_write.c: message frames, record batch and dictionary messages. */
#include "columnar/ipc_message.h"

#define REFERENCE                                                                                  \
    {                                                                                              \
        FLAT_REFERENCE, 0, 0                                                                       \
    }
#define ABSENT                                                                                     \
    {                                                                                              \
        0, 0, 0                                                                                    \
    }

static const uint8_t zeros[IPC_ALIGNMENT];

static size_t pad64(size_t size)
{
    return (IPC_ALIGNMENT - size % IPC_ALIGNMENT) % IPC_ALIGNMENT;
}

/* Marker, size and padding around a flatbuffer: `lead` + the whole is a multiple of 64. */
static enum status frame(const struct flat_writer *writer, size_t lead, struct bytes *ret,
                         struct err *err)
{
    size_t size = writer->out.size, padding = pad64(lead + 8 + size);
    uint32_t head[2] = {CONTINUATION, (uint32_t)(size + padding)};
    *ret = bytes_limited(SIZE_MAX / 2);
    TRY(bytes_append(ret, head, sizeof head, err));
    TRY(bytes_append(ret, writer->out.data, size, err));
    return bytes_append(ret, zeros, padding, err);
}

/* The root table: its header is placed next and pointed at from *ret_header. */
static enum status begin_message(struct flat_writer *writer, int kind, int64_t body_size,
                                 const struct metadata *metadata, size_t *ret_header,
                                 struct err *err)
{
    size_t place = 0;
    struct flat_slot slots[] = {
        {2, METADATA_V5, 0}, {1, kind, 0}, REFERENCE, {8, body_size, 0}, ABSENT};
    bool has_metadata = metadata != NULL && metadata->count > 0;
    if (has_metadata) slots[4].width = FLAT_REFERENCE;
    TRY(flat_begin(writer, err));
    TRY(flat_put_table(writer, slots, 5, &place, err));
    flat_point(writer, 0, place);
    *ret_header = slots[2].place;
    return has_metadata ? metadata_write(writer, metadata, slots[4].place, err) : STATUS_OK;
}

enum status schema_message(const struct schema *schema, size_t lead, struct bytes *ret,
                           struct err *err)
{
    OWNED(flat_release) struct flat_writer writer = {0};
    size_t header = 0, place = 0;
    TRY(begin_message(&writer, MESSAGE_SCHEMA, 0, NULL, &header, err));
    TRY(schema_write(&writer, schema, &place, err));
    flat_point(&writer, header, place);
    return frame(&writer, lead, ret, err);
}

/* ---- record batches ---- */

static size_t stored_size(const struct body_buffer *buffer)
{
    return buffer->data.size + (buffer->prefix ? sizeof(int64_t) : 0);
}

struct body_view {
    const struct body_node *nodes;
    const struct body_buffer *buffers;
    const int64_t *variadic;
    size_t node_count, buffer_count, variadic_count;
    uint64_t size; /* with padding */
};

static struct body_view view_body(const struct body *body)
{
    struct body_view view = {
        .nodes = (const struct body_node *)(const void *)body->nodes.data,
        .buffers = (const struct body_buffer *)(const void *)body->buffers.data,
        .variadic = (const int64_t *)(const void *)body->variadic.data,
        .node_count = body->nodes.size / sizeof(struct body_node),
        .buffer_count = body->buffers.size / sizeof(struct body_buffer),
        .variadic_count = body->variadic.size / sizeof(int64_t),
    };
    for (size_t i = 0; i < view.buffer_count; i++) {
        size_t size = stored_size(&view.buffers[i]);
        view.size += size + pad64(size);
    }
    return view;
}

static enum status write_nodes(struct flat_writer *writer, const struct body_view *view, size_t at,
                               struct err *err)
{
    size_t place = 0, first = 0;
    TRY(flat_put_vector(writer, view->node_count, 16, 8, &place, &first, err));
    flat_point(writer, at, place);
    for (size_t i = 0; i < view->node_count; i++) {
        flat_store(writer, first + 16 * i, 8, view->nodes[i].length);
        flat_store(writer, first + 16 * i + 8, 8, view->nodes[i].null_count);
    }
    return STATUS_OK;
}

static enum status write_buffers(struct flat_writer *writer, const struct body_view *view,
                                 size_t at, struct err *err)
{
    size_t place = 0, first = 0, offset = 0;
    TRY(flat_put_vector(writer, view->buffer_count, 16, 8, &place, &first, err));
    flat_point(writer, at, place);
    for (size_t i = 0; i < view->buffer_count; i++) {
        size_t size = stored_size(&view->buffers[i]);
        flat_store(writer, first + 16 * i, 8, (int64_t)offset);
        flat_store(writer, first + 16 * i + 8, 8, (int64_t)size);
        offset += size + pad64(size);
    }
    return STATUS_OK;
}

static enum status write_variadic(struct flat_writer *writer, const struct body_view *view,
                                  size_t at, struct err *err)
{
    size_t place = 0, first = 0;
    TRY(flat_put_vector(writer, view->variadic_count, 8, 8, &place, &first, err));
    flat_point(writer, at, place);
    for (size_t i = 0; i < view->variadic_count; i++)
        flat_store(writer, first + 8 * i, 8, view->variadic[i]);
    return STATUS_OK;
}

static enum status write_batch(struct flat_writer *writer, const struct body_view *view,
                               int64_t rows, bool compressed, size_t *ret_place, struct err *err)
{
    struct flat_slot slots[] = {{8, rows, 0}, REFERENCE, REFERENCE, ABSENT, ABSENT};
    size_t place = 0;
    if (compressed) slots[3].width = FLAT_REFERENCE;
    if (view->variadic_count > 0) slots[4].width = FLAT_REFERENCE;
    TRY(flat_put_table(writer, slots, 5, ret_place, err));
    TRY(write_nodes(writer, view, slots[1].place, err));
    TRY(write_buffers(writer, view, slots[2].place, err));
    if (compressed) {
        struct flat_slot codec[] = {{1, CODEC_ZSTD, 0}, {1, 0, 0}};
        TRY(flat_put_table(writer, codec, 2, &place, err));
        flat_point(writer, slots[3].place, place);
    }
    if (view->variadic_count > 0) TRY(write_variadic(writer, view, slots[4].place, err));
    return STATUS_OK;
}

static enum status batch_message(const struct body_view *view, int64_t rows, bool compressed,
                                 int64_t id, const struct metadata *metadata, struct bytes *ret,
                                 struct err *err)
{
    OWNED(flat_release) struct flat_writer writer = {0};
    size_t header = 0, place = 0;
    int kind = id < 0 ? MESSAGE_BATCH : MESSAGE_DICTIONARY;
    TRY(begin_message(&writer, kind, (int64_t)view->size, metadata, &header, err));
    if (kind == MESSAGE_DICTIONARY) {
        struct flat_slot slots[] = {{8, id, 0}, REFERENCE};
        TRY(flat_put_table(&writer, slots, 2, &place, err));
        flat_point(&writer, header, place);
        header = slots[1].place;
    }
    TRY(write_batch(&writer, view, rows, compressed, &place, err));
    flat_point(&writer, header, place);
    return frame(&writer, 0, ret, err);
}

static enum status write_buffer(const struct body_buffer *buffer, struct output *output,
                                struct err *err)
{
    if (buffer->prefix) TRY(output_write(output, &buffer->length, sizeof buffer->length, err));
    if (buffer->data.size > 0) TRY(output_write(output, buffer->data.data, buffer->data.size, err));
    size_t padding = pad64(stored_size(buffer));
    return padding == 0 ? STATUS_OK : output_write(output, zeros, padding, err);
}

enum status body_write(const struct body *body, bool compressed, int64_t id,
                       const struct metadata *metadata, struct output *output,
                       int32_t *ret_metadata, int64_t *ret_body, struct err *err)
{
    struct body_view view = view_body(body);
    OWNED(bytes_release) struct bytes head = {0};
    TRY(batch_message(&view, body->rows, compressed, id, metadata, &head, err));
    TRY(output_write(output, head.data, head.size, err));
    for (size_t i = 0; i < view.buffer_count; i++)
        TRY(write_buffer(&view.buffers[i], output, err));
    *ret_metadata = (int32_t)head.size;
    *ret_body = (int64_t)view.size;
    return STATUS_OK;
}
