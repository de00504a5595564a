/* ingest/csv_columns.c: blocks of cells as arrays, and as what their columns may be.
 *
 * A block is taken column by column, so that each loop knows its type. */
#include "ingest/csv_parts.h"
#include "ingest/value_wide.h"

/* ---- classes ---- */

void csv_classify(const struct csv_block *block, uint8_t *classes, uint8_t *seen)
{
    for (size_t column = 0; column < block->columns; column++) {
        struct value_day day = {.known = false};
        unsigned among = classes[column];
        const struct csv_cell *cell = block->cells + column * block->stride;
        for (size_t row = 0; row < block->rows; row++, cell++) {
            if (cell->size == CSV_NULL || cell->size == 0) continue;
            seen[column] = 1;
            if (among == 0) break;
            struct str value = {(const char *)block->text + cell->at, cell->size};
            among &= value_classes(value, among, &day);
        }
        classes[column] = (uint8_t)among;
    }
}

/* ---- arrays ---- */

#define LIKELY_MORE 1.0625 /* rows to come may be a little longer */

struct column {
    enum type_id type;
    unsigned zones;                 /* VALUE_TIME, VALUE_TIME_ZONED: how moments may be written */
    bool never;                     /* no value was seen: none may come */
    size_t width;                   /* of a value; 0 for bool and utf8 */
    struct buffer validity, values; /* values: numbers, bits, or int32 offsets */
    struct bytes text;
    int64_t nulls;
};

struct csv_columns {
    const struct schema *schema;
    struct column *columns;
    int64_t rows, room;
    int64_t *records;
    bool misfit; /* a value was not of its column's type */
};

static enum status column_open(struct column *column, const struct field *field, int64_t rows,
                               struct err *err)
{
    size_t room = (size_t)rows;
    column->type = field->type.id;
    column->width = type_width(&field->type);
    column->text = bytes_limited(INT32_MAX);
    TRY(buffer_new(&column->validity, (room + 7) / 8, err));
    if (column->type == TYPE_UTF8) return buffer_new(&column->values, (room + 1) * 4, err);
    if (column->type == TYPE_BOOL) return buffer_new(&column->values, (room + 7) / 8, err);
    return buffer_new(&column->values, room * column->width, err);
}

enum status csv_columns_open(struct csv_columns **ret, const struct schema *schema,
                             const struct csv_types *types, int64_t rows, struct err *err)
{
    OWNED(csv_columns_close) struct csv_columns *columns = NULL;
    TRY(NEW(&columns, 1, err));
    columns->schema = schema;
    columns->room = rows;
    TRY(NEW(&columns->columns, schema->count, err));
    TRY(NEW(&columns->records, (size_t)rows, err));
    for (size_t i = 0; i < schema->count; i++) {
        struct column *column = &columns->columns[i];
        TRY(column_open(column, &schema->fields[i], rows, err));
        column->zones = types->classes[i] & (VALUE_TIME | VALUE_TIME_ZONED);
        column->never = types->classes[i] != 0 && types->seen[i] == 0;
    }
    *ret = columns;
    columns = NULL;
    return STATUS_OK;
}

static void set_bit(uint8_t *bits, size_t row)
{
    bits[row >> 3] = (uint8_t)(bits[row >> 3] | 1u << (row & 7));
}

/* ---- one column of a block: `base` rows stand before it; returns the row that does not fit, or
 * block->rows. A null keeps its zero. ---- */

#define TAKE_TYPED(name, type, parse)                                                              \
    static size_t take_##name(struct column *column, const struct csv_block *block,                \
                              const struct csv_cell *cells, size_t base)                           \
    {                                                                                              \
        uint8_t *validity = buffer_writable(&column->validity);                                    \
        type *values = (type *)(void *)buffer_writable(&column->values);                           \
        struct value_day day = {.known = false};                                                   \
        bool zoned = false;                                                                        \
        (void)day;                                                                                 \
        (void)zoned;                                                                               \
        for (size_t row = 0; row < block->rows; row++) {                                           \
            struct str value = {(const char *)block->text + cells[row].at, cells[row].size};       \
            if (value.size == CSV_NULL || value.size == 0) {                                       \
                column->nulls++;                                                                   \
                continue;                                                                          \
            }                                                                                      \
            if (!(parse)) return row;                                                              \
            set_bit(validity, base + row);                                                         \
        }                                                                                          \
        return block->rows;                                                                        \
    }

