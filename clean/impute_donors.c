/* clean/impute_donors.c: what similar rows hold where a row has a gap. */
#include "clean/impute_donors.h"

#include "base/memory.h"

#include <math.h>
#include <string.h>

struct nearest {
    double distance[DONORS_NEAREST_MOST];
    uint32_t place[DONORS_NEAREST_MOST];
    size_t count;
};

/* Sorted insertion. */
static void keep(struct nearest *nearest, size_t most, double distance, size_t place)
{
    if (nearest->count == most && !(distance < nearest->distance[most - 1])) return;
    size_t at = nearest->count < most ? nearest->count++ : most - 1;
    for (; at > 0 && nearest->distance[at - 1] > distance; at--) {
        nearest->distance[at] = nearest->distance[at - 1];
        nearest->place[at] = nearest->place[at - 1];
    }
    nearest->distance[at] = distance;
    nearest->place[at] = (uint32_t)place;
}

/* Adds what one column sets the donors apart from the row. */
static void measure_column(const struct donors *donors, size_t j, double value, bool estimated,
                           double *distances)
{
    const double *rows = donors->rows + j, *filled = donors->filled + j;
    size_t columns = donors->columns;
    for (size_t i = 0; i < donors->count; i++) {
        double apart = filled[i * columns] - value;
        bool guess = estimated | (isnan(rows[i * columns]) != 0);
        distances[i] += apart * apart * (guess ? DONORS_ESTIMATED_WEIGHT : 1);
    }
}

void donors_measure(const struct donors *donors, const double *row, const double *filled,
                    double *distances)
{
    memset(distances, 0, donors->count * sizeof *distances);
    for (size_t j = 0; j < donors->columns; j++)
        if (!isnan(filled[j])) /* else the column was never known */
            measure_column(donors, j, filled[j], isnan(row[j]) != 0, distances);
}

void donors_ask(const struct donors *donors, const double *distances, size_t column,
                struct donated *ret)
{
    struct nearest nearest = {.count = 0};
    *ret = (struct donated){0};
    for (size_t i = 0; i < donors->count; i++)
        if (!isnan(donors->rows[i * donors->columns + column]) && distances[i] < INFINITY)
            keep(&nearest, donors->neighbors, distances[i], i);
    for (size_t i = 0; i < nearest.count; i++) {
        ret->value += donors->rows[nearest.place[i] * donors->columns + column];
        ret->distance += sqrt(nearest.distance[i]);
        ret->places[i] = nearest.place[i];
    }
    ret->count = nearest.count;
    if (nearest.count == 0) return;
    ret->value /= (double)nearest.count;
    ret->distance /= (double)nearest.count;
}

void rows_hold(double *rows, size_t cells)
{
    for (size_t i = 0; i < cells; i++)
        if (!isnan(rows[i])) rows[i] = fmin(fmax(rows[i], -DONORS_FAR), DONORS_FAR);
}

enum status rows_fill(const struct joint *joint, const double *rows, size_t count, double **ret,
                      struct err *err)
{
    OWNED(memory_release) double *work = NULL;
    TRY(NEW(&work, joint_work(joint->columns), err));
    TRY(NEW(ret, count * joint->columns + 1, err));
    memcpy(*ret, rows, count * joint->columns * sizeof **ret);
    rows_hold(*ret, count * joint->columns);
    for (size_t i = 0; i < count; i++)
        joint_fill(joint, *ret + i * joint->columns, work);
    return STATUS_OK;
}
