/* columnar/build.c: makes one array value by value. */
#include "columnar/build.h"

#include "base/memory.h"
#include "columnar/intern.h"
#include "columnar/layout.h"

struct builder {
    struct schema *schema; /* holds the field */
    const struct field *field;
    const struct type_info *info;
    size_t width;
    int64_t length, nulls;
    struct growing validity; /* empty until the first null */
    struct growing values;   /* fixed width, bits, offsets (int32 or int64) */
    struct growing bytes;    /* of text */
    struct builder *child;   /* lists */
    struct intern intern;    /* dictionary values */
};

static bool buildable(const struct field *field)
{
    switch (type_table[field->type.id].layout) {
    case LAYOUT_NULL:
    case LAYOUT_BITS:
    case LAYOUT_FIXED: return !field->dictionary;
    case LAYOUT_BYTES:
    case LAYOUT_BYTES_LARGE: return true;
    case LAYOUT_LIST:
    case LAYOUT_LIST_LARGE:
    case LAYOUT_LIST_FIXED: return !field->dictionary && field->type.id != TYPE_MAP;
    default: return false;
    }
}

static bool has_offsets(const struct builder *builder)
{
    enum layout layout = builder->info->layout;
    return layout == LAYOUT_BYTES || layout == LAYOUT_BYTES_LARGE || layout == LAYOUT_LIST ||
           layout == LAYOUT_LIST_LARGE;
}

static enum status append_offset(struct builder *builder, int64_t offset, struct err *err)
{
    if (layout_is_large(builder->info->layout))
        return growing_append(&builder->values, &offset, sizeof offset, err);
    if (offset > INT32_MAX) {
        enum status status =
            fail(err, STATUS_FAILED, "column \"%s\" has more than 2 GiB in a batch",
                 builder->field->name);
        err_hint(err, "use fewer rows a batch");
        return status;
    }
    int32_t narrow = (int32_t)offset;
    return growing_append(&builder->values, &narrow, sizeof narrow, err);
}

static enum status open_parts(struct builder *builder, int64_t rows, struct err *err)
{
    const struct field *field = builder->field;
    size_t width =
        has_offsets(builder) ? (layout_is_large(builder->info->layout) ? 8 : 4) : builder->width;
    if (rows > BATCH_ROWS_MAXIMUM) rows = BATCH_ROWS_MAXIMUM;
    if (rows > 0 && width > 0)
        TRY(growing_reserve(&builder->values, ((size_t)rows + 1) * width, err));
    if (has_offsets(builder)) TRY(append_offset(builder, 0, err));
    if (field->child_count == 1) return builder_open(&builder->child, field->children, rows, err);
    return STATUS_OK;
}

enum status builder_open(struct builder **ret, const struct field *field, int64_t rows,
                         struct err *err)
{
    char name[128];
    if (!buildable(field))
        return fail(err, STATUS_FAILED, "column \"%s\" of type %s cannot be built value by value",
                    field->name == NULL ? "" : field->name,
                    field_type_text(field, name, sizeof name));
    OWNED(builder_close) struct builder *builder = NULL;
    TRY(NEW(&builder, 1, err));
    TRY(schema_new(&builder->schema, err));
    TRY(schema_add(builder->schema, field, err));
    builder->field = builder->schema->fields;
    builder->info = field_info(builder->field);
    builder->width = builder->info->layout == LAYOUT_FIXED ? field_width(builder->field) : 0;
    TRY(open_parts(builder, rows, err));
    *ret = builder;
    builder = NULL;
    return STATUS_OK;
}

void builder_close(struct builder **builder)
{
    struct builder *gone = *builder;
    *builder = NULL;
    if (gone == NULL) return;
    growing_release(&gone->validity);
    growing_release(&gone->values);
    growing_release(&gone->bytes);
    intern_release(&gone->intern);
    builder_close(&gone->child);
    schema_unref(&gone->schema);
    memory_free(gone);
}

/* ---- validity ---- */

/* Grows a bitmap to hold `bits`; new bytes are 0. */
static enum status reserve_bits(struct growing *growing, int64_t bits, struct err *err)
{
    size_t wanted = bits_bytes(bits);
    if (wanted <= growing->size) return STATUS_OK;
    TRY(growing_reserve(growing, wanted - growing->size, err));
    memset(growing->data + growing->size, 0, wanted - growing->size);
    growing->size = wanted;
    return STATUS_OK;
}

