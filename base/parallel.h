/* base/parallel.h: the one place where threads start (OpenMP).
 *
 * Two shapes only: a loop over independent indices, and an ordered pipeline (pull in order, work on
 * any thread, push in order), so that results never depend on the number of threads. */
#ifndef BASE_PARALLEL_H
#define BASE_PARALLEL_H

#include "base/err.h"

#include <stddef.h>

/* Threads for `requested` (0 = all processors the process may use, OMP_NUM_THREADS respected). */
size_t parallel_threads(size_t requested);

/* Calls work(context, 0) ... work(context, count - 1), any thread, any order. After a failure no
 * further index is started; the error of the lowest failed index is returned. Inside another
 * parallel call it runs on the calling thread. */
MUST_CHECK enum status
parallel_for(size_t threads, size_t count, void *context,
             enum status (*work)(void *context, size_t index, struct err *err), struct err *err);

/* pull   one call at a time, in order; sets *ret_item to NULL at the end.
 * work   any thread; changes the item in place.
 * push   one call at a time, in pull order; takes the item, also on failure.
 * drop   frees an item that will not reach push (after a failure). Required.
 * pull and push may run at the same moment on two threads. At most `in_flight` items (0 = twice the
 * threads) exist at once; under a memory limit only one until the first is done, then as many as
 * would fit at the most memory an item was seen to need, and one while memory_in_use() is above
 * half of the limit. The first failure in item order wins; a pull failure waits until the items
 * before it are pushed. */
struct ordered {
    size_t threads;
    size_t in_flight;
    void *context;
    enum status (*pull)(void *context, void **ret_item, struct err *err);
    enum status (*work)(void *context, void *item, struct err *err);
    enum status (*push)(void *context, void *item, struct err *err);
    void (*drop)(void *context, void *item);
};
MUST_CHECK enum status ordered_run(const struct ordered *ordered, struct err *err);

#endif
