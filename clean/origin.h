/* clean/origin.h: the source and record of any row seen before, kept as runs of rising records: one
 * run a window for an undisturbed file. For steps that must name another row (merges). */
#ifndef CLEAN_ORIGIN_H
#define CLEAN_ORIGIN_H

#include "clean/counts.h"
#include "clean/module.h"
#include "clean/spill.h"

/* The runs of one window. Zero-initialize. */
struct origin_tally {
    struct origin_run *runs;
    size_t count;
    struct counts sources; /* by first use in the window */
};

struct origin {
    struct counts sources; /* names, by first use */
    struct spill *runs;
    const struct origin_run *frozen;
    size_t count;
};
MUST_CHECK enum status origin_open(struct origin *ret, size_t memory, struct err *err);
MUST_CHECK enum status origin_observe(const struct window *window, struct origin_tally *tally,
                                      struct err *err);
/* Window order; releases the tally. */
MUST_CHECK enum status origin_absorb(struct origin *origin, struct origin_tally *tally,
                                     struct err *err);
/* A tally as bytes, and back. */
MUST_CHECK enum status origin_tally_carry(struct origin_tally *tally, int64_t first, int64_t end,
                                          struct wire *wire, struct err *err);
void origin_tally_release(struct origin_tally *tally);
/* Ends the fit. */
MUST_CHECK enum status origin_settle(struct origin *origin, struct err *err);
/* Of the row with this number (window->first_row + row). Any thread. */
void origin_of(const struct origin *origin, int64_t row, struct str *ret_source,
               int64_t *ret_record);
void origin_release(struct origin *origin);

#endif
