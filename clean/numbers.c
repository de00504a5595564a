/* clean/numbers.c: a column as doubles, and back. */
#include "clean/numbers.h"

#include "clean/numeral.h"
#include "columnar/layout.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

bool field_is_number(const struct field *field)
{
    enum type_id id = field->type.id;
    return !field->dictionary && (type_is_number(id) || id == TYPE_DECIMAL128);
}

bool field_is_ordered_number(const struct field *field)
{
    return field_is_number(field) || (!field->dictionary && (field->type.id == TYPE_DATE32 ||
                                                             field->type.id == TYPE_TIMESTAMP));
}

/* ---- reading ---- */

static void mark_nulls(const struct array *array, double *ret)
{
    if (array->validity.data == NULL) return;
    for (int64_t i = 0; i < array->length; i++)
        if (array_is_null(array, i)) ret[i] = NAN;
}

void numbers_read(const struct field *field, const struct array *array, double *ret)
{
    int64_t rows = array->length;
    const void *values = array_values(array);
    if (values == NULL) rows = 0;
    switch (field->dictionary ? TYPE_NULL : field->type.id) {
    case TYPE_FLOAT64: memcpy(ret, values, (size_t)rows * sizeof *ret); break;
    case TYPE_FLOAT32:
        for (int64_t i = 0; i < rows; i++)
            ret[i] = ((const float *)values)[i];
        break;
    case TYPE_INT32:
        for (int64_t i = 0; i < rows; i++)
            ret[i] = ((const int32_t *)values)[i];
        break;
    case TYPE_INT64:
        for (int64_t i = 0; i < rows; i++)
            ret[i] = (double)((const int64_t *)values)[i];
        break;
    default:
        for (int64_t i = 0; i < array->length; i++)
            if (!array_number_at(field, array, i, &ret[i])) ret[i] = NAN;
        return;
    }
    mark_nulls(array, ret);
}

const void *numbers_elements(const struct field *field, const struct array *array,
                             enum element_type *ret)
{
    if (field->dictionary) return NULL;
    *ret = field->type.id == TYPE_FLOAT32 ? ELEMENT_FLOAT32 : ELEMENT_FLOAT64;
    bool as_it_lies = field->type.id == TYPE_FLOAT32 || field->type.id == TYPE_FLOAT64;
    return as_it_lies ? array_values(array) : NULL;
}

/* ---- making ---- */

enum status flags_make(struct array **ret, const uint8_t *values, int64_t rows, struct err *err)
{
    struct buffer buffer = {0};
    TRY(buffer_new(&buffer, (size_t)(rows + 7) / 8, err));
    uint8_t *bits = buffer_writable(&buffer);
    for (int64_t i = 0; i < rows; i++)
        if (values[i] != 0) bits[i >> 3] = (uint8_t)(bits[i >> 3] | (1u << (i & 7)));
    return array_make(ret, rows, 0, (struct buffer){0}, &buffer, 1, NULL, 0, NULL, err);
}

/* ---- patching ---- */

static enum status copy_values(struct patch *patch, struct err *err)
{
    if (patch->values.data != NULL) return STATUS_OK;
    size_t size = (size_t)patch->array->length * type_width(&patch->field->type);
    TRY(buffer_new(&patch->values, size, err));
    memcpy(buffer_writable(&patch->values), array_values(patch->array), size);
    return STATUS_OK;
}

static enum status copy_validity(struct patch *patch, struct err *err)
{
    if (patch->validity.data != NULL) return STATUS_OK;
    size_t size = (size_t)(patch->array->length + 7) / 8;
    TRY(buffer_new(&patch->validity, size, err));
    uint8_t *bits = buffer_writable(&patch->validity);
    if (patch->array->validity.data != NULL) {
        memcpy(bits, patch->array->validity.data, size);
        return STATUS_OK;
    }
    for (int64_t i = 0; i < patch->array->length; i++)
        bits[i >> 3] = (uint8_t)(bits[i >> 3] | (1u << (i & 7)));
    return STATUS_OK;
}

/* 2^63 and 2^64 are doubles, the largest 64-bit integers are not: compare before converting. */
static int64_t to_signed(double value, double low, double high)
{
    double rounded = rint(value);
    if (isnan(rounded)) return 0;
    if (rounded <= low) return (int64_t)low;
    if (rounded >= high) return high >= 0x1p63 ? INT64_MAX : (int64_t)high;
    return (int64_t)rounded;
}

