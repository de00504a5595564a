/* clean/deduplicate_fill.h: fills the nulls of a survivor from the rows that merge into it.
 *
 * A first pass notes which cells of a row are null, a second one collects the values: of several
 * the one of the first row. Memory grows with the cells that are filled. */
#ifndef CLEAN_DEDUPLICATE_FILL_H
#define CLEAN_DEDUPLICATE_FILL_H

#include "clean/deduplicate_marks.h"
#include "clean/deduplicate_survivor.h"

#define FILL_COLUMNS_MOST 63

struct fill;
/* columns: those to fill, at most FILL_COLUMNS_MOST of them; they outlive it. */
MUST_CHECK enum status fill_open(struct fill **ret, const struct schema *schema,
                                 const size_t *columns, size_t count, size_t memory,
                                 struct err *err);
void fill_close(struct fill **fill);

/* First pass: a bit a null cell, by place in `columns`. */
void fill_nulls(const struct fill *fill, const struct window *window, int64_t *ret);
MUST_CHECK enum status fill_add_nulls(struct fill *fill, int64_t first_row, const int64_t *nulls,
                                      int64_t rows, struct err *err);
MUST_CHECK enum status fill_start(struct fill *fill, const struct marks *marks, struct err *err);

/* Second pass. Zero-initialize the tally. */
struct fill_tally {
    struct array **values; /* by place in `columns`; NULL = none */
    int64_t **survivors;   /* of each value */
    size_t columns;
};
MUST_CHECK enum status fill_observe(const struct fill *fill, const struct window *window,
                                    struct fill_tally *tally, struct err *err);
/* Window order; releases the tally. */
MUST_CHECK enum status fill_absorb(struct fill *fill, struct fill_tally *tally, struct err *err);
void fill_tally_release(struct fill_tally *tally);
MUST_CHECK enum status fill_settle(struct fill *fill, struct err *err);

MUST_CHECK enum status fill_apply(const struct fill *fill, const struct window *window,
                                  struct change *change, struct err *err);

#endif
