/* columnar/c_data_import.c: schemas, batches and streams from the Arrow C interfaces. */
#include "columnar/c_data.h"

#include "base/memory.h"
#include "columnar/ipc_message.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- schema ---- */

static bool parse_integer(const char **text, int32_t *ret)
{
    char *end = NULL;
    long value = strtol(*text, &end, 10);
    bool some = end != *text;
    *text = end;
    *ret = (int32_t)value;
    return some && value >= INT32_MIN && value <= INT32_MAX;
}

static bool parse_unit(char letter, enum time_unit *ret)
{
    static const char units[] = "smun";
    const char *found = letter == '\0' ? NULL : strchr(units, letter);
    if (found == NULL) return false;
    *ret = (enum time_unit)(found - units);
    return true;
}

static bool parse_decimal(const char *text, struct type *type)
{
    int32_t bits = 128;
    if (!parse_integer(&text, &type->precision) || *text++ != ',') return false;
    if (!parse_integer(&text, &type->scale)) return false;
    if (*text == ',' && (text++, !parse_integer(&text, &bits))) return false;
    type->id = bits == 32    ? TYPE_DECIMAL32
               : bits == 64  ? TYPE_DECIMAL64
               : bits == 128 ? TYPE_DECIMAL128
                             : TYPE_DECIMAL256;
    return *text == '\0' && (size_t)bits == 8 * type_width(type);
}

static bool parse_time(const char *text, struct type *type)
{
    if (text[0] == 't') {
        if (!parse_unit(text[1], &type->unit)) return false;
        type->id = type->unit <= UNIT_MILLI ? TYPE_TIME32 : TYPE_TIME64;
        return text[2] == '\0';
    }
    if (text[0] == 'D') {
        type->id = TYPE_DURATION;
        return parse_unit(text[1], &type->unit) && text[2] == '\0';
    }
    if (text[0] != 's' || !parse_unit(text[1], &type->unit) || text[2] != ':') return false;
    type->id = TYPE_TIMESTAMP;
    type->zone = text[3] == '\0' ? NULL : text + 3;
    return true;
}

static bool parse_union(const char *text, struct field *field, struct arena *arena)
{
    int32_t *ids = arena_get(arena, field->child_count + 1, sizeof *ids);
    field->type.id = text[0] == 'd' ? TYPE_DENSE_UNION : TYPE_SPARSE_UNION;
    if (ids == NULL || (text[0] != 'd' && text[0] != 's') || text[1] != ':') return false;
    text += 2;
    for (size_t i = 0; i < field->child_count; i++) {
        if (!parse_integer(&text, &ids[i]) || ids[i] < 0 || ids[i] > 127) return false;
        if (*text == ',') text++;
    }
    field->type.union_ids = ids;
    return *text == '\0';
}

static bool parse_plain(const char *text, struct type *type)
{
    static const struct {
        const char *format;
        enum type_id id;
    } plain[] = {
        {"n", TYPE_NULL},
        {"b", TYPE_BOOL},
        {"c", TYPE_INT8},
        {"s", TYPE_INT16},
        {"i", TYPE_INT32},
        {"l", TYPE_INT64},
        {"C", TYPE_UINT8},
        {"S", TYPE_UINT16},
        {"I", TYPE_UINT32},
        {"L", TYPE_UINT64},
        {"e", TYPE_FLOAT16},
        {"f", TYPE_FLOAT32},
        {"g", TYPE_FLOAT64},
        {"u", TYPE_UTF8},
        {"z", TYPE_BINARY},
        {"U", TYPE_LARGE_UTF8},
        {"Z", TYPE_LARGE_BINARY},
        {"tdD", TYPE_DATE32},
        {"tdm", TYPE_DATE64},
        {"tiM", TYPE_INTERVAL_MONTHS},
        {"tiD", TYPE_INTERVAL_DAY_TIME},
        {"tin", TYPE_INTERVAL_MONTH_DAY_NANO},
        {"+l", TYPE_LIST},
        {"+L", TYPE_LARGE_LIST},
        {"+s", TYPE_STRUCT},
        {"+m", TYPE_MAP},
        {"vu", TYPE_UTF8_VIEW},
        {"vz", TYPE_BINARY_VIEW},
        {"+vl", TYPE_LIST_VIEW},
        {"+vL", TYPE_LARGE_LIST_VIEW},
        {"+r", TYPE_RUN_END},
    };
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        if (strcmp(text, plain[i].format) != 0) continue;
        type->id = plain[i].id;
        return true;
    }
    return false;
}

