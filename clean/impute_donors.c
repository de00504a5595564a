/* clean/impute_donors.c: what similar rows hold where a row has a gap. */
#include "clean/impute_donors.h"

#include "base/memory.h"

#include <math.h>
#include <string.h>

/* What a difference counts where one of both values is itself an estimate. */
#define ESTIMATED_WEIGHT 0.5

struct nearest {
    double distance[DONORS_NEAREST_MOST];
    double value[DONORS_NEAREST_MOST];
    size_t count;
};

/* Sorted insertion. */
static void keep(struct nearest *nearest, size_t most, double distance, double value)
{
    if (nearest->count == most && !(distance < nearest->distance[most - 1])) return;
    size_t at = nearest->count < most ? nearest->count++ : most - 1;
    for (; at > 0 && nearest->distance[at - 1] > distance; at--) {
        nearest->distance[at] = nearest->distance[at - 1];
        nearest->value[at] = nearest->value[at - 1];
    }
    nearest->distance[at] = distance;
    nearest->value[at] = value;
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
            if (!isnan(apart)) sum += apart * apart * (estimated ? ESTIMATED_WEIGHT : 1);
        }
        distances[i] = sum;
    }
}

double donors_ask(const struct donors *donors, const double *distances, size_t column,
                  double otherwise)
{
    struct nearest nearest = {.count = 0};
    double sum = 0;
    for (size_t i = 0; i < donors->count; i++) {
        double value = donors->rows[i * donors->columns + column];
        if (!isnan(value)) keep(&nearest, donors->neighbors, distances[i], value);
    }
    for (size_t i = 0; i < nearest.count; i++)
        sum += nearest.value[i];
    return nearest.count == 0 ? otherwise : sum / (double)nearest.count;
}

enum status rows_fill(const struct joint *joint, const double *rows, size_t count, double **ret,
                      struct err *err)
{
    OWNED(memory_release) double *work = NULL;
    TRY(NEW(&work, joint_work(joint->columns), err));
    TRY(NEW(ret, count * joint->columns + 1, err));
    memcpy(*ret, rows, count * joint->columns * sizeof **ret);
    for (size_t i = 0; i < count; i++)
        joint_fill(joint, *ret + i * joint->columns, work);
    return STATUS_OK;
}
