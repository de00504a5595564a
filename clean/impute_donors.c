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

void donors_measure(const struct donors *donors, const double *row, const double *filled,
                    double *distances)
{
    for (size_t i = 0; i < donors->count; i++) {
        const double *other = donors->rows + i * donors->columns;
        const double *other_filled = donors->filled + i * donors->columns;
        double sum = 0;
        for (size_t j = 0; j < donors->columns; j++) {
            double apart = other_filled[j] - filled[j];
            bool estimated = isnan(row[j]) || isnan(other[j]);
            if (!isnan(apart)) sum += apart * apart * (estimated ? DONORS_ESTIMATED_WEIGHT : 1);
        }
        distances[i] = sum;
    }
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