static bool parse_format(const char *text, struct field *field, struct arena *arena)
{
    struct type *type = &field->type;
    bool lists = strncmp(text, "+w:", 3) == 0;
    if (parse_plain(text, type)) return true;
    if (strncmp(text, "d:", 2) == 0) return parse_decimal(text + 2, type);
    if (text[0] == 't') return parse_time(text + 1, type);
    if (strncmp(text, "+u", 2) == 0) return parse_union(text + 2, field, arena);
    if (!lists && strncmp(text, "w:", 2) != 0) return false;
    type->id = lists ? TYPE_FIXED_LIST : TYPE_FIXED_BINARY;
    text += lists ? 3 : 2;
    return parse_integer(&text, &type->width) && *text == '\0' && type->width >= 0;
}

static int32_t next_count(const char **at)
{
    int32_t count;
    memcpy(&count, *at, sizeof count);
    *at += sizeof count;
    return count < 0 ? 0 : count;
}

static struct str next_text(const char **at)
{
    int32_t size = next_count(at);
    struct str text = {*at, (size_t)size};
    *at += size;
    return text;
}

static enum status import_metadata(const char *from, struct arena *arena, struct metadata *ret,
                                   struct err *err)
{
    *ret = (struct metadata){NULL, 0};
    if (from == NULL) return STATUS_OK;
    size_t count = (size_t)next_count(&from);
    ret->pairs = arena_get(arena, count + 1, sizeof *ret->pairs);
    if (ret->pairs == NULL) return fail_memory(err, count * sizeof *ret->pairs);
    for (; ret->count < count; ret->count++) {
        ret->pairs[ret->count].key = next_text(&from);
        ret->pairs[ret->count].value = next_text(&from);
    }
    return STATUS_OK;
}

static enum status import_field(const struct ArrowSchema *from, int depth, struct arena *arena,
                                struct field *ret, struct err *err);

static enum status import_children(const struct ArrowSchema *from, int depth, struct arena *arena,
                                   struct field *ret, struct err *err)
{
    if (depth >= NESTING_LIMIT)
        return fail(err, STATUS_FAILED, "types are nested deeper than %d", NESTING_LIMIT);
    ret->child_count = (size_t)from->n_children;
    ret->children = arena_get(arena, ret->child_count + 1, sizeof *ret->children);
    if (ret->children == NULL) return fail_memory(err, ret->child_count * sizeof *ret->children);
    for (size_t i = 0; i < ret->child_count; i++)
        TRY(import_field(from->children[i], depth + 1, arena, &ret->children[i], err));
    return STATUS_OK;
}

/* A dictionary's format is its index type; the values' type and children are those of its values.
 */
static enum status import_dictionary(const struct ArrowSchema *from, int depth, struct arena *arena,
                                     struct field *ret, struct err *err)
{
    struct field values;
    enum type_id index = ret->type.id;
    if (!type_is_integer(index))
        return fail(err, STATUS_FAILED, "column \"%s\": a dictionary with indices of type %s",
                    ret->name, type_table[index].name);
    TRY(import_field(from->dictionary, depth + 1, arena, &values, err));
    ret->type = values.type;
    ret->children = values.children;
    ret->child_count = values.child_count;
    ret->dictionary = true;
    ret->index = index;
    ret->ordered = (from->flags & ARROW_FLAG_DICTIONARY_ORDERED) != 0;
    return STATUS_OK;
}

static enum status import_field(const struct ArrowSchema *from, int depth, struct arena *arena,
                                struct field *ret, struct err *err)
{
    *ret = (struct field){.name = from->name == NULL ? "" : from->name, .index = TYPE_INT32};
    ret->nullable = (from->flags & ARROW_FLAG_NULLABLE) != 0;
    TRY(import_children(from, depth, arena, ret, err));
    TRY(import_metadata(from->metadata, arena, &ret->metadata, err));
    if (!parse_format(from->format, ret, arena))
        return fail(err, STATUS_FAILED, "column \"%s\": format \"%s\" is not known", ret->name,
                    from->format);
    ret->type.keys_sorted =
        ret->type.id == TYPE_MAP && (from->flags & ARROW_FLAG_MAP_KEYS_SORTED) != 0;
    int expected = type_table[ret->type.id].children;
    if (expected >= 0 && ret->child_count != (size_t)expected)
        return fail(err, STATUS_FAILED, "column \"%s\": %s with %zu children", ret->name,
                    type_table[ret->type.id].name, ret->child_count);
    return from->dictionary == NULL ? STATUS_OK : import_dictionary(from, depth, arena, ret, err);
}

