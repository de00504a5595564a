/* clean/outliers_robust.c: FastMCD. */
#include "clean/outliers_robust.h"

#include "base/memory.h"
#include "base/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STARTS      64
#define FIRST_STEPS 2  /* of each start */
#define FINALISTS   8  /* starts that are followed to the end */
#define STEPS_MOST  50 /* of those */
#define SETTLED     1e-9
#define FLOOR       1e-6 /* least variance left after the columns before are known, standardized */

struct ellipse {
    double *mean;       /* columns */
    double *factor;     /* columns x columns, lower Cholesky factor of the covariance */
    double determinant; /* its logarithm */
};

struct robust {
    size_t columns;
    struct ellipse ellipse;
};

static enum status ellipse_open(struct ellipse *ret, size_t columns, struct err *err)
{
    TRY(NEW(&ret->mean, columns, err));
    return NEW(&ret->factor, columns * columns, err);
}

static void ellipse_release(struct ellipse *ellipse)
{
    memory_free(ellipse->mean);
    memory_free(ellipse->factor);
    *ellipse = (struct ellipse){0};
}

/* ---- one ellipse ---- */

/* Cholesky in place; a pivot that vanishes is held at FLOOR. */
static void factor(struct ellipse *ellipse, size_t n)
{
    double *m = ellipse->factor;
    ellipse->determinant = 0;
    for (size_t j = 0; j < n; j++) {
        double pivot = m[j * n + j];
        for (size_t k = 0; k < j; k++)
            pivot -= m[j * n + k] * m[j * n + k];
        pivot = sqrt(pivot > FLOOR ? pivot : FLOOR);
        m[j * n + j] = pivot;
        ellipse->determinant += 2 * log(pivot);
        for (size_t i = j + 1; i < n; i++) {
            double value = m[i * n + j];
            for (size_t k = 0; k < j; k++)
                value -= m[i * n + k] * m[j * n + k];
            m[i * n + j] = value / pivot;
        }
    }
}

/* Mean and covariance of the rows at `places`. */
static void fit(struct ellipse *ellipse, const double *rows, size_t columns, const size_t *places,
                size_t count)
{
    double *mean = ellipse->mean, *m = ellipse->factor, n = (double)count;
    memset(mean, 0, columns * sizeof *mean);
    memset(m, 0, columns * columns * sizeof *m);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < columns; j++)
            mean[j] += rows[places[i] * columns + j] / n;
    for (size_t i = 0; i < count; i++) {
        const double *row = rows + places[i] * columns;
        for (size_t j = 0; j < columns; j++)
            for (size_t k = 0; k <= j; k++)
                m[j * columns + k] += (row[j] - mean[j]) * (row[k] - mean[k]) / n;
    }
    factor(ellipse, columns);
}

/* Squared Mahalanobis distance; `left` gets L^-1 (row - mean). */
static double distance(const struct ellipse *ellipse, const double *row, size_t n, double *left)
{
    const double *l = ellipse->factor;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double value = row[i] - ellipse->mean[i];
        for (size_t k = 0; k < i; k++)
            value -= l[i * n + k] * left[k];
        left[i] = value / l[i * n + i];
        sum += left[i] * left[i];
    }
    return sum;
}

/* ---- concentration ---- */

struct ranked {
    double distance;
    size_t place;
};

static int by_distance(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->distance != y->distance) return x->distance < y->distance ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

struct search {
    const double *rows;
    size_t count, columns, half;
    uint64_t seed;
    struct ellipse starts[STARTS];
    size_t order[STARTS]; /* best first, after the first round */
    bool finals;
};

struct bench { /* for one start */
    struct ranked *ranked;
    size_t *places;
    double *left;
};

static void bench_release(struct bench *bench)
{
    memory_free(bench->ranked);
    memory_free(bench->places);
    memory_free(bench->left);
}

static enum status bench_open(struct bench *bench, const struct search *search, struct err *err)
{
    TRY(NEW(&bench->ranked, search->count, err));
    TRY(NEW(&bench->places, search->count, err));
    return NEW(&bench->left, search->columns, err);
}

/* One C-step: the half nearest to the ellipse makes the next one. */
static void concentrate(const struct search *search, struct ellipse *ellipse, struct bench *bench)
{
    for (size_t i = 0; i < search->count; i++) {
        const double *row = search->rows + i * search->columns;
        bench->ranked[i] = (struct ranked){distance(ellipse, row, search->columns, bench->left), i};
    }
    qsort(bench->ranked, search->count, sizeof *bench->ranked, by_distance);
    for (size_t i = 0; i < search->half; i++)
        bench->places[i] = bench->ranked[i].place;
    fit(ellipse, search->rows, search->columns, bench->places, search->half);
}

/* SplitMix64 (Steele, Lea and Flood 2014). */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

/* columns + 1 different rows at random (the front of a partial shuffle). */
static void begin(const struct search *search, size_t start, struct bench *bench)
{
    uint64_t random = search->seed * 0x2545f4914f6cdd1dull + start;
    size_t wanted = search->columns + 1 < search->half ? search->columns + 1 : search->half;
    for (size_t i = 0; i < search->count; i++)
        bench->places[i] = i;
    for (size_t i = 0; i < wanted; i++) {
        size_t other = i + (size_t)(draw(&random) % (search->count - i));
        size_t place = bench->places[other];
        bench->places[other] = bench->places[i];
        bench->places[i] = place;
    }
}