#define WIDE(row) (cells[row].at + WIDE_READS <= block->text_size)
TAKE_TYPED(ints, int64_t, value_int(value, &values[base + row]))
TAKE_TYPED(reals, double,
           (WIDE(row) && wide_real(value, &values[base + row])) ||
               value_real(value, &values[base + row]))
TAKE_TYPED(days, int32_t, value_date(value, &day, &values[base + row]))
TAKE_TYPED(moments, int64_t,
           value_time(value, &day, &values[base + row], &zoned) &&
               (column->zones & (zoned ? VALUE_TIME_ZONED : VALUE_TIME)) != 0)

static size_t take_bools(struct column *column, const struct csv_block *block,
                         const struct csv_cell *cells, size_t base)
{
    for (size_t row = 0; row < block->rows; row++) {
        struct str value = {(const char *)block->text + cells[row].at, cells[row].size};
        bool truth = false;
        if (value.size == CSV_NULL || value.size == 0) {
            column->nulls++;
            continue;
        }
        if (!value_bool(value, &truth)) return row;
        if (truth) set_bit(buffer_writable(&column->values), base + row);
        set_bit(buffer_writable(&column->validity), base + row);
    }
    return block->rows;
}

/* Room for `more` bytes that bring the rows to `rows` of `all`, and at once for the rows to come if
 * they are like those so far: growing step by step would copy every text again and again. */
static enum status reserve_text(struct bytes *text, size_t more, size_t rows, size_t all,
                                struct err *err)
{
    if (text->capacity - text->size >= more) return STATUS_OK;
    double each = (double)(text->size + more) / (double)rows;
    double rest = each * (double)(all - rows) * LIKELY_MORE;
    if (rest > (double)(text->limit / 2)) rest = 0;
    return bytes_reserve(text, more + (size_t)rest, err);
}

static enum status take_texts(struct column *column, const struct csv_block *block,
                              const struct csv_cell *cells, size_t base, size_t all,
                              struct err *err)
{
    uint8_t *validity = buffer_writable(&column->validity);
    int32_t *offsets = (int32_t *)(void *)buffer_writable(&column->values);
    size_t total = 0;
    for (size_t row = 0; row < block->rows; row++)
        total += cells[row].size == CSV_NULL ? 0 : cells[row].size;
    TRY(reserve_text(&column->text, total, base + block->rows, all, err));
    uint8_t *to = column->text.data;
    size_t at = column->text.size;
    for (size_t row = 0; row < block->rows; row++) {
        size_t size = cells[row].size;
        bool null = size == CSV_NULL;
        if (null) size = 0;
        if (size > 0) memcpy(to + at, block->text + cells[row].at, size);
        at += size;
        column->nulls += null;
        offsets[base + row + 1] = (int32_t)at;
        if (!null) set_bit(validity, base + row);
    }
    column->text.size = at;
    return STATUS_OK;
}

static enum status misfit(struct csv_columns *columns, const struct csv_block *block, size_t row,
                          size_t column, struct err *err)
{
    char shown[80];
    columns->misfit = true;
    escape_for_terminal(csv_cell_text(block, row, column), shown, sizeof shown);
    return fail(err, STATUS_FAILED, "record %lld: found \"%s\", which was not there at first",
                (long long)block->records[row], shown);
}

/* The first row with a byte of text, block->rows where there is none. */
static size_t first_value(const struct csv_block *block, const struct csv_cell *cells)
{
    size_t row = 0;
    while (row < block->rows && (cells[row].size == CSV_NULL || cells[row].size == 0))
        row++;
    return row;
}

