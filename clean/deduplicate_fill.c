/* clean/deduplicate_fill.c: fills the nulls of a survivor from the rows that merge into it. */
#include "clean/deduplicate_fill.h"

#include "columnar/value_text.h"

#include <math.h>
#include <stdlib.h>

struct filling {
    int64_t row;   /* of the survivor */
    int64_t place; /* in the values */
};

/* One column. */
struct filled {
    struct array **parts; /* until they are settled into one */
    size_t part_count, part_room;
    struct array *values;
    struct filling *fillings; /* by row */
    size_t count, room;
    int64_t length;
};

struct fill {
    const struct schema *schema;
    const size_t *columns;
    size_t count, memory;
    struct row_numbers numbers;
    const int64_t *nulls; /* by row, after the first pass */
    const struct marks *marks;
    struct scratch found; /* by row: cells that have their value */
    struct filled *filled;
};

enum status fill_open(struct fill **ret, const struct schema *schema, const size_t *columns,
                      size_t count, size_t memory, struct err *err)
{
    struct fill *fill;
    TRY(NEW(&fill, 1, err));
    *ret = fill;
    fill->schema = schema;
    fill->columns = columns;
    fill->count = count;
    fill->memory = memory;
    TRY(NEW(&fill->filled, count, err));
    return row_numbers_open(&fill->numbers, memory / 2, err);
}

void fill_close(struct fill **ret)
{
    struct fill *fill = *ret;
    if (fill == NULL) return;
    for (size_t i = 0; fill->filled != NULL && i < fill->count; i++) {
        struct filled *filled = &fill->filled[i];
        for (size_t part = 0; part < filled->part_count; part++)
            array_unref(&filled->parts[part]);
        memory_free(filled->parts);
        memory_free(filled->fillings);
        array_unref(&filled->values);
    }
    memory_free(fill->filled);
    scratch_release(&fill->found);
    row_numbers_release(&fill->numbers);
    memory_free(fill);
    *ret = NULL;
}

/* ---- nulls ---- */

void fill_nulls(const struct fill *fill, const struct window *window, int64_t *ret)
{
    const struct batch *batch = window->batch;
    for (int64_t row = 0; row < batch->rows; row++)
        ret[row] = 0;
    for (size_t i = 0; i < fill->count; i++) {
        size_t at = fill->columns[i];
        const struct array *array = batch->columns[at];
        for (int64_t row = 0; row < batch->rows; row++)
            if (value_is_null(&fill->schema->fields[at], array, row)) ret[row] |= 1ll << i;
    }
}

enum status fill_add_nulls(struct fill *fill, int64_t first_row, const int64_t *nulls, int64_t rows,
                           struct err *err)
{
    return row_numbers_add(&fill->numbers, first_row, nulls, rows, err);
}

enum status fill_start(struct fill *fill, const struct marks *marks, struct err *err)
{
    fill->marks = marks;
    TRY(row_numbers_freeze(&fill->numbers, &fill->nulls, err));
    return scratch_open(&fill->found, ((size_t)marks->rows + 1) * sizeof(int64_t), fill->memory / 2,
                        err);
}

/* ---- values ---- */

void fill_tally_release(struct fill_tally *tally)
{
    for (size_t i = 0; i < tally->columns; i++) {
        if (tally->values != NULL) array_unref(&tally->values[i]);
        if (tally->survivors != NULL) memory_free(tally->survivors[i]);
    }
    memory_free(tally->values);
    memory_free(tally->survivors);
    *tally = (struct fill_tally){0};
}

/* The values of one column that some survivor lacks. */
static enum status collect(const struct fill *fill, const struct window *window, size_t i,
                           int64_t *rows, struct fill_tally *tally, struct err *err)
{
    const struct batch *batch = window->batch;
    int64_t count = 0;
    for (int64_t row = 0; row < batch->rows; row++) {
        int64_t number = window->first_row + row, into = fill->marks->into[number] - 1;
        if (into >= 0 && ((fill->nulls[into] & ~fill->nulls[number]) >> i & 1) != 0)
            rows[count++] = row;
    }
    if (count == 0) return STATUS_OK;
    size_t at = fill->columns[i];
    TRY(NEW(&tally->survivors[i], (size_t)count, err));
    for (int64_t k = 0; k < count; k++)
        tally->survivors[i][k] = fill->marks->into[window->first_row + rows[k]] - 1;
    return array_take(&tally->values[i], &fill->schema->fields[at], batch->columns[at], rows, count,
                      err);
}

enum status fill_observe(const struct fill *fill, const struct window *window,
                         struct fill_tally *tally, struct err *err)
{
    OWNED(memory_release) int64_t *rows = NULL;
    tally->columns = fill->count;
    TRY(NEW(&rows, (size_t)window->batch->rows, err));
    TRY(NEW(&tally->values, fill->count, err));
    TRY(NEW(&tally->survivors, fill->count, err));
    for (size_t i = 0; i < fill->count; i++)
        TRY(collect(fill, window, i, rows, tally, err));
    return STATUS_OK;
}

