/* columnar/value.c: any value as text, the way CSV shows it. */
#include "base/clock.h"
#include "columnar/layout.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Text cut at its room. */
struct line {
    char *text;
    size_t room, used;
};

static void line_bytes(struct line *line, const char *data, size_t size)
{
    size_t left = line->room - line->used - 1;
    if (size > left) size = left;
    if (size > 0) memcpy(line->text + line->used, data, size);
    line->used += size;
    line->text[line->used] = '\0';
}

static void line_text(struct line *line, const char *text)
{
    line_bytes(line, text, strlen(text));
}

static void PRINTF_LIKE(2, 3) line_format(struct line *line, const char *format, ...)
{
    char text[128];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (size > 0) line_bytes(line, text, (size_t)size < sizeof text ? (size_t)size : 127);
}

/* ---- numbers ---- */

/* Decimal digits, with zeros in front up to `least` of them. */
static void line_digits(struct line *line, uint64_t value, int least)
{
    char text[24];
    size_t place = sizeof text;
    for (; value > 0 || least > 0; least--, value /= 10)
        text[--place] = (char)('0' + value % 10);
    line_bytes(line, text + place, sizeof text - place);
}

static void line_unsigned(struct line *line, uint64_t value)
{
    line_digits(line, value, 1);
}

/* A number of up to 15 digits, `places` of them behind the point, that is exactly this double: the
 * quotient of two exact doubles is rounded once, just as a reader of the text would round. */
static bool line_short_real(struct line *line, double value, bool single)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8, 1e9,
                                    1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};
    double size = fabs(value);
    if (size < 1e-4 || size >= 1e15) return false;
    for (int places = 1; places <= 18 && size * powers[places] < 1e15; places++) {
        double digits = nearbyint(size * powers[places]);
        double back = digits / powers[places];
        if (single ? (float)back != (float)size : back != size) continue;
        if (single && digits >= 1e6) return false; /* rounded twice: let the slow way decide */
        uint64_t whole = (uint64_t)digits, power = (uint64_t)powers[places];
        if (value < 0) line_bytes(line, "-", 1);
        line_digits(line, whole / power, 1);
        line_bytes(line, ".", 1);
        line_digits(line, whole % power, places);
        return true;
    }
    return false;
}

__extension__ typedef unsigned __int128 u128;

/* Between 1e-4 and 1e15 and not short: 16 digits where they read back as the same number, else 17,
 * in exact integers: value = mantissa / 2^down, so value x 10^places fits into 128 bits. */
static bool line_long_real(struct line *line, double value)
{
    int exponent = 0, places = 16;
    double size = fabs(value);
    if (size < 1e-4 || size >= 1e15) return false;
    uint64_t mantissa = (uint64_t)ldexp(frexp(size, &exponent), 53), power = 1;
    int down = 53 - exponent;
    for (double limit = 10; size >= limit; limit *= 10)
        places--;
    for (double limit = 1; size < limit; limit /= 10)
        places++;
    u128 scale = 1;
    for (int i = 0; i < places; i++)
        scale *= 10;
    u128 exact = mantissa * scale, half = (u128)1 << (down - 1);
    uint64_t digits = (uint64_t)((exact + half) >> down), shorter = (digits + 5) / 10;
    u128 near = (u128)(shorter * 10) << down;
    u128 distance = near > exact ? near - exact : exact - near;
    if (distance < scale / (mantissa == (uint64_t)1 << 52 ? 4 : 2)) {
        digits = shorter;
        places--;
    }
    for (int i = 0; i < places && i < 19; i++)
        power *= 10;
    if (places > 19) return false;
    if (value < 0) line_bytes(line, "-", 1);
    line_digits(line, digits / power, 1);
    line_bytes(line, ".", 1);
    line_digits(line, digits % power, places);
    return true;
}

