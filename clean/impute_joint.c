/* clean/impute_joint.c: a joint normal distribution fitted to rows with gaps. */
#include "clean/impute_joint.h"

#include "base/memory.h"
#include "base/parallel.h"

#include <math.h>
#include <string.h>

#define BLOCK_ROWS      256
#define BLOCKS_PARALLEL 8
#define ROUNDS          40
#define SETTLED         1e-5 /* largest change of a mean or covariance that ends the rounds */
#define FLOOR           1e-9 /* least variance left after the others are known */

enum status joint_open(struct joint *ret, size_t columns, struct err *err)
{
    ret->columns = columns;
    TRY(NEW(&ret->mean, columns, err));
    return NEW(&ret->covariance, columns * columns, err);
}

void joint_release(struct joint *joint)
{
    memory_free(joint->mean);
    memory_free(joint->covariance);
    *joint = (struct joint){0};
}

/* ---- one row ---- */

/* Lower Cholesky factor in place; a pivot that vanishes is held at FLOOR. */
static void factor(double *m, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        double pivot = m[j * n + j];
        for (size_t k = 0; k < j; k++)
            pivot -= m[j * n + k] * m[j * n + k];
        pivot = sqrt(pivot > FLOOR ? pivot : FLOOR);
        m[j * n + j] = pivot;
        for (size_t i = j + 1; i < n; i++) {
            double value = m[i * n + j];
            for (size_t k = 0; k < j; k++)
                value -= m[i * n + k] * m[j * n + k];
            m[i * n + j] = value / pivot;
        }
    }
}

/* L y = b in place. */
static void solve_forward(const double *l, size_t n, double *b)
{
    for (size_t i = 0; i < n; i++) {
        double value = b[i];
        for (size_t k = 0; k < i; k++)
            value -= l[i * n + k] * b[k];
        b[i] = value / l[i * n + i];
    }
}

/* The places of a row: known ones, then gaps. */
struct gaps {
    size_t known[JOINT_COLUMNS_MAXIMUM], known_count;
    size_t missing[JOINT_COLUMNS_MAXIMUM], missing_count;
};

static void find_gaps(const double *row, size_t columns, struct gaps *ret)
{
    ret->known_count = ret->missing_count = 0;
    for (size_t j = 0; j < columns; j++) {
        if (isnan(row[j]))
            ret->missing[ret->missing_count++] = j;
        else
            ret->known[ret->known_count++] = j;
    }
}

/* With L the factor of the known covariance, v = L^-1 (x - mean) and u = L^-1 cov(known, gap), the
 * gap's expectation is mean + u'v and two gaps keep the covariance cov - u'u. `spread` (may be
 * NULL) receives that, added up by place. */
static void expect(const struct joint *joint, const struct gaps *gaps, double *row, double *work,
                   double *spread)
{
    size_t n = gaps->known_count, columns = joint->columns;
    double *l = work, *u = l + columns * columns, *v = u + columns * columns;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j <= i; j++)
            l[i * n + j] = joint->covariance[gaps->known[i] * columns + gaps->known[j]];
        v[i] = row[gaps->known[i]] - joint->mean[gaps->known[i]];
    }
    factor(l, n);
    solve_forward(l, n, v);
    for (size_t g = 0; g < gaps->missing_count; g++) {
        double *ug = u + g * columns;
        double value = joint->mean[gaps->missing[g]];
        for (size_t i = 0; i < n; i++)
            ug[i] = joint->covariance[gaps->known[i] * columns + gaps->missing[g]];
        solve_forward(l, n, ug);
        for (size_t i = 0; i < n; i++)
            value += ug[i] * v[i];
        row[gaps->missing[g]] = value;
        for (size_t h = 0; spread != NULL && h <= g; h++) {
            double left = joint->covariance[gaps->missing[g] * columns + gaps->missing[h]];
            for (size_t i = 0; i < n; i++)
                left -= ug[i] * u[h * columns + i];
            spread[gaps->missing[g] * columns + gaps->missing[h]] += left;
            if (h < g) spread[gaps->missing[h] * columns + gaps->missing[g]] += left;
        }
    }
}

