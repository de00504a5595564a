/* clean/impute_choose.c: how much ridge, and how much of each method. */
#include "clean/impute_choose.h"

#include "clean/impute_donors.h"

#include "base/memory.h"
#include "base/parallel.h"

#include <math.h>
#include <string.h>
#include <xxhash.h>

#define TRIAL_ROWS     2000
#define TRIALS_LEAST   3
#define TRIALS_MOST    20
#define TRIAL_ROWS_ALL 6000 /* of all trials together, about */
#define HIDDEN_OF_256  26
#define BLOCK_ROWS     32
#define SHARES         5   /* 0, 1/4, ... 1 */
#define OWN_SHARE_ROWS 300 /* rows from which a column chooses for itself */

static const double ridges[] = {0.003, 0.01, 0.02, 0.05, 0.1, 0.2};
#define RIDGES (sizeof ridges / sizeof *ridges)

/* One trial with one ridge. */
struct trial {
    const double *truth, *hidden, *filled;
    size_t count, columns;
    struct donors donors;
    double *errors; /* a block: columns x SHARES squared errors */
};

static bool is_hidden(size_t row, size_t column, size_t trial)
{
    const uint64_t key[] = {row, column, trial};
    return XXH3_64bits(key, sizeof key) % 256 < HIDDEN_OF_256;
}

static size_t hide(const double *rows, size_t count, size_t columns, size_t trial, double *ret)
{
    size_t hidden = 0;
    for (size_t i = 0; i < count * columns; i++) {
        ret[i] = rows[i];
        if (isnan(rows[i]) || !is_hidden(i / columns, i % columns, trial)) continue;
        ret[i] = NAN;
        hidden++;
    }
    return hidden;
}

static void score_cell(const struct trial *trial, const double *distances, size_t cell,
                       double *errors)
{
    double ridge = trial->filled[cell];
    double neighbors = donors_ask(&trial->donors, distances, cell % trial->columns, ridge);
    for (size_t s = 0; s < SHARES; s++) {
        double share = (double)s / (SHARES - 1);
        double error = ridge + share * (neighbors - ridge) - trial->truth[cell];
        errors[cell % trial->columns * SHARES + s] += error * error;
    }
}

static enum status score_block(void *context, size_t block, struct err *err)
{
    const struct trial *trial = context;
    size_t columns = trial->columns;
    double *errors = trial->errors + block * columns * SHARES;
    OWNED(memory_release) double *distances = NULL;
    TRY(NEW(&distances, trial->count, err));
    memset(errors, 0, columns * SHARES * sizeof *errors);
    size_t end = (block + 1) * BLOCK_ROWS < trial->count ? (block + 1) * BLOCK_ROWS : trial->count;
    for (size_t i = block * BLOCK_ROWS; i < end; i++) {
        bool measured = false;
        for (size_t cell = i * columns; cell < (i + 1) * columns; cell++) {
            if (!isnan(trial->hidden[cell]) || isnan(trial->truth[cell])) continue;
            if (!measured)
                donors_measure(&trial->donors, trial->hidden + i * columns,
                               trial->filled + i * columns, distances);
            measured = true;
            score_cell(trial, distances, cell, errors);
        }
    }
    return STATUS_OK;
}

/* Adds the errors of one ridge in one trial to `sums` (columns x SHARES). */
static enum status score_ridge(const double *rows, const double *hidden, size_t count,
                               size_t columns, size_t neighbors, double ridge, size_t threads,
                               double *sums, struct err *err)
{
    OWNED(joint_release) struct joint joint = {0};
    OWNED(memory_release) double *filled = NULL;
    OWNED(memory_release) double *errors = NULL;
    size_t blocks = (count + BLOCK_ROWS - 1) / BLOCK_ROWS;
    TRY(joint_open(&joint, columns, err));
    TRY(joint_fit(&joint, hidden, count, ridge, threads, err));
    TRY(rows_fill(&joint, hidden, count, &filled, err));
    TRY(NEW(&errors, blocks * columns * SHARES, err));
    struct trial trial = {
        rows, hidden, filled, count, columns, {hidden, filled, count, columns, neighbors}, errors};
    TRY(parallel_for(threads, blocks, &trial, score_block, err));
    for (size_t b = 0; b < blocks; b++)
        for (size_t i = 0; i < columns * SHARES; i++)
            sums[i] += errors[b * columns * SHARES + i];
    return STATUS_OK;
}

/* The best share over all columns; its error through ret. */
static size_t best_share(const double *sums, size_t columns, double *ret_error)
{
    size_t best = 0;
    *ret_error = INFINITY;
    for (size_t s = 0; s < SHARES; s++) {
        double error = 0;
        for (size_t j = 0; j < columns; j++)
            error += sums[j * SHARES + s];
        if (error >= *ret_error) continue;
        *ret_error = error;
        best = s;
    }
    return best;
}

static void take_best(const double *sums, size_t count, size_t columns, double *ret_ridge,
                      double *ret_shares)
{
    size_t ridge = 0, common = 0;
    double least = INFINITY;
    for (size_t r = 0; r < RIDGES; r++) {
        double error;
        size_t share = best_share(sums + r * columns * SHARES, columns, &error);
        if (error >= least) continue;
        least = error;
        ridge = r;
        common = share;
    }
    *ret_ridge = ridges[ridge];
    for (size_t j = 0; j < columns; j++) {
        double error;
        size_t own = best_share(sums + (ridge * columns + j) * SHARES, 1, &error);
        ret_shares[j] = (double)(count < OWN_SHARE_ROWS ? common : own) / (SHARES - 1);
    }
}

enum status choose_mixture(const double *rows, size_t count, size_t columns, size_t neighbors,
                           size_t threads, double *ret_ridge, double *ret_shares, struct err *err)
{
    OWNED(memory_release) double *hidden = NULL;
    OWNED(memory_release) double *sums = NULL;
    if (count > TRIAL_ROWS) count = TRIAL_ROWS;
    TRY(NEW(&hidden, count * columns + 1, err));
    TRY(NEW(&sums, RIDGES * columns * SHARES, err));
    size_t shown = 0, trials = TRIALS_LEAST;
    while (trials < TRIALS_MOST && trials * count < TRIAL_ROWS_ALL)
        trials++;
    for (size_t trial = 0; trial < trials; trial++) {
        shown += hide(rows, count, columns, trial, hidden);
        for (size_t r = 0; r < RIDGES; r++)
            TRY(score_ridge(rows, hidden, count, columns, neighbors, ridges[r], threads,
                            sums + r * columns * SHARES, err));
    }
    if (shown > 0) take_best(sums, count, columns, ret_ridge, ret_shares);
    return STATUS_OK;
}
