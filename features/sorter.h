/* features/sorter.h: rows sorted by entity, event time, created time and write order, whatever
 * their number: in memory while they fit, else in sorted runs on disk that are merged (Knuth, TAOCP
 * 3, 5.4.1: replacement by balanced merging is not needed, all runs are merged at once). */
#ifndef FEATURES_SORTER_H
#define FEATURES_SORTER_H

#include "features/timeline.h"

struct sorter;
/* `memory`: bytes the process may hold; the rows of a sorted run take a fifth of it, as much again
 * while they are put in order. Names in `columns` are
 * borrowed. */
MUST_CHECK enum status sorter_open(struct sorter **ret, const struct schema *schema,
                                   const struct timeline_columns *columns, size_t memory,
                                   size_t threads, struct err *err);
/* Rows in write order. Shares the columns. STATUS_FAILED where a key or time is null. */
MUST_CHECK enum status sorter_add(struct sorter *sorter, const struct batch *batch,
                                  struct err *err);
/* After the last sorter_add: the rows in order, at most BATCH_ROWS_MAXIMUM at a time; where the
 * cuts are depends on memory. */
MUST_CHECK enum status sorter_next(struct sorter *sorter, struct batch *ret, bool *ret_end,
                                   struct err *err);
/* The rows once more from the first one on. */
MUST_CHECK enum status sorter_rewind(struct sorter *sorter, struct err *err);
/* Runs that went to disk. */
size_t sorter_spills(const struct sorter *sorter);
void sorter_close(struct sorter **sorter);

#endif