static enum status add_part(struct filled *filled, struct array **part, struct err *err)
{
    if (filled->part_count == filled->part_room) {
        size_t room = filled->part_room == 0 ? 16 : filled->part_room * 2;
        struct array **grown = memory_resize(filled->parts, room, sizeof *grown);
        if (grown == NULL) return fail_memory(err, room * sizeof *grown);
        filled->parts = grown;
        filled->part_room = room;
    }
    filled->parts[filled->part_count++] = *part;
    *part = NULL;
    return STATUS_OK;
}

static enum status add_filling(struct filled *filled, struct filling filling, struct err *err)
{
    if (filled->count == filled->room) {
        size_t room = filled->room == 0 ? 64 : filled->room * 2;
        struct filling *grown = memory_resize(filled->fillings, room, sizeof *grown);
        if (grown == NULL) return fail_memory(err, room * sizeof *grown);
        filled->fillings = grown;
        filled->room = room;
    }
    filled->fillings[filled->count++] = filling;
    return STATUS_OK;
}

static enum status absorb(struct fill *fill, struct fill_tally *tally, struct err *err)
{
    int64_t *found = fill->found.data;
    for (size_t i = 0; i < tally->columns; i++) {
        struct filled *filled = &fill->filled[i];
        if (tally->values[i] == NULL) continue;
        int64_t length = tally->values[i]->length;
        for (int64_t k = 0; k < length; k++) {
            int64_t row = tally->survivors[i][k];
            if ((found[row] >> i & 1) != 0) continue;
            found[row] |= 1ll << i;
            TRY(add_filling(filled, (struct filling){row, filled->length + k}, err));
        }
        filled->length += length;
        TRY(add_part(filled, &tally->values[i], err));
    }
    return STATUS_OK;
}

enum status fill_absorb(struct fill *fill, struct fill_tally *tally, struct err *err)
{
    enum status status = absorb(fill, tally, err);
    fill_tally_release(tally);
    return status;
}

static int by_row(const void *a, const void *b)
{
    int64_t x = ((const struct filling *)a)->row, y = ((const struct filling *)b)->row;
    return (x > y) - (x < y);
}

enum status fill_settle(struct fill *fill, struct err *err)
{
    for (size_t i = 0; i < fill->count; i++) {
        struct filled *filled = &fill->filled[i];
        if (filled->count == 0) continue;
        qsort(filled->fillings, filled->count, sizeof *filled->fillings, by_row);
        TRY(array_concat(&filled->values, &fill->schema->fields[fill->columns[i]], filled->parts,
                         filled->part_count, err));
        for (size_t part = 0; part < filled->part_count; part++)
            array_unref(&filled->parts[part]);
        filled->part_count = 0;
    }
    return STATUS_OK;
}

/* ---- apply ---- */

/* The first filling of a row not before `row`. */
static size_t first_filling(const struct filled *filled, int64_t row)
{
    size_t low = 0, high = filled->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (filled->fillings[middle].row < row)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* `rows`: room for two numbers a row. */
static enum status apply_column(const struct fill *fill, size_t i, const struct window *window,
                                int64_t *rows, struct change *change, struct err *err)
{
    const struct filled *filled = &fill->filled[i];
    const struct batch *batch = window->batch;
    size_t at = fill->columns[i];
    const struct field *field = &fill->schema->fields[at];
    int64_t *places = rows + batch->rows, count = 0;
    for (int64_t row = 0; row < batch->rows; row++)
        rows[row] = row;
    for (size_t k = first_filling(filled, window->first_row); k < filled->count; k++) {
        int64_t row = filled->fillings[k].row - window->first_row;
        if (row >= batch->rows) break;
        rows[row] = batch->rows + count;
        places[count++] = filled->fillings[k].place;
        TRY(change_note(change, at, row, "filled from a merged row", NAN, err));
    }
    if (count == 0) return STATUS_OK;
    OWNED(array_unref) struct array *values = NULL;
    OWNED(array_unref) struct array *both = NULL;
    struct array *column;
    TRY(array_take(&values, field, filled->values, places, count, err));
    TRY(array_concat(&both, field, (struct array *[]){batch->columns[at], values}, 2, err));
    TRY(array_take(&column, field, both, rows, batch->rows, err));
    change_column(change, at, &column);
    change_cells(change, at, count);
    return STATUS_OK;
}

enum status fill_apply(const struct fill *fill, const struct window *window, struct change *change,
                       struct err *err)
{
    OWNED(memory_release) int64_t *rows = NULL;
    TRY(NEW(&rows, 2 * (size_t)window->batch->rows, err));
    for (size_t i = 0; i < fill->count; i++)
        TRY(apply_column(fill, i, window, rows, change, err));
    return STATUS_OK;
}
