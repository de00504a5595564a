/* columnar/ipc_schema_write.c: fields to schema tables (Schema.fbs). */
#include "columnar/ipc_message.h"

#define REFERENCE                                                                                  \
    {                                                                                              \
        FLAT_REFERENCE, 0, 0                                                                       \
    }
#define ABSENT                                                                                     \
    {                                                                                              \
        0, 0, 0                                                                                    \
    }

enum status metadata_write(struct flat_writer *writer, const struct metadata *metadata, size_t at,
                           struct err *err)
{
    size_t vector = 0, first = 0, place = 0, text = 0;
    TRY(flat_put_vector(writer, metadata->count, 4, 4, &vector, &first, err));
    flat_point(writer, at, vector);
    for (size_t i = 0; i < metadata->count; i++) {
        struct flat_slot slots[] = {REFERENCE, REFERENCE};
        TRY(flat_put_table(writer, slots, 2, &place, err));
        flat_point(writer, first + 4 * i, place);
        TRY(flat_put_string(writer, metadata->pairs[i].key, &text, err));
        flat_point(writer, slots[0].place, text);
        TRY(flat_put_string(writer, metadata->pairs[i].value, &text, err));
        flat_point(writer, slots[1].place, text);
    }
    return STATUS_OK;
}

/* ---- types ---- */

/* Type number and up to three numbers of its table; a text or list is added by write_type. */
struct wire {
    uint8_t number;
    struct flat_slot slots[3];
    size_t count;
};

static struct wire wire_int(int64_t bits, bool is_signed)
{
    return (struct wire){2, {{4, bits, 0}, {1, is_signed, 0}}, 2};
}

static struct wire wire_integer(enum type_id id)
{
    return wire_int((int64_t)type_table[id].width * 8, id <= TYPE_INT64);
}

static struct wire wire_time(const struct type *type)
{
    int64_t bits = type->id == TYPE_TIME32 ? 32 : 64;
    return (struct wire){9, {{2, (int64_t)type->unit, 0}, {4, bits, 0}}, 2};
}

static struct wire wire_decimal(const struct type *type)
{
    int64_t bits = (int64_t)type_width(type) * 8;
    return (struct wire){7, {{4, type->precision, 0}, {4, type->scale, 0}, {4, bits, 0}}, 3};
}

static struct wire wire_one(uint8_t number, uint8_t width, int64_t value)
{
    return (struct wire){number, {{width, value, 0}}, 1};
}

static struct wire wire_plain(enum type_id id)
{
    static const uint8_t numbers[TYPE_COUNT] = {
        [TYPE_NULL] = 1,          [TYPE_BINARY] = 4,
        [TYPE_UTF8] = 5,          [TYPE_BOOL] = 6,
        [TYPE_LIST] = 12,         [TYPE_STRUCT] = 13,
        [TYPE_LARGE_BINARY] = 19, [TYPE_LARGE_UTF8] = 20,
        [TYPE_LARGE_LIST] = 21,   [TYPE_RUN_END] = 22,
        [TYPE_BINARY_VIEW] = 23,  [TYPE_UTF8_VIEW] = 24,
        [TYPE_LIST_VIEW] = 25,    [TYPE_LARGE_LIST_VIEW] = 26,
    };
    return (struct wire){.number = numbers[id]};
}

static struct wire wire_of(const struct type *type)
{
    int64_t unit = (int64_t)type->unit;
    switch (type->id) {
    case TYPE_FLOAT16: return wire_one(3, 2, 0);
    case TYPE_FLOAT32: return wire_one(3, 2, 1);
    case TYPE_FLOAT64: return wire_one(3, 2, 2);
    case TYPE_DECIMAL32:
    case TYPE_DECIMAL64:
    case TYPE_DECIMAL128:
    case TYPE_DECIMAL256: return wire_decimal(type);
    case TYPE_DATE32: return wire_one(8, 2, 0);
    case TYPE_DATE64: return wire_one(8, 2, 1);
    case TYPE_TIME32:
    case TYPE_TIME64: return wire_time(type);
    case TYPE_TIMESTAMP: return (struct wire){10, {{2, unit, 0}, ABSENT}, 2};
    case TYPE_INTERVAL_MONTHS: return wire_one(11, 2, 0);
    case TYPE_INTERVAL_DAY_TIME: return wire_one(11, 2, 1);
    case TYPE_INTERVAL_MONTH_DAY_NANO: return wire_one(11, 2, 2);
    case TYPE_SPARSE_UNION: return (struct wire){14, {{2, 0, 0}, REFERENCE}, 2};
    case TYPE_DENSE_UNION: return (struct wire){14, {{2, 1, 0}, REFERENCE}, 2};
    case TYPE_FIXED_BINARY: return wire_one(15, 4, type->width);
    case TYPE_FIXED_LIST: return wire_one(16, 4, type->width);
    case TYPE_MAP: return wire_one(17, 1, type->keys_sorted);
    case TYPE_DURATION: return wire_one(18, 2, unit);
    default: return type_is_integer(type->id) ? wire_integer(type->id) : wire_plain(type->id);
    }
}