static enum status import_schema(const struct ArrowSchema *from, struct schema **ret,
                                 struct err *err)
{
    OWNED(schema_unref) struct schema *schema = NULL;
    OWNED(arena_close) struct arena *arena = NULL;
    struct field whole;
    TRY(schema_new(&schema, err));
    TRY(arena_open(&arena, err));
    TRY(import_field(from, 0, arena, &whole, err));
    if (whole.type.id != TYPE_STRUCT || whole.dictionary)
        return fail(err, STATUS_FAILED, "a schema of type %s, expected struct",
                    type_table[whole.type.id].name);
    for (size_t i = 0; i < whole.child_count; i++)
        TRY(schema_add(schema, &whole.children[i], err));
    for (size_t i = 0; i < whole.metadata.count; i++)
        TRY(schema_add_metadata(schema, whole.metadata.pairs[i].key, whole.metadata.pairs[i].value,
                                err));
    *ret = schema;
    schema = NULL;
    return STATUS_OK;
}

enum status c_schema_import(struct ArrowSchema *from, struct schema **ret, struct err *err)
{
    enum status status = import_schema(from, ret, err);
    if (from->release != NULL) from->release(from);
    return status;
}

/* ---- arrays ---- */

/* The foreign array, released when the last buffer of it is gone. */
struct foreign {
    struct ArrowArray array;
    atomic_size_t references;
};

static void foreign_unref(void *context)
{
    struct foreign *foreign = context;
    if (atomic_fetch_sub(&foreign->references, 1) != 1) return;
    if (foreign->array.release != NULL) foreign->array.release(&foreign->array);
    memory_free(foreign);
}

static enum status import_buffer(struct foreign *foreign, const void *data, size_t size,
                                 struct buffer *ret, struct err *err)
{
    *ret = (struct buffer){0};
    if (data == NULL || size == 0) return STATUS_OK;
    TRY(buffer_foreign(ret, data, size, foreign_unref, foreign, err));
    atomic_fetch_add(&foreign->references, 1);
    return STATUS_OK;
}

/* Bytes of buffer `index` (without validity) for `length` slots; offsets are looked at. */
static size_t buffer_size(const struct field *field, const struct ArrowArray *from, size_t index,
                          int64_t length)
{
    const struct type_info *info = field_info(field);
    const void *const *buffers = from->buffers + (info->validity ? 1 : 0);
    size_t count = (size_t)length;
    bool large = layout_is_large(info->layout);
    switch (info->layout) {
    case LAYOUT_BITS: return bits_bytes(length);
    case LAYOUT_FIXED: return count * field_width(field);
    case LAYOUT_BYTES:
    case LAYOUT_BYTES_LARGE:
    case LAYOUT_LIST:
    case LAYOUT_LIST_LARGE: {
        struct buffer offsets = {buffers[0], 1, NULL};
        if (index == 0) return (count + 1) * (large ? 8 : 4);
        int64_t end = length == 0 ? 0 : offset_at(&offsets, large, length);
        return end < 0 ? 0 : (size_t)end;
    }
    case LAYOUT_LIST_VIEW:
    case LAYOUT_UNION_DENSE:
    case LAYOUT_UNION_SPARSE:
        return index == 0 && info->layout != LAYOUT_LIST_VIEW ? count : 4 * count;
    case LAYOUT_LIST_VIEW_LARGE: return 8 * count;
    case LAYOUT_VIEW: {
        const int64_t *sizes = from->buffers[from->n_buffers - 1];
        return index == 0 ? 16 * count : (size_t)(sizes[index - 1] < 0 ? 0 : sizes[index - 1]);
    }
    default: return 0;
    }
}

static enum status import_array(const struct field *field, const struct ArrowArray *from,
                                struct foreign *foreign, struct array **ret, struct err *err);

static enum status import_validity(const struct ArrowArray *from, struct foreign *foreign,
                                   int64_t whole, struct parts *parts, struct err *err)
{
    if (from->buffers[0] == NULL || from->null_count == 0) return STATUS_OK;
    TRY(import_buffer(foreign, from->buffers[0], bits_bytes(whole), &parts->validity, err));
    for (int64_t row = 0; row < whole; row++)
        parts->null_count += !bit_get(from->buffers[0], row);
    return STATUS_OK;
}

static enum status import_parts(const struct field *field, const struct ArrowArray *from,
                                struct foreign *foreign, int64_t whole, struct parts *parts,
                                struct err *err)
{
    bool validity = field_info(field)->validity;
    if (validity) TRY(import_validity(from, foreign, whole, parts, err));
    if (field_info(field)->layout == LAYOUT_NULL) parts->null_count = whole;
    for (size_t i = 0; i < parts->buffer_count; i++)
        TRY(import_buffer(foreign, from->buffers[i + validity], buffer_size(field, from, i, whole),
                          &parts->buffers[i], err));
    for (size_t i = 0; i < parts->child_count; i++)
        TRY(import_array(&field->children[i], from->children[i], foreign, &parts->children[i],
                         err));
    if (!field->dictionary) return STATUS_OK;
    struct field values = field_values(field);
    return import_array(&values, from->dictionary, foreign, &parts->dictionary, err);
}

