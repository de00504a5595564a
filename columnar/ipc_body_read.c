/* columnar/ipc_body_read.c: the body of a record batch to arrays.
 *
 * Nodes and buffers lie in pre-order of the fields. A first pass over the schema tells where each
 * column's begin; then columns are independent of each other and may be read in parallel. */
#include "columnar/ipc_message.h"

#include "base/parallel.h"
#include "columnar/kernels.h"

/* The declared parts of a body, and the body. */
struct plan {
    struct body_context context;
    struct flat_vector nodes, buffers, variadic;
    enum codec codec;
};
/* How far reading has come. */
struct cursor {
    size_t node, buffer, variadic;
    const struct buffer *place; /* for the values of the column; NULL = anywhere */
};

/* ---- buffers ---- */

static enum status stored_buffer(const struct plan *plan, size_t index, struct buffer *ret,
                                 struct err *err)
{
    int64_t offset = flat_element(plan->buffers, index, 16, 0, 8);
    int64_t size = flat_element(plan->buffers, index, 16, 8, 8);
    const struct buffer *body = &plan->context.message->body;
    *ret = (struct buffer){0};
    if (index >= plan->buffers.count)
        return fail(err, STATUS_FAILED, "the message has only %zu buffers", plan->buffers.count);
    if (offset < 0 || size < 0 || (uint64_t)offset > body->size ||
        (uint64_t)size > body->size - (uint64_t)offset)
        return fail(err, STATUS_FAILED,
                    "a buffer of %lld bytes at %lld is outside of the body of %zu", (long long)size,
                    (long long)offset, body->size);
    if (size > 0 && offset % 8 != 0)
        return fail(err, STATUS_FAILED, "a buffer begins at %lld, which is not a multiple of 8",
                    (long long)offset);
    *ret = buffer_part(body, (size_t)offset, (size_t)size);
    return STATUS_OK;
}

/* The bytes of a buffer, where they are wanted if they can be had there. */
static enum status expand(const struct plan *plan, const struct buffer *stored,
                          const struct buffer *place, struct buffer *ret, struct err *err)
{
    if (plan->codec != CODEC_NONE) return codec_expand(plan->codec, stored, place, ret, err);
    *ret = buffer_ref(stored);
    return STATUS_OK;
}

/* What a buffer must be like. */
struct need {
    size_t size; /* bytes, cut to it; not exact: all there are */
    bool exact;
    const struct buffer *place; /* where they are wanted; NULL = anywhere */
};

static void count_buffer(struct ipc_counts *counts, size_t stored, size_t whole)
{
    if (counts == NULL) return;
    counts->buffers++;
    counts->stored_bytes += stored;
    counts->bytes += whole;
}

/* The next buffer, decompressed, in our byte order. */
static enum status take_buffer(const struct plan *plan, const struct field *field, size_t index,
                               struct need need, struct cursor *cursor, struct buffer *ret,
                               struct err *err)
{
    OWNED(buffer_unref) struct buffer stored = {0};
    TRY(stored_buffer(plan, cursor->buffer++, &stored, err));
    OWNED(buffer_unref) struct buffer whole = {0};
    TRY(expand(plan, &stored, need.place, &whole, err));
    count_buffer(plan->context.counts, stored.size, whole.size);
    if (need.exact && whole.size < need.size)
        return fail(err, STATUS_FAILED, "a buffer has %zu bytes, its values need %zu", whole.size,
                    need.size);
    *ret = buffer_part(&whole, 0, need.exact ? need.size : whole.size);
    if (!plan->context.swap) return STATUS_OK;
    return buffer_swap(field, index, ret, err);
}

/* ---- one array ---- */

static enum status take_node(const struct plan *plan, struct cursor *cursor, struct parts *parts,
                             struct err *err)
{
    size_t index = cursor->node++;
    int64_t length = flat_element(plan->nodes, index, 16, 0, 8);
    int64_t nulls = flat_element(plan->nodes, index, 16, 8, 8);
    if (index >= plan->nodes.count)
        return fail(err, STATUS_FAILED, "the message has only %zu nodes", plan->nodes.count);
    if (length < 0 || length > INT32_MAX)
        return fail(err, STATUS_FAILED, "%lld values, expected 0 to 2147483647", (long long)length);
    if (nulls < 0 || nulls > length)
        return fail(err, STATUS_FAILED, "%lld nulls in %lld values", (long long)nulls,
                    (long long)length);
    parts->length = length;
    parts->null_count = nulls;
    return STATUS_OK;
}