static enum status end_row(struct builder *builder, bool valid, struct err *err)
{
    if (!valid && builder->nulls++ == 0) {
        TRY(reserve_bits(&builder->validity, builder->length + 1, err));
        bits_fill(builder->validity.data, 0, builder->length);
    } else if (builder->nulls > 0) {
        TRY(reserve_bits(&builder->validity, builder->length + 1, err));
        if (valid) bit_set(builder->validity.data, builder->length);
    }
    builder->length++;
    return STATUS_OK;
}

static enum status append_zero(struct builder *builder, struct err *err)
{
    TRY(growing_reserve(&builder->values, builder->width, err));
    memset(builder->values.data + builder->values.size, 0, builder->width);
    builder->values.size += builder->width;
    return STATUS_OK;
}

static int64_t list_end(const struct builder *builder)
{
    return builder->child->length;
}

enum status build_null(struct builder *builder, struct err *err)
{
    switch (builder->info->layout) {
    case LAYOUT_NULL: break;
    case LAYOUT_BITS: TRY(reserve_bits(&builder->values, builder->length + 1, err)); break;
    case LAYOUT_FIXED: TRY(append_zero(builder, err)); break;
    case LAYOUT_BYTES:
    case LAYOUT_BYTES_LARGE: TRY(append_offset(builder, (int64_t)builder->bytes.size, err)); break;
    case LAYOUT_LIST_FIXED:
        for (int32_t i = 0; i < builder->field->type.width; i++)
            TRY(build_null(builder->child, err));
        break;
    default: TRY(append_offset(builder, list_end(builder), err));
    }
    return end_row(builder, false, err);
}

/* ---- values ---- */

static enum status fail_kind(const struct builder *builder, const char *what, struct err *err)
{
    char name[128];
    return fail(err, STATUS_FAILED, "column \"%s\" of type %s does not take %s",
                builder->field->name, field_type_text(builder->field, name, sizeof name), what);
}

static bool stores_integer(const struct builder *builder)
{
    enum type_id id = builder->field->type.id;
    return !builder->field->dictionary &&
           (type_is_integer(id) || (id >= TYPE_DATE32 && id <= TYPE_INTERVAL_MONTHS) ||
            (id >= TYPE_DECIMAL32 && id <= TYPE_DECIMAL256));
}

/* The signed integer type of the same width; integers themselves. */
static enum type_id storage(const struct builder *builder)
{
    enum type_id id = builder->field->type.id;
    if (type_is_integer(id)) return id;
    return builder->width == 4 ? TYPE_INT32 : TYPE_INT64;
}

/* Decimals take the unscaled value. */
enum status build_int(struct builder *builder, int64_t value, struct err *err)
{
    if (!stores_integer(builder)) return fail_kind(builder, "integers", err);
    enum type_id id = storage(builder);
    if (!integer_fits(id, value))
        return fail(err, STATUS_FAILED, "%lld does not fit into column \"%s\" of type %s",
                    (long long)value, builder->field->name, type_table[id].name);
    TRY(growing_reserve(&builder->values, builder->width, err));
    uint8_t *to = builder->values.data + builder->values.size;
    if (builder->width > 8) memset(to + 8, value < 0 ? 0xff : 0, builder->width - 8);
    integer_put(id, to, 0, value);
    builder->values.size += builder->width;
    return end_row(builder, true, err);
}

enum status build_decimal(struct builder *builder, const void *unscaled, struct err *err)
{
    enum type_id id = builder->field->type.id;
    if (id < TYPE_DECIMAL32 || id > TYPE_DECIMAL256 || builder->field->dictionary)
        return fail_kind(builder, "decimals", err);
    TRY(growing_append(&builder->values, unscaled, builder->width, err));
    return end_row(builder, true, err);
}

enum status build_real(struct builder *builder, double value, struct err *err)
{
    enum type_id id = builder->field->type.id;
    float single = (float)value;
    uint16_t half = 0;
    if (id == TYPE_FLOAT64 && !builder->field->dictionary) {
        TRY(growing_append(&builder->values, &value, sizeof value, err));
    } else if (id == TYPE_FLOAT32 && !builder->field->dictionary) {
        TRY(growing_append(&builder->values, &single, sizeof single, err));
    } else if (id == TYPE_FLOAT16 && !builder->field->dictionary) {
        half = half_from_double(value);
        TRY(growing_append(&builder->values, &half, sizeof half, err));
    } else {
        return fail_kind(builder, "floating-point numbers", err);
    }
    return end_row(builder, true, err);
}

