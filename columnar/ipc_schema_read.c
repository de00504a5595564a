/* columnar/ipc_schema_read.c: schema tables to fields (Schema.fbs). */
#include "columnar/ipc_message.h"

#include "columnar/kernels.h"

/* ---- metadata ---- */

static enum status keep_text(struct arena *arena, struct str text, struct str *ret, struct err *err)
{
    char *copy = arena_text(arena, text.data == NULL ? "" : text.data, text.size);
    if (copy == NULL) return fail_memory(err, text.size);
    *ret = (struct str){copy, text.size};
    return STATUS_OK;
}

enum status metadata_read(struct flat_table table, int slot, struct arena *arena,
                          struct metadata *ret, struct err *err)
{
    struct flat_vector pairs = flat_vector(table, slot, 4, 4);
    *ret = (struct metadata){NULL, 0};
    if (pairs.count == 0) return flat_check(table.flat, err);
    ret->pairs = arena_get(arena, pairs.count, sizeof *ret->pairs);
    if (ret->pairs == NULL) return fail_memory(err, pairs.count * sizeof *ret->pairs);
    for (size_t i = 0; i < pairs.count; i++) {
        struct flat_table pair = flat_item(pairs, i);
        TRY(keep_text(arena, flat_string(pair, 0), &ret->pairs[i].key, err));
        TRY(keep_text(arena, flat_string(pair, 1), &ret->pairs[i].value, err));
    }
    ret->count = pairs.count;
    return flat_check(table.flat, err);
}

/* ---- types ---- */

enum wire_type {
    WIRE_NULL = 1,
    WIRE_INT,
    WIRE_FLOAT,
    WIRE_BINARY,
    WIRE_UTF8,
    WIRE_BOOL,
    WIRE_DECIMAL,
    WIRE_DATE,
    WIRE_TIME,
    WIRE_TIMESTAMP,
    WIRE_INTERVAL,
    WIRE_LIST,
    WIRE_STRUCT,
    WIRE_UNION,
    WIRE_FIXED_BINARY,
    WIRE_FIXED_LIST,
    WIRE_MAP,
    WIRE_DURATION,
    WIRE_LARGE_BINARY,
    WIRE_LARGE_UTF8,
    WIRE_LARGE_LIST,
    WIRE_RUN_END,
    WIRE_BINARY_VIEW,
    WIRE_UTF8_VIEW,
    WIRE_LIST_VIEW,
    WIRE_LARGE_LIST_VIEW,
    WIRE_COUNT
};

static enum status read_int(struct flat_table table, enum type_id *ret, struct err *err)
{
    int64_t width = flat_integer(table, 0, 4, 0);
    bool is_signed = flat_bool(table, 1);
    switch (width) {
    case 8: *ret = is_signed ? TYPE_INT8 : TYPE_UINT8; return STATUS_OK;
    case 16: *ret = is_signed ? TYPE_INT16 : TYPE_UINT16; return STATUS_OK;
    case 32: *ret = is_signed ? TYPE_INT32 : TYPE_UINT32; return STATUS_OK;
    case 64: *ret = is_signed ? TYPE_INT64 : TYPE_UINT64; return STATUS_OK;
    default:
        return fail(err, STATUS_FAILED, "integers of %lld bits, expected 8, 16, 32 or 64",
                    (long long)width);
    }
}

static enum status read_decimal(struct flat_table table, struct type *type, struct err *err)
{
    int64_t width = flat_integer(table, 2, 4, 128);
    int32_t most = width == 32 ? 9 : width == 64 ? 18 : width == 128 ? 38 : width == 256 ? 76 : 0;
    type->id = width == 32    ? TYPE_DECIMAL32
               : width == 64  ? TYPE_DECIMAL64
               : width == 128 ? TYPE_DECIMAL128
                              : TYPE_DECIMAL256;
    type->precision = (int32_t)flat_integer(table, 0, 4, 0);
    type->scale = (int32_t)flat_integer(table, 1, 4, 0);
    if (most == 0)
        return fail(err, STATUS_FAILED, "decimals of %lld bits, expected 32, 64, 128 or 256",
                    (long long)width);
    if (type->precision < 1 || type->precision > most || type->scale < -1000 || type->scale > 1000)
        return fail(err, STATUS_FAILED, "decimal%lld(%d, %d) does not exist", (long long)width,
                    type->precision, type->scale);
    return STATUS_OK;
}

