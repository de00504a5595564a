/* features/run_merge.h: sorted runs of rows become one, by entity, event time, created time; what
 * is equal in all three keeps the order of the runs. */
#ifndef FEATURES_RUN_MERGE_H
#define FEATURES_RUN_MERGE_H

#include "features/sorted_run.h"
#include "features/timeline.h"

struct run_merge;
/* Borrows the runs. A binary heap of cursors, one a run (Knuth, TAOCP 3, 5.4.1). */
MUST_CHECK enum status run_merge_open(struct run_merge **ret, const struct schema *schema,
                                      const struct timeline_columns *columns,
                                      struct sorted_run *const *runs, size_t count,
                                      struct err *err);
/* The next few thousand rows. */
MUST_CHECK enum status run_merge_next(struct run_merge *merge, struct batch *ret, bool *ret_end,
                                      struct err *err);
void run_merge_close(struct run_merge **merge);

#endif