static enum status run_start(void *context, size_t index, struct err *err)
{
    struct search *search = context;
    OWNED(bench_release) struct bench bench = {0};
    struct ellipse *ellipse = &search->starts[search->finals ? search->order[index] : index];
    TRY(bench_open(&bench, search, err));
    if (!search->finals) {
        size_t first = search->columns + 1 < search->half ? search->columns + 1 : search->half;
        TRY(ellipse_open(ellipse, search->columns, err));
        begin(search, index, &bench);
        fit(ellipse, search->rows, search->columns, bench.places, first);
        for (int step = 0; step < FIRST_STEPS; step++)
            concentrate(search, ellipse, &bench);
        return STATUS_OK;
    }
    for (int step = 0; step < STEPS_MOST; step++) {
        double before = ellipse->determinant;
        concentrate(search, ellipse, &bench);
        if (!(before - ellipse->determinant > SETTLED)) break;
    }
    return STATUS_OK;
}

/* Starts by determinant, of equal ones the earlier. */
static void rank_starts(struct search *search, size_t count)
{
    for (size_t i = 1; i < count; i++)
        for (size_t k = i; k > 0; k--) {
            size_t a = search->order[k - 1], b = search->order[k];
            double x = search->starts[a].determinant, y = search->starts[b].determinant;
            if (x < y || (!(y < x) && a < b)) break;
            search->order[k - 1] = b;
            search->order[k] = a;
        }
}

static enum status find_half(struct search *search, size_t threads, struct err *err)
{
    TRY(parallel_for(threads, STARTS, search, run_start, err));
    for (size_t i = 0; i < STARTS; i++)
        search->order[i] = i;
    rank_starts(search, STARTS);
    search->finals = true;
    TRY(parallel_for(threads, FINALISTS, search, run_start, err));
    rank_starts(search, FINALISTS);
    return STATUS_OK;
}

/* ---- scale ---- */

/* Quantile of chi-squared (Wilson and Hilferty 1931); z is that of the normal distribution. */
static double chi_squared(size_t freedom, double z)
{
    double n = (double)freedom, root = 1 - 2 / (9 * n) + z * sqrt(2 / (9 * n));
    return n * root * root * root;
}

static void stretch(struct ellipse *ellipse, size_t columns, double factor)
{
    for (size_t i = 0; i < columns * columns; i++)
        ellipse->factor[i] *= factor;
}

/* So that half of the rows lie within the median of chi-squared. */
static enum status to_scale(const struct search *search, struct ellipse *ellipse, struct err *err)
{
    OWNED(bench_release) struct bench bench = {0};
    TRY(bench_open(&bench, search, err));
    for (size_t i = 0; i < search->count; i++)
        bench.ranked[i] = (struct ranked){
            distance(ellipse, search->rows + i * search->columns, search->columns, bench.left), i};
    qsort(bench.ranked, search->count, sizeof *bench.ranked, by_distance);
    double middle = bench.ranked[search->count / 2].distance;
    if (middle > 0)
        stretch(ellipse, search->columns, sqrt(middle / chi_squared(search->columns, 0)));
    return STATUS_OK;
}

/* Once more from the rows within 97.5 %. */
static enum status reweight(const struct search *search, struct ellipse *ellipse, struct err *err)
{
    OWNED(bench_release) struct bench bench = {0};
    size_t kept = 0;
    double bound = chi_squared(search->columns, 1.959963984540054);
    TRY(bench_open(&bench, search, err));
    for (size_t i = 0; i < search->count; i++)
        if (distance(ellipse, search->rows + i * search->columns, search->columns, bench.left) <=
            bound)
            bench.places[kept++] = i;
    if (kept > search->columns) fit(ellipse, search->rows, search->columns, bench.places, kept);
    return to_scale(search, ellipse, err);
}

/* ---- life ---- */

static void search_release(struct search **search)
{
    if (*search == NULL) return;
    for (size_t i = 0; i < STARTS; i++)
        ellipse_release(&(*search)->starts[i]);
    memory_free(*search);
    *search = NULL;
}

enum status robust_open(struct robust **ret, const double *rows, size_t count, size_t columns,
                        int64_t seed, size_t threads, struct err *err)
{
    OWNED(search_release) struct search *search = NULL;
    struct robust *robust;
    TRY(NEW(&robust, 1, err));
    *ret = robust;
    robust->columns = columns;
    TRY(ellipse_open(&robust->ellipse, columns, err));
    for (size_t j = 0; j < columns; j++)
        robust->ellipse.factor[j * columns + j] = 1;
    if (count < 2) return STATUS_OK;
    TRY(NEW(&search, 1, err));
    search->rows = rows;
    search->count = count;
    search->columns = columns;
    search->half = (count + columns + 1) / 2 < count ? (count + columns + 1) / 2 : count;
    search->seed = (uint64_t)seed;
    TRY(find_half(search, threads, err));
    struct ellipse *best = &search->starts[search->order[0]];
    TRY(to_scale(search, best, err));
    TRY(reweight(search, best, err));
    memcpy(robust->ellipse.mean, best->mean, columns * sizeof *best->mean);
    memcpy(robust->ellipse.factor, best->factor, columns * columns * sizeof *best->factor);
    return STATUS_OK;
}

double robust_score(const struct robust *robust, const double *row, double *work, double *ret_drive)
{
    size_t n = robust->columns;
    const double *l = robust->ellipse.factor;
    double *left = work, *whole = work + n;
    double squared = distance(&robust->ellipse, row, n, left);
    for (size_t i = n; i-- > 0;) { /* L' whole = left */
        double value = left[i];
        for (size_t k = i + 1; k < n; k++)
            value -= l[k * n + i] * whole[k];
        whole[i] = value / l[i * n + i];
        ret_drive[i] = whole[i] * (row[i] - robust->ellipse.mean[i]);
    }
    return sqrt(squared);
}

void robust_close(struct robust **robust)
{
    if (*robust == NULL) return;
    ellipse_release(&(*robust)->ellipse);
    memory_free(*robust);
    *robust = NULL;
}
