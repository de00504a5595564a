/* lineage/lock.h: lock files that know who holds them.
 *
 * flock(2) on a file that is never removed; the kernel gives the lock back when the holder dies.
 * The holder writes one line about itself, which the one who waits in vain shows. */
#ifndef LINEAGE_LOCK_H
#define LINEAGE_LOCK_H

#include "base/err.h"

#include <stdbool.h>

struct lock {
    int descriptor; /* -1 = none */
};
/* Makes the file where it is absent. Waits up to `wait` seconds, then STATUS_BUSY: `what` "is being
 * written by " and the holder's line. SIGINT and SIGTERM end the wait unless `deaf`. */
MUST_CHECK enum status lock_take(struct lock *ret, const char *path, double wait, bool deaf,
                                 const char *what, const char *holder, struct err *err);
/* The same for one of several who may hold it together, while nobody holds it alone. Their lines
 * are not written. */
MUST_CHECK enum status lock_share(struct lock *ret, const char *path, double wait, bool deaf,
                                  const char *what, struct err *err);
void lock_release(struct lock *lock);

#endif