static enum status read_unit(struct flat_table table, int64_t absent, struct type *type,
                             struct err *err)
{
    int64_t unit = flat_integer(table, 0, 2, absent);
    if (unit < 0 || unit > UNIT_NANO)
        return fail(err, STATUS_FAILED, "time unit %lld is not known", (long long)unit);
    type->unit = (enum time_unit)unit;
    return STATUS_OK;
}

static enum status read_time(struct flat_table table, struct type *type, struct err *err)
{
    TRY(read_unit(table, UNIT_MILLI, type, err));
    int64_t width = flat_integer(table, 1, 4, 32);
    int64_t expected = type->unit <= UNIT_MILLI ? 32 : 64;
    type->id = expected == 32 ? TYPE_TIME32 : TYPE_TIME64;
    if (width != expected)
        return fail(err, STATUS_FAILED, "times of %lld bits, expected %lld for their unit",
                    (long long)width, (long long)expected);
    return STATUS_OK;
}

static enum status read_timestamp(struct flat_table table, struct type *type, struct err *err)
{
    type->id = TYPE_TIMESTAMP;
    type->zone = flat_string(table, 1).data; /* borrowed from the message until schema_add */
    if (type->zone != NULL && type->zone[0] == '\0') type->zone = NULL;
    return read_unit(table, UNIT_SECOND, type, err);
}

static enum status read_choice(struct flat_table table, const char *what, int64_t absent,
                               const enum type_id *choices, int64_t count, struct type *type,
                               struct err *err)
{
    int64_t choice = flat_integer(table, 0, 2, absent);
    if (choice < 0 || choice >= count)
        return fail(err, STATUS_FAILED, "%s %lld is not known", what, (long long)choice);
    type->id = choices[choice];
    return STATUS_OK;
}

static enum status read_width(struct flat_table table, enum type_id id, struct type *type,
                              struct err *err)
{
    int64_t width = flat_integer(table, 0, 4, 0);
    type->id = id;
    type->width = (int32_t)width;
    if (width < 0)
        return fail(err, STATUS_FAILED, "%s has width %lld", type_table[id].name, (long long)width);
    return STATUS_OK;
}

/* Type ids are 0 ... 127 and differ; without a list they are 0, 1, 2 ... */
static enum status read_union(struct flat_table table, struct field *field, struct arena *arena,
                              struct err *err)
{
    static const enum type_id modes[] = {TYPE_SPARSE_UNION, TYPE_DENSE_UNION};
    TRY(read_choice(table, "union mode", 0, modes, 2, &field->type, err));
    struct flat_vector ids = flat_vector(table, 1, 4, 4);
    bool listed = flat_has(table, 1), seen[128] = {false};
    if (listed && ids.count != field->child_count)
        return fail(err, STATUS_FAILED, "a union of %zu children has %zu type ids",
                    field->child_count, ids.count);
    if (field->child_count > 128)
        return fail(err, STATUS_FAILED, "a union has %zu children, at most 128 are possible",
                    field->child_count);
    int32_t *copy = arena_get(arena, field->child_count, sizeof *copy);
    if (copy == NULL) return fail_memory(err, field->child_count * sizeof *copy);
    for (size_t i = 0; i < field->child_count; i++) {
        int64_t id = listed ? flat_element(ids, i, 4, 0, 4) : (int64_t)i;
        if (id < 0 || id > 127 || seen[id])
            return fail(err, STATUS_FAILED, "union type id %lld is out of range or twice there",
                        (long long)id);
        seen[id] = true;
        copy[i] = (int32_t)id;
    }
    field->type.union_ids = copy;
    return STATUS_OK;
}

