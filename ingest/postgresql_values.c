/* ingest/postgresql_values.c: rows of COPY's binary format (PostgreSQL documentation, "COPY", File
 * Formats) as values. Numbers there are big-endian, days and moments count from 2000-01-01. */
#include "ingest/postgresql_parts.h"

#include <endian.h>

#define DAYS_TO_2000         10957
#define MICROSECONDS_TO_2000 (DAYS_TO_2000 * INT64_C(86400000000))
#define DECIMAL_BASE         10000
#define NEGATIVE_SIGN        0x4000

__extension__ typedef __int128 wide;

static int16_t int16_at(const char *data)
{
    uint16_t number;
    memcpy(&number, data, sizeof number);
    return (int16_t)be16toh(number);
}

static int32_t int32_at(const char *data)
{
    uint32_t number;
    memcpy(&number, data, sizeof number);
    return (int32_t)be32toh(number);
}

static int64_t int64_at(const char *data)
{
    uint64_t number;
    memcpy(&number, data, sizeof number);
    return (int64_t)be64toh(number);
}

enum status postgresql_row_split(struct str row, struct postgresql_cell *cells, size_t count,
                                 struct err *err)
{
    size_t at = 2;
    bool good = row.size >= 2 && int16_at(row.data) == (int16_t)(uint16_t)count;
    for (size_t i = 0; good && i < count; i++) {
        good = row.size - at >= 4;
        if (!good) break;
        int32_t size = int32_at(row.data + at);
        at += 4;
        cells[i].null = size < 0;
        cells[i].bytes = (struct str){row.data + at, size < 0 ? 0 : (size_t)size};
        good = size >= -1 && cells[i].bytes.size <= row.size - at;
        at += good ? cells[i].bytes.size : 0;
    }
    if (good && at == row.size) return STATUS_OK;
    return fail(err, STATUS_FAILED, "found bytes that are no row of %zu columns", count);
}

/* ---- decimals ---- */

/* 10^power for a power of at most 38. */
static wide power_of_ten(int32_t power)
{
    static const uint64_t powers[] = {
        1ull,
        10ull,
        100ull,
        1000ull,
        10000ull,
        100000ull,
        1000000ull,
        10000000ull,
        100000000ull,
        1000000000ull,
        10000000000ull,
        100000000000ull,
        1000000000000ull,
        10000000000000ull,
        100000000000000ull,
        1000000000000000ull,
        10000000000000000ull,
        100000000000000000ull,
        1000000000000000000ull,
        10000000000000000000ull,
    };
    return power < 20 ? (wide)powers[power] : (wide)powers[19] * powers[power - 19];
}

/* value x 10^scale as an integer: digits to the base 10,000, the first one times 10,000^weight.
 * False when it is no number or does not fit. */
static bool decimal_of(struct str bytes, int32_t scale, int32_t precision, wide *ret)
{
    if (bytes.size < 8) return false;
    int digits = int16_at(bytes.data), weight = int16_at(bytes.data + 2);
    int sign = int16_at(bytes.data + 4) & 0xffff;
    if (digits < 0 || bytes.size != 8 + (size_t)digits * 2) return false;
    if (sign != 0 && sign != NEGATIVE_SIGN) return false; /* NaN, infinities */
    wide sum = 0, limit = power_of_ten(precision);
    for (int i = 0; i < digits; i++) {
        int digit = int16_at(bytes.data + 8 + (size_t)i * 2);
        int power = (weight - i) * 4 + scale; /* of ten, that the digit stands for */
        if (digit < 0 || digit >= DECIMAL_BASE) return false;
        for (; power < 0 && digit % 10 == 0 && digit != 0; power++)
            digit /= 10;
        if (digit == 0) continue;
        if (power < 0 || power > precision) return false; /* finer or larger than the type */
        wide unit = power_of_ten(power);
        bool near_limit = power + 4 > precision;
        if (sum >= limit || (near_limit && digit > (limit - 1) / unit)) return false;
        sum += digit * unit;
    }
    if (sum >= limit) return false;
    *ret = sign == NEGATIVE_SIGN ? -sum : sum;
    return true;
}