enum status build_bool(struct builder *builder, bool value, struct err *err)
{
    if (builder->info->layout != LAYOUT_BITS) return fail_kind(builder, "booleans", err);
    TRY(reserve_bits(&builder->values, builder->length + 1, err));
    if (value) bit_set(builder->values.data, builder->length);
    return end_row(builder, true, err);
}

static enum status append_index(struct builder *builder, struct str value, struct err *err)
{
    int64_t number = 0;
    bool new = false;
    TRY(intern_add(&builder->intern, value, &number, &new, err));
    if (!integer_fits(builder->field->index, number))
        return fail(err, STATUS_FAILED,
                    "column \"%s\" has more distinct values than %s indices reach",
                    builder->field->name, type_table[builder->field->index].name);
    TRY(growing_reserve(&builder->values, builder->width, err));
    integer_put(builder->field->index, builder->values.data + builder->values.size, 0, number);
    builder->values.size += builder->width;
    return STATUS_OK;
}

enum status build_text(struct builder *builder, struct str value, struct err *err)
{
    if (builder->field->dictionary) {
        TRY(append_index(builder, value, err));
    } else if (builder->info->layout == LAYOUT_BYTES ||
               builder->info->layout == LAYOUT_BYTES_LARGE) {
        TRY(append_offset(builder, (int64_t)(builder->bytes.size + value.size), err));
        TRY(growing_append(&builder->bytes, value.data, value.size, err));
    } else if (builder->field->type.id == TYPE_FIXED_BINARY && value.size == builder->width) {
        TRY(growing_append(&builder->values, value.data, value.size, err));
    } else {
        return fail_kind(builder, "bytes of this length", err);
    }
    return end_row(builder, true, err);
}

struct builder *builder_child(struct builder *builder)
{
    return builder->child;
}

enum status build_list(struct builder *builder, struct err *err)
{
    int64_t items = builder->child == NULL ? 0 : list_end(builder);
    if (builder->child == NULL) return fail_kind(builder, "lists", err);
    if (builder->info->layout == LAYOUT_LIST_FIXED) {
        int64_t wanted = (builder->length + 1) * builder->field->type.width;
        if (items != wanted)
            return fail(err, STATUS_FAILED, "column \"%s\" takes %d items a row, not %lld",
                        builder->field->name, builder->field->type.width,
                        (long long)(items - wanted + builder->field->type.width));
    } else {
        TRY(append_offset(builder, items, err));
    }
    return end_row(builder, true, err);
}

enum status build_copy(struct builder *builder, const struct array *array, int64_t row,
                       struct err *err)
{
    const struct field *field = builder->field;
    struct str text = {NULL, 0};
    int64_t first, count;
    if (builder->info->layout == LAYOUT_NULL || array_is_null(array, row))
        return build_null(builder, err);
    if (field->dictionary)
        return array_text_at(field, array, row, &text) ? build_text(builder, text, err)
                                                       : build_null(builder, err);
    switch (builder->info->layout) {
    case LAYOUT_BITS: return build_bool(builder, array_bool(array, row), err);
    case LAYOUT_BYTES:
    case LAYOUT_BYTES_LARGE: return build_text(builder, slot_bytes(field, array, row), err);
    case LAYOUT_FIXED:
        text = slot_bytes(field, array, row);
        TRY(growing_append(&builder->values, text.data, text.size, err));
        return end_row(builder, true, err);
    default:
        list_range(field, array, row, &first, &count);
        for (int64_t i = 0; i < count; i++)
            TRY(build_copy(builder->child, array->children[0], first + i, err));
        return build_list(builder, err);
    }
}

uint64_t builder_bytes(const struct builder *builder)
{
    uint64_t bytes = builder->validity.size + builder->values.size + builder->bytes.size +
                     builder->intern.bytes.size + builder->intern.ends.size;
    return builder->child == NULL ? bytes : bytes + builder_bytes(builder->child);
}

/* ---- finish ---- */