static uint64_t to_unsigned(double value, double high)
{
    double rounded = rint(value);
    if (isnan(rounded) || rounded <= 0) return 0;
    if (rounded >= high) return high >= 0x1p64 ? UINT64_MAX : (uint64_t)high;
    return (uint64_t)rounded;
}

/* To the nearest that the scale can say, at most 10^precision - 1: a double's bits beyond that are
 * no digits of the number it stands for, so they go through its shortest text. */
static void store_decimal(const struct type *type, uint8_t *values, int64_t row, double value)
{
    char text[64];
    int128 decimal = 0;
    snprintf(text, sizeof text, "%.15g", value);
    if (strtod(text, NULL) != value) snprintf(text, sizeof text, "%.17g", value);
    if (!number_decimal(str_of(text), STYLE_POINT, type->precision, type->scale, ROUND_HALF_EVEN,
                        &decimal)) {
        for (int i = 0; i < type->precision && !isnan(value); i++)
            decimal = decimal * 10 + (value < 0 ? -9 : 9);
    }
    memcpy(values + 16 * row, &decimal, sizeof decimal);
}

static void store(const struct type *type, void *values, int64_t row, double value)
{
    switch (type->id) {
    case TYPE_DECIMAL128: store_decimal(type, values, row, value); break;
    case TYPE_FLOAT16: ((uint16_t *)values)[row] = half_from_double(value); break;
    case TYPE_FLOAT32: ((float *)values)[row] = (float)value; break;
    case TYPE_FLOAT64: ((double *)values)[row] = value; break;
    case TYPE_INT8: ((int8_t *)values)[row] = (int8_t)to_signed(value, -128, 127); break;
    case TYPE_INT16: ((int16_t *)values)[row] = (int16_t)to_signed(value, -32768, 32767); break;
    case TYPE_INT32:
    case TYPE_DATE32:
        ((int32_t *)values)[row] = (int32_t)to_signed(value, -0x1p31, 0x1p31 - 1);
        break;
    case TYPE_INT64:
    case TYPE_TIMESTAMP: ((int64_t *)values)[row] = to_signed(value, -0x1p63, 0x1p63); break;
    case TYPE_UINT8: ((uint8_t *)values)[row] = (uint8_t)to_unsigned(value, 255); break;
    case TYPE_UINT16: ((uint16_t *)values)[row] = (uint16_t)to_unsigned(value, 65535); break;
    case TYPE_UINT32: ((uint32_t *)values)[row] = (uint32_t)to_unsigned(value, 0x1p32 - 1); break;
    default: ((uint64_t *)values)[row] = to_unsigned(value, 0x1p64); break;
    }
}

enum status patch_number(struct patch *patch, int64_t row, double value, struct err *err)
{
    TRY(copy_values(patch, err));
    if (patch->array->validity.data != NULL) {
        TRY(copy_validity(patch, err));
        uint8_t *bits = buffer_writable(&patch->validity);
        bits[row >> 3] = (uint8_t)(bits[row >> 3] | (1u << (row & 7)));
    }
    store(&patch->field->type, buffer_writable(&patch->values), row, value);
    patch->cells++;
    return STATUS_OK;
}

enum status patch_null(struct patch *patch, int64_t row, struct err *err)
{
    TRY(copy_values(patch, err));
    TRY(copy_validity(patch, err));
    uint8_t *bits = buffer_writable(&patch->validity);
    bits[row >> 3] = (uint8_t)(bits[row >> 3] & ~(1u << (row & 7)));
    size_t width = type_width(&patch->field->type);
    memset(buffer_writable(&patch->values) + (size_t)row * width, 0, width);
    patch->cells++;
    return STATUS_OK;
}

static int64_t count_nulls(const struct buffer *validity, int64_t rows)
{
    int64_t nulls = 0;
    if (validity->data == NULL) return 0;
    for (int64_t i = 0; i < rows; i++)
        nulls += ((validity->data[i >> 3] >> (i & 7)) & 1) == 0;
    return nulls;
}

enum status patch_finish(struct patch *patch, struct array **ret, struct err *err)
{
    if (patch->values.data == NULL) {
        *ret = array_ref(patch->array);
        return STATUS_OK;
    }
    struct buffer values = patch->values, validity = patch->validity;
    patch->values = patch->validity = (struct buffer){0};
    int64_t nulls = count_nulls(&validity, patch->array->length);
    if (nulls == 0) {
        buffer_unref(&validity);
        validity = (struct buffer){0};
    }
    return array_make(ret, patch->array->length, nulls, validity, &values, 1, NULL, 0, NULL, err);
}

void patch_release(struct patch *patch)
{
    buffer_unref(&patch->values);
    buffer_unref(&patch->validity);
}