/* The fewest digits that read back as the same number. */
static void line_real(struct line *line, double value, bool single)
{
    char text[40];
    if (isnan(value) || isinf(value)) {
        line_text(line, isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
        return;
    }
    if (value == nearbyint(value) && fabs(value) < 1e15 && (value != 0 || !signbit(value))) {
        if (value < 0) line_bytes(line, "-", 1);
        line_unsigned(line, (uint64_t)fabs(value));
        line_bytes(line, ".0", 2);
        return;
    }
    if (line_short_real(line, value, single)) return;
    if (!single && line_long_real(line, value)) return;
    int most = single ? 9 : 17;
    for (int digits = single ? 6 : 15; digits <= most; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (single ? strtof(text, NULL) == (float)value : strtod(text, NULL) == value) break;
    }
    line_text(line, text);
}

static void line_signed(struct line *line, int64_t value)
{
    if (value < 0) line_bytes(line, "-", 1);
    line_unsigned(line, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

/* Decimal digits of a little-endian two's complement number of up to 32 bytes, no sign. Returns
 * their count; least significant digit last. */
static size_t wide_digits(const uint8_t *data, size_t width, bool negative, char ret[80])
{
    uint32_t limbs[8] = {0};
    memcpy(limbs, data, width);
    size_t count = (width + 3) / 4, size = 80;
    uint64_t carry = 1;
    for (size_t i = 0; negative && i < count; i++) {
        carry += (uint32_t)~limbs[i];
        limbs[i] = (uint32_t)carry;
        carry >>= 32;
    }
    while (count > 0) {
        uint64_t rest = 0;
        for (size_t i = count; i-- > 0;) {
            rest = rest << 32 | limbs[i];
            limbs[i] = (uint32_t)(rest / 10);
            rest %= 10;
        }
        ret[--size] = (char)('0' + rest);
        while (count > 0 && limbs[count - 1] == 0)
            count--;
    }
    memmove(ret, ret + size, 80 - size);
    return 80 - size;
}

static void line_decimal(struct line *line, const uint8_t *data, size_t width, int32_t scale)
{
    char digits[80];
    bool negative = (data[width - 1] & 0x80) != 0;
    size_t count = wide_digits(data, width, negative, digits);
    if (count == 0) digits[count++] = '0';
    if (negative) line_text(line, "-");
    if (scale <= 0) {
        line_bytes(line, digits, count);
        for (int32_t i = scale; i < 0 && digits[0] != '0'; i++)
            line_text(line, "0");
        return;
    }
    size_t point = (size_t)scale;
    if (count > point) {
        line_bytes(line, digits, count - point);
    } else {
        line_text(line, "0");
    }
    line_text(line, ".");
    for (size_t i = count; i < point; i++)
        line_text(line, "0");
    size_t tail = count < point ? count : point;
    line_bytes(line, digits + count - tail, tail);
}

/* ---- times ---- */

static const int64_t unit_ticks[] = {1, 1000, 1000000, 1000000000};
static const int unit_digits[] = {0, 3, 6, 9};

static int64_t floor_divide(int64_t value, int64_t by, int64_t *ret_rest)
{
    int64_t quotient = value / by, rest = value % by;
    if (rest < 0) {
        rest += by;
        quotient--;
    }
    *ret_rest = rest;
    return quotient;
}

static void line_date(struct line *line, int64_t days)
{
    int64_t year;
    int month, day;
    if (days > 3652059L * 300 || days < -3652059L * 300) {
        line_format(line, "%" PRId64 "d", days);
        return;
    }
    civil_from_days(days, &year, &month, &day);
    if (year < 0) line_bytes(line, "-", 1);
    line_digits(line, (uint64_t)(year < 0 ? -year : year), 4);
    line_bytes(line, "-", 1);
    line_digits(line, (uint64_t)month, 2);
    line_bytes(line, "-", 1);
    line_digits(line, (uint64_t)day, 2);
}

static void line_clock(struct line *line, int64_t ticks, enum time_unit unit)
{
    int64_t fraction, seconds = floor_divide(ticks, unit_ticks[unit], &fraction);
    if (seconds < 0) line_bytes(line, "-", 1);
    line_digits(line, (uint64_t)(seconds < 0 ? -seconds : seconds) / 3600, 2);
    line_bytes(line, ":", 1);
    line_digits(line, (uint64_t)(seconds < 0 ? -seconds : seconds) / 60 % 60, 2);
    line_bytes(line, ":", 1);
    line_digits(line, (uint64_t)(seconds < 0 ? -seconds : seconds) % 60, 2);
    if (fraction == 0) return;
    line_bytes(line, ".", 1);
    line_digits(line, (uint64_t)fraction, unit_digits[unit]);
}

/* ISO 8601; an instant (any zone) is shown in UTC with Z. */
static void line_timestamp(struct line *line, const struct type *type, int64_t value)
{
    int64_t rest, days = floor_divide(value, 86400 * unit_ticks[type->unit], &rest);
    line_date(line, days);
    line_text(line, "T");
    line_clock(line, rest, type->unit);
    if (type->zone != NULL) line_text(line, "Z");
}

static void line_duration(struct line *line, const struct type *type, int64_t value)
{
    static const char *const names[] = {"s", "ms", "us", "ns"};
    line_signed(line, value);
    line_text(line, names[type->unit]);
}

static void line_interval(struct line *line, enum type_id id, const uint8_t *data)
{
    int32_t first, second;
    int64_t nanos;
    memcpy(&first, data, sizeof first);
    if (id == TYPE_INTERVAL_MONTHS) {
        line_format(line, "%" PRId32 "mo", first);
        return;
    }
    memcpy(&second, data + 4, sizeof second);
    if (id == TYPE_INTERVAL_DAY_TIME) {
        line_format(line, "%" PRId32 "d %" PRId32 "ms", first, second);
        return;
    }
    memcpy(&nanos, data + 8, sizeof nanos);
    line_format(line, "%" PRId32 "mo %" PRId32 "d %" PRId64 "ns", first, second, nanos);
}

/* ---- bytes and nested values ---- */

static void line_hex(struct line *line, struct str bytes)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.size && line->used + 1 < line->room; i++) {
        uint8_t byte = (uint8_t)bytes.data[i];
        line_bytes(line, (char[2]){digits[byte >> 4], digits[byte & 15]}, 2);
    }
}

static void line_value(struct line *line, const struct field *field, const struct array *array,
                       int64_t row, bool nested);

static void line_list(struct line *line, const struct field *field, const struct array *array,
                      int64_t row)
{
    int64_t first, count;
    list_range(field, array, row, &first, &count);
    line_text(line, "[");
    for (int64_t i = 0; i < count && line->used + 1 < line->room; i++) {
        if (i > 0) line_text(line, ", ");
        line_value(line, field->children, array->children[0], first + i, true);
    }
    line_text(line, "]");
}

static void line_struct(struct line *line, const struct field *field, const struct array *array,
                        int64_t row)
{
    line_text(line, "{");
    for (size_t i = 0; i < field->child_count; i++) {
        if (i > 0) line_text(line, ", ");
        line_text(line, field->children[i].name);
        line_text(line, ": ");
        line_value(line, &field->children[i], array->children[i], row, true);
    }
    line_text(line, "}");
}

static void line_fixed(struct line *line, const struct field *field, const struct array *array,
                       int64_t row)
{
    const struct type *type = &field->type;
    const void *data = array->buffers[0].data;
    size_t width = type_width(type);
    if (width == 0) return; /* binary of no bytes */
    const uint8_t *slot = (const uint8_t *)data + (size_t)row * width;
    switch (type->id) {
    case TYPE_FLOAT16: line_real(line, half_to_double(((const uint16_t *)data)[row]), true); break;
    case TYPE_FLOAT32: line_real(line, (double)((const float *)data)[row], true); break;
    case TYPE_FLOAT64: line_real(line, ((const double *)data)[row], false); break;
    case TYPE_UINT64: line_unsigned(line, ((const uint64_t *)data)[row]); break;
    case TYPE_FIXED_BINARY: line_hex(line, (struct str){(const char *)slot, width}); break;
    case TYPE_DATE32: line_date(line, ((const int32_t *)data)[row]); break;
    case TYPE_DATE64: {
        int64_t rest;
        line_date(line, floor_divide(((const int64_t *)data)[row], 86400000, &rest));
        break;
    }
    case TYPE_TIME32: line_clock(line, ((const int32_t *)data)[row], type->unit); break;
    case TYPE_TIME64: line_clock(line, ((const int64_t *)data)[row], type->unit); break;
    case TYPE_TIMESTAMP: line_timestamp(line, type, ((const int64_t *)data)[row]); break;
    case TYPE_DURATION: line_duration(line, type, ((const int64_t *)data)[row]); break;
    case TYPE_INTERVAL_MONTHS:
    case TYPE_INTERVAL_DAY_TIME:
    case TYPE_INTERVAL_MONTH_DAY_NANO: line_interval(line, type->id, slot); break;
    case TYPE_DECIMAL32:
    case TYPE_DECIMAL64:
    case TYPE_DECIMAL128:
    case TYPE_DECIMAL256: line_decimal(line, slot, width, type->scale); break;
    default: line_signed(line, integer_at(type->id, array, row));
    }
}

static void line_value(struct line *line, const struct field *field, const struct array *array,
                       int64_t row, bool nested)
{
    int64_t child_row;
    if (array_is_null(array, row)) {
        if (nested) line_text(line, "null");
        return;
    }
    if (field->dictionary) {
        struct field values = field_values(field);
        line_value(line, &values, array->dictionary, integer_at(field->index, array, row), nested);
        return;
    }
    switch (field_info(field)->layout) {
    case LAYOUT_NULL: line_text(line, nested ? "null" : ""); break;
    case LAYOUT_BITS: line_text(line, array_bool(array, row) ? "true" : "false"); break;
    case LAYOUT_FIXED: line_fixed(line, field, array, row); break;
    case LAYOUT_BYTES:
    case LAYOUT_BYTES_LARGE:
    case LAYOUT_VIEW: {
        struct str bytes = slot_bytes(field, array, row);
        if (!type_is_text(field->type.id))
            line_hex(line, bytes);
        else
            line_bytes(line, bytes.data, bytes.size);
        break;
    }
    case LAYOUT_STRUCT: line_struct(line, field, array, row); break;
    case LAYOUT_UNION_SPARSE:
    case LAYOUT_UNION_DENSE: {
        size_t child = union_child(field, array, row, &child_row);
        line_value(line, &field->children[child], array->children[child], child_row, nested);
        break;
    }
    case LAYOUT_RUN_END:
        child_row = run_of(field, array, row);
        line_value(line, &field->children[1], array->children[1], child_row, nested);
        break;
    default: line_list(line, field, array, row);
    }
}

char *array_value_text(const struct field *field, const struct array *array, int64_t row, char *ret,
                       size_t room)
{
    struct line line = {ret, room, 0};
    if (room == 0) return ret;
    ret[0] = '\0';
    line_value(&line, field, array, row, false);
    return ret;
}