static enum status read_type(int64_t wire, struct flat_table table, struct field *field,
                             struct arena *arena, struct err *err)
{
    static const enum type_id floats[] = {TYPE_FLOAT16, TYPE_FLOAT32, TYPE_FLOAT64};
    static const enum type_id dates[] = {TYPE_DATE32, TYPE_DATE64};
    static const enum type_id intervals[] = {TYPE_INTERVAL_MONTHS, TYPE_INTERVAL_DAY_TIME,
                                             TYPE_INTERVAL_MONTH_DAY_NANO};
    static const enum type_id plain[WIRE_COUNT] = {
        [WIRE_NULL] = TYPE_NULL,
        [WIRE_BINARY] = TYPE_BINARY,
        [WIRE_UTF8] = TYPE_UTF8,
        [WIRE_BOOL] = TYPE_BOOL,
        [WIRE_LIST] = TYPE_LIST,
        [WIRE_STRUCT] = TYPE_STRUCT,
        [WIRE_LARGE_BINARY] = TYPE_LARGE_BINARY,
        [WIRE_LARGE_UTF8] = TYPE_LARGE_UTF8,
        [WIRE_LARGE_LIST] = TYPE_LARGE_LIST,
        [WIRE_RUN_END] = TYPE_RUN_END,
        [WIRE_BINARY_VIEW] = TYPE_BINARY_VIEW,
        [WIRE_UTF8_VIEW] = TYPE_UTF8_VIEW,
        [WIRE_LIST_VIEW] = TYPE_LIST_VIEW,
        [WIRE_LARGE_LIST_VIEW] = TYPE_LARGE_LIST_VIEW,
    };
    struct type *type = &field->type;
    switch (wire) {
    case WIRE_INT: return read_int(table, &type->id, err);
    case WIRE_FLOAT: return read_choice(table, "float precision", 0, floats, 3, type, err);
    case WIRE_DECIMAL: return read_decimal(table, type, err);
    case WIRE_DATE: return read_choice(table, "date unit", 1, dates, 2, type, err);
    case WIRE_TIME: return read_time(table, type, err);
    case WIRE_TIMESTAMP: return read_timestamp(table, type, err);
    case WIRE_INTERVAL: return read_choice(table, "interval unit", 0, intervals, 3, type, err);
    case WIRE_UNION: return read_union(table, field, arena, err);
    case WIRE_FIXED_BINARY: return read_width(table, TYPE_FIXED_BINARY, type, err);
    case WIRE_FIXED_LIST: return read_width(table, TYPE_FIXED_LIST, type, err);
    case WIRE_MAP:
        type->id = TYPE_MAP;
        type->keys_sorted = flat_bool(table, 0);
        return STATUS_OK;
    case WIRE_DURATION: type->id = TYPE_DURATION; return read_unit(table, UNIT_MILLI, type, err);
    default:
        if (wire <= 0 || wire >= WIRE_COUNT)
            return fail(err, STATUS_FAILED, "type number %lld is not known", (long long)wire);
        type->id = plain[wire];
        return STATUS_OK;
    }
}

/* ---- fields ---- */

static enum status check_children(const struct field *field, struct err *err)
{
    int expected = type_table[field->type.id].children;
    if (expected >= 0 && field->child_count != (size_t)expected)
        return fail(err, STATUS_FAILED, "%s has %zu children, expected %d",
                    type_table[field->type.id].name, field->child_count, expected);
    const struct field *children = field->children;
    if (field->type.id == TYPE_MAP &&
        (children->type.id != TYPE_STRUCT || children->child_count != 2 || children->dictionary))
        return fail(err, STATUS_FAILED, "the entries of a map are not a struct of key and value");
    if (field->type.id == TYPE_RUN_END &&
        (children->dictionary || !type_is_integer(children->type.id) ||
         (children->type.id != TYPE_INT16 && children->type.id != TYPE_INT32 &&
          children->type.id != TYPE_INT64)))
        return fail(err, STATUS_FAILED, "run ends are not int16, int32 or int64");
    return STATUS_OK;
}

static enum status read_encoding(struct flat_table table, struct field *field, struct err *err)
{
    struct flat_table encoding = flat_child(table, 4);
    if (!flat_present(encoding)) return STATUS_OK;
    field->dictionary = true;
    field->dictionary_id = flat_integer(encoding, 0, 8, 0);
    field->ordered = flat_bool(encoding, 2);
    if (flat_integer(encoding, 3, 2, 0) != 0)
        return fail(err, STATUS_FAILED, "dictionary kind %lld is not known",
                    (long long)flat_integer(encoding, 3, 2, 0));
    struct flat_table index = flat_child(encoding, 1);
    if (flat_present(index)) return read_int(index, &field->index, err);
    return STATUS_OK;
}

