/* ingest/spool.h: an unlinked temporary file that takes what cannot be read at a place: pipes,
 * unpacked bytes, downloads. Charged to the disk ($TMPDIR), not to memory. */
#ifndef INGEST_SPOOL_H
#define INGEST_SPOOL_H

#include "base/input.h"

struct spool {
    int descriptor; /* -1 = not opened yet */
    uint64_t size;
};
#define SPOOL_NONE ((struct spool){.descriptor = -1})

/* Appends bytes. */
MUST_CHECK enum status spool_add(struct spool *spool, const void *data, size_t size,
                                 struct err *err);
/* Appends everything that is left of `input`; reading and writing overlap. */
MUST_CHECK enum status spool_fill(struct spool *spool, struct input *input, struct err *err);
/* The bytes from `offset` to the end as an input, which must be closed before the spool. */
MUST_CHECK enum status spool_rest(const struct spool *spool, uint64_t offset, const char *name,
                                  struct input **ret, struct err *err);
void spool_close(struct spool *spool);

#endif
