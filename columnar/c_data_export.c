/* columnar/c_data_export.c: schemas, batches and readers to the Arrow C interfaces. */
#include "columnar/c_data.h"

#include "base/memory.h"
#include "columnar/layout.h"

#include <errno.h>
#include <stdio.h>

/* ---- schema ---- */

static void release_schema(struct ArrowSchema *schema)
{
    for (int64_t i = 0; i < schema->n_children; i++) {
        struct ArrowSchema *child = schema->children[i];
        if (child != NULL && child->release != NULL) child->release(child);
        memory_free(child);
    }
    if (schema->dictionary != NULL && schema->dictionary->release != NULL)
        schema->dictionary->release(schema->dictionary);
    memory_free(schema->dictionary);
    memory_free(schema->children);
    struct arena *arena = schema->private_data;
    arena_close(&arena);
    schema->release = NULL;
}

static const char *integer_format(enum type_id id)
{
    static const char *const formats[] = {"c", "s", "i", "l", "C", "S", "I", "L"};
    return formats[id - TYPE_INT8];
}

/* NULL for types whose format carries numbers. */
static const char *plain_format(enum type_id id)
{
    static const char *const formats[TYPE_COUNT] = {
        [TYPE_NULL] = "n",
        [TYPE_BOOL] = "b",
        [TYPE_FLOAT16] = "e",
        [TYPE_FLOAT32] = "f",
        [TYPE_FLOAT64] = "g",
        [TYPE_UTF8] = "u",
        [TYPE_BINARY] = "z",
        [TYPE_LARGE_UTF8] = "U",
        [TYPE_LARGE_BINARY] = "Z",
        [TYPE_DATE32] = "tdD",
        [TYPE_DATE64] = "tdm",
        [TYPE_INTERVAL_MONTHS] = "tiM",
        [TYPE_INTERVAL_DAY_TIME] = "tiD",
        [TYPE_INTERVAL_MONTH_DAY_NANO] = "tin",
        [TYPE_LIST] = "+l",
        [TYPE_LARGE_LIST] = "+L",
        [TYPE_STRUCT] = "+s",
        [TYPE_MAP] = "+m",
        [TYPE_UTF8_VIEW] = "vu",
        [TYPE_BINARY_VIEW] = "vz",
        [TYPE_LIST_VIEW] = "+vl",
        [TYPE_LARGE_LIST_VIEW] = "+vL",
        [TYPE_RUN_END] = "+r",
    };
    return type_is_integer(id) ? integer_format(id) : formats[id];
}

static char *union_format(const struct field *field, struct arena *arena)
{
    char *text = arena_format(arena, field->type.id == TYPE_DENSE_UNION ? "+ud:" : "+us:");
    for (size_t i = 0; i < field->child_count && text != NULL; i++)
        text = arena_format(arena, "%s%s%d", text, i == 0 ? "" : ",", field->type.union_ids[i]);
    return text;
}

static const char *type_format(const struct field *field, struct arena *arena)
{
    static const char units[] = "smun";
    const struct type *type = &field->type;
    const char *plain = plain_format(type->id);
    if (plain != NULL) return plain;
    switch (type->id) {
    case TYPE_TIME32:
    case TYPE_TIME64: return arena_format(arena, "tt%c", units[type->unit]);
    case TYPE_DURATION: return arena_format(arena, "tD%c", units[type->unit]);
    case TYPE_TIMESTAMP:
        return arena_format(arena, "ts%c:%s", units[type->unit],
                            type->zone == NULL ? "" : type->zone);
    case TYPE_FIXED_BINARY: return arena_format(arena, "w:%d", type->width);
    case TYPE_FIXED_LIST: return arena_format(arena, "+w:%d", type->width);
    case TYPE_DECIMAL128: return arena_format(arena, "d:%d,%d", type->precision, type->scale);
    case TYPE_DECIMAL32:
    case TYPE_DECIMAL64:
    case TYPE_DECIMAL256:
        return arena_format(arena, "d:%d,%d,%d", type->precision, type->scale,
                            (int)type_width(type) * 8);
    default: return union_format(field, arena);
    }
}

