/* clean/types_convert.c: one column of one window from text to its type. */
#include "clean/types_column.h"
#include "columnar/distinct.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

#define CELL_TEXT 64 /* of a value that is no text already */

/* ---- the cell as text ---- */

bool types_cell(const struct field *field, const struct array *array, int64_t row, char *room,
                size_t size, struct str *ret)
{
    if (array_is_null(array, row)) return false;
    if (field->type.id == TYPE_UTF8 && !field->dictionary) {
        *ret = array_text(array, row);
        return true;
    }
    if (field->type.id == TYPE_UTF8 || field->type.id == TYPE_BINARY)
        return array_text_at(field, array, row, ret);
    *ret = str_of(array_value_text(field, array, row, room, size));
    return true;
}

/* ---- fixed-width values ---- */

/* A converted value on its way into a buffer. */
union value {
    int64_t whole;
    int128 decimal;
    double real;
};

/* "12.0" is a whole number where the column is one. */
static bool read_whole(const struct types_column *column, struct str text, int64_t *ret)
{
    double real = 0;
    if (number_whole(text, column->style, ret)) return integer_fits(column->field.type.id, *ret);
    if (!number_real(text, column->style, &real)) return false;
    if (real != floor(real) || fabs(real) > 9007199254740992.0) return false;
    *ret = (int64_t)real;
    return integer_fits(column->field.type.id, *ret);
}

static bool read_real(const struct types_column *column, struct str text, double *ret)
{
    if (!number_real(text, column->style, ret)) return false;
    double most = column->field.type.id == TYPE_FLOAT32 ? (double)FLT_MAX : DBL_MAX;
    return fabs(*ret) <= most;
}

static bool read_moment(const struct types_column *column, bool zones, struct str text,
                        int64_t *ret)
{
    struct date_text date;
    struct date_reading reading;
    if (!date_scan(text, &date) || !date_read(&date, column->order, &reading)) return false;
    int64_t time = date_time_of_day(&reading);
    if (column->kind == KIND_TIME) {
        *ret = time;
        return !reading.has_date;
    }
    if (!reading.has_date) return false;
    if (column->kind == KIND_TIMESTAMP) {
        *ret = date_micros(&reading, zones);
        return true;
    }
    *ret = date_days(&reading);
    return time == 0; /* a time would be lost */
}

static bool read_value(const struct types_column *column, bool zones, struct str text,
                       union value *ret)
{
    int pair = 0;
    switch (column->kind) {
    case KIND_BOOL: ret->whole = types_bool(text, &pair); return ret->whole >= 0;
    case KIND_WHOLE: return read_whole(column, text, &ret->whole);
    case KIND_REAL: return read_real(column, text, &ret->real);
    case KIND_DECIMAL:
        return number_decimal(text, column->style, column->field.type.precision,
                              column->field.type.scale, column->rounding, &ret->decimal);
    case KIND_DATE:
    case KIND_TIMESTAMP:
    case KIND_TIME: return read_moment(column, zones, text, &ret->whole);
    case KIND_AUTO:
    case KIND_TEXT:
    case KIND_CATEGORY: break;
    }
    return false;
}

static void store(enum type_id id, uint8_t *values, int64_t row, union value value)
{
    void *place = values;
    switch (id) {
    case TYPE_BOOL: values[row >> 3] |= (uint8_t)((unsigned)value.whole << (row & 7)); break;
    case TYPE_INT8:
    case TYPE_UINT8: ((uint8_t *)place)[row] = (uint8_t)value.whole; break;
    case TYPE_INT16:
    case TYPE_UINT16: ((uint16_t *)place)[row] = (uint16_t)value.whole; break;
    case TYPE_INT32:
    case TYPE_UINT32:
    case TYPE_DATE32: ((uint32_t *)place)[row] = (uint32_t)value.whole; break;
    case TYPE_FLOAT32: ((float *)place)[row] = (float)value.real; break;
    case TYPE_FLOAT64: ((double *)place)[row] = value.real; break;
    case TYPE_DECIMAL128: memcpy(values + 16 * row, &value.decimal, sizeof value.decimal); break;
    default: ((int64_t *)place)[row] = value.whole; break;
    }
}

static void unfits_release(struct types_unfits *unfits)
{
    memory_free(unfits->items);
}

static enum status note_unfit(struct types_unfits *unfits, int64_t row, size_t column,
                              struct err *err)
{
    if (unfits->count == unfits->room) {
        size_t room = unfits->room == 0 ? 64 : 2 * unfits->room;
        struct types_unfit *items = memory_resize(unfits->items, room, sizeof *items);
        if (items == NULL) return fail_memory(err, room * sizeof *items);
        unfits->items = items;
        unfits->room = room;
    }
    unfits->items[unfits->count++] = (struct types_unfit){row, column};
    return STATUS_OK;
}

struct str types_without_unit(const struct types_column *column, struct str text)
{
    size_t size = column->unit.size;
    text = str_trim(text);
    if (size == 0) return text;
    if (str_is(column->unit, "any")) return number_without_unit(text);
    if (text.size <= size) return text;
    struct str end = {text.data + text.size - size, size};
    return str_equal(end, column->unit) ? str_trim((struct str){text.data, text.size - size})
                                        : text;
}

