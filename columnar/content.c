/* columnar/content.c: content digests.
 *
 * Rows are fed column by column into streams that do not care where batches were cut: validity
 * bits, values (null slots zero), lengths instead of offsets, bytes. Views, large types and list
 * views count as their plain forms, run-end encoding as its values, a dictionary as its values in
 * first-use order. Every 65,536 rows the streams are closed into one window digest. */
#include "columnar/content.h"

#include "base/memory.h"
#include "columnar/intern.h"
#include "columnar/kernels.h"
#include "columnar/layout.h"

#define WINDOW_ROWS 65536

/* Bits of any count at a time, digested in whole bytes. */
struct bit_stream {
    struct digester digester;
    uint8_t pending[512];
    int64_t count; /* bits in `pending` */
    int64_t total, set;
};

/* One field: what has come of it in this window. */
struct node {
    struct field field; /* pointers borrowed from the digester's schema */
    struct bit_stream validity, bits;
    struct digester values, bytes;
    struct intern numbers; /* dictionary: values seen in this window */
    struct bytes key;
    struct node *children;
    size_t child_count;
};

struct content_digester {
    struct schema *schema;
    struct node *columns;
    struct digester total;
    int64_t rows, window_rows;
};

/* ---- bit streams ---- */

static void bits_begin(struct bit_stream *stream)
{
    digester_begin(&stream->digester);
    memset(stream->pending, 0, sizeof stream->pending);
    stream->count = stream->total = stream->set = 0;
}

static void bits_flush(struct bit_stream *stream)
{
    digester_add(&stream->digester, stream->pending, bits_bytes(stream->count));
    memset(stream->pending, 0, sizeof stream->pending);
    stream->count = 0;
}

/* bits NULL: `count` bits of `value`. */
static void bits_add(struct bit_stream *stream, const uint8_t *bits, int64_t first, int64_t count,
                     bool value)
{
    const int64_t room = (int64_t)sizeof stream->pending * 8;
    stream->total += count;
    stream->set += bits != NULL ? kernels()->bits_count(bits, first, count) : value ? count : 0;
    while (count > 0) {
        int64_t part = count < room - stream->count ? count : room - stream->count;
        if (bits != NULL)
            bits_copy(stream->pending, stream->count, bits, first, part);
        else if (value)
            bits_fill(stream->pending, stream->count, part);
        stream->count += part;
        first += part;
        count -= part;
        if (stream->count == room) bits_flush(stream);
    }
}

static struct digest bits_end(struct bit_stream *stream)
{
    bits_flush(stream);
    return digester_end(&stream->digester);
}

/* ---- nodes ---- */

static enum status node_open(struct node *node, const struct field *field, struct err *err)
{
    node->field = *field;
    node->key = bytes_limited(SIZE_MAX / 2);
    node->child_count = field->dictionary ? 1 : field->child_count;
    TRY(NEW(&node->children, node->child_count, err));
    for (size_t i = 0; i < node->child_count; i++) {
        struct field values = field_values(field);
        TRY(node_open(&node->children[i], field->dictionary ? &values : &field->children[i], err));
    }
    return STATUS_OK;
}

static void node_begin(struct node *node)
{
    bits_begin(&node->validity);
    bits_begin(&node->bits);
    digester_begin(&node->values);
    digester_begin(&node->bytes);
    intern_reset(&node->numbers);
    for (size_t i = 0; i < node->child_count; i++)
        node_begin(&node->children[i]);
}

static void add_digest(struct digester *digester, struct digest digest)
{
    digester_add(digester, digest.bytes, sizeof digest.bytes);
}

static void node_end(struct node *node, struct digester *window)
{
    digester_add_u64(window, (uint64_t)node->validity.total);
    digester_add_u64(window, (uint64_t)node->validity.set);
    struct digest validity = bits_end(&node->validity);
    if (node->validity.set < node->validity.total) add_digest(window, validity);
    add_digest(window, bits_end(&node->bits));
    add_digest(window, digester_end(&node->values));
    add_digest(window, digester_end(&node->bytes));
    for (size_t i = 0; i < node->child_count; i++)
        node_end(&node->children[i], window);
}

static void node_release(struct node *node)
{
    for (size_t i = 0; node->children != NULL && i < node->child_count; i++)
        node_release(&node->children[i]);
    memory_free(node->children);
    intern_release(&node->numbers);
    bytes_release(&node->key);
}

/* ---- null rows: the same whatever lies under them ---- */

static void add_zeros(struct digester *digester, int64_t count)
{
    static const uint8_t zeros[1024];
    for (; count > (int64_t)sizeof zeros; count -= (int64_t)sizeof zeros)
        digester_add(digester, zeros, sizeof zeros);
    if (count > 0) digester_add(digester, zeros, (size_t)count);
}