static enum status take_column(struct csv_columns *columns, size_t index,
                               const struct csv_block *block, struct err *err)
{
    struct column *column = &columns->columns[index];
    const struct csv_cell *cells = block->cells + index * block->stride;
    size_t base = (size_t)columns->rows, taken;
    if (column->never && (taken = first_value(block, cells)) < block->rows)
        return misfit(columns, block, taken, index, err);
    switch (column->type) {
    case TYPE_UTF8: return take_texts(column, block, cells, base, (size_t)columns->room, err);
    case TYPE_BOOL: taken = take_bools(column, block, cells, base); break;
    case TYPE_FLOAT64: taken = take_reals(column, block, cells, base); break;
    case TYPE_DATE32: taken = take_days(column, block, cells, base); break;
    case TYPE_TIMESTAMP: taken = take_moments(column, block, cells, base); break;
    default: taken = take_ints(column, block, cells, base); break;
    }
    return taken == block->rows ? STATUS_OK : misfit(columns, block, taken, index, err);
}

enum status csv_columns_take(struct csv_columns *columns, const struct csv_block *block,
                             struct err *err)
{
    if (columns->rows + (int64_t)block->rows > columns->room)
        return fail(err, STATUS_FAILED, "found more records than at first");
    for (size_t i = 0; i < block->columns; i++)
        TRY(take_column(columns, i, block, err));
    memcpy(columns->records + columns->rows, block->records, block->rows * sizeof(int64_t));
    columns->rows += (int64_t)block->rows;
    return STATUS_OK;
}

bool csv_columns_misfit(const struct csv_columns *columns)
{
    return columns->misfit;
}

/* ---- the end ---- */

/* Text with one owner moves into the array without a copy. */
static enum status text_buffer(struct column *column, struct buffer *ret, struct err *err)
{
    size_t size = column->text.size, padded = (size + 63) / 64 * 64;
    if (size == 0) return STATUS_OK;
    column->text.limit = SIZE_MAX;
    TRY(bytes_reserve(&column->text, padded - size, err));
    memset(column->text.data + size, 0, padded - size);
    TRY(buffer_foreign(ret, column->text.data, size, memory_free, column->text.data, err));
    column->text = bytes_limited(0);
    return STATUS_OK;
}

static enum status column_finish(struct column *column, int64_t rows, struct array **ret,
                                 struct err *err)
{
    struct buffer buffers[2] = {{0}};
    size_t count = 1, places = (size_t)rows;
    if (column->nulls == 0) buffer_unref(&column->validity);
    if (column->type == TYPE_UTF8) {
        TRY(text_buffer(column, &buffers[1], err));
        count = 2;
        places = (size_t)rows + 1;
    }
    column->validity.size = column->nulls == 0 ? 0 : ((size_t)rows + 7) / 8;
    column->values.size = column->type == TYPE_BOOL   ? ((size_t)rows + 7) / 8
                          : column->type == TYPE_UTF8 ? places * sizeof(int32_t)
                                                      : places * column->width;
    if (column->values.size == 0) buffer_unref(&column->values);
    buffers[0] = column->values;
    struct buffer validity = column->validity;
    column->values = column->validity = (struct buffer){0};
    return array_make(ret, rows, column->nulls, validity, buffers, count, NULL, 0, NULL, err);
}

enum status csv_columns_finish(struct csv_columns *columns, struct batch *ret,
                               int64_t **ret_records, struct err *err)
{
    size_t count = columns->schema->count;
    OWNED(memory_release) struct array **arrays = NULL;
    enum status status = STATUS_OK;
    TRY(NEW(&arrays, count, err));
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = column_finish(&columns->columns[i], columns->rows, &arrays[i], err);
    if (status == STATUS_OK) status = batch_make(ret, columns->schema, columns->rows, arrays, err);
    for (size_t i = 0; i < count; i++)
        array_unref(&arrays[i]);
    if (status != STATUS_OK) return status;
    *ret_records = columns->records;
    columns->records = NULL;
    return STATUS_OK;
}

void csv_columns_close(struct csv_columns **columns)
{
    struct csv_columns *c = *columns;
    if (c == NULL) return;
    for (size_t i = 0; c->columns != NULL && i < c->schema->count; i++) {
        buffer_unref(&c->columns[i].validity);
        buffer_unref(&c->columns[i].values);
        bytes_release(&c->columns[i].text);
    }
    memory_free(c->columns);
    memory_free(c->records);
    memory_free(c);
    *columns = NULL;
}
