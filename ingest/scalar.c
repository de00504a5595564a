/* ingest/scalar.c: values of one type read as another, exactly or not at all. */
#include "ingest/scalar.h"

#include "columnar/build.h"
#include "columnar/value_text.h"
#include "ingest/source.h"

#include <math.h>

#define NUMBER_TEXT 400 /* a decimal256 or a double, written out */

static bool is_real(const struct field *field)
{
    enum type_id id = field->type.id;
    return id == TYPE_FLOAT16 || id == TYPE_FLOAT32 || id == TYPE_FLOAT64;
}

bool scalar_has_order(const struct field *field)
{
    enum type_id id = field->type.id;
    if (field->dictionary) return false;
    return type_is_integer(id) || is_real(field) || id == TYPE_DECIMAL128 || id == TYPE_DATE32 ||
           id == TYPE_TIMESTAMP;
}

bool scalar_knows(const struct field *field)
{
    enum type_id id = field->type.id;
    if (field->dictionary) return id == TYPE_UTF8 && field->index == TYPE_INT32;
    return id == TYPE_BOOL || id == TYPE_UTF8 || id == TYPE_BINARY || scalar_has_order(field);
}

/* ---- from a text ---- */

static bool read_integer(struct str text, enum type_id id, struct scalar *ret)
{
    int64_t value;
    if (!value_int(text, &value) || !integer_fits(id, value)) return false;
    ret->whole = value;
    return true;
}

static bool read_real(struct str text, enum type_id id, struct scalar *ret)
{
    double most = id == TYPE_FLOAT16 ? 65504.0 : id == TYPE_FLOAT32 ? 3.4028234663852886e38 : 0;
    if (!value_real(text, &ret->real)) return false;
    return most == 0 || fabs(ret->real) <= most;
}

static bool read_bool(struct str text, struct scalar *ret)
{
    bool truth = str_is(text, "1");
    if (!truth && !str_is(text, "0") && !value_bool(text, &truth)) return false;
    ret->whole = truth;
    return true;
}

/* Digits with a sign and a point; more digits behind the point than the scale only if zero. */
static bool read_decimal(struct str text, const struct type *type, struct scalar *ret)
{
    size_t at = text.size > 0 && text.data[0] == '-', digits = 0, seen = 0;
    int32_t behind = -1;
    wide_int sum = 0;
    for (; at < text.size; at++) {
        char byte = text.data[at];
        if (byte == '.' && behind < 0) {
            behind = 0;
            continue;
        }
        if (byte < '0' || byte > '9') return false;
        seen++;
        if (behind >= type->scale) {
            if (byte != '0') return false;
            continue;
        }
        behind += behind >= 0;
        sum = sum * 10 + (byte - '0');
        digits += sum != 0;
        if (digits > 38) return false;
    }
    for (behind = behind < 0 ? 0 : behind; behind < type->scale; behind++) {
        sum *= 10;
        digits += sum != 0;
        if (digits > 38) return false;
    }
    ret->whole = text.size > 0 && text.data[0] == '-' ? -sum : sum;
    return seen > 0 && digits <= (size_t)type->precision;
}

/* Microseconds in the unit of the type. */
static bool to_unit(int64_t microseconds, enum time_unit unit, struct scalar *ret)
{
    int64_t parts = unit == UNIT_SECOND ? 1000000 : unit == UNIT_MILLI ? 1000 : 1, value;
    if (microseconds % parts != 0) return false;
    if (unit != UNIT_NANO) {
        ret->whole = microseconds / parts;
        return true;
    }
    if (__builtin_mul_overflow(microseconds, INT64_C(1000), &value)) return false;
    ret->whole = value;
    return true;
}

/* A text with a zone is no wall clock. */
static bool read_moment(struct str text, const struct type *type, struct value_day *day,
                        struct scalar *ret)
{
    int64_t moment;
    int32_t days;
    bool zoned = false;
    if (value_date(text, day, &days))
        moment = days * INT64_C(86400000000);
    else if (!value_time(text, day, &moment, &zoned))
        return false;
    if (zoned && type->zone == NULL) return false;
    return to_unit(moment, type->unit, ret);
}

bool scalar_read(struct str text, const struct field *field, struct value_day *day,
                 struct scalar *ret)
{
    enum type_id id = field->type.id;
    int32_t days;
    *ret = (struct scalar){.text = text};
    if (id == TYPE_UTF8 || id == TYPE_BINARY) return true;
    if (text.size == 0) return false;
    if (type_is_integer(id)) return read_integer(text, id, ret);
    if (is_real(field)) return read_real(text, id, ret);
    if (id == TYPE_BOOL) return read_bool(text, ret);
    if (id == TYPE_DECIMAL128) return read_decimal(text, &field->type, ret);
    if (id == TYPE_TIMESTAMP) return read_moment(text, &field->type, day, ret);
    if (id != TYPE_DATE32 || !value_date(text, day, &days)) return false;
    ret->whole = days;
    return true;
}

/* ---- from an array ---- */