static void absorb_nulls(struct node *node, int64_t count)
{
    enum layout layout = field_info(&node->field)->layout;
    if (layout == LAYOUT_RUN_END) {
        absorb_nulls(&node->children[1], count);
        return;
    }
    bits_add(&node->validity, NULL, 0, count, false);
    switch (layout) {
    case LAYOUT_NULL: break;
    case LAYOUT_BITS: bits_add(&node->bits, NULL, 0, count, false); break;
    case LAYOUT_FIXED:
        add_zeros(&node->values,
                  count * (node->field.dictionary ? 8 : (int64_t)field_width(&node->field)));
        break;
    case LAYOUT_LIST_FIXED: absorb_nulls(node->children, count * node->field.type.width); break;
    case LAYOUT_STRUCT:
        for (size_t i = 0; i < node->child_count; i++)
            absorb_nulls(&node->children[i], count);
        break;
    default: add_zeros(&node->values, count * 8);
    }
}

/* ---- rows ---- */

static enum status absorb(struct node *node, const struct array *array, int64_t first,
                          int64_t count, struct err *err);

static void add_number(struct node *node, int64_t number)
{
    digester_add(&node->values, &number, sizeof number);
}

/* Lengths of texts and lists, 512 at a time. */
static void add_lengths(struct node *node, const struct array *array, int64_t first, int64_t count)
{
    bool large = layout_is_large(field_info(&node->field)->layout);
    int64_t lengths[512];
    for (int64_t done = 0; done < count;) {
        int64_t part = count - done < 512 ? count - done : 512;
        for (int64_t i = 0; i < part; i++) {
            int64_t row = first + done + i;
            lengths[i] = offset_at(&array->buffers[0], large, row + 1) -
                         offset_at(&array->buffers[0], large, row);
        }
        digester_add(&node->values, lengths, (size_t)part * sizeof lengths[0]);
        done += part;
    }
}

static void absorb_bytes(struct node *node, const struct array *array, int64_t first, int64_t count)
{
    bool large = layout_is_large(field_info(&node->field)->layout);
    int64_t from = offset_at(&array->buffers[0], large, first);
    int64_t end = offset_at(&array->buffers[0], large, first + count);
    add_lengths(node, array, first, count);
    if (end > from) digester_add(&node->bytes, array->buffers[1].data + from, (size_t)(end - from));
}

static void absorb_views(struct node *node, const struct array *array, int64_t first, int64_t count)
{
    for (int64_t row = first; row < first + count; row++) {
        struct str text = slot_bytes(&node->field, array, row);
        add_number(node, (int64_t)text.size);
        if (text.size > 0) digester_add(&node->bytes, text.data, text.size);
    }
}

static enum status absorb_list(struct node *node, const struct array *array, int64_t first,
                               int64_t count, struct err *err)
{
    bool large = layout_is_large(field_info(&node->field)->layout);
    int64_t from = offset_at(&array->buffers[0], large, first);
    int64_t end = offset_at(&array->buffers[0], large, first + count);
    add_lengths(node, array, first, count);
    return absorb(node->children, array->children[0], from, end - from, err);
}

static enum status absorb_list_views(struct node *node, const struct array *array, int64_t first,
                                     int64_t count, struct err *err)
{
    for (int64_t row = first; row < first + count; row++) {
        int64_t from, items;
        list_range(&node->field, array, row, &from, &items);
        add_number(node, items);
        TRY(absorb(node->children, array->children[0], from, items, err));
    }
    return STATUS_OK;
}

/* Children of structs and fixed lists, `width` child rows a row; null rows give null children. */
static enum status absorb_children(struct node *node, const struct array *array, int64_t first,
                                   int64_t count, int64_t width, struct err *err)
{
    for (int64_t row = first; row < first + count;) {
        bool null = array_is_null(array, row);
        int64_t end = row + 1;
        if (array->validity.data == NULL) end = first + count;
        while (end < first + count && array_is_null(array, end) == null)
            end++;
        for (size_t i = 0; i < node->child_count; i++) {
            if (null)
                absorb_nulls(&node->children[i], (end - row) * width);
            else
                TRY(absorb(&node->children[i], array->children[i], row * width, (end - row) * width,
                           err));
        }
        row = end;
    }
    return STATUS_OK;
}

static enum status absorb_union(struct node *node, const struct array *array, int64_t first,
                                int64_t count, struct err *err)
{
    for (int64_t row = first; row < first + count; row++) {
        int64_t child_row;
        size_t child = union_child(&node->field, array, row, &child_row);
        add_number(node, node->field.type.union_ids[child]);
        TRY(absorb(&node->children[child], array->children[child], child_row, 1, err));
    }
    return STATUS_OK;
}

