/* clean/deduplicate_mixture.c: which agreements speak for a match. */
#include "clean/deduplicate_mixture.h"

#include <math.h>
#include <string.h>

#define ROUNDS_MOST   200
#define CHANGE_LEAST  1e-6
#define PRIOR         0.5 /* pairs added to each level */
#define BEGINS_LIKELY 0.99
#define BINS          2000
#define CHANCE_MOST   0.99 /* a column of one value says nothing */

/* Pairs by column and level, weighted by how likely they are matches, and by how likely not. */
struct agreement_counts {
    double matches[COMPARED_MOST][LEVELS], others[COMPARED_MOST][LEVELS];
    double share;
};

static void count_agreement(const uint8_t *levels, size_t columns, const double *likely,
                            size_t count, struct agreement_counts *ret)
{
    memset(ret, 0, sizeof *ret);
    for (size_t pair = 0; pair < count; pair++, levels += columns) {
        ret->share += likely[pair];
        for (size_t i = 0; i < columns; i++) {
            ret->matches[i][levels[i]] += likely[pair];
            ret->others[i][levels[i]] += 1 - likely[pair];
        }
    }
    ret->share /= (double)count;
}

/* Pool adjacent violators (Ayer et al. 1955): rising weights nearest to the given ones. */
static void make_rise(double *weights, const double *pairs, size_t count)
{
    double pooled[LEVELS], size[LEVELS];
    size_t length[LEVELS], blocks = 0;
    for (size_t i = 0; i < count; i++) {
        pooled[blocks] = weights[i];
        size[blocks] = pairs[i] + 1e-3;
        length[blocks++] = 1;
        for (; blocks > 1 && pooled[blocks - 2] > pooled[blocks - 1]; blocks--) {
            double sum = size[blocks - 2] + size[blocks - 1];
            pooled[blocks - 2] =
                (pooled[blocks - 2] * size[blocks - 2] + pooled[blocks - 1] * size[blocks - 1]) /
                sum;
            size[blocks - 2] = sum;
            length[blocks - 2] += length[blocks - 1];
        }
    }
    for (size_t block = 0, i = 0; block < blocks; block++)
        for (size_t k = 0; k < length[block]; k++)
            weights[i++] = pooled[block];
}

static void set_weights(struct mixture *mixture, size_t column, const double *matches,
                        const double *others)
{
    double *weights = mixture->weights[column] + 1;
    double match_sum = 0, other_sum = 0, pairs[LEVELS];
    for (size_t level = 1; level < LEVELS; level++) {
        match_sum += matches[level];
        other_sum += others[level];
        pairs[level - 1] = matches[level] + others[level];
    }
    memset(mixture->weights[column], 0, sizeof mixture->weights[column]);
    if (match_sum + other_sum == 0) return;
    for (size_t level = 1; level < LEVELS; level++) {
        double m = (matches[level] + PRIOR) / (match_sum + PRIOR * (LEVELS - 1));
        double u = (others[level] + PRIOR) / (other_sum + PRIOR * (LEVELS - 1));
        weights[level - 1] = log(m / u);
    }
    make_rise(weights, pairs, LEVELS - 1);
}

static double agreement_of(const struct agreement_counts *counts, size_t columns,
                           const double *chance)
{
    double sum = 0, cells = 0;
    for (size_t i = 0; i + 1 < columns; i++) { /* without the cosine */
        if (chance[i] >= CHANCE_MOST) continue;
        for (size_t level = 1; level < LEVELS; level++) {
            double beyond = (level_similarity[level] - chance[i]) / (1 - chance[i]);
            sum += counts->matches[i][level] * beyond;
            cells += counts->matches[i][level];
        }
    }
    return cells > 0 ? sum / cells : 0;
}

double odds_probability(double odds)
{
    return 1 / (1 + exp(-odds));
}

double mixture_odds(const struct mixture *mixture, const uint8_t *levels)
{
    double share = mixture->share < 1e-12 ? 1e-12 : mixture->share;
    if (share > 1 - 1e-12) share = 1 - 1e-12;
    double sum = 0;
    for (size_t i = 0; i < mixture->columns; i++)
        sum += mixture->weights[i][levels[i]];
    return sum + log(share / (1 - share));
}

/* The pairs' new probabilities; gives the largest change. */
static double expect(const struct mixture *mixture, const uint8_t *levels, size_t count,
                     double *likely)
{
    double largest = 0;
    for (size_t pair = 0; pair < count; pair++, levels += mixture->columns) {
        double now = odds_probability(mixture_odds(mixture, levels));
        double change = fabs(now - likely[pair]);
        if (change > largest) largest = change;
        likely[pair] = now;
    }
    return largest;
}

enum status mixture_fit(struct mixture *ret, const uint8_t *levels, size_t columns,
                        const uint8_t *start, size_t count, const double *chance, struct err *err)
{
    OWNED(memory_release) double *likely = NULL;
    struct agreement_counts counts;
    *ret = (struct mixture){.columns = columns};
    TRY(NEW(&likely, count, err));
    for (size_t pair = 0; pair < count; pair++)
        likely[pair] = start[pair] ? BEGINS_LIKELY : 1 - BEGINS_LIKELY;
    for (int round = 0; round < ROUNDS_MOST; round++) {
        count_agreement(levels, columns, likely, count, &counts);
        for (size_t i = 0; i < columns; i++)
            set_weights(ret, i, counts.matches[i], counts.others[i]);
        ret->share = counts.share;
        if (expect(ret, levels, count, likely) < CHANGE_LEAST) break;
    }
    count_agreement(levels, columns, likely, count, &counts);
    ret->agreement = agreement_of(&counts, columns, chance);
    return STATUS_OK;
}

double odds_threshold(const float *odds, size_t count)
{
    double sums[BINS + 1] = {0}, pairs[BINS + 1] = {0};
    double all = 0, found = 0, taken = 0, best = 0;
    for (size_t i = 0; i < count; i++) {
        double likely = odds_probability((double)odds[i]);
        size_t bin = (size_t)(likely * BINS);
        sums[bin] += likely;
        pairs[bin]++;
        all += likely;
    }
    for (size_t bin = BINS + 1; bin-- > 0;) {
        found += sums[bin];
        taken += pairs[bin];
        double f1 = taken + all > 0 ? 2 * found / (taken + all) : 0;
        if (f1 > best) best = f1;
    }
    return best / 2;
}