/* Native int32 counts and lengths. */
static enum status put_metadata(const struct metadata *metadata, struct arena *arena,
                                const char **ret, struct err *err)
{
    OWNED(bytes_release) struct bytes bytes = bytes_limited(INT32_MAX);
    int32_t count = (int32_t)metadata->count;
    if (count == 0) return STATUS_OK;
    TRY(bytes_append(&bytes, &count, sizeof count, err));
    for (size_t i = 0; i < metadata->count; i++) {
        struct str pair[2] = {metadata->pairs[i].key, metadata->pairs[i].value};
        for (int k = 0; k < 2; k++) {
            int32_t size = (int32_t)pair[k].size;
            TRY(bytes_append(&bytes, &size, sizeof size, err));
            TRY(bytes_append(&bytes, pair[k].data, pair[k].size, err));
        }
    }
    *ret = arena_text(arena, (const char *)bytes.data, bytes.size);
    return *ret == NULL ? fail_memory(err, bytes.size) : STATUS_OK;
}

static enum status export_field(const struct field *field, struct ArrowSchema *ret,
                                struct err *err);

static enum status export_children(const struct field *fields, size_t count,
                                   struct ArrowSchema *ret, struct err *err)
{
    TRY(NEW(&ret->children, count, err));
    for (size_t i = 0; i < count; i++) {
        TRY(NEW(&ret->children[i], 1, err));
        ret->n_children = (int64_t)i + 1;
        TRY(export_field(&fields[i], ret->children[i], err));
    }
    return STATUS_OK;
}

static int64_t flags_of(const struct field *field)
{
    return (field->ordered && field->dictionary ? ARROW_FLAG_DICTIONARY_ORDERED : 0) |
           (field->nullable ? ARROW_FLAG_NULLABLE : 0) |
           (field->type.keys_sorted ? ARROW_FLAG_MAP_KEYS_SORTED : 0);
}

static enum status fill_field(const struct field *field, struct ArrowSchema *ret, struct err *err)
{
    struct arena *arena = NULL;
    TRY(arena_open(&arena, err));
    ret->release = release_schema;
    ret->private_data = arena;
    const char *name = field->name == NULL ? "" : field->name;
    ret->name = arena_text(arena, name, strlen(name));
    ret->format = field->dictionary ? integer_format(field->index) : type_format(field, arena);
    if (ret->name == NULL || ret->format == NULL) return fail_memory(err, strlen(name));
    ret->flags = flags_of(field);
    TRY(put_metadata(&field->metadata, arena, &ret->metadata, err));
    if (!field->dictionary) return export_children(field->children, field->child_count, ret, err);
    struct field values = field_values(field);
    values.metadata = (struct metadata){NULL, 0};
    TRY(NEW(&ret->dictionary, 1, err));
    return export_field(&values, ret->dictionary, err);
}

static enum status export_field(const struct field *field, struct ArrowSchema *ret, struct err *err)
{
    *ret = (struct ArrowSchema){0};
    enum status status = fill_field(field, ret, err);
    if (status != STATUS_OK && ret->release != NULL) ret->release(ret);
    return status;
}

enum status c_schema_export(const struct schema *schema, struct ArrowSchema *ret, struct err *err)
{
    struct field whole = field_of("", TYPE_STRUCT);
    whole.nullable = false;
    whole.children = schema->fields;
    whole.child_count = schema->count;
    whole.metadata = schema->metadata;
    return export_field(&whole, ret, err);
}

/* ---- arrays ---- */

/* What an exported array keeps alive. */
struct shared {
    struct array *array;
    int64_t *view_sizes; /* last buffer of a view array */
};

static void release_array(struct ArrowArray *array)
{
    struct shared *shared = array->private_data;
    for (int64_t i = 0; i < array->n_children; i++) {
        struct ArrowArray *child = array->children[i];
        if (child != NULL && child->release != NULL) child->release(child);
        memory_free(child);
    }
    if (array->dictionary != NULL && array->dictionary->release != NULL)
        array->dictionary->release(array->dictionary);
    memory_free(array->dictionary);
    memory_free(array->children);
    memory_free(array->buffers);
    if (shared != NULL) {
        array_unref(&shared->array);
        memory_free(shared->view_sizes);
    }
    memory_free(shared);
    array->release = NULL;
}

/* A consumer may read a buffer that has no bytes. */
static const void *buffer_pointer(const struct buffer *buffer)
{
    static const uint64_t nothing[8];
    return buffer->data == NULL ? (const void *)nothing : buffer->data;
}

