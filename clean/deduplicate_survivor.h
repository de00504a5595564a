/* clean/deduplicate_survivor.h: which row of a group is the best one, and one number a row. */
#ifndef CLEAN_DEDUPLICATE_SURVIVOR_H
#define CLEAN_DEDUPLICATE_SURVIVOR_H

#include "clean/module.h"
#include "clean/spill.h"

enum survivor {
    SURVIVOR_FIRST,
    SURVIVOR_LAST,
    SURVIVOR_MOST_COMPLETE, /* fewest nulls */
    SURVIVOR_NEWEST,        /* greatest value of a column, null the least */
    SURVIVOR_LONGEST,       /* most bytes of text */
};

/* Numbers of all rows, in row order; rows that earlier steps removed have 0. */
struct row_numbers {
    struct spill *spill;
    int64_t rows;
};
MUST_CHECK enum status row_numbers_open(struct row_numbers *ret, size_t memory, struct err *err);
/* Windows in order. */
MUST_CHECK enum status row_numbers_add(struct row_numbers *numbers, int64_t first_row,
                                       const int64_t *values, int64_t count, struct err *err);
MUST_CHECK enum status row_numbers_freeze(struct row_numbers *numbers, const int64_t **ret,
                                          struct err *err);
void row_numbers_release(struct row_numbers *numbers);

/* A number a row of the window: of two rows of a group the one with the greater stays. `by` is the
 * column of SURVIVOR_NEWEST. */
void ranks_of(enum survivor survivor, size_t by, const struct window *window, int64_t *ret);

/* Which row stays is in `output`, or where that is NULL in every column. */
MUST_CHECK enum status survivor_lineage(enum survivor survivor, size_t by,
                                        const struct schema *schema, const char *output,
                                        struct column_lineage *lineage, struct err *err);

#endif