static enum status finish_dictionary(struct builder *builder, struct array **ret, struct err *err)
{
    struct intern *intern = &builder->intern;
    bool large = type_table[builder->field->type.id].layout == LAYOUT_BYTES_LARGE;
    OWNED(parts_release) struct parts parts = {0};
    TRY(parts_open(&parts, intern->count, 2, 0, err));
    TRY(buffer_new(&parts.buffers[0], ((size_t)intern->count + 1) * (large ? 8 : 4), err));
    const int64_t *ends = (const int64_t *)(const void *)intern->ends.data;
    for (int64_t i = 0; i < intern->count; i++)
        TRY(offset_put(&parts.buffers[0], large, i + 1, ends[i], err));
    TRY(growing_freeze(&intern->bytes, &parts.buffers[1], err));
    TRY(parts_finish(&parts, ret, err));
    intern_reset(intern);
    return STATUS_OK;
}

static enum status freeze(struct builder *builder, struct parts *parts, struct err *err)
{
    TRY(growing_freeze(&builder->validity, &parts->validity, err));
    if (parts->buffer_count > 0) TRY(growing_freeze(&builder->values, &parts->buffers[0], err));
    if (parts->buffer_count > 1) TRY(growing_freeze(&builder->bytes, &parts->buffers[1], err));
    if (builder->child != NULL) TRY(builder_finish(builder->child, &parts->children[0], err));
    if (builder->field->dictionary) TRY(finish_dictionary(builder, &parts->dictionary, err));
    return STATUS_OK;
}

enum status builder_finish(struct builder *builder, struct array **ret, struct err *err)
{
    OWNED(parts_release) struct parts parts = {0};
    size_t children = builder->child == NULL ? 0 : 1;
    TRY(parts_open(&parts, builder->length, builder->info->buffers, children, err));
    TRY(freeze(builder, &parts, err));
    parts.null_count = builder->nulls;
    builder->length = builder->nulls = 0;
    if (has_offsets(builder)) TRY(append_offset(builder, 0, err));
    return parts_finish(&parts, ret, err);
}

/* ---- a builder a column ---- */

struct batch_builder {
    struct schema *schema;
    struct builder **columns;
};

enum status batch_builder_open(struct batch_builder **ret, const struct schema *schema,
                               int64_t rows, struct err *err)
{
    OWNED(batch_builder_close) struct batch_builder *builder = NULL;
    TRY(NEW(&builder, 1, err));
    builder->schema = schema_ref(schema);
    TRY(NEW(&builder->columns, schema->count, err));
    for (size_t i = 0; i < schema->count; i++)
        TRY(builder_open(&builder->columns[i], &schema->fields[i], rows, err));
    *ret = builder;
    builder = NULL;
    return STATUS_OK;
}

struct builder *batch_builder_column(struct batch_builder *builder, size_t column)
{
    return builder->columns[column];
}

int64_t batch_builder_rows(const struct batch_builder *builder)
{
    return builder->schema->count == 0 ? 0 : builder->columns[0]->length;
}

uint64_t batch_builder_bytes(const struct batch_builder *builder)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < builder->schema->count; i++)
        bytes += builder_bytes(builder->columns[i]);
    return bytes;
}

static enum status finish_columns(struct batch_builder *builder, struct array **columns,
                                  struct batch *ret, struct err *err)
{
    int64_t rows = batch_builder_rows(builder);
    for (size_t i = 0; i < builder->schema->count; i++) {
        TRY(builder_finish(builder->columns[i], &columns[i], err));
        if (columns[i]->length != rows)
            return fail(err, STATUS_FAILED, "column \"%s\" has %lld rows and the first %lld",
                        builder->schema->fields[i].name, (long long)columns[i]->length,
                        (long long)rows);
    }
    return batch_make(ret, builder->schema, rows, columns, err);
}

enum status batch_builder_finish(struct batch_builder *builder, struct batch *ret, struct err *err)
{
    struct array **columns = NULL;
    TRY(NEW(&columns, builder->schema->count, err));
    enum status status = finish_columns(builder, columns, ret, err);
    for (size_t i = 0; i < builder->schema->count; i++)
        array_unref(&columns[i]);
    memory_free(columns);
    return status;
}

void batch_builder_close(struct batch_builder **builder)
{
    struct batch_builder *gone = *builder;
    *builder = NULL;
    if (gone == NULL) return;
    for (size_t i = 0; gone->columns != NULL && i < gone->schema->count; i++)
        builder_close(&gone->columns[i]);
    memory_free(gone->columns);
    schema_unref(&gone->schema);
    memory_free(gone);
}
