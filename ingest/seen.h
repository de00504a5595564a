/* ingest/seen.h: a set of digests, for what may come only once. */
#ifndef INGEST_SEEN_H
#define INGEST_SEEN_H

#include "base/digest.h"

#include <stdbool.h>
#include <stddef.h>

/* Zero-initialize. */
struct seen {
    struct digest *slots; /* memory_get; all zero = free */
    size_t room, count;
};
MUST_CHECK enum status seen_add(struct seen *seen, const struct digest *digest, bool *ret_new,
                                struct err *err);
void seen_release(struct seen *seen);

#endif