static enum status take_validity(const struct plan *plan, const struct field *field,
                                 struct cursor *cursor, struct parts *parts, struct err *err)
{
    bool legacy_union = plan->context.message->version == METADATA_V4 &&
                        (field_info(field)->layout == LAYOUT_UNION_SPARSE ||
                         field_info(field)->layout == LAYOUT_UNION_DENSE);
    if (!field_info(field)->validity && !legacy_union) return STATUS_OK;
    struct need need = {parts->null_count > 0 ? bits_bytes(parts->length) : 0, true, NULL};
    OWNED(buffer_unref) struct buffer bits = {0};
    struct field flags = field_of(NULL, TYPE_BOOL);
    TRY(take_buffer(plan, &flags, 0, need, cursor, &bits, err));
    if (parts->null_count == 0) return STATUS_OK;
    if (legacy_union)
        return fail(err, STATUS_FAILED, "a union of metadata V4 has nulls of its own");
    int64_t valid = kernels()->bits_count(bits.data, 0, parts->length);
    if (valid != parts->length - parts->null_count)
        return fail(err, STATUS_FAILED, "%lld nulls declared and %lld found",
                    (long long)parts->null_count, (long long)(parts->length - valid));
    parts->validity = bits;
    bits = (struct buffer){0};
    return STATUS_OK;
}

/* What buffer `index` of an array must be like. */
static enum status buffer_need(const struct field *field, int64_t length, size_t index,
                               struct need *ret, struct err *err)
{
    enum layout layout = field_info(field)->layout;
    size_t count = (size_t)length, width = 0;
    *ret = (struct need){.exact = true};
    switch (layout) {
    case LAYOUT_BITS: ret->size = bits_bytes(length); return STATUS_OK;
    case LAYOUT_FIXED: width = field_width(field); break;
    case LAYOUT_BYTES:
    case LAYOUT_BYTES_LARGE:
        ret->exact = index == 0;
        width = layout == LAYOUT_BYTES ? 4 : 8;
        count = length == 0 ? 0 : count + 1; /* an empty array may leave its one offset out */
        break;
    case LAYOUT_LIST: width = 4, count = length == 0 ? 0 : count + 1; break;
    case LAYOUT_LIST_LARGE: width = 8, count = length == 0 ? 0 : count + 1; break;
    case LAYOUT_LIST_VIEW: width = 4; break;
    case LAYOUT_LIST_VIEW_LARGE: width = 8; break;
    case LAYOUT_UNION_SPARSE:
    case LAYOUT_UNION_DENSE: width = index == 0 ? 1 : 4; break;
    case LAYOUT_VIEW:
        width = 16;
        ret->exact = index == 0;
        break;
    default: break;
    }
    if (width > 0 && count > SIZE_MAX / width)
        return fail(err, STATUS_FAILED, "%lld values of %zu bytes", (long long)length, width);
    ret->size = count * width;
    return STATUS_OK;
}

static enum status count_buffers(const struct plan *plan, const struct field *field,
                                 struct cursor *cursor, size_t *ret, struct err *err)
{
    *ret = field_info(field)->buffers;
    if (field_info(field)->layout != LAYOUT_VIEW) return STATUS_OK;
    size_t index = cursor->variadic++;
    int64_t more = flat_element(plan->variadic, index, 8, 0, 8);
    if (index >= plan->variadic.count || more < 0 || (uint64_t)more > plan->buffers.count)
        return fail(err, STATUS_FAILED, "the number of its data buffers is missing or wrong");
    *ret += (size_t)more;
    return STATUS_OK;
}

static enum status read_array(const struct plan *plan, const struct field *field,
                              struct cursor *cursor, struct array **ret, struct err *err);

static enum status read_children(const struct plan *plan, const struct field *field,
                                 struct cursor *cursor, struct parts *parts, struct err *err)
{
    for (size_t i = 0; i < parts->child_count; i++) {
        const struct field *child = &field->children[i];
        enum status status = read_array(plan, child, cursor, &parts->children[i], err);
        if (status != STATUS_OK) return fail_within(err, status, "child \"%s\"", child->name);
    }
    return STATUS_OK;
}

