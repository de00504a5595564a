/* clean/outliers_tails.c: rows far out in the tails of single columns. */
#include "clean/outliers_tails.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

#define BEYOND 0.5 /* rows, for a value that was not seen */

struct column {
    double *sorted; /* ecod, copod: the values */
    double *bars;   /* hbos: rows in each */
    double low, width, tallest;
    double skew; /* third central moment: its sign counts */
};

struct tails {
    enum tails_kind kind;
    size_t count, columns, bars;
    struct column items[];
};

/* ---- both sides of a value ---- */

/* Values below `value`, or with `equal` at or below it. */
static size_t rank_of(const double *sorted, size_t count, double value, bool equal)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sorted[middle] < value || (equal && sorted[middle] == value))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static double rarity(double rows, double count)
{
    return -log(fmax(rows, BEYOND) / count);
}

static double score_sides(const struct tails *tails, const struct column *column, double value)
{
    double count = (double)tails->count;
    double left = rarity((double)rank_of(column->sorted, tails->count, value, true), count);
    double right =
        rarity(count - (double)rank_of(column->sorted, tails->count, value, false), count);
    if (tails->kind == TAILS_ECOD) return fmax(left, right);
    return fmax(column->skew < 0 ? left : right, (left + right) / 2);
}

/* ---- bars ---- */

static double score_bar(const struct tails *tails, const struct column *column, double value)
{
    double place = column->width > 0 ? (value - column->low) / column->width : 0;
    double rows = 0;
    if (column->width > 0 ? place >= 0 && place <= (double)tails->bars : value == column->low) {
        size_t bar = (size_t)place;
        rows = column->bars[bar < tails->bars ? bar : tails->bars - 1];
    }
    return rarity(rows, column->tallest);
}

static enum status raise_bars(struct tails *tails, struct column *column, const double *values,
                              struct err *err)
{
    double high = -INFINITY;
    column->low = INFINITY;
    TRY(NEW(&column->bars, tails->bars, err));
    for (size_t i = 0; i < tails->count; i++) {
        column->low = fmin(column->low, values[i]);
        high = fmax(high, values[i]);
    }
    column->width = (high - column->low) / (double)tails->bars;
    for (size_t i = 0; i < tails->count; i++) {
        size_t bar = column->width > 0 ? (size_t)((values[i] - column->low) / column->width) : 0;
        column->bars[bar < tails->bars ? bar : tails->bars - 1]++;
    }
    for (size_t b = 0; b < tails->bars; b++)
        column->tallest = fmax(column->tallest, column->bars[b]);
    return STATUS_OK;
}

/* ---- life ---- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double third_moment(const double *values, size_t count)
{
    double mean = 0, sum = 0;
    for (size_t i = 0; i < count; i++)
        mean += values[i] / (double)count;
    for (size_t i = 0; i < count; i++)
        sum += (values[i] - mean) * (values[i] - mean) * (values[i] - mean);
    return sum;
}

static enum status fit_column(struct tails *tails, size_t j, const double *rows, struct err *err)
{
    struct column *column = &tails->items[j];
    OWNED(memory_release) double *values = NULL;
    TRY(NEW(&values, tails->count, err));
    for (size_t i = 0; i < tails->count; i++)
        values[i] = rows[i * tails->columns + j];
    if (tails->kind == TAILS_HBOS) return raise_bars(tails, column, values, err);
    column->skew = third_moment(values, tails->count);
    qsort(values, tails->count, sizeof *values, by_value);
    column->sorted = values;
    values = NULL;
    return STATUS_OK;
}

enum status tails_open(struct tails **ret, enum tails_kind kind, const double *rows, size_t count,
                       size_t columns, struct err *err)
{
    size_t bytes = sizeof(struct tails) + columns * sizeof(struct column);
    struct tails *tails = memory_get(1, bytes);
    if (tails == NULL) return fail_memory(err, bytes);
    *ret = tails;
    tails->kind = kind;
    tails->count = count;
    tails->columns = columns;
    tails->bars = (size_t)ceil(sqrt((double)count));
    for (size_t j = 0; count > 0 && j < columns; j++)
        TRY(fit_column(tails, j, rows, err));
    return STATUS_OK;
}

double tails_score(const struct tails *tails, const double *row, double *ret_drive)
{
    double sum = 0;
    for (size_t j = 0; j < tails->columns; j++) {
        const struct column *column = &tails->items[j];
        ret_drive[j] = tails->count == 0           ? 0
                       : tails->kind == TAILS_HBOS ? score_bar(tails, column, row[j])
                                                   : score_sides(tails, column, row[j]);
        sum += ret_drive[j];
    }
    return sum;
}

void tails_close(struct tails **tails)
{
    if (*tails == NULL) return;
    for (size_t j = 0; j < (*tails)->columns; j++) {
        memory_free((*tails)->items[j].sorted);
        memory_free((*tails)->items[j].bars);
    }
    memory_free(*tails);
    *tails = NULL;
}
