/* clean/deduplicate_bands.h: one band of all texts, grouped by its hash in bounded memory. */
#ifndef CLEAN_DEDUPLICATE_BANDS_H
#define CLEAN_DEDUPLICATE_BANDS_H

#include "base/memory.h"

struct band_entry {
    uint64_t hash;
    uint32_t text;
};

/* Calls each(context, entries, count) for every group of two and more texts with the same hash,
 * texts rising in a group. hashes: one a text; skip: a bit a text that takes no part, may be NULL.
 * At most about `memory` bytes are held: the hashes are gone through once a part. */
MUST_CHECK enum status
bands_group(const uint64_t *hashes, size_t count, const uint8_t *skip, size_t memory, void *context,
            enum status (*each)(void *context, const struct band_entry *entries, size_t count,
                                struct err *err),
            struct err *err);

#endif
