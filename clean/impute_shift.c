/* clean/impute_shift.c: gaps that lie where little is known of their column. */
#include "clean/impute_shift.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

#define ERRORS_APART     3.5
#define DEVIATIONS_APART 0.25
#define REFERENCES       500 /* donors whose distance is measured */
#define TRUST_FALLS      3   /* with this power of the distance */
#define TRUSTED          1.5 /* lead from which on it does not */

struct side {
    double count, sum, squares;
};

static double variance(const struct side *side)
{
    double mean = side->sum / side->count;
    return fmax(side->squares / side->count - mean * mean, 0);
}

/* Whether column `other` has another mean where `column` is missing. */
static bool differs(const double *rows, size_t count, size_t columns, size_t column, size_t other)
{
    struct side sides[2] = {{0}, {0}};
    for (size_t i = 0; i < count; i++) {
        double value = rows[i * columns + other];
        struct side *side = &sides[isnan(rows[i * columns + column]) != 0];
        if (isnan(value)) continue;
        side->count++;
        side->sum += value;
        side->squares += value * value;
    }
    if (sides[0].count < 2 || sides[1].count < 2) return false;
    double apart = fabs(sides[0].sum / sides[0].count - sides[1].sum / sides[1].count);
    double error =
        sqrt(variance(&sides[0]) / sides[0].count + variance(&sides[1]) / sides[1].count);
    return apart > DEVIATIONS_APART && apart > ERRORS_APART * error;
}

void shift_find(const double *rows, size_t count, size_t columns, bool *ret)
{
    for (size_t j = 0; j < columns; j++) {
        ret[j] = false;
        for (size_t k = 0; k < columns && !ret[j]; k++)
            ret[j] = k != j && differs(rows, count, columns, j, k);
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

enum status shift_reference(const struct donors *donors, size_t column, double *ret,
                            struct err *err)
{
    OWNED(memory_release) double *distances = NULL;
    OWNED(memory_release) double *found = NULL;
    size_t count = 0;
    TRY(NEW(&distances, donors->count + 1, err));
    TRY(NEW(&found, REFERENCES, err));
    for (size_t i = 0; i < donors->count && count < REFERENCES; i++) {
        const double *row = donors->rows + i * donors->columns;
        struct donated donated;
        if (isnan(row[column])) continue;
        donors_measure(donors, row, donors->filled + i * donors->columns, distances);
        distances[i] = INFINITY;
        donors_ask(donors, distances, column, &donated);
        if (donated.count > 0) found[count++] = donated.distance;
    }
    if (count > 0) qsort(found, count, sizeof *found, by_value);
    *ret = count == 0 ? 0 : found[count / 2];
    return STATUS_OK;
}

double shift_trust(double distance, double reference, double lead)
{
    if (!(reference > 0) || distance <= reference || lead >= TRUSTED) return 1;
    return pow(reference / distance, TRUST_FALLS);
}
