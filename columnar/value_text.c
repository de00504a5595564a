/* columnar/value_text.c: one value of any Arrow type as text, for people and for JSON. */
#include "columnar/value_text.h"

#include "base/html.h"

#include <math.h>

#define DEPTH_MAXIMUM 64

static int64_t integer_at(enum type_id type, const uint8_t *data, int64_t row)
{
    switch (type) {
    case TYPE_INT8: return ((const int8_t *)(const void *)data)[row];
    case TYPE_INT16: return ((const int16_t *)(const void *)data)[row];
    case TYPE_INT32: return ((const int32_t *)(const void *)data)[row];
    case TYPE_UINT8: return data[row];
    case TYPE_UINT16: return ((const uint16_t *)(const void *)data)[row];
    case TYPE_UINT32: return ((const uint32_t *)(const void *)data)[row];
    default: return ((const int64_t *)(const void *)data)[row];
    }
}

/* The run of a run-end encoded column that `row` is in: the first end above it. */
static int64_t run_of(const struct field *field, const struct array *array, int64_t row)
{
    const struct array *ends = array->children[0];
    int64_t low = 0, high = ends->length - 1;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (integer_at(field->children[0].type.id, ends->buffers[0].data, middle) > row)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* The child of a union that holds `row`, and the slot in it. */
static size_t union_child(const struct field *field, const struct array *array, int64_t row,
                          int64_t *ret_slot)
{
    int8_t id = ((const int8_t *)(const void *)array->buffers[0].data)[row];
    bool dense = field->type.id == TYPE_DENSE_UNION;
    *ret_slot = dense ? ((const int32_t *)(const void *)array->buffers[1].data)[row] : row;
    for (size_t i = 0; i < field->child_count; i++)
        if (field->type.union_ids == NULL ? (int64_t)i == id : field->type.union_ids[i] == id)
            return i;
    return 0;
}

/* Follows dictionaries, runs and unions to the array and slot that hold the value. */
struct place {
    const struct field *field;
    bool decoded; /* array holds the values of the field's dictionary */
    const struct array *array;
    int64_t row;
    bool null;
};

static struct place place_of(const struct field *field, const struct array *array, int64_t row)
{
    struct place place = {field, false, array, row, false};
    for (int depth = 0; depth < DEPTH_MAXIMUM; depth++) {
        const struct array *at = place.array;
        enum type_id id = place.field->type.id;
        bool encoded = place.field->dictionary && !place.decoded;
        place.null = (id == TYPE_NULL && !encoded) || array_is_null(at, place.row);
        if (place.null) return place;
        if (encoded) {
            place.row = integer_at(place.field->index, at->buffers[0].data, place.row);
            place.array = at->dictionary;
        } else if (id == TYPE_RUN_END) {
            place.row = run_of(place.field, at, place.row);
            place.array = at->children[1];
            place.field = &place.field->children[1];
        } else if (id == TYPE_SPARSE_UNION || id == TYPE_DENSE_UNION) {
            size_t child = union_child(place.field, at, place.row, &place.row);
            place.array = at->children[child];
            place.field = &place.field->children[child];
        } else {
            return place;
        }
        place.decoded = encoded;
    }
    return place;
}

bool value_is_null(const struct field *field, const struct array *array, int64_t row)
{
    return place_of(field, array, row).null;
}

bool value_is_numeric(const struct field *field)
{
    enum type_id id = field->type.id;
    return type_is_number(id) || (id >= TYPE_DECIMAL32 && id <= TYPE_DECIMAL256);
}

/* ---- text and bytes ---- */

static struct str large_text(const struct array *array, int64_t row)
{
    const int64_t *offsets = (const int64_t *)(const void *)array->buffers[0].data;
    if (offsets == NULL) return (struct str){NULL, 0};
    return (struct str){(const char *)array->buffers[1].data + offsets[row],
                        (size_t)(offsets[row + 1] - offsets[row])};
}

/* A view is 16 bytes: length, then the text itself or a prefix, buffer number and offset. */
static struct str view_text(const struct array *array, int64_t row)
{
    const uint8_t *view = array->buffers[0].data + row * 16;
    int32_t parts[4];
    memcpy(parts, view, sizeof parts);
    if (parts[0] <= 12) return (struct str){(const char *)view + 4, (size_t)parts[0]};
    const uint8_t *data = array->buffers[1 + parts[2]].data;
    return (struct str){(const char *)data + parts[3], (size_t)parts[0]};
}

static struct str bytes_at(const struct place *place)
{
    size_t width = (size_t)place->field->type.width;
    switch (place->field->type.id) {
    case TYPE_UTF8:
    case TYPE_BINARY: return array_text(place->array, place->row);
    case TYPE_LARGE_UTF8:
    case TYPE_LARGE_BINARY: return large_text(place->array, place->row);
    case TYPE_UTF8_VIEW:
    case TYPE_BINARY_VIEW: return view_text(place->array, place->row);
    default:
        return (struct str){
            (const char *)place->array->buffers[0].data + (size_t)place->row * width, width};
    }
}

static bool type_is_binary(enum type_id id)
{
    return id == TYPE_BINARY || id == TYPE_LARGE_BINARY || id == TYPE_BINARY_VIEW ||
           id == TYPE_FIXED_BINARY;
}

static bool type_is_nested(enum type_id id)
{
    return id == TYPE_LIST || id == TYPE_LARGE_LIST || id == TYPE_FIXED_LIST || id == TYPE_STRUCT ||
           id == TYPE_MAP || id == TYPE_LIST_VIEW || id == TYPE_LARGE_LIST_VIEW;
}

/* ---- scalars ---- */

static enum status append_base64(struct str value, struct bytes *ret, struct err *err)
{
    return bytes_append_base64(ret, value.data, value.size, err);
}

static enum status append_integer(uint64_t magnitude, bool negative, struct bytes *ret,
                                  struct err *err)
{
    char text[24];
    size_t at = sizeof text;
    do {
        text[--at] = (char)('0' + magnitude % 10);
        magnitude /= 10;
    } while (magnitude > 0);
    if (negative) text[--at] = '-';
    return bytes_append(ret, text + at, sizeof text - at, err);
}

static enum status append_scalar(const struct place *place, struct bytes *ret, struct err *err)
{
    char text[256];
    enum type_id id = place->field->type.id;
    if (type_is_integer(id)) {
        int64_t value = integer_at(id, place->array->buffers[0].data, place->row);
        bool negative = id != TYPE_UINT64 && value < 0;
        uint64_t magnitude = negative ? 0 - (uint64_t)value : (uint64_t)value;
        return append_integer(magnitude, negative, ret, err);
    }
    if (id == TYPE_BOOL)
        return bytes_append_text(ret, array_bool(place->array, place->row) ? "true" : "false", err);
    struct field values = *place->field;
    values.dictionary = false;
    array_value_text(&values, place->array, place->row, text, sizeof text);
    return bytes_append_text(ret, text, err);
}

/* ---- JSON ---- */

static enum status json_at(const struct field *field, const struct array *array, int64_t row,
                           int depth, struct bytes *ret, struct err *err);

/* First item and number of items of a list row. */
static void list_span(const struct place *place, int64_t *ret_first, int64_t *ret_count)
{
    const struct array *array = place->array;
    int64_t row = place->row;
    const uint8_t *offsets = array->buffer_count > 0 ? array->buffers[0].data : NULL;
    switch (place->field->type.id) {
    case TYPE_FIXED_LIST:
        *ret_first = row * place->field->type.width;
        *ret_count = place->field->type.width;
        return;
    case TYPE_LARGE_LIST:
        *ret_first = integer_at(TYPE_INT64, offsets, row);
        *ret_count = integer_at(TYPE_INT64, offsets, row + 1) - *ret_first;
        return;
    case TYPE_LIST_VIEW:
        *ret_first = integer_at(TYPE_INT32, offsets, row);
        *ret_count = integer_at(TYPE_INT32, array->buffers[1].data, row);
        return;
    case TYPE_LARGE_LIST_VIEW:
        *ret_first = integer_at(TYPE_INT64, offsets, row);
        *ret_count = integer_at(TYPE_INT64, array->buffers[1].data, row);
        return;
    default:
        *ret_first = integer_at(TYPE_INT32, offsets, row);
        *ret_count = integer_at(TYPE_INT32, offsets, row + 1) - *ret_first;
    }
}

static enum status json_list(const struct place *place, int depth, struct bytes *ret,
                             struct err *err)
{
    int64_t first, count;
    list_span(place, &first, &count);
    TRY(bytes_append(ret, "[", 1, err));
    for (int64_t i = 0; i < count; i++) {
        if (i > 0) TRY(bytes_append(ret, ",", 1, err));
        TRY(json_at(&place->field->children[0], place->array->children[0], first + i, depth + 1,
                    ret, err));
    }
    return bytes_append(ret, "]", 1, err);
}

static enum status json_struct(const struct place *place, int depth, struct bytes *ret,
                               struct err *err)
{
    TRY(bytes_append(ret, "{", 1, err));
    for (size_t i = 0; i < place->field->child_count; i++) {
        if (i > 0) TRY(bytes_append(ret, ",", 1, err));
        TRY(bytes_append_json(ret, str_of(place->field->children[i].name), err));
        TRY(bytes_append(ret, ":", 1, err));
        TRY(json_at(&place->field->children[i], place->array->children[i], place->row, depth + 1,
                    ret, err));
    }
    return bytes_append(ret, "}", 1, err);
}

static enum status json_real(const struct place *place, struct bytes *ret, struct err *err)
{
    double value = 0;
    struct field values = *place->field;
    values.dictionary = false;
    bool known = array_number_at(&values, place->array, place->row, &value);
    if (!known || isfinite(value)) return append_scalar(place, ret, err);
    const char *text = isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    return bytes_append_text(ret, text, err);
}

static enum status json_quoted(const struct place *place, struct bytes *ret, struct err *err)
{
    TRY(bytes_append(ret, "\"", 1, err));
    if (type_is_binary(place->field->type.id))
        TRY(append_base64(bytes_at(place), ret, err));
    else
        TRY(append_scalar(place, ret, err));
    return bytes_append(ret, "\"", 1, err);
}

static enum status json_place(const struct place *place, int depth, struct bytes *ret,
                              struct err *err)
{
    enum type_id id = place->field->type.id;
    if (place->null) return bytes_append(ret, "null", 4, err);
    if (depth > DEPTH_MAXIMUM)
        return fail(err, STATUS_FAILED, "column \"%s\" is nested deeper than %d",
                    place->field->name, DEPTH_MAXIMUM);
    if (id == TYPE_STRUCT) return json_struct(place, depth, ret, err);
    if (type_is_nested(id)) return json_list(place, depth, ret, err);
    if (type_is_text(id)) return bytes_append_json(ret, bytes_at(place), err);
    if (id == TYPE_BOOL || type_is_integer(id)) return append_scalar(place, ret, err);
    if (value_is_numeric(place->field)) return json_real(place, ret, err);
    return json_quoted(place, ret, err);
}

static enum status json_at(const struct field *field, const struct array *array, int64_t row,
                           int depth, struct bytes *ret, struct err *err)
{
    struct place place = place_of(field, array, row);
    return json_place(&place, depth, ret, err);
}

enum status value_json(const struct field *field, const struct array *array, int64_t row,
                       struct bytes *ret, struct err *err)
{
    return json_at(field, array, row, 0, ret, err);
}

enum status value_plain(const struct field *field, const struct array *array, int64_t row,
                        struct bytes *ret, struct err *err)
{
    struct place place = place_of(field, array, row);
    if (place.null) return STATUS_OK;
    enum type_id id = place.field->type.id;
    if (type_is_nested(id)) return json_place(&place, 0, ret, err);
    if (type_is_binary(id)) return append_base64(bytes_at(&place), ret, err);
    if (type_is_text(id)) {
        struct str text = bytes_at(&place);
        return bytes_append(ret, text.data, text.size, err);
    }
    return append_scalar(&place, ret, err);
}