static enum status write_union_ids(struct flat_writer *writer, const struct field *field, size_t at,
                                   struct err *err)
{
    size_t vector = 0, first = 0;
    TRY(flat_put_vector(writer, field->child_count, 4, 4, &vector, &first, err));
    flat_point(writer, at, vector);
    for (size_t i = 0; i < field->child_count; i++)
        flat_store(writer, first + 4 * i, 4, field->type.union_ids[i]);
    return STATUS_OK;
}

static enum status write_type(struct flat_writer *writer, const struct field *field,
                              struct wire *wire, size_t at, struct err *err)
{
    size_t place = 0, text = 0;
    if (field->type.id == TYPE_TIMESTAMP && field->type.zone != NULL)
        wire->slots[1].width = FLAT_REFERENCE;
    TRY(flat_put_table(writer, wire->slots, wire->count, &place, err));
    flat_point(writer, at, place);
    if (wire->number == 14) return write_union_ids(writer, field, wire->slots[1].place, err);
    if (field->type.id != TYPE_TIMESTAMP || field->type.zone == NULL) return STATUS_OK;
    TRY(flat_put_string(writer, str_of(field->type.zone), &text, err));
    flat_point(writer, wire->slots[1].place, text);
    return STATUS_OK;
}

/* ---- fields ---- */

static enum status write_encoding(struct flat_writer *writer, const struct field *field, int64_t id,
                                  size_t at, struct err *err)
{
    size_t place = 0, index = 0;
    struct flat_slot slots[] = {{8, id, 0}, REFERENCE, {1, field->ordered, 0}};
    struct wire wire = wire_integer(field->index);
    TRY(flat_put_table(writer, slots, 3, &place, err));
    flat_point(writer, at, place);
    TRY(flat_put_table(writer, wire.slots, wire.count, &index, err));
    flat_point(writer, slots[1].place, index);
    return STATUS_OK;
}

static enum status write_fields(struct flat_writer *writer, const struct field *fields,
                                size_t count, size_t at, int64_t *next_id, struct err *err);

static enum status write_field(struct flat_writer *writer, const struct field *field,
                               int64_t *next_id, size_t at, struct err *err)
{
    size_t place = 0, text = 0;
    struct wire wire = wire_of(&field->type);
    struct flat_slot slots[] = {
        REFERENCE, {1, field->nullable, 0}, {1, wire.number, 0}, REFERENCE, ABSENT, REFERENCE,
        ABSENT};
    if (field->dictionary) slots[4].width = FLAT_REFERENCE;
    if (field->metadata.count > 0) slots[6].width = FLAT_REFERENCE;
    TRY(flat_put_table(writer, slots, 7, &place, err));
    flat_point(writer, at, place);
    TRY(flat_put_string(writer, str_of(field->name), &text, err));
    flat_point(writer, slots[0].place, text);
    TRY(write_type(writer, field, &wire, slots[3].place, err));
    if (field->dictionary) TRY(write_encoding(writer, field, (*next_id)++, slots[4].place, err));
    TRY(write_fields(writer, field->children, field->child_count, slots[5].place, next_id, err));
    if (field->metadata.count == 0) return STATUS_OK;
    return metadata_write(writer, &field->metadata, slots[6].place, err);
}

static enum status write_fields(struct flat_writer *writer, const struct field *fields,
                                size_t count, size_t at, int64_t *next_id, struct err *err)
{
    size_t vector = 0, first = 0;
    TRY(flat_put_vector(writer, count, 4, 4, &vector, &first, err));
    flat_point(writer, at, vector);
    for (size_t i = 0; i < count; i++)
        TRY(write_field(writer, &fields[i], next_id, first + 4 * i, err));
    return STATUS_OK;
}

enum status schema_write(struct flat_writer *writer, const struct schema *schema, size_t *ret_place,
                         struct err *err)
{
    int64_t next_id = 0;
    struct flat_slot slots[] = {{2, 0, 0}, REFERENCE, ABSENT};
    if (schema->metadata.count > 0) slots[2].width = FLAT_REFERENCE;
    TRY(flat_put_table(writer, slots, 3, ret_place, err));
    TRY(write_fields(writer, schema->fields, schema->count, slots[1].place, &next_id, err));
    if (schema->metadata.count == 0) return STATUS_OK;
    return metadata_write(writer, &schema->metadata, slots[2].place, err);
}

size_t dictionary_count(const struct field *field)
{
    size_t count = field->dictionary ? 1 : 0;
    for (size_t i = 0; i < field->child_count; i++)
        count += dictionary_count(&field->children[i]);
    return count;
}