static enum status absorb_runs(struct node *node, const struct array *array, int64_t first,
                               int64_t count, struct err *err)
{
    for (int64_t row = first; row < first + count; row++)
        TRY(absorb(&node->children[1], array->children[1], run_of(&node->field, array, row), 1,
                   err));
    return STATUS_OK;
}

/* The number of a dictionary value in this window; a new one is absorbed. */
static enum status number_of(struct node *node, const struct array *dictionary, int64_t index,
                             int64_t *ret, struct err *err)
{
    bool new = false;
    struct node *values = node->children;
    node->key.size = 0;
    TRY(slot_key(&values->field, dictionary, index, &node->key, err));
    struct str key = {(const char *)node->key.data, node->key.size};
    TRY(intern_add(&node->numbers, key, ret, &new, err));
    return new ? absorb(values, dictionary, index, 1, err) : STATUS_OK;
}

static enum status absorb_dictionary(struct node *node, const struct array *array, int64_t first,
                                     int64_t count, struct err *err)
{
    const struct array *dictionary = array->dictionary;
    OWNED(memory_release) int64_t *known = NULL; /* number + 1 by index */
    TRY(NEW(&known, (size_t)dictionary->length, err));
    for (int64_t row = first; row < first + count; row++) {
        int64_t index = array_is_null(array, row) ? -1 : integer_at(node->field.index, array, row);
        bool valid = index >= 0 && !array_is_null(dictionary, index);
        bits_add(&node->validity, NULL, 0, 1, valid);
        if (valid && known[index] == 0) {
            TRY(number_of(node, dictionary, index, &known[index], err));
            known[index]++;
        }
        add_number(node, valid ? known[index] - 1 : 0);
    }
    return STATUS_OK;
}

static enum status absorb(struct node *node, const struct array *array, int64_t first,
                          int64_t count, struct err *err)
{
    const struct type_info *info = field_info(&node->field);
    size_t width = info->layout == LAYOUT_FIXED ? field_width(&node->field) : 0;
    if (count == 0) return STATUS_OK;
    if (node->field.dictionary) return absorb_dictionary(node, array, first, count, err);
    if (info->layout == LAYOUT_RUN_END) return absorb_runs(node, array, first, count, err);
    bits_add(&node->validity, array->validity.data, first, count, info->layout != LAYOUT_NULL);
    switch (info->layout) {
    case LAYOUT_BITS:
        bits_add(&node->bits, array->buffers[0].data, first, count, false);
        return STATUS_OK;
    case LAYOUT_FIXED:
        if (width > 0)
            digester_add(&node->values, array->buffers[0].data + (size_t)first * width,
                         (size_t)count * width);
        return STATUS_OK;
    case LAYOUT_BYTES:
    case LAYOUT_BYTES_LARGE: absorb_bytes(node, array, first, count); return STATUS_OK;
    case LAYOUT_VIEW: absorb_views(node, array, first, count); return STATUS_OK;
    case LAYOUT_LIST:
    case LAYOUT_LIST_LARGE: return absorb_list(node, array, first, count, err);
    case LAYOUT_LIST_VIEW:
    case LAYOUT_LIST_VIEW_LARGE: return absorb_list_views(node, array, first, count, err);
    case LAYOUT_LIST_FIXED:
        return absorb_children(node, array, first, count, node->field.type.width, err);
    case LAYOUT_STRUCT: return absorb_children(node, array, first, count, 1, err);
    case LAYOUT_UNION_SPARSE:
    case LAYOUT_UNION_DENSE: return absorb_union(node, array, first, count, err);
    default: return STATUS_OK;
    }
}

/* ---- the schema in canonical form ---- */

static enum type_id plain_type(enum type_id id)
{
    switch (id) {
    case TYPE_LARGE_UTF8:
    case TYPE_UTF8_VIEW: return TYPE_UTF8;
    case TYPE_LARGE_BINARY:
    case TYPE_BINARY_VIEW: return TYPE_BINARY;
    case TYPE_LARGE_LIST:
    case TYPE_LIST_VIEW:
    case TYPE_LARGE_LIST_VIEW: return TYPE_LIST;
    case TYPE_DENSE_UNION: return TYPE_SPARSE_UNION;
    default: return id;
    }
}

