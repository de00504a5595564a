/* clean/summary.h: moments, exact quantiles and the median absolute deviation of several columns,
 * fitted over as many passes as bounded memory takes. The common fit of the numeric modules.
 *
 * Follows the life of a fitted module (clean/module.h): per pass observe (any thread) and absorb
 * (window order), then settle. */
#ifndef CLEAN_SUMMARY_H
#define CLEAN_SUMMARY_H

#include "clean/module.h"
#include "clean/moments.h"
#include "clean/quantile.h"

struct summary;

struct summary_plan {
    const size_t *columns; /* of the schema, field_is_ordered_number; borrowed until close */
    size_t count;
    const double *fractions; /* quantiles wanted; fraction_count 0 = moments only */
    size_t fraction_count;
    bool deviations;       /* the MAD too; fractions must be exactly {0.5} */
    size_t memory;         /* for all columns together */
    size_t threads;        /* of summary_settle; 0 = 1 */
    struct device *device; /* where moments are taken; NULL = the processor */
};
MUST_CHECK enum status summary_open(struct summary **ret, const struct summary_plan *plan,
                                    struct err *err);

/* What one window adds. Zero-initialize. */
struct summary_tally {
    struct summary_cell *cells;
    size_t count;
};
MUST_CHECK enum status summary_observe(const struct summary *summary, const struct window *window,
                                       struct summary_tally *tally, struct err *err);
/* The same for rows that are at hand as doubles (null = NaN): column i at values + i x stride. */
MUST_CHECK enum status summary_observe_values(const struct summary *summary, const double *values,
                                              size_t stride, int64_t rows,
                                              struct summary_tally *tally, struct err *err);
/* Takes what the tally holds. */
MUST_CHECK enum status summary_absorb(struct summary *summary, struct summary_tally *tally,
                                      struct err *err);
/* A tally of moments as bytes, and back; only where no quantiles are wanted, which may want to see
 * the values again. */
MUST_CHECK enum status summary_tally_carry(const struct summary *summary,
                                           struct summary_tally *tally, struct wire *wire,
                                           struct err *err);
void summary_tally_release(struct summary_tally *tally);
MUST_CHECK enum status summary_settle(struct summary *summary, bool *ret_more, struct err *err);

/* After the last pass; `index` counts in plan->columns. NaN where there was no value. */
const struct moments *summary_moments(const struct summary *summary, size_t index);
double summary_quantile(const struct summary *summary, size_t index, size_t fraction);
/* The median, with `deviations`, and the median of |value - median| (no consistency factor). */
double summary_median(const struct summary *summary, size_t index);
double summary_deviation(const struct summary *summary, size_t index);
void summary_close(struct summary **summary);

#endif