static enum status export_buffers(const struct field *field, const struct array *array,
                                  struct ArrowArray *ret, struct err *err)
{
    const struct type_info *info = field_info(field);
    struct shared *shared = ret->private_data;
    size_t count = array->buffer_count + (info->validity ? 1 : 0), used = 0;
    bool views = info->layout == LAYOUT_VIEW;
    TRY(NEW(&ret->buffers, count + (views ? 1 : 0), err));
    if (info->validity) ret->buffers[used++] = array->null_count > 0 ? array->validity.data : NULL;
    for (size_t i = 0; i < array->buffer_count; i++)
        ret->buffers[used++] = buffer_pointer(&array->buffers[i]);
    if (views) {
        TRY(NEW(&shared->view_sizes, array->buffer_count, err));
        for (size_t i = 1; i < array->buffer_count; i++)
            shared->view_sizes[i - 1] = (int64_t)array->buffers[i].size;
        ret->buffers[used++] = shared->view_sizes;
    }
    ret->n_buffers = (int64_t)used;
    return STATUS_OK;
}

static enum status export_array(const struct field *field, const struct array *array,
                                struct ArrowArray *ret, struct err *err);

static enum status export_array_children(const struct field *fields, struct array *const *children,
                                         size_t count, struct ArrowArray *ret, struct err *err)
{
    TRY(NEW(&ret->children, count, err));
    for (size_t i = 0; i < count; i++) {
        TRY(NEW(&ret->children[i], 1, err));
        ret->n_children = (int64_t)i + 1;
        TRY(export_array(&fields[i], children[i], ret->children[i], err));
    }
    return STATUS_OK;
}

static enum status fill_array(const struct field *field, const struct array *array,
                              struct ArrowArray *ret, struct err *err)
{
    struct shared *shared = NULL;
    TRY(NEW(&shared, 1, err));
    ret->private_data = shared;
    ret->release = release_array;
    shared->array = array_ref(array);
    ret->length = array->length;
    ret->null_count = array->null_count;
    TRY(export_buffers(field, array, ret, err));
    if (!field->dictionary)
        return export_array_children(field->children, array->children, array->child_count, ret,
                                     err);
    struct field values = field_values(field);
    TRY(NEW(&ret->dictionary, 1, err));
    return export_array(&values, array->dictionary, ret->dictionary, err);
}

static enum status export_array(const struct field *field, const struct array *array,
                                struct ArrowArray *ret, struct err *err)
{
    *ret = (struct ArrowArray){0};
    enum status status = fill_array(field, array, ret, err);
    if (status != STATUS_OK && ret->release != NULL) ret->release(ret);
    return status;
}

enum status c_batch_export(const struct batch *batch, struct ArrowArray *ret, struct err *err)
{
    *ret = (struct ArrowArray){.length = batch->rows, .release = release_array};
    enum status status = NEW(&ret->buffers, 1, err);
    ret->n_buffers = 1;
    if (status == STATUS_OK)
        status = export_array_children(batch->schema->fields, batch->columns, batch->schema->count,
                                       ret, err);
    if (status != STATUS_OK) ret->release(ret);
    return status;
}

/* ---- stream ---- */

struct stream {
    struct ipc_reader *reader;
    struct err err;
};

static int stream_errno(enum status status)
{
    return status == STATUS_OK ? 0 : status == STATUS_MEMORY ? ENOMEM : EIO;
}

static int stream_schema(struct ArrowArrayStream *from, struct ArrowSchema *out)
{
    struct stream *stream = from->private_data;
    return stream_errno(c_schema_export(ipc_reader_schema(stream->reader), out, &stream->err));
}

static int stream_next(struct ArrowArrayStream *from, struct ArrowArray *out)
{
    struct stream *stream = from->private_data;
    OWNED(batch_release) struct batch batch = {0};
    bool end = false;
    *out = (struct ArrowArray){0};
    enum status status = ipc_reader_next(stream->reader, &batch, &end, &stream->err);
    if (status == STATUS_OK && !end) status = c_batch_export(&batch, out, &stream->err);
    return stream_errno(status);
}

static const char *stream_error(struct ArrowArrayStream *from)
{
    struct stream *stream = from->private_data;
    return stream->err.message[0] == '\0' ? NULL : stream->err.message;
}

static void stream_release(struct ArrowArrayStream *from)
{
    struct stream *stream = from->private_data;
    ipc_reader_close(&stream->reader);
    memory_free(stream);
    from->release = NULL;
}

enum status c_stream_export(struct ipc_reader **reader, struct ArrowArrayStream *ret,
                            struct err *err)
{
    struct stream *stream = NULL;
    TRY(NEW(&stream, 1, err));
    stream->reader = *reader;
    *reader = NULL;
    *ret =
        (struct ArrowArrayStream){stream_schema, stream_next, stream_error, stream_release, stream};
    return STATUS_OK;
}