static void add_field(struct digester *digester, const struct field *field, bool named)
{
    const struct type *type = &field->type;
    const char *name = named ? field->name : "";
    if (type->id == TYPE_RUN_END && !field->dictionary) {
        struct field values = field->children[1];
        values.name = field->name;
        values.nullable = field->nullable;
        add_field(digester, &values, named);
        return;
    }
    digester_add_field(digester, name, strlen(name));
    const char *kind = type_table[plain_type(type->id)].name;
    digester_add_field(digester, kind, strlen(kind));
    digester_add_u64(digester, (uint64_t)type->unit);
    digester_add_u64(digester, (uint64_t)type->width);
    digester_add_u64(digester, (uint64_t)type->precision);
    digester_add_u64(digester, (uint64_t)type->scale);
    const char *zone = type->zone == NULL ? "" : type->zone;
    digester_add_field(digester, zone, strlen(zone));
    digester_add_u64(digester, field->nullable);
    digester_add_u64(digester, field->dictionary);
    digester_add_u64(digester, field->child_count);
    bool names = type->id == TYPE_STRUCT || type->id == TYPE_SPARSE_UNION ||
                 type->id == TYPE_DENSE_UNION; /* "item" or "element" of a list means nothing */
    for (size_t i = 0; i < field->child_count; i++)
        add_field(digester, &field->children[i], names);
}

/* ---- the digester ---- */

static void begin_window(struct content_digester *digester)
{
    for (size_t i = 0; i < digester->schema->count; i++)
        node_begin(&digester->columns[i]);
    digester->window_rows = 0;
}

static void end_window(struct content_digester *digester)
{
    struct digester window;
    if (digester->window_rows == 0) return;
    digester_begin(&window);
    digester_add_u64(&window, (uint64_t)digester->window_rows);
    for (size_t i = 0; i < digester->schema->count; i++)
        node_end(&digester->columns[i], &window);
    add_digest(&digester->total, digester_end(&window));
    begin_window(digester);
}

enum status content_digester_open(struct content_digester **ret, const struct schema *schema,
                                  struct err *err)
{
    OWNED(content_digester_close) struct content_digester *digester = NULL;
    TRY(NEW(&digester, 1, err));
    digester->schema = schema_ref(schema);
    TRY(NEW(&digester->columns, schema->count, err));
    digester_begin(&digester->total);
    digester_add_u64(&digester->total, schema->count);
    for (size_t i = 0; i < schema->count; i++) {
        TRY(node_open(&digester->columns[i], &schema->fields[i], err));
        add_field(&digester->total, &schema->fields[i], true);
    }
    begin_window(digester);
    *ret = digester;
    digester = NULL;
    return STATUS_OK;
}

/* Rows that end inside of the current window. */
static enum status add_part(struct content_digester *digester, const struct batch *batch,
                            int64_t first, int64_t count, struct err *err)
{
    for (size_t i = 0; i < digester->schema->count; i++)
        TRY(absorb(&digester->columns[i], batch->columns[i], first, count, err));
    digester->window_rows += count;
    digester->rows += count;
    if (digester->window_rows == WINDOW_ROWS) end_window(digester);
    return STATUS_OK;
}

static enum status tidy_batch(const struct batch *batch, struct batch *ret, struct err *err)
{
    OWNED(batch_release) struct batch tidy = {0};
    TRY(batch_make(&tidy, batch->schema, batch->rows, batch->columns, err));
    for (size_t i = 0; i < batch->schema->count; i++) {
        array_unref(&tidy.columns[i]);
        TRY(array_tidy(&tidy.columns[i], &batch->schema->fields[i], batch->columns[i], err));
    }
    *ret = tidy;
    tidy = (struct batch){0};
    return STATUS_OK;
}

enum status content_digester_add(struct content_digester *digester, const struct batch *batch,
                                 struct err *err)
{
    OWNED(batch_release) struct batch tidy = {0};
    if (batch->schema->count != digester->schema->count)
        return fail(err, STATUS_FAILED, "a batch of %zu columns, expected %zu",
                    batch->schema->count, digester->schema->count);
    TRY(tidy_batch(batch, &tidy, err));
    for (int64_t first = 0; first < tidy.rows;) {
        int64_t room = WINDOW_ROWS - digester->window_rows;
        int64_t count = tidy.rows - first < room ? tidy.rows - first : room;
        TRY(add_part(digester, &tidy, first, count, err));
        first += count;
    }
    return STATUS_OK;
}

enum status content_digester_end(struct content_digester *digester, struct digest *ret,
                                 struct err *err)
{
    (void)err;
    end_window(digester);
    digester_add_u64(&digester->total, (uint64_t)digester->rows);
    *ret = digester_end(&digester->total);
    return STATUS_OK;
}

void content_digester_close(struct content_digester **digester)
{
    struct content_digester *gone = *digester;
    *digester = NULL;
    if (gone == NULL) return;
    for (size_t i = 0; gone->columns != NULL && i < gone->schema->count; i++)
        node_release(&gone->columns[i]);
    memory_free(gone->columns);
    schema_unref(&gone->schema);
    memory_free(gone);
}

enum status content_digest(const struct batch *batch, struct digest *ret, struct err *err)
{
    OWNED(content_digester_close) struct content_digester *digester = NULL;
    TRY(content_digester_open(&digester, batch->schema, err));
    TRY(content_digester_add(digester, batch, err));
    return content_digester_end(digester, ret, err);
}
