/* clean/impute_choose.c: how much ridge, and how much of each method. */
#include "clean/impute_choose.h"

#include "clean/impute_donors.h"
#include "clean/impute_forest.h"

#include "base/memory.h"
#include "base/parallel.h"

#include <math.h>
#include <string.h>
#include <xxhash.h>

#define TRIAL_ROWS     2000
#define TRIALS_LEAST   3
#define TRIALS_MOST    20
#define TRIAL_ROWS_ALL 6000 /* of all trials together, about */
#define HIDDEN         0.1  /* share of the known cells in one trial */
#define MATCHES        5    /* similar rows, of which one stands in for a gap */
#define BLOCK_ROWS     32
#define STEPS          20  /* weights are multiples of 1 / STEPS */
#define COMMON_ROWS    900 /* rows at which own and common errors count the same */

static const double ridges[] = {0.003, 0.01, 0.02, 0.05, 0.1, 0.2};
#define RIDGES   (sizeof ridges / sizeof *ridges)
#define USUAL    2 /* of them: neighbors and forest look at rows filled with it */
#define PAIRS    (PARTS * (PARTS + 1) / 2)
#define NO_MATCH UINT32_MAX

/* ---- what is hidden ---- */

/* The rows most like each row that has gaps: for each gap the nearest in which it is known. */
struct matches {
    uint32_t *places; /* count x columns x MATCHES, NO_MATCH where there is none; gaps only */
    size_t gaps, known;
};

static void match_row(const struct choice *choice, const double *filled, size_t row,
                      const double *distances, uint32_t *places)
{
    size_t columns = choice->columns;
    for (size_t j = 0; j < columns; j++) {
        if (!isnan(choice->rows[row * columns + j])) continue;
        double best[MATCHES];
        size_t found = 0;
        for (size_t i = 0; i < choice->count; i++) {
            if (isnan(choice->rows[i * columns + j])) continue;
            /* Without the column itself, which is an estimate here. */
            double apart = filled[i * columns + j] - filled[row * columns + j];
            double distance = distances[i] - apart * apart * DONORS_ESTIMATED_WEIGHT;
            if (found == MATCHES && !(distance < best[MATCHES - 1])) continue;
            size_t at = found < MATCHES ? found++ : MATCHES - 1;
            for (; at > 0 && best[at - 1] > distance; at--) {
                best[at] = best[at - 1];
                places[j * MATCHES + at] = places[j * MATCHES + at - 1];
            }
            best[at] = distance;
            places[j * MATCHES + at] = (uint32_t)i;
        }
    }
}

struct matching {
    const struct choice *choice;
    const double *filled;
    uint32_t *places;
};

static enum status match_block(void *context, size_t block, struct err *err)
{
    const struct matching *matching = context;
    const struct choice *choice = matching->choice;
    size_t columns = choice->columns, first = block * BLOCK_ROWS;
    size_t end = first + BLOCK_ROWS < choice->count ? first + BLOCK_ROWS : choice->count;
    struct donors donors = {choice->rows, matching->filled, choice->count, columns, 1};
    OWNED(memory_release) double *distances = NULL;
    TRY(NEW(&distances, choice->count, err));
    for (size_t i = first; i < end; i++) {
        bool gap = false;
        for (size_t j = 0; j < columns; j++)
            gap = gap || isnan(choice->rows[i * columns + j]);
        if (!gap) continue;
        donors_measure(&donors, choice->rows + i * columns, matching->filled + i * columns,
                       distances);
        match_row(choice, matching->filled, i, distances, matching->places + i * columns * MATCHES);
    }
    return STATUS_OK;
}

static enum status find_matches(const struct choice *choice, struct matches *ret, struct err *err)
{
    OWNED(joint_release) struct joint joint = {0};
    OWNED(memory_release) double *filled = NULL;
    size_t cells = choice->count * choice->columns;
    TRY(NEW(&ret->places, cells * MATCHES + 1, err));
    memset(ret->places, 0xff, cells * MATCHES * sizeof *ret->places);
    for (size_t i = 0; i < cells; i++)
        ret->gaps += isnan(choice->rows[i]) != 0;
    ret->known = cells - ret->gaps;
    if (ret->gaps == 0) return STATUS_OK;
    TRY(joint_open(&joint, choice->columns, err));
    TRY(joint_fit(&joint, choice->rows, choice->count, ridges[USUAL], choice->threads, err));
    TRY(rows_fill(&joint, choice->rows, choice->count, &filled, err));
    struct matching matching = {choice, filled, ret->places};
    return parallel_for(choice->threads, (choice->count + BLOCK_ROWS - 1) / BLOCK_ROWS, &matching,
                        match_block, err);
}

static uint64_t cell_hash(const struct choice *choice, size_t cell, size_t trial)
{
    const uint64_t key[] = {cell / choice->columns, cell % choice->columns, trial};
    return XXH3_64bits_withSeed(key, sizeof key, (uint64_t)choice->seed);
}