/* A dictionary may be missing where nothing points into it. */
static enum status find_dictionary(const struct plan *plan, const struct field *field,
                                   struct parts *parts, struct err *err)
{
    struct dictionary *known = dictionaries_find(plan->context.dictionaries, field->dictionary_id);
    if (known != NULL && known->array != NULL) {
        parts->dictionary = array_ref(known->array);
        return STATUS_OK;
    }
    if (parts->null_count < parts->length)
        return fail(err, STATUS_FAILED, "dictionary %lld did not come before its use",
                    (long long)field->dictionary_id);
    struct field values = field_values(field);
    return array_empty(&parts->dictionary, &values, err);
}

static enum status read_parts(const struct plan *plan, const struct field *field,
                              struct cursor *cursor, struct parts *parts, struct err *err)
{
    TRY(take_validity(plan, field, cursor, parts, err));
    for (size_t i = 0; i < parts->buffer_count; i++) {
        struct need need;
        TRY(buffer_need(field, parts->length, i, &need, err));
        need.place = cursor->place;
        TRY(take_buffer(plan, field, i, need, cursor, &parts->buffers[i], err));
    }
    if (field->dictionary) return find_dictionary(plan, field, parts, err);
    return read_children(plan, field, cursor, parts, err);
}

static enum status read_array(const struct plan *plan, const struct field *field,
                              struct cursor *cursor, struct array **ret, struct err *err)
{
    OWNED(parts_release) struct parts parts = {0}, node = {0};
    OWNED(array_unref) struct array *array = NULL;
    size_t buffers = 0, children = field->dictionary ? 0 : field->child_count;
    TRY(take_node(plan, cursor, &node, err));
    TRY(count_buffers(plan, field, cursor, &buffers, err));
    TRY(parts_open(&parts, node.length, buffers, children, err));
    parts.null_count = node.null_count;
    TRY(read_parts(plan, field, cursor, &parts, err));
    if (field_info(field)->layout == LAYOUT_NULL) parts.null_count = parts.length;
    TRY(parts_finish(&parts, &array, err));
    TRY(array_settle(field, &array, err));
    *ret = array;
    array = NULL;
    return STATUS_OK;
}

/* ---- all columns ---- */

/* Moves the cursor over a field without looking at its body. */
static enum status skip_array(const struct plan *plan, const struct field *field,
                              struct cursor *cursor, struct err *err)
{
    size_t buffers = 0;
    enum layout layout = field_info(field)->layout;
    bool legacy = plan->context.message->version == METADATA_V4 &&
                  (layout == LAYOUT_UNION_SPARSE || layout == LAYOUT_UNION_DENSE);
    TRY(count_buffers(plan, field, cursor, &buffers, err));
    cursor->node++;
    cursor->buffer += buffers + (field_info(field)->validity || legacy ? 1 : 0);
    for (size_t i = 0; !field->dictionary && i < field->child_count; i++)
        TRY(skip_array(plan, &field->children[i], cursor, err));
    return STATUS_OK;
}

static enum status open_plan(struct plan *plan, struct flat_table batch, struct err *err)
{
    plan->nodes = flat_vector(batch, 1, 16, 8);
    plan->buffers = flat_vector(batch, 2, 16, 8);
    plan->variadic = flat_vector(batch, 4, 8, 8);
    struct flat_table compression = flat_child(batch, 3);
    TRY(flat_check(batch.flat, err));
    plan->codec = CODEC_NONE;
    if (!flat_present(compression)) return STATUS_OK;
    int64_t codec = flat_integer(compression, 0, 1, 0), method = flat_integer(compression, 1, 1, 0);
    TRY(flat_check(batch.flat, err));
    if (codec != CODEC_LZ4 && codec != CODEC_ZSTD)
        return fail(err, STATUS_FAILED, "compression codec %lld is not known", (long long)codec);
    if (method != 0)
        return fail(err, STATUS_FAILED, "compression method %lld is not known", (long long)method);
    plan->codec = (enum codec)codec;
    return STATUS_OK;
}

struct body_reader {
    struct plan plan;
    const struct field *fields;
    size_t count;
    struct cursor *cursors; /* where each column begins */
    int64_t rows;
};

