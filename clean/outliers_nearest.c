/* clean/outliers_nearest.c: the nearest of some rows of numbers. */
#include "clean/outliers_nearest.h"

#include "base/memory.h"
#include "base/parallel.h"

#include <math.h>
#include <string.h>

#define BLOCK     256   /* rows whose distances are held at a time */
#define WORK_ROWS 64    /* rows of one piece of parallel work */
#define NO_GAP    1e-10 /* of a density among equal rows */

struct neighborhood {
    size_t count, columns, neighbors, blocks;
    double *cells; /* by block of BLOCK rows: all of its first column, of its second, ... */
    double *reach; /* distance of each row to its last neighbor */
    double *dense; /* local reachability density of each row */
};

/* ---- kernel ---- */

/* Squared distances of one block, added up in the order of the columns. */
static void measure_block(const double *cells, const double *row, size_t columns, double *ret)
{
    memset(ret, 0, BLOCK * sizeof *ret);
    for (size_t j = 0; j < columns; j++) {
        const double *column = cells + j * BLOCK;
        double value = row[j];
        for (size_t i = 0; i < BLOCK; i++)
            ret[i] += (value - column[i]) * (value - column[i]);
    }
}

static void keep(struct nearest *nearest, size_t most, double distance, size_t place)
{
    size_t at = nearest->count < most ? nearest->count++ : most - 1;
    for (; at > 0 && nearest->distance[at - 1] > distance; at--) {
        nearest->distance[at] = nearest->distance[at - 1];
        nearest->place[at] = nearest->place[at - 1];
    }
    nearest->distance[at] = distance;
    nearest->place[at] = place;
}

void neighborhood_find(const struct neighborhood *n, const double *row, size_t self,
                       struct nearest *ret)
{
    double distances[BLOCK], last = INFINITY;
    ret->count = 0;
    for (size_t b = 0; b < n->blocks; b++) {
        size_t first = b * BLOCK, end = first + BLOCK < n->count ? BLOCK : n->count - first;
        measure_block(n->cells + first * n->columns, row, n->columns, distances);
        for (size_t i = 0; i < end; i++) {
            if (!(distances[i] < last) || first + i == self) continue;
            keep(ret, n->neighbors, distances[i], first + i);
            if (ret->count == n->neighbors) last = ret->distance[ret->count - 1];
        }
    }
}

/* ---- density ---- */

static double density_of(const struct neighborhood *n, const struct nearest *nearest)
{
    double sum = 0;
    for (size_t i = 0; i < nearest->count; i++)
        sum += fmax(sqrt(nearest->distance[i]), n->reach[nearest->place[i]]);
    return nearest->count == 0 ? 0 : 1 / (sum / (double)nearest->count + NO_GAP);
}

double neighborhood_density(const struct neighborhood *n, const struct nearest *nearest)
{
    double sum = 0;
    if (nearest->count == 0) return 1;
    for (size_t i = 0; i < nearest->count; i++)
        sum += n->dense[nearest->place[i]];
    return sum / (double)nearest->count / density_of(n, nearest);
}

struct preparing {
    struct neighborhood *neighborhood;
    const double *rows;
    bool reached; /* the second round: every reach is known */
};

static enum status prepare(void *context, size_t piece, struct err *err)
{
    (void)err;
    const struct preparing *preparing = context;
    struct neighborhood *n = preparing->neighborhood;
    size_t end = (piece + 1) * WORK_ROWS < n->count ? (piece + 1) * WORK_ROWS : n->count;
    for (size_t i = piece * WORK_ROWS; i < end; i++) {
        struct nearest nearest;
        neighborhood_find(n, preparing->rows + i * n->columns, i, &nearest);
        if (preparing->reached)
            n->dense[i] = density_of(n, &nearest);
        else
            n->reach[i] = nearest.count == 0 ? 0 : sqrt(nearest.distance[nearest.count - 1]);
    }
    return STATUS_OK;
}

/* ---- life ---- */

enum status neighborhood_open(struct neighborhood **ret, const double *rows, size_t count,
                              size_t columns, size_t neighbors, bool density, size_t threads,
                              struct err *err)
{
    struct neighborhood *n;
    TRY(NEW(&n, 1, err));
    *ret = n;
    n->count = count;
    n->columns = columns;
    n->neighbors = neighbors < NEAREST_MOST ? neighbors : NEAREST_MOST;
    n->blocks = (count + BLOCK - 1) / BLOCK;
    TRY(NEW(&n->cells, n->blocks * BLOCK * columns + 1, err));
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < columns; j++)
            n->cells[(i / BLOCK * columns + j) * BLOCK + i % BLOCK] = rows[i * columns + j];
    if (!density) return STATUS_OK;
    TRY(NEW(&n->reach, count + 1, err));
    TRY(NEW(&n->dense, count + 1, err));
    struct preparing preparing = {n, rows, false};
    size_t pieces = (count + WORK_ROWS - 1) / WORK_ROWS;
    TRY(parallel_for(threads, pieces, &preparing, prepare, err));
    preparing.reached = true;
    return parallel_for(threads, pieces, &preparing, prepare, err);
}

void neighborhood_close(struct neighborhood **neighborhood)
{
    if (*neighborhood == NULL) return;
    memory_free((*neighborhood)->cells);
    memory_free((*neighborhood)->reach);
    memory_free((*neighborhood)->dense);
    memory_free(*neighborhood);
    *neighborhood = NULL;
}