static enum status check_shape(const struct field *field, const struct ArrowArray *from,
                               size_t buffers, size_t children, struct err *err)
{
    bool views = field_info(field)->layout == LAYOUT_VIEW;
    int64_t expected = (int64_t)buffers + field_info(field)->validity + views;
    if (from->length < 0 || from->offset < 0 || from->length > INT32_MAX - from->offset)
        return fail(err, STATUS_FAILED, "%lld values from %lld on", (long long)from->length,
                    (long long)from->offset);
    if ((!views && from->n_buffers != expected) || from->n_buffers < expected ||
        from->n_children != (int64_t)children || field->dictionary != (from->dictionary != NULL))
        return fail(err, STATUS_FAILED, "%lld buffers and %lld children do not fit its type",
                    (long long)from->n_buffers, (long long)from->n_children);
    return STATUS_OK;
}

static enum status import_array(const struct field *field, const struct ArrowArray *from,
                                struct foreign *foreign, struct array **ret, struct err *err)
{
    OWNED(parts_release) struct parts parts = {0};
    OWNED(array_unref) struct array *whole = NULL;
    size_t buffers = field_info(field)->buffers,
           children = field->dictionary ? 0 : field->child_count;
    TRY(check_shape(field, from, buffers, children, err));
    if (field_info(field)->layout == LAYOUT_VIEW) buffers = (size_t)from->n_buffers - 2;
    int64_t length = from->offset + from->length;
    TRY(parts_open(&parts, length, buffers, children, err));
    TRY(import_parts(field, from, foreign, length, &parts, err));
    TRY(parts_finish(&parts, &whole, err));
    TRY(array_settle(field, &whole, err));
    return array_slice(ret, field, whole, from->offset, from->length, err);
}

static enum status import_columns(struct foreign *foreign, const struct schema *schema,
                                  struct batch *ret, struct err *err)
{
    const struct ArrowArray *from = &foreign->array;
    OWNED(batch_release) struct batch batch = {0};
    if (from->n_children != (int64_t)schema->count || from->length < 0 || from->offset < 0)
        return fail(err, STATUS_FAILED, "%lld columns, expected %zu", (long long)from->n_children,
                    schema->count);
    if (from->null_count > 0) return fail(err, STATUS_FAILED, "whole rows are null");
    TRY(NEW(&batch.columns, schema->count, err));
    batch.schema = schema_ref(schema);
    batch.rows = from->length;
    for (size_t i = 0; i < schema->count; i++) {
        OWNED(array_unref) struct array *column = NULL;
        const struct field *field = &schema->fields[i];
        enum status status = import_array(field, from->children[i], foreign, &column, err);
        if (status == STATUS_OK && column->length < from->offset + from->length)
            status = fail(err, STATUS_FAILED, "%lld values", (long long)column->length);
        if (status == STATUS_OK)
            status = array_slice(&batch.columns[i], field, column, from->offset, from->length, err);
        if (status != STATUS_OK) return fail_within(err, status, "column \"%s\"", field->name);
    }
    *ret = batch;
    batch = (struct batch){0};
    return STATUS_OK;
}

enum status c_batch_import(struct ArrowArray *from, const struct schema *schema, struct batch *ret,
                           struct err *err)
{
    struct foreign *foreign = NULL;
    enum status status = NEW(&foreign, 1, err);
    if (status != STATUS_OK) {
        if (from->release != NULL) from->release(from);
        return status;
    }
    foreign->array = *from; /* moved */
    from->release = NULL;
    atomic_init(&foreign->references, 1);
    status = import_columns(foreign, schema, ret, err);
    foreign_unref(foreign);
    return status;
}

enum status c_stream_next(struct ArrowArrayStream *stream, const struct schema *schema,
                          struct batch *ret, bool *ret_end, struct err *err)
{
    struct ArrowArray array = {0};
    int result = stream->get_next(stream, &array);
    if (result != 0) {
        const char *text = stream->get_last_error(stream);
        return fail(err, STATUS_FAILED, "the other library: %s", text == NULL ? "no reason" : text);
    }
    *ret_end = array.release == NULL;
    return *ret_end ? STATUS_OK : c_batch_import(&array, schema, ret, err);
}
