/* columnar/slot.c: one value of an array of any type: reading, comparing, hashing keys. */
#include "base/memory.h"
#include "columnar/layout.h"

#include <math.h>

int64_t run_of(const struct field *field, const struct array *array, int64_t row)
{
    const struct array *ends = array->children[0];
    enum type_id id = field->children[0].type.id;
    int64_t low = 0, high = ends->length;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (integer_at(id, ends, middle) <= row)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int64_t integer_at(enum type_id id, const struct array *array, int64_t row)
{
    const void *data = array->buffers[0].data;
    switch (id) {
    case TYPE_INT8: return ((const int8_t *)data)[row];
    case TYPE_INT16: return ((const int16_t *)data)[row];
    case TYPE_INT32: return ((const int32_t *)data)[row];
    case TYPE_UINT8: return ((const uint8_t *)data)[row];
    case TYPE_UINT16: return ((const uint16_t *)data)[row];
    case TYPE_UINT32: return ((const uint32_t *)data)[row];
    default: return ((const int64_t *)data)[row];
    }
}

void integer_put(enum type_id id, uint8_t *data, int64_t row, int64_t value)
{
    void *to = data;
    switch (id) {
    case TYPE_INT8:
    case TYPE_UINT8: data[row] = (uint8_t)value; break;
    case TYPE_INT16:
    case TYPE_UINT16: ((uint16_t *)to)[row] = (uint16_t)value; break;
    case TYPE_INT32:
    case TYPE_UINT32: ((uint32_t *)to)[row] = (uint32_t)value; break;
    default: ((int64_t *)to)[row] = value;
    }
}

struct view {
    int32_t size;
    union {
        char inlined[12];
        struct {
            char prefix[4];
            int32_t buffer, offset;
        } far;
    } text;
};

static struct str view_bytes(const struct array *array, int64_t row)
{
    const struct view *view = (const struct view *)(const void *)array->buffers[0].data + row;
    if (view->size <= 12) return (struct str){view->text.inlined, (size_t)view->size};
    const uint8_t *data = array->buffers[1 + view->text.far.buffer].data;
    return (struct str){(const char *)data + view->text.far.offset, (size_t)view->size};
}

/* Bytes of a text or binary slot of layout BYTES, BYTES_LARGE or VIEW. */
static struct str text_bytes(enum layout layout, const struct array *array, int64_t row)
{
    if (layout == LAYOUT_VIEW) return view_bytes(array, row);
    bool large = layout == LAYOUT_BYTES_LARGE;
    int64_t first = offset_at(&array->buffers[0], large, row);
    int64_t end = offset_at(&array->buffers[0], large, row + 1);
    if (end == first) return (struct str){NULL, 0};
    return (struct str){(const char *)array->buffers[1].data + first, (size_t)(end - first)};
}

struct str slot_bytes(const struct field *field, const struct array *array, int64_t row)
{
    enum layout layout = field_info(field)->layout;
    if (layout != LAYOUT_FIXED) return text_bytes(layout, array, row);
    size_t width = field_width(field);
    if (width == 0) return (struct str){NULL, 0};
    return (struct str){(const char *)array->buffers[0].data + (size_t)row * width, width};
}

/* ---- items of nested values ---- */

void list_range(const struct field *field, const struct array *array, int64_t row,
                int64_t *ret_first, int64_t *ret_count)
{
    enum layout layout = field_info(field)->layout;
    bool large = layout_is_large(layout);
    if (layout == LAYOUT_LIST_FIXED) {
        *ret_first = row * field->type.width;
        *ret_count = field->type.width;
        return;
    }
    *ret_first = offset_at(&array->buffers[0], large, row);
    if (layout == LAYOUT_LIST_VIEW || layout == LAYOUT_LIST_VIEW_LARGE)
        *ret_count = offset_at(&array->buffers[1], large, row);
    else
        *ret_count = offset_at(&array->buffers[0], large, row + 1) - *ret_first;
}

size_t union_child(const struct field *field, const struct array *array, int64_t row,
                   int64_t *ret_row)
{
    int8_t id = ((const int8_t *)(const void *)array->buffers[0].data)[row];
    *ret_row = field->type.id == TYPE_DENSE_UNION ? offset_at(&array->buffers[1], false, row) : row;
    for (size_t i = 0; i < field->child_count; i++)
        if (field->type.union_ids[i] == id) return i;
    return 0;
}

/* ---- equality ---- */

static bool lists_equal(const struct field *field, const struct array *a, int64_t i,
                        const struct array *b, int64_t j)
{
    int64_t a_first, a_count, b_first, b_count;
    list_range(field, a, i, &a_first, &a_count);
    list_range(field, b, j, &b_first, &b_count);
    if (a_count != b_count) return false;
    for (int64_t k = 0; k < a_count; k++)
        if (!slot_equal(field->children, a->children[0], a_first + k, b->children[0], b_first + k))
            return false;
    return true;
}

static bool structs_equal(const struct field *field, const struct array *a, int64_t i,
                          const struct array *b, int64_t j)
{
    for (size_t k = 0; k < field->child_count; k++)
        if (!slot_equal(&field->children[k], a->children[k], i, b->children[k], j)) return false;
    return true;
}

static bool unions_equal(const struct field *field, const struct array *a, int64_t i,
                         const struct array *b, int64_t j)
{
    int64_t a_row, b_row;
    size_t a_child = union_child(field, a, i, &a_row), b_child = union_child(field, b, j, &b_row);
    return a_child == b_child && slot_equal(&field->children[a_child], a->children[a_child], a_row,
                                            b->children[b_child], b_row);
}

bool slot_equal(const struct field *field, const struct array *a, int64_t i, const struct array *b,
                int64_t j)
{
    bool null = array_is_null(a, i);
    if (null != array_is_null(b, j)) return false;
    if (null) return true;
    if (field->dictionary) {
        struct field values = field_values(field);
        return slot_equal(&values, a->dictionary, integer_at(field->index, a, i), b->dictionary,
                          integer_at(field->index, b, j));
    }
    switch (field_info(field)->layout) {
    case LAYOUT_NULL: return true;
    case LAYOUT_BITS: return array_bool(a, i) == array_bool(b, j);
    case LAYOUT_FIXED:
    case LAYOUT_BYTES:
    case LAYOUT_BYTES_LARGE:
    case LAYOUT_VIEW: return str_equal(slot_bytes(field, a, i), slot_bytes(field, b, j));
    case LAYOUT_STRUCT: return structs_equal(field, a, i, b, j);
    case LAYOUT_UNION_SPARSE:
    case LAYOUT_UNION_DENSE: return unions_equal(field, a, i, b, j);
    case LAYOUT_RUN_END:
        return slot_equal(&field->children[1], a->children[1], run_of(field, a, i), b->children[1],
                          run_of(field, b, j));
    default: return lists_equal(field, a, i, b, j);
    }
}

static bool fixed_equal(const struct field *field, const struct array *a, const struct array *b)
{
    size_t size = (size_t)a->length * field_width(field);
    return size == 0 || memcmp(a->buffers[0].data, b->buffers[0].data, size) == 0;
}

bool array_equal(const struct field *field, const struct array *a, const struct array *b)
{
    if (a == b) return true;
    if (a->length != b->length || a->null_count != b->null_count) return false;
    if (field_info(field)->layout == LAYOUT_FIXED && !field->dictionary && a->null_count == 0)
        return fixed_equal(field, a, b);
    for (int64_t i = 0; i < a->length; i++)
        if (!slot_equal(field, a, i, b, i)) return false;
    return true;
}

/* ---- keys ---- */

static enum status key_bytes(struct str text, struct bytes *ret, struct err *err)
{
    uint64_t size = text.size;
    TRY(bytes_append(ret, &size, sizeof size, err));
    return bytes_append(ret, text.data, text.size, err);
}

static enum status key_list(const struct field *field, const struct array *array, int64_t row,
                            struct bytes *ret, struct err *err)
{
    int64_t first, count;
    list_range(field, array, row, &first, &count);
    TRY(bytes_append(ret, &count, sizeof count, err));
    for (int64_t k = 0; k < count; k++)
        TRY(slot_key(field->children, array->children[0], first + k, ret, err));
    return STATUS_OK;
}

static enum status key_nested(const struct field *field, const struct array *array, int64_t row,
                              struct bytes *ret, struct err *err)
{
    int64_t child_row = row;
    switch (field_info(field)->layout) {
    case LAYOUT_STRUCT:
        for (size_t k = 0; k < field->child_count; k++)
            TRY(slot_key(&field->children[k], array->children[k], row, ret, err));
        return STATUS_OK;
    case LAYOUT_UNION_SPARSE:
    case LAYOUT_UNION_DENSE: {
        uint64_t child = union_child(field, array, row, &child_row);
        TRY(bytes_append(ret, &child, sizeof child, err));
        return slot_key(&field->children[child], array->children[child], child_row, ret, err);
    }
    case LAYOUT_RUN_END:
        child_row = run_of(field, array, row);
        return slot_key(&field->children[1], array->children[1], child_row, ret, err);
    default: return key_list(field, array, row, ret, err);
    }
}

enum status slot_key(const struct field *field, const struct array *array, int64_t row,
                     struct bytes *ret, struct err *err)
{
    uint8_t valid = !array_is_null(array, row);
    TRY(bytes_append(ret, &valid, 1, err));
    if (!valid) return STATUS_OK;
    if (field->dictionary) {
        struct field values = field_values(field);
        return slot_key(&values, array->dictionary, integer_at(field->index, array, row), ret, err);
    }
    switch (field_info(field)->layout) {
    case LAYOUT_NULL: return STATUS_OK;
    case LAYOUT_BITS: valid = array_bool(array, row); return bytes_append(ret, &valid, 1, err);
    case LAYOUT_FIXED:
    case LAYOUT_BYTES:
    case LAYOUT_BYTES_LARGE:
    case LAYOUT_VIEW: return key_bytes(slot_bytes(field, array, row), ret, err);
    default: return key_nested(field, array, row, ret, err);
    }
}

/* ---- as text and number ---- */

bool array_text_at(const struct field *field, const struct array *array, int64_t row,
                   struct str *ret)
{
    enum layout layout = type_table[field->type.id].layout; /* of the values */
    if (layout != LAYOUT_BYTES && layout != LAYOUT_BYTES_LARGE && layout != LAYOUT_VIEW)
        return false;
    if (array_is_null(array, row)) return false;
    if (field->dictionary) {
        row = integer_at(field->index, array, row);
        array = array->dictionary;
        if (array_is_null(array, row)) return false;
    }
    *ret = text_bytes(layout, array, row);
    return true;
}

/* IEEE 754 binary16. */
double half_to_double(uint16_t half)
{
    int exponent = (half >> 10) & 31, fraction = half & 1023;
    double value = exponent == 0    ? ldexp(fraction, -24)
                   : exponent == 31 ? (fraction == 0 ? HUGE_VAL : (double)NAN)
                                    : ldexp(fraction + 1024, exponent - 25);
    return (half & 0x8000) != 0 ? -value : value;
}

uint16_t half_from_double(double value)
{
    uint16_t sign = signbit(value) ? 0x8000 : 0;
    double size = fabs(value);
    if (isnan(value)) return 0x7e00;
    if (size >= 65520) return (uint16_t)(sign | 0x7c00);
    if (size == 0) return sign;
    int exponent = 0;
    (void)frexp(size, &exponent);
    int step = exponent < -13 ? -24 : exponent - 11; /* of the last place */
    long units = lrint(ldexp(size, -step));
    return (uint16_t)(sign | (((step + 24) << 10) + units));
}

static double decimal_number(const uint8_t *data, size_t width, int32_t scale)
{
    bool negative = (data[width - 1] & 0x80) != 0;
    double value = 0;
    for (size_t i = width; i-- > 0;)
        value = value * 256 + (negative ? (uint8_t)~data[i] : data[i]);
    if (negative) value = -(value + 1);
    return value / pow(10, scale);
}

static bool fixed_number(const struct type *type, const struct array *array, int64_t row,
                         double *ret)
{
    const void *data = array->buffers[0].data;
    size_t width = type_width(type);
    switch (type->id) {
    case TYPE_FLOAT16: *ret = half_to_double(((const uint16_t *)data)[row]); return true;
    case TYPE_FLOAT32: *ret = (double)((const float *)data)[row]; return true;
    case TYPE_FLOAT64: *ret = ((const double *)data)[row]; return true;
    case TYPE_UINT64: *ret = (double)((const uint64_t *)data)[row]; return true;
    case TYPE_DATE32:
    case TYPE_TIME32: *ret = (double)((const int32_t *)data)[row]; return true;
    case TYPE_DATE64:
    case TYPE_TIME64:
    case TYPE_TIMESTAMP:
    case TYPE_DURATION: *ret = (double)((const int64_t *)data)[row]; return true;
    case TYPE_DECIMAL32:
    case TYPE_DECIMAL64:
    case TYPE_DECIMAL128:
    case TYPE_DECIMAL256:
        *ret = decimal_number((const uint8_t *)data + (size_t)row * width, width, type->scale);
        return true;
    default:
        if (!type_is_integer(type->id)) return false;
        *ret = (double)integer_at(type->id, array, row);
        return true;
    }
}

bool array_number_at(const struct field *field, const struct array *array, int64_t row, double *ret)
{
    if (array_is_null(array, row)) return false;
    if (field->dictionary) {
        struct field values = field_values(field);
        return array_number_at(&values, array->dictionary, integer_at(field->index, array, row),
                               ret);
    }
    if (field->type.id == TYPE_BOOL) {
        *ret = array_bool(array, row) ? 1 : 0;
        return true;
    }
    return fixed_number(&field->type, array, row, ret);
}