void scalar_at(const struct field *field, const struct array *array, int64_t row,
               struct scalar *ret)
{
    const void *values = array_values(array);
    *ret = (struct scalar){0};
    switch (field->type.id) {
    case TYPE_INT8: ret->whole = ((const int8_t *)values)[row]; break;
    case TYPE_INT16: ret->whole = ((const int16_t *)values)[row]; break;
    case TYPE_INT32:
    case TYPE_DATE32: ret->whole = ((const int32_t *)values)[row]; break;
    case TYPE_INT64:
    case TYPE_TIMESTAMP: ret->whole = ((const int64_t *)values)[row]; break;
    case TYPE_UINT8: ret->whole = ((const uint8_t *)values)[row]; break;
    case TYPE_UINT16: ret->whole = ((const uint16_t *)values)[row]; break;
    case TYPE_UINT32: ret->whole = ((const uint32_t *)values)[row]; break;
    case TYPE_UINT64: ret->whole = ((const uint64_t *)values)[row]; break;
    case TYPE_DECIMAL128:
        memcpy(&ret->whole, (const uint8_t *)values + 16 * row, sizeof ret->whole);
        break;
    default: (void)array_number_at(field, array, row, &ret->real);
    }
}

int scalar_compare(const struct field *field, const struct scalar *a, const struct scalar *b)
{
    if (!is_real(field)) return a->whole < b->whole ? -1 : a->whole > b->whole;
    if (isnan(a->real) || isnan(b->real)) return !!isnan(a->real) - !!isnan(b->real);
    return a->real < b->real ? -1 : a->real > b->real;
}

/* ---- arrays ---- */

static bool is_text(const struct field *field)
{
    return field->type.id == TYPE_UTF8 || field->type.id == TYPE_BINARY;
}

/* A real that is a whole number is one. */
static bool whole_of_real(const struct field *from, const struct array *array, int64_t row,
                          const struct field *to, struct scalar *ret)
{
    double value;
    if (!is_real(from) || !type_is_integer(to->type.id)) return false;
    (void)array_number_at(from, array, row, &value);
    if (!(fabs(value) <= 9007199254740992.0) || value != floor(value)) return false;
    if (!integer_fits(to->type.id, (int64_t)value)) return false;
    ret->whole = (int64_t)value;
    return true;
}

static enum status text_of(const struct field *from, const struct array *array, int64_t row,
                           char *room, struct bytes *scratch, struct str *ret, struct err *err)
{
    scratch->size = 0;
    if (is_text(from) && !from->dictionary) {
        *ret = array_text(array, row);
    } else if (type_is_number(from->type.id) && !from->dictionary) {
        *ret = str_of(array_value_text(from, array, row, room, NUMBER_TEXT));
    } else {
        TRY(value_plain(from, array, row, scratch, err));
        *ret = (struct str){(const char *)scratch->data, scratch->size};
    }
    return STATUS_OK;
}

static enum status build_scalar(struct builder *builder, const struct field *to,
                                const struct scalar *scalar, struct err *err)
{
    if (is_text(to)) return build_text(builder, scalar->text, err);
    if (is_real(to)) return build_real(builder, scalar->real, err);
    if (to->type.id == TYPE_BOOL) return build_bool(builder, scalar->whole != 0, err);
    if (to->type.id == TYPE_DECIMAL128) return build_decimal(builder, &scalar->whole, err);
    return build_int(builder, (int64_t)scalar->whole, err);
}

struct recasting {
    const struct field *from, *to;
    const struct array *array;
    bool empty_is_null;
    struct builder *builder;
    struct bytes scratch;
    struct value_day day;
    char room[NUMBER_TEXT];
};

static void recasting_close(struct recasting *recasting)
{
    builder_close(&recasting->builder);
    bytes_release(&recasting->scratch);
}

static enum status recast_one(struct recasting *r, int64_t row, uint8_t *ret_failed,
                              struct err *err)
{
    struct scalar scalar = {0};
    struct str text = {NULL, 0};
    if (value_is_null(r->from, r->array, row)) return build_null(r->builder, err);
    if (whole_of_real(r->from, r->array, row, r->to, &scalar))
        return build_scalar(r->builder, r->to, &scalar, err);
    TRY(text_of(r->from, r->array, row, r->room, &r->scratch, &text, err));
    if (text.size == 0 && r->empty_is_null && !is_text(r->to)) return build_null(r->builder, err);
    bool decodes = r->from->type.id != TYPE_BINARY || r->to->type.id != TYPE_UTF8 ||
                   utf8_valid(text.data, text.size);
    if (decodes && scalar_read(text, r->to, &r->day, &scalar))
        return build_scalar(r->builder, r->to, &scalar, err);
    *ret_failed = 1;
    return build_null(r->builder, err);
}

enum status recast_array(const struct field *from, const struct array *array,
                         const struct field *to, bool empty_is_null, uint8_t *failed,
                         struct array **ret, struct err *err)
{
    OWNED(recasting_close)
    struct recasting recasting = {
        .from = from,
        .to = to,
        .array = array,
        .empty_is_null = empty_is_null,
        .scratch = bytes_limited(INT32_MAX),
    };
    TRY(builder_open(&recasting.builder, to, array->length, err));
    for (int64_t row = 0; row < array->length; row++)
        TRY(recast_one(&recasting, row, &failed[row], err));
    return builder_finish(recasting.builder, ret, err);
}