struct conversion {
    const struct types_column *column;
    size_t position;
    bool zones;
    const struct field *field; /* of what is converted */
    const struct array *array;
    struct buffer values, validity;
    int64_t nulls;
};

static enum status convert_rows(struct conversion *conversion, struct types_unfits *unfits,
                                struct err *err)
{
    const struct types_column *column = conversion->column;
    uint8_t *values = buffer_writable(&conversion->values);
    uint8_t *validity = buffer_writable(&conversion->validity);
    char room[CELL_TEXT];
    for (int64_t row = 0; row < conversion->array->length; row++) {
        struct str text;
        union value value = {0};
        bool filled =
            types_cell(conversion->field, conversion->array, row, room, sizeof room, &text) &&
            (text = types_without_unit(column, text)).size > 0;
        if (filled && read_value(column, conversion->zones, text, &value)) {
            validity[row >> 3] |= (uint8_t)(1u << (row & 7));
            store(column->field.type.id, values, row, value);
            continue;
        }
        conversion->nulls++;
        if (filled && !(column->kind == KIND_BOOL && types_undecided(text)))
            TRY(note_unfit(unfits, row, conversion->position, err));
    }
    return STATUS_OK;
}

static enum status convert_fixed(struct conversion *conversion, struct array **ret,
                                 struct types_unfits *unfits, struct err *err)
{
    size_t rows = (size_t)conversion->array->length;
    size_t width = type_width(&conversion->column->field.type);
    TRY(buffer_new(&conversion->values, width == 0 ? (rows + 7) / 8 : rows * width, err));
    enum status status = buffer_new(&conversion->validity, (rows + 7) / 8, err);
    if (status == STATUS_OK) status = convert_rows(conversion, unfits, err);
    if (status != STATUS_OK) {
        buffer_unref(&conversion->values);
        buffer_unref(&conversion->validity);
        return status;
    }
    if (conversion->nulls == 0) {
        buffer_unref(&conversion->validity);
        conversion->validity = (struct buffer){0};
    }
    return array_make(ret, (int64_t)rows, conversion->nulls, conversion->validity,
                      &conversion->values, 1, NULL, 0, NULL, err);
}

/* ---- once a value ---- */

/* The rows of the values that did not fit, in their order. */
static enum status spread_unfits(const struct distinct *distinct, int64_t rows,
                                 const struct types_unfits *values, struct types_unfits *unfits,
                                 struct err *err)
{
    uint8_t unfit[DISTINCT_MAXIMUM] = {0};
    for (size_t i = 0; i < values->count; i++)
        unfit[values->items[i].row] = 1;
    for (int64_t row = 0; row < rows && values->count > 0; row++)
        if (unfit[distinct->codes[row]] != 0)
            TRY(note_unfit(unfits, row, values->items[0].column, err));
    return STATUS_OK;
}

/* Each value is converted once and taken by its rows. */
static enum status convert_distinct(const struct conversion *rows, const struct distinct *distinct,
                                    struct array **ret, struct types_unfits *unfits,
                                    struct err *err)
{
    OWNED(array_unref) struct array *values = NULL;
    OWNED(unfits_release) struct types_unfits own = {0};
    OWNED(memory_release) int64_t *places = NULL;
    struct conversion conversion = *rows;
    int64_t count = rows->array->length;
    conversion.array = distinct->values;
    TRY(convert_fixed(&conversion, &values, &own, err));
    TRY(NEW(&places, (size_t)count, err));
    for (int64_t row = 0; row < count; row++)
        places[row] = distinct->codes[row];
    TRY(array_take(ret, &rows->column->field, values, places, count, err));
    return spread_unfits(distinct, count, &own, unfits, err);
}

/* ---- texts ---- */

static enum status convert_text(struct conversion *conversion, struct array **ret, struct err *err)
{
    OWNED(builder_close) struct builder *builder = NULL;
    const struct array *array = conversion->array;
    char room[CELL_TEXT];
    TRY(builder_open(&builder, &conversion->column->field, array->length, err));
    for (int64_t row = 0; row < array->length; row++) {
        struct str text;
        if (types_cell(conversion->field, array, row, room, sizeof room, &text))
            TRY(build_text(builder, text, err));
        else
            TRY(build_null(builder, err));
    }
    return builder_finish(builder, ret, err);
}

enum status types_convert(const struct types_column *column, size_t position, bool zones,
                          const struct batch *batch, struct array **ret,
                          struct types_unfits *unfits, struct err *err)
{
    struct conversion conversion = {
        .column = column,
        .position = position,
        .zones = zones,
        .field = &batch->schema->fields[column->index],
        .array = batch->columns[column->index],
    };
    if (column->kind == KIND_TEXT || column->kind == KIND_CATEGORY)
        return convert_text(&conversion, ret, err);
    const struct distinct *distinct = array_distinct(conversion.field, conversion.array);
    if (distinct != NULL) return convert_distinct(&conversion, distinct, ret, unfits, err);
    return convert_fixed(&conversion, ret, unfits, err);
}