static enum status read_column(const struct body_reader *body, size_t index, struct array **ret,
                               struct err *err)
{
    const struct field *field = &body->fields[index];
    struct cursor cursor = body->cursors[index];
    const struct buffer *places = body->plan.context.places;
    bool placed =
        places != NULL && field_info(field)->layout == LAYOUT_FIXED && places[index].data != NULL;
    cursor.place = placed ? &places[index] : NULL;
    enum status status = read_array(&body->plan, field, &cursor, ret, err);
    if (status == STATUS_OK && (*ret)->length != body->rows)
        status = fail(err, STATUS_FAILED, "%lld values in a batch of %lld rows",
                      (long long)(*ret)->length, (long long)body->rows);
    if (status != STATUS_OK) return fail_within(err, status, "column \"%s\"", field->name);
    return STATUS_OK;
}

static enum status plan_columns(struct body_reader *body, struct err *err)
{
    const struct plan *plan = &body->plan;
    struct cursor cursor = {0};
    for (size_t i = 0; i < body->count; i++) {
        body->cursors[i] = cursor;
        enum status status = skip_array(plan, &body->fields[i], &cursor, err);
        if (status != STATUS_OK)
            return fail_within(err, status, "column \"%s\"", body->fields[i].name);
    }
    if (cursor.node != plan->nodes.count || cursor.buffer != plan->buffers.count ||
        cursor.variadic != plan->variadic.count)
        return fail(err, STATUS_FAILED,
                    "%zu nodes and %zu buffers, expected %zu and %zu from the schema",
                    plan->nodes.count, plan->buffers.count, cursor.node, cursor.buffer);
    return STATUS_OK;
}

/* What reading the column would find, known without: a count of rows needs no column. */
static enum status check_lengths(const struct body_reader *body, struct err *err)
{
    for (size_t i = 0; i < body->count; i++) {
        int64_t length = flat_element(body->plan.nodes, body->cursors[i].node, 16, 0, 8);
        if (length != body->rows)
            return fail(err, STATUS_FAILED, "column \"%s\": %lld values in a batch of %lld rows",
                        body->fields[i].name, (long long)length, (long long)body->rows);
    }
    return STATUS_OK;
}

enum status body_reader_open(struct body_reader **ret, const struct body_context *context,
                             struct flat_table batch, const struct field *fields, size_t count,
                             struct err *err)
{
    OWNED(body_reader_close) struct body_reader *body = NULL;
    TRY(NEW(&body, 1, err));
    *body = (struct body_reader){.plan.context = *context,
                                 .fields = fields,
                                 .count = count,
                                 .rows = flat_integer(batch, 0, 8, 0)};
    TRY(open_plan(&body->plan, batch, err));
    if (body->rows < 0 || body->rows > INT32_MAX)
        return fail(err, STATUS_FAILED, "%lld rows, expected 0 to 2147483647",
                    (long long)body->rows);
    TRY(NEW(&body->cursors, count, err));
    TRY(plan_columns(body, err));
    *ret = body;
    body = NULL;
    return STATUS_OK;
}

enum status body_reader_rows(const struct body_reader *body, int64_t *ret, struct err *err)
{
    TRY(check_lengths(body, err));
    *ret = body->rows;
    return STATUS_OK;
}

int64_t body_reader_nulls(const struct body_reader *body, size_t column)
{
    return flat_element(body->plan.nodes, body->cursors[column].node, 16, 8, 8);
}

enum status body_reader_column(struct body_reader *body, size_t column, struct array **ret,
                               struct err *err)
{
    OWNED(array_unref) struct array *array = NULL;
    TRY(read_column(body, column, &array, err));
    if (body->plan.context.counts != NULL) body->plan.context.counts->columns++;
    *ret = array;
    array = NULL;
    return STATUS_OK;
}

void body_reader_close(struct body_reader **body)
{
    if (*body != NULL) memory_free((*body)->cursors);
    memory_free(*body);
    *body = NULL;
}

struct columns {
    const struct body_reader *body;
    struct array **arrays;
};

static enum status read_one_of(void *context, size_t index, struct err *err)
{
    struct columns *columns = context;
    return read_column(columns->body, index, &columns->arrays[index], err);
}

enum status body_read(const struct body_context *context, struct flat_table batch,
                      const struct field *fields, size_t count, struct array **ret,
                      int64_t *ret_rows, struct err *err)
{
    OWNED(body_reader_close) struct body_reader *body = NULL;
    TRY(body_reader_open(&body, context, batch, fields, count, err));
    struct columns columns = {body, ret};
    *ret_rows = body->rows;
    size_t threads = body->plan.codec == CODEC_NONE ? 1 : context->threads;
    return parallel_for(threads == 0 ? 1 : threads, count, &columns, read_one_of, err);
}
