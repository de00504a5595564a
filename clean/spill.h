/* clean/spill.h: bytes appended once and read back often, in memory while they are few, in an
 * unlinked temporary file (mode 0600) beyond a limit. */
#ifndef CLEAN_SPILL_H
#define CLEAN_SPILL_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct spill;

/* limit: bytes held in memory before everything moves to the file; also the write buffer after. */
MUST_CHECK enum status spill_open(struct spill **ret, size_t limit, struct err *err);
MUST_CHECK enum status spill_add(struct spill *spill, const void *data, size_t size,
                                 struct err *err);
uint64_t spill_size(const struct spill *spill);
/* Whether it went to the file. */
bool spill_is_file(const struct spill *spill);
/* Ends writing: *ret points to all bytes (memory, or a read-only mapping) until spill_close. */
MUST_CHECK enum status spill_freeze(struct spill *spill, const void **ret, struct err *err);
void spill_close(struct spill **spill);

/* `size` zeroed bytes that many threads may write: memory up to `limit`, else a shared mapping of
 * an unlinked temporary file whose blocks are reserved first, so that a full disk is an error here
 * and not a signal later. */
struct scratch {
    void *data;
    size_t size;
    bool mapped;
};
MUST_CHECK enum status scratch_open(struct scratch *ret, size_t size, size_t limit,
                                    struct err *err);
void scratch_release(struct scratch *scratch);

#endif
