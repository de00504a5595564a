/* features/change_log.h: rows that correct or delete others.
 *
 * In a change log, rows of one entity with the same key are states of one thing, in the order in
 * which they became known (created time, else event time; of equal ones by event time, then in
 * write order). At a point in time the last state known by then counts, none of those before it,
 * and where it is a deletion none at all: the transaction-time half of a bitemporal table
 * (Snodgrass, Developing Time-Oriented Database Applications, 2000, chapter 10). Without key
 * columns the event time is the key: a row corrects the row of the same entity and event time. */
#ifndef FEATURES_CHANGE_LOG_H
#define FEATURES_CHANGE_LOG_H

#include "features/view.h"

struct change_log;
/* STATUS_USAGE where a column is absent or cannot be used. `view` is borrowed. */
MUST_CHECK enum status change_log_open(struct change_log **ret, const struct view *view,
                                       const struct schema *schema, struct err *err);
/* The rows that were added to the timeline, in the same order. */
MUST_CHECK enum status change_log_add(struct change_log *log, const struct batch *batch,
                                      struct err *err);
/* Fills until and gone of a settled timeline. */
MUST_CHECK enum status change_log_settle(struct change_log *log, struct timeline *timeline,
                                         struct err *err);
void change_log_close(struct change_log **log);

#endif
