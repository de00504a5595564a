/* clean/revert.h: undoes what one step did to cells, from the audit of the run that did it. */
#ifndef CLEAN_REVERT_H
#define CLEAN_REVERT_H

#include "base/memory.h"
#include "columnar/array.h"

struct revert; /* the cells to restore, by source, record and column */

/* Reads an audit file. `module` NULL or `position` 0 = any; every step both allow is undone. Cells
 * that a later step changed again are left as they are. STATUS_USAGE when no cell is chosen. */
MUST_CHECK enum status revert_open(struct revert **ret, const char *audit, const char *module,
                                   int64_t position, struct err *err);
/* The batch with its cells as they were. Needs _source and _record. */
MUST_CHECK enum status revert_batch(struct revert *revert, const struct batch *batch,
                                    struct batch *ret, struct err *err);

struct revert_counts {
    int64_t cells; /* chosen in the audit */
    int64_t restored;
    int64_t superseded; /* changed again by a later step */
    int64_t unfit;      /* what was there is no value of the column's type now */
};
/* Cells neither restored, superseded nor unfit belong to rows that are gone. */
struct revert_counts revert_counts(const struct revert *revert);
void revert_close(struct revert **revert);

#endif
