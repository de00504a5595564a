/* lineage/watermark_state.h: what the commit of a version does with watermarks, for the files of
 * this room only. */
#ifndef LINEAGE_WATERMARK_STATE_H
#define LINEAGE_WATERMARK_STATE_H

#include "lineage/lock.h"
#include "lineage/watermark.h"

/* Hands on the lock of the dataset; none when the run reads no watermarks of this dataset. */
bool watermarks_hand_lock(struct watermarks *marks, const char *dataset, struct lock *ret);
/* In the transaction of version `number` (0 = none): the moves count from here on. */
MUST_CHECK enum status watermarks_commit(struct watermarks *marks, int64_t number, struct err *err);
/* STATUS_USAGE when a dataset cannot have this name. */
MUST_CHECK enum status dataset_check(const char *dataset, struct err *err);
/* The lock of a dataset, for whoever writes versions of it. STATUS_BUSY names the holder. */
MUST_CHECK enum status dataset_lock(struct store *store, const char *dataset, struct lock *ret,
                                    struct err *err);

#endif
