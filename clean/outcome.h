/* clean/outcome.h: what a finished chain tells the run: effects of each step, where columns came
 * from, null rates, and the verdict over the data. */
#ifndef CLEAN_OUTCOME_H
#define CLEAN_OUTCOME_H

#include "clean/chain.h"

/* module_effects, one row a step, with the fitted parameters where they are not large. */
MUST_CHECK enum status outcome_effects(const struct chain *chain, struct err *err);
/* column_edges from the columns that leave to the columns that entered, which were in the node
 * `input`; hops composed. */
MUST_CHECK enum status outcome_lineage(const struct chain *chain, const char *input,
                                       struct err *err);
/* Null rates before and after, of the whole and by column; passes and spooled bytes. */
MUST_CHECK enum status outcome_metrics(const struct chain *chain, struct err *err);
/* Asks each step for its verdict and appends its lines, and findings nobody judged, to ret_report.
 * Marks the run when one says failed. */
MUST_CHECK enum status outcome_verdict(struct chain *chain, struct bytes *ret_report,
                                       struct err *err);
/* What a step learned, as JSON without what is masked; empty where it learned nothing, its size
 * where that is large. */
MUST_CHECK enum status outcome_parameters(const struct chain *chain, const struct step *step,
                                          struct bytes *ret, struct err *err);
/* The checks of every step, chain->count of them; release them also after a failure. */
MUST_CHECK enum status outcome_list_checks(const struct chain *chain, struct checks_of_step **ret,
                                           struct err *err);
void outcome_release_checks(struct checks_of_step *steps, size_t count);
/* Records every expectation and what became of it, and writes them to `path` (NULL = not), whole or
 * not at all: JUnit's XML where its name ends in .xml, else JSON. */
MUST_CHECK enum status outcome_checks(const struct chain *chain, const char *path, struct err *err);
/* "100" or "2.5%" of the rows that came in; the run's verdict is failed beyond it. `bound` NULL =
 * any number. STATUS_USAGE when it is neither. */
MUST_CHECK enum status outcome_check_rejects(struct chain *chain, const char *bound,
                                             struct err *err);
/* Checks the spelling of a bound before work begins. */
MUST_CHECK enum status rejects_bound_parse(const char *bound, double *ret_number, bool *ret_percent,
                                           struct err *err);
/* Totals of the chain. */
struct row_counts outcome_counts(const struct chain *chain);

#endif
