/* clean/impute_previous.h: what was known last, or comes next, of the same entity: forward and
 * backward fill in the order of time, or of the rows as they come.
 *
 * All rows are looked at; what is kept of them lies in unlinked temporary files beyond the memory
 * given. Rows of one entity are told apart by a hash of 64 bits. A null time comes last. */
#ifndef CLEAN_IMPUTE_PREVIOUS_H
#define CLEAN_IMPUTE_PREVIOUS_H

#include "clean/module.h"

struct previous_plan {
    const size_t *columns, *by; /* of the schema; borrowed until close */
    size_t count, by_count;
    int64_t time; /* column of the schema, -1 = as the rows come */
    bool backward;
    size_t memory;
};
struct previous;
MUST_CHECK enum status previous_open(struct previous **ret, const struct schema *schema,
                                     const struct previous_plan *plan, struct err *err);
void previous_close(struct previous **previous);

/* Zero-initialize. */
struct previous_tally {
    uint64_t *cells;
    size_t rows;
    int64_t window;
    struct bytes texts;
};
MUST_CHECK enum status previous_observe(const struct previous *previous,
                                        const struct window *window, struct previous_tally *tally,
                                        struct err *err);
/* Window order; releases the tally. */
MUST_CHECK enum status previous_absorb(struct previous *previous, struct previous_tally *tally,
                                       struct err *err);
void previous_tally_release(struct previous_tally *tally);
MUST_CHECK enum status previous_settle(struct previous *previous, struct err *err);

/* What fills a missing cell of column `index` of the plan; false where nothing is known. */
bool previous_number(const struct previous *previous, const struct window *window, int64_t row,
                     size_t index, double *ret);
bool previous_text(const struct previous *previous, const struct window *window, int64_t row,
                   size_t index, struct str *ret);

#endif