static double unit(uint64_t hash)
{
    return (double)(hash >> 11) * 0x1p-53;
}

/* Stand-ins of gaps first; where these are few, other cells at random. */
static void hide(const struct choice *choice, const struct matches *matches, size_t trial,
                 double *ret)
{
    size_t cells = choice->count * choice->columns;
    double wanted = HIDDEN * (double)matches->known, gaps = (double)matches->gaps;
    double of_gaps = gaps > wanted ? wanted / gaps : 1;
    double others = matches->known == 0 ? 0 : HIDDEN - of_gaps * gaps / (double)matches->known;
    memcpy(ret, choice->rows, cells * sizeof *ret);
    for (size_t i = 0; i < cells; i++) {
        uint64_t hash = cell_hash(choice, i, trial);
        if (!isnan(choice->rows[i])) {
            if (unit(hash) < others) ret[i] = NAN;
            continue;
        }
        uint32_t row = matches->places[i * MATCHES + (hash & 0x7ff) % MATCHES];
        if (row != NO_MATCH && unit(hash) < of_gaps)
            ret[row * choice->columns + i % choice->columns] = NAN;
    }
}

/* ---- one trial ---- */

struct trial {
    const struct choice *choice;
    const double *hidden;
    double *held; /* what is hidden with far values held */
    double *filled[RIDGES];
    struct trees *trees;
    double *sums; /* a block: ridges x columns x PAIRS products of errors */
};

static size_t block_sums(const struct choice *choice)
{
    return RIDGES * choice->columns * PAIRS;
}

static void score_cell(const struct trial *trial, const double *distances, size_t cell,
                       double *sums)
{
    const struct choice *choice = trial->choice;
    size_t columns = choice->columns, column = cell % columns;
    struct donors donors = {trial->hidden, trial->filled[USUAL], choice->count, columns,
                            choice->neighbors};
    double usual = trial->filled[USUAL][cell], errors[PARTS];
    const double *filled = trial->filled[USUAL] + cell - column;
    struct donated donated;
    donors_ask(&donors, distances, column, &donated);
    errors[PART_NEIGHBORS] = (donated.count > 0 ? donated.value : usual) - choice->rows[cell];
    errors[PART_FOREST] = trees_ask(trial->trees, filled, column, usual) - choice->rows[cell];
    for (size_t r = 0; r < RIDGES; r++) {
        double *products = sums + (r * columns + column) * PAIRS;
        errors[PART_RIDGE] = trial->filled[r][cell] - choice->rows[cell];
        for (size_t a = 0; a < PARTS; a++)
            for (size_t b = 0; b <= a; b++)
                *products++ += errors[a] * errors[b];
    }
}

static enum status score_block(void *context, size_t block, struct err *err)
{
    const struct trial *trial = context;
    const struct choice *choice = trial->choice;
    size_t columns = choice->columns, count = choice->count;
    double *sums = trial->sums + block * block_sums(choice);
    struct donors donors = {trial->hidden, trial->filled[USUAL], count, columns, 1};
    OWNED(memory_release) double *distances = NULL;
    TRY(NEW(&distances, count, err));
    size_t end = (block + 1) * BLOCK_ROWS < count ? (block + 1) * BLOCK_ROWS : count;
    for (size_t i = block * BLOCK_ROWS; i < end; i++) {
        bool measured = false;
        for (size_t cell = i * columns; cell < (i + 1) * columns; cell++) {
            if (!isnan(trial->hidden[cell]) || isnan(choice->rows[cell])) continue;
            if (!measured)
                donors_measure(&donors, trial->hidden + i * columns,
                               trial->filled[USUAL] + i * columns, distances);
            measured = true;
            score_cell(trial, distances, cell, sums);
        }
    }
    return STATUS_OK;
}

static void trial_release(struct trial *trial)
{
    for (size_t r = 0; r < RIDGES; r++)
        memory_free(trial->filled[r]);
    trees_close(&trial->trees);
    memory_free(trial->sums);
    memory_free(trial->held);
}

static enum status fill_with(const struct trial *trial, double ridge, double **ret, struct err *err)
{
    const struct choice *choice = trial->choice;
    OWNED(joint_release) struct joint joint = {0};
    TRY(joint_open(&joint, choice->columns, err));
    TRY(joint_fit(&joint, trial->held, choice->count, ridge, choice->threads, err));
    return rows_fill(&joint, trial->hidden, choice->count, ret, err);
}

