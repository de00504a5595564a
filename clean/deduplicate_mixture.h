/* clean/deduplicate_mixture.h: which agreements speak for a match, learned without any truth.
 *
 * Fellegi and Sunter 1969: a pair's weight is the sum over columns of log(m / u), how often a level
 * of agreement occurs among matches and among others. Both are estimated by expectation
 * maximization over the pairs (Winkler 1988), started from the pairs that are each other's best; of
 * higher agreement never follows lower weight (isotonic regression). An empty cell says nothing.
 * The threshold is the posterior at which the expected F1 is largest: half of it (Lipton, Elkan,
 * Naryanaswamy 2014). */
#ifndef CLEAN_DEDUPLICATE_MIXTURE_H
#define CLEAN_DEDUPLICATE_MIXTURE_H

#include "clean/deduplicate_compare.h"

struct mixture {
    double weights[COMPARED_MOST][LEVELS];
    double share;     /* of matches among the pairs */
    double agreement; /* of the matches beyond chance: 1 = equal, 0 = as any two records */
    size_t columns;   /* compared, the cosine included */
};

/* levels: `count` pairs of `columns` levels each; start: whether a pair begins as a match; chance:
 * the mean similarity of any two records, by column (agreement as Cohen's kappa, 1960).
 * Deterministic: one thread, one order. */
MUST_CHECK enum status mixture_fit(struct mixture *ret, const uint8_t *levels, size_t columns,
                                   const uint8_t *start, size_t count, const double *chance,
                                   struct err *err);
/* The logarithm of the odds that a pair is a match. */
double mixture_odds(const struct mixture *mixture, const uint8_t *levels);
double odds_probability(double odds);
/* The posterior at which the expected F1 over these pairs is largest. */
double odds_threshold(const float *odds, size_t count);

#endif