static enum status check_name(struct str name, struct err *err)
{
    size_t valid = kernels()->utf8_check((const uint8_t *)name.data, name.size);
    if (valid == name.size && (name.size == 0 || memchr(name.data, 0, name.size) == NULL))
        return STATUS_OK;
    return fail(err, STATUS_FAILED, "a column name is not UTF-8 text");
}

static enum status read_field(struct flat_table table, int depth, struct arena *arena,
                              struct field *ret, struct err *err);

static enum status read_children(struct flat_table table, int depth, struct arena *arena,
                                 struct field *field, struct err *err)
{
    struct flat_vector children = flat_vector(table, 5, 4, 4);
    if (children.count == 0) return STATUS_OK;
    if (depth >= NESTING_LIMIT)
        return fail(err, STATUS_FAILED, "types are nested deeper than %d", NESTING_LIMIT);
    field->children = arena_get(arena, children.count, sizeof *field->children);
    if (field->children == NULL) return fail_memory(err, children.count * sizeof *field->children);
    field->child_count = children.count;
    for (size_t i = 0; i < children.count; i++)
        TRY(read_field(flat_item(children, i), depth + 1, arena, &field->children[i], err));
    return STATUS_OK;
}

static enum status read_body(struct flat_table table, int depth, struct arena *arena,
                             struct field *field, struct err *err)
{
    field->nullable = flat_bool(table, 1);
    field->index = TYPE_INT32;
    TRY(read_children(table, depth, arena, field, err));
    struct flat_table type = flat_child(table, 3);
    TRY(flat_check(table.flat, err));
    if (!flat_present(type)) return fail(err, STATUS_FAILED, "its type is missing");
    TRY(read_type((uint8_t)flat_integer(table, 2, 1, 0), type, field, arena, err));
    TRY(check_children(field, err));
    TRY(read_encoding(table, field, err));
    return metadata_read(table, 6, arena, &field->metadata, err);
}

static enum status read_field(struct flat_table table, int depth, struct arena *arena,
                              struct field *ret, struct err *err)
{
    struct str name = flat_string(table, 0);
    TRY(flat_check(table.flat, err));
    TRY(check_name(name, err));
    *ret = (struct field){.name = name.data == NULL ? "" : name.data};
    enum status status = read_body(table, depth, arena, ret, err);
    if (status != STATUS_OK) return fail_within(err, status, "column \"%s\"", ret->name);
    return STATUS_OK;
}

/* ---- schema ---- */

static enum status add_fields(struct flat_vector fields, struct arena *arena, struct schema *schema,
                              struct err *err)
{
    for (size_t i = 0; i < fields.count; i++) {
        struct field field;
        TRY(read_field(flat_item(fields, i), 0, arena, &field, err));
        TRY(schema_add(schema, &field, err));
    }
    return STATUS_OK;
}

static enum status add_metadata(const struct metadata *metadata, struct schema *schema,
                                struct err *err)
{
    for (size_t i = 0; i < metadata->count; i++)
        TRY(schema_add_metadata(schema, metadata->pairs[i].key, metadata->pairs[i].value, err));
    return STATUS_OK;
}

enum status schema_read(struct flat_table table, struct schema **ret, bool *ret_swap,
                        struct err *err)
{
    OWNED(schema_unref) struct schema *schema = NULL;
    OWNED(arena_close) struct arena *arena = NULL;
    struct metadata metadata;
    TRY(schema_new(&schema, err));
    TRY(arena_open(&arena, err));
    int64_t endianness = flat_integer(table, 0, 2, 0);
    if (endianness != 0 && endianness != 1)
        return fail(err, STATUS_FAILED, "byte order %lld is not known", (long long)endianness);
    *ret_swap = endianness == 1;
    TRY(add_fields(flat_vector(table, 1, 4, 4), arena, schema, err));
    TRY(metadata_read(table, 2, arena, &metadata, err));
    TRY(add_metadata(&metadata, schema, err));
    TRY(flat_check(table.flat, err));
    *ret = schema;
    schema = NULL;
    return STATUS_OK;
}
