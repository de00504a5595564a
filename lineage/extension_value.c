/* extension_value.c: Arrow values as SQLite values.
 *
 * Integers and bools become INTEGER (above 2^63 - 1: TEXT), floats REAL (NaN is NULL in SQLite),
 * binary BLOB, text TEXT; everything else is the text that CSV shows: JSON where it is nested. */
#include "lineage/extension.h"

#include "columnar/value_text.h"

SQLITE_EXTENSION_INIT3

#define TEXT_MAXIMUM ((size_t)64 << 20)

static bool is_binary(enum type_id id)
{
    return id == TYPE_BINARY || id == TYPE_LARGE_BINARY || id == TYPE_BINARY_VIEW ||
           id == TYPE_FIXED_BINARY;
}

static bool is_real(enum type_id id)
{
    return id >= TYPE_FLOAT16 && id <= TYPE_FLOAT64;
}

const char *extension_type(const struct field *field)
{
    enum type_id id = field->type.id;

    if (id == TYPE_BOOL || type_is_integer(id)) return "INTEGER";
    if (is_real(id)) return "REAL";
    return is_binary(id) ? "BLOB" : "TEXT";
}

static int64_t integer(enum type_id type, const struct array *array, int64_t row)
{
    const void *data = array_values(array);

    switch (type) {
    case TYPE_INT8: return ((const int8_t *)data)[row];
    case TYPE_INT16: return ((const int16_t *)data)[row];
    case TYPE_INT32: return ((const int32_t *)data)[row];
    case TYPE_UINT8: return ((const uint8_t *)data)[row];
    case TYPE_UINT16: return ((const uint16_t *)data)[row];
    case TYPE_UINT32: return ((const uint32_t *)data)[row];
    default: return ((const int64_t *)data)[row];
    }
}

/* Nested values are JSON, for SQLite's functions on it. */
static void result_text(sqlite3_context *context, const struct field *field,
                        const struct array *array, int64_t row)
{
    OWNED(bytes_release) struct bytes text = bytes_limited(TEXT_MAXIMUM);

    if (value_is_null(field, array, row))
        sqlite3_result_null(context);
    else if (value_plain(field, array, row, &text, NULL) != STATUS_OK)
        sqlite3_result_error_nomem(context);
    else
        sqlite3_result_text64(context, text.size == 0 ? "" : (const char *)text.data, text.size,
                              SQLITE_TRANSIENT, SQLITE_UTF8);
}

static void result_bytes(sqlite3_context *context, enum type_id id, struct str bytes)
{
    const char *data = bytes.data == NULL ? "" : bytes.data;

    if (is_binary(id))
        sqlite3_result_blob64(context, data, bytes.size, SQLITE_TRANSIENT);
    else
        sqlite3_result_text64(context, data, bytes.size, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static void result_plain(sqlite3_context *context, const struct field *field,
                         const struct array *array, int64_t row)
{
    enum type_id id = field->type.id;
    double real = 0;
    struct str bytes;

    if (id == TYPE_NULL || array_is_null(array, row))
        sqlite3_result_null(context);
    else if (id == TYPE_BOOL)
        sqlite3_result_int(context, array_bool(array, row));
    else if (type_is_integer(id) && (id != TYPE_UINT64 || integer(id, array, row) >= 0))
        sqlite3_result_int64(context, integer(id, array, row));
    else if (is_real(id) && array_number_at(field, array, row, &real))
        sqlite3_result_double(context, real);
    else if (id == TYPE_FIXED_BINARY) {
        size_t width = (size_t)field->type.width;
        bytes = (struct str){(const char *)array_values(array) + (size_t)row * width, width};
        result_bytes(context, id, bytes);
    } else if (array_text_at(field, array, row, &bytes))
        result_bytes(context, id, bytes);
    else
        result_text(context, field, array, row);
}

void extension_result(sqlite3_context *context, const struct field *field,
                      const struct array *array, int64_t row)
{
    struct field values = *field;

    if (!field->dictionary) {
        result_plain(context, field, array, row);
    } else if (array_is_null(array, row)) {
        sqlite3_result_null(context);
    } else {
        values.dictionary = false;
        result_plain(context, &values, array->dictionary, integer(field->index, array, row));
    }
}