/* ---- one cell ---- */

static bool size_is_right(struct str bytes, enum postgresql_form form, const struct field *field)
{
    switch (form) {
    case FORM_BOOL: return bytes.size == 1;
    case FORM_INTEGER:
    case FORM_REAL: return bytes.size == type_width(&field->type);
    case FORM_DATE: return bytes.size == 4;
    case FORM_MOMENT: return bytes.size == 8;
    case FORM_BYTES:
    case FORM_DECIMAL: break;
    }
    return true;
}

/* Days and moments beyond what the target counts; infinities are the ends of their range. */
static bool in_range(struct str bytes, enum postgresql_form form, const struct field *field)
{
    int64_t moved;
    wide unscaled;
    if (form == FORM_DATE) {
        int32_t days = int32_at(bytes.data);
        return days != INT32_MIN && days <= INT32_MAX - DAYS_TO_2000;
    }
    if (form == FORM_MOMENT) {
        int64_t moment = int64_at(bytes.data);
        return moment != INT64_MIN && !__builtin_add_overflow(moment, MICROSECONDS_TO_2000, &moved);
    }
    if (form == FORM_DECIMAL)
        return decimal_of(bytes, field->type.scale, field->type.precision, &unscaled);
    return true;
}

const char *postgresql_cell_fault(const struct postgresql_cell *cell, enum postgresql_form form,
                                  const struct field *field, uint64_t field_limit,
                                  const char **ret_message)
{
    if (cell->null) return NULL;
    if (cell->bytes.size > field_limit) {
        *ret_message = "has more bytes than --max-field";
        return "field size";
    }
    if (!size_is_right(cell->bytes, form, field) || !in_range(cell->bytes, form, field)) {
        *ret_message = "has a value beyond its type";
        return "type";
    }
    if (field->type.id == TYPE_UTF8 && !utf8_valid(cell->bytes.data, cell->bytes.size)) {
        *ret_message = "has bytes that are not UTF-8";
        return "encoding";
    }
    return NULL;
}

static enum status build_number(const struct postgresql_cell *cell, enum postgresql_form form,
                                struct builder *builder, struct err *err)
{
    const char *data = cell->bytes.data;
    size_t size = cell->bytes.size;
    if (form == FORM_INTEGER)
        return build_int(builder,
                         size == 2   ? int16_at(data)
                         : size == 4 ? int32_at(data)
                                     : int64_at(data),
                         err);
    if (size == 4) {
        float single;
        int32_t bits = int32_at(data);
        memcpy(&single, &bits, sizeof single);
        return build_real(builder, (double)single, err);
    }
    double real;
    int64_t bits = int64_at(data);
    memcpy(&real, &bits, sizeof real);
    return build_real(builder, real, err);
}

enum status postgresql_cell_build(const struct postgresql_cell *cell, enum postgresql_form form,
                                  const struct field *field, struct builder *builder,
                                  struct err *err)
{
    wide unscaled = 0;
    if (cell->null) return build_null(builder, err);
    switch (form) {
    case FORM_BOOL: return build_bool(builder, cell->bytes.data[0] != 0, err);
    case FORM_INTEGER:
    case FORM_REAL: return build_number(cell, form, builder, err);
    case FORM_DATE: return build_int(builder, int32_at(cell->bytes.data) + DAYS_TO_2000, err);
    case FORM_MOMENT:
        return build_int(builder, int64_at(cell->bytes.data) + MICROSECONDS_TO_2000, err);
    case FORM_DECIMAL:
        if (!decimal_of(cell->bytes, field->type.scale, field->type.precision, &unscaled))
            return build_null(builder, err);
        return build_decimal(builder, &unscaled, err);
    case FORM_BYTES: break;
    }
    return build_text(builder, cell->bytes, err);
}
