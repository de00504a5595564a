/* clean/quantile.h: exact quantiles of any number of values in bounded memory.
 *
 * Values are ordered by their bit pattern as integers (sign-magnitude turned into two's order), so
 * that selection is a search by digits: count the leading digits, keep the few cells that hold a
 * wanted rank, look again (radix selection; Knuth, TAOCP 3, 5.2.5 and 5.3.3). While the values fit
 * into the memory given, they are kept and one pass is enough; beyond it, each further pass refines
 * the cells until they fit. Counts are integers and keys are folded in window order: the same bits
 * for any number of threads, windows and machines.
 *
 * One struct quantiles a column. NaN is no value. Life: open; per pass observe (any thread, the
 * struct is read-only) and absorb (one thread, window order), then settle; until no more is wanted.
 */
#ifndef CLEAN_QUANTILE_H
#define CLEAN_QUANTILE_H

#include "base/memory.h"

#include <stdbool.h>
#include <stdint.h>

#define QUANTILE_FRACTIONS_MAXIMUM 10000

struct quantiles;

/* The keys one window adds to one column. Zero-initialize. */
struct quantile_tally {
    uint64_t *keys;
    size_t count;
};

/* fractions   0 ... 1, any order, at most QUANTILE_FRACTIONS_MAXIMUM; copied.
 * memory      bytes this column may hold between windows; at least 64 KiB is used.
 * threads     for the search among values at hand; 0 = one. */
MUST_CHECK enum status quantiles_open(struct quantiles **ret, const double *fractions, size_t count,
                                      size_t memory, size_t threads, struct err *err);
/* Adds what this pass wants of `values`. */
MUST_CHECK enum status quantiles_observe(const struct quantiles *quantiles, const double *values,
                                         int64_t count, struct quantile_tally *tally,
                                         struct err *err);
/* Takes the keys of the tally. */
MUST_CHECK enum status quantiles_absorb(struct quantiles *quantiles, struct quantile_tally *tally,
                                        struct err *err);
/* Values absorbed so far in the first pass. */
int64_t quantiles_seen(const struct quantiles *quantiles);
/* Other fractions, not more than at first; before the first settle, while all values fit. */
void quantiles_ask(struct quantiles *quantiles, const double *fractions, size_t count);
void quantile_tally_release(struct quantile_tally *tally);
/* *ret_more true: the data must be shown again. */
MUST_CHECK enum status quantiles_settle(struct quantiles *quantiles, bool *ret_more,
                                        struct err *err);
/* From here on the same quantiles of |value - center| are wanted (the median of absolute
 * deviations). *ret_more false: they are known already, because all values were at hand. */
MUST_CHECK enum status quantiles_recenter(struct quantiles *quantiles, double center,
                                          bool *ret_more, struct err *err);

/* After the last settle. Values seen (not NaN). */
int64_t quantiles_count(const struct quantiles *quantiles);
/* Quantile `index` of the fractions given, interpolated between the two nearest ranks (type 7 of
 * Hyndman and Fan 1996, the default of R, numpy and scikit-learn); NaN when there was no value. */
double quantiles_value(const struct quantiles *quantiles, size_t index);
void quantiles_close(struct quantiles **quantiles);

#endif
