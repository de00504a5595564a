/* clean/deduplicate_survivor.c: which row of a group is the best one. */
#include "clean/deduplicate_survivor.h"

#include "columnar/value_text.h"

#include <math.h>
#include <string.h>

enum status row_numbers_open(struct row_numbers *ret, size_t memory, struct err *err)
{
    return spill_open(&ret->spill, memory, err);
}

enum status row_numbers_add(struct row_numbers *numbers, int64_t first_row, const int64_t *values,
                            int64_t count, struct err *err)
{
    static const int64_t zeros[512];
    while (numbers->rows < first_row) {
        int64_t gap = first_row - numbers->rows;
        int64_t some = gap < 512 ? gap : 512;
        TRY(spill_add(numbers->spill, zeros, (size_t)some * sizeof *zeros, err));
        numbers->rows += some;
    }
    numbers->rows += count;
    return spill_add(numbers->spill, values, (size_t)count * sizeof *values, err);
}

enum status row_numbers_freeze(struct row_numbers *numbers, const int64_t **ret, struct err *err)
{
    const void *data;
    TRY(spill_freeze(numbers->spill, &data, err));
    *ret = data;
    return STATUS_OK;
}

void row_numbers_release(struct row_numbers *numbers)
{
    spill_close(&numbers->spill);
    *numbers = (struct row_numbers){0};
}

/* Integers in the order of the doubles; NaN is below all but null. */
static int64_t in_order(double value)
{
    if (isnan(value)) return INT64_MIN + 1;
    if (value == 0) return 0;
    int64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits < 0 ? INT64_MIN - bits : bits;
}

static int64_t rank_of(enum survivor survivor, size_t by, const struct window *window, int64_t row)
{
    const struct batch *batch = window->batch;
    const struct field *fields = batch->schema->fields;
    double value;
    if (survivor == SURVIVOR_NEWEST)
        return array_number_at(&fields[by], batch->columns[by], row, &value) ? in_order(value)
                                                                             : INT64_MIN;
    int64_t rank = 0;
    for (size_t i = 0; i < batch->schema->count; i++) {
        struct str text;
        if (survivor == SURVIVOR_MOST_COMPLETE)
            rank -= value_is_null(&fields[i], batch->columns[i], row);
        else if ((int64_t)i != window->source_column &&
                 array_text_at(&fields[i], batch->columns[i], row, &text))
            rank += (int64_t)text.size;
    }
    return rank;
}

void ranks_of(enum survivor survivor, size_t by, const struct window *window, int64_t *ret)
{
    for (int64_t row = 0; row < window->batch->rows; row++)
        ret[row] = rank_of(survivor, by, window, row);
}

static bool looks_at(enum survivor survivor, size_t by, const struct schema *schema, size_t column)
{
    switch (survivor) {
    case SURVIVOR_MOST_COMPLETE: return true;
    case SURVIVOR_NEWEST: return column == by;
    case SURVIVOR_LONGEST: return type_is_text(schema->fields[column].type.id);
    default: return false;
    }
}

enum status survivor_lineage(enum survivor survivor, size_t by, const struct schema *schema,
                             const char *output, struct column_lineage *lineage, struct err *err)
{
    for (size_t i = 0; i < schema->count; i++) {
        const char *name = schema->fields[i].name;
        if (!looks_at(survivor, by, schema, i)) continue;
        if (output == NULL)
            TRY(column_filters(lineage, name, "SORT", err));
        else
            TRY(column_from(lineage, output, name, "INDIRECT", "SORT", false, err));
    }
    return STATUS_OK;
}
