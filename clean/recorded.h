/* clean/recorded.h: what a step did to windows, put down once and done again elsewhere.
 *
 * A step whose decision about a row depends on rows of all shards (duplicates, outliers, likely
 * wrong labels) is applied where the rows of all shards come together; each shard then does to its
 * own rows what was put down. */
#ifndef CLEAN_RECORDED_H
#define CLEAN_RECORDED_H

#include "clean/change.h"
#include "clean/spill.h"
#include "clean/wire.h"

/* ---- putting down: windows in order, one thread ---- */

struct recorder;
MUST_CHECK enum status recorder_open(struct recorder **ret, struct err *err);
/* Appends one window's change to ret. */
MUST_CHECK enum status recorder_encode(struct recorder *recorder, const struct change *change,
                                       struct bytes *ret, struct err *err);
/* The words that all of them share; after the last window. */
MUST_CHECK enum status recorder_words(struct recorder *recorder, struct bytes *ret,
                                      struct err *err);
void recorder_close(struct recorder **recorder);

/* ---- doing again ---- */

struct recorded;
/* `memory`: bytes held before they go to a temporary file. */
MUST_CHECK enum status recorded_open(struct recorded **ret, size_t memory, struct err *err);
/* Windows in rising order. */
MUST_CHECK enum status recorded_add(struct recorded *recorded, int64_t window, const void *data,
                                    size_t size, struct err *err);
MUST_CHECK enum status recorded_words(struct recorded *recorded, const void *data, size_t size,
                                      struct err *err);
/* After the last window and the words. */
MUST_CHECK enum status recorded_freeze(struct recorded *recorded, struct err *err);
/* Does to the window of `change` what was put down for it. STATUS_FAILED when that was another
 * window. Any thread. */
MUST_CHECK enum status recorded_apply(const struct recorded *recorded, struct change *change,
                                      struct err *err);
void recorded_close(struct recorded **recorded);

#endif