void joint_fill(const struct joint *joint, double *row, double *work)
{
    struct gaps gaps;
    find_gaps(row, joint->columns, &gaps);
    if (gaps.missing_count > 0) expect(joint, &gaps, row, work, NULL);
}

/* ---- all rows ---- */

struct fit {
    const struct joint *joint;
    const double *rows;
    size_t count;
    double *sums; /* a block: sum of each column, then of products of pairs with their spread */
    size_t block_sums;
};

static enum status sum_block(void *context, size_t block, struct err *err)
{
    const struct fit *fit = context;
    size_t columns = fit->joint->columns;
    double *sums = fit->sums + block * fit->block_sums, *products = sums + columns;
    OWNED(memory_release) double *work = NULL;
    TRY(NEW(&work, joint_work(columns), err));
    memset(sums, 0, fit->block_sums * sizeof *sums);
    size_t end = (block + 1) * BLOCK_ROWS < fit->count ? (block + 1) * BLOCK_ROWS : fit->count;
    for (size_t r = block * BLOCK_ROWS; r < end; r++) {
        double row[JOINT_COLUMNS_MAXIMUM];
        struct gaps gaps;
        memcpy(row, fit->rows + r * columns, columns * sizeof *row);
        find_gaps(row, columns, &gaps);
        if (gaps.missing_count > 0) expect(fit->joint, &gaps, row, work, products);
        for (size_t i = 0; i < columns; i++) {
            sums[i] += row[i];
            for (size_t j = 0; j <= i; j++)
                products[i * columns + j] += row[i] * row[j];
        }
    }
    return STATUS_OK;
}

/* The next mean and covariance; gives the largest change. */
static double update(struct joint *joint, double *sums, double count, double ridge)
{
    size_t columns = joint->columns;
    double *products = sums + columns, most = 0;
    for (size_t i = 0; i < columns; i++) {
        sums[i] /= count;
        most = fmax(most, fabs(sums[i] - joint->mean[i]));
        joint->mean[i] = sums[i];
    }
    for (size_t i = 0; i < columns; i++)
        for (size_t j = 0; j <= i; j++) {
            double value = products[i * columns + j] / count - sums[i] * sums[j];
            if (i != j) value *= 1 - ridge;
            if (i == j && value < FLOOR) value = FLOOR;
            most = fmax(most, fabs(value - joint->covariance[i * columns + j]));
            joint->covariance[i * columns + j] = joint->covariance[j * columns + i] = value;
        }
    return most;
}

enum status joint_fit(struct joint *joint, const double *rows, size_t count, double ridge,
                      size_t threads, struct err *err)
{
    size_t columns = joint->columns, blocks = (count + BLOCK_ROWS - 1) / BLOCK_ROWS;
    OWNED(memory_release) double *sums = NULL;
    struct fit fit = {joint, rows, count, NULL, columns + columns * columns};
    for (size_t i = 0; i < columns; i++)
        joint->covariance[i * columns + i] = 1;
    if (count == 0) return STATUS_OK;
    TRY(NEW(&sums, blocks * fit.block_sums, err));
    fit.sums = sums;
    if (blocks < BLOCKS_PARALLEL) threads = 1; /* starting threads costs more than it saves */
    for (int round = 0; round < ROUNDS; round++) {
        TRY(parallel_for(threads, blocks, &fit, sum_block, err));
        for (size_t b = 1; b < blocks; b++)
            for (size_t i = 0; i < fit.block_sums; i++)
                sums[i] += sums[b * fit.block_sums + i];
        if (update(joint, sums, (double)count, ridge) < SETTLED) break;
    }
    return STATUS_OK;
}