/* Adds the errors of one trial to `sums`. */
static enum status run_trial(const struct choice *choice, const double *hidden, const bool *all,
                             double *sums, struct err *err)
{
    OWNED(trial_release) struct trial trial = {.choice = choice, .hidden = hidden};
    size_t blocks = (choice->count + BLOCK_ROWS - 1) / BLOCK_ROWS, each = block_sums(choice);
    size_t cells = choice->count * choice->columns;
    TRY(NEW(&trial.held, cells + 1, err));
    memcpy(trial.held, hidden, cells * sizeof *hidden);
    rows_hold(trial.held, cells);
    for (size_t r = 0; r < RIDGES; r++)
        TRY(fill_with(&trial, ridges[r], &trial.filled[r], err));
    struct trees_plan plan = {
        .rows = hidden,
        .filled = trial.filled[USUAL],
        .count = choice->count,
        .columns = choice->columns,
        .wanted = all,
        .seed = choice->seed,
        .threads = choice->threads,
    };
    TRY(trees_grow(&trial.trees, &plan, err));
    TRY(NEW(&trial.sums, blocks * each, err));
    TRY(parallel_for(choice->threads, blocks, &trial, score_block, err));
    for (size_t b = 0; b < blocks; b++)
        for (size_t i = 0; i < each; i++)
            sums[i] += trial.sums[b * each + i];
    return STATUS_OK;
}

/* ---- weights ---- */

/* Squared error of a mixture from the products of the errors. */
static double error_of(const double *products, const double weights[PARTS])
{
    double sum = 0;
    for (size_t a = 0; a < PARTS; a++)
        for (size_t b = 0; b <= a; b++)
            sum += (a == b ? 1 : 2) * weights[a] * weights[b] * *products++;
    return sum;
}

/* The weights with the least error; of equal ones those with less forest, then fewer neighbors. */
static double best_weights(const double *products, double ret[PARTS])
{
    double least = INFINITY;
    for (int forest = 0; forest <= STEPS; forest++)
        for (int neighbors = 0; neighbors + forest <= STEPS; neighbors++) {
            const double weights[PARTS] = {
                [PART_RIDGE] = (double)(STEPS - forest - neighbors) / STEPS,
                [PART_NEIGHBORS] = (double)neighbors / STEPS,
                [PART_FOREST] = (double)forest / STEPS,
            };
            double error = error_of(products, weights);
            if (error >= least) continue;
            least = error;
            memcpy(ret, weights, sizeof weights);
        }
    return least;
}

static void add_up(const double *sums, size_t columns, double ret[PAIRS])
{
    memset(ret, 0, PAIRS * sizeof *ret);
    for (size_t j = 0; j < columns; j++)
        for (size_t i = 0; i < PAIRS; i++)
            ret[i] += sums[j * PAIRS + i];
}

static void take_best(const struct choice *choice, const double *sums, double *ret_ridge,
                      double *ret_weights, double *ret_leads)
{
    static const double neighbors[PARTS] = {[PART_NEIGHBORS] = 1};
    size_t columns = choice->columns, ridge = 0;
    double least = INFINITY, common[PAIRS], weights[PARTS];
    for (size_t r = 0; r < RIDGES; r++) {
        add_up(sums + r * columns * PAIRS, columns, common);
        double error = best_weights(common, weights);
        if (error >= least) continue;
        least = error;
        ridge = r;
    }
    *ret_ridge = ridges[ridge];
    sums += ridge * columns * PAIRS;
    add_up(sums, columns, common);
    for (size_t j = 0; j < columns; j++) {
        double products[PAIRS];
        double share = COMMON_ROWS / (double)choice->count / (double)columns;
        for (size_t i = 0; i < PAIRS; i++)
            products[i] = sums[j * PAIRS + i] + share * common[i];
        double error = best_weights(products, ret_weights + j * PARTS);
        ret_leads[j] = error > 0 ? error_of(products, neighbors) / error : 1;
    }
}

enum status choose_mixture(const struct choice *given, double *ret_ridge, double *ret_weights,
                           double *ret_leads, struct err *err)
{
    OWNED(memory_release) double *hidden = NULL;
    OWNED(memory_release) double *sums = NULL;
    OWNED(memory_release) bool *all = NULL;
    OWNED(memory_release) uint32_t *places = NULL;
    struct choice choice = *given;
    struct matches matches = {0};
    if (choice.count > TRIAL_ROWS) choice.count = TRIAL_ROWS;
    TRY(NEW(&hidden, choice.count * choice.columns + 1, err));
    TRY(NEW(&sums, block_sums(&choice), err));
    TRY(NEW(&all, choice.columns, err));
    memset(all, true, choice.columns * sizeof *all);
    enum status status = find_matches(&choice, &matches, err);
    places = matches.places;
    TRY(status);
    size_t trials = TRIALS_LEAST;
    while (trials < TRIALS_MOST && trials * choice.count < TRIAL_ROWS_ALL)
        trials++;
    for (size_t trial = 0; matches.known > 0 && trial < trials; trial++) {
        hide(&choice, &matches, trial, hidden);
        TRY(run_trial(&choice, hidden, all, sums, err));
    }
    if (matches.known > 0) take_best(&choice, sums, ret_ridge, ret_weights, ret_leads);
    return STATUS_OK;
}
