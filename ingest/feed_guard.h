/* ingest/feed_guard.h: stops a text before the parser takes quadratic time for one of its tags. */
#ifndef INGEST_FEED_GUARD_H
#define INGEST_FEED_GUARD_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define TAG_ATTRIBUTES_MAXIMUM 1000
#define TAG_BYTES_MAXIMUM      (1u << 20)

enum feed_guard_state { GUARD_TEXT, GUARD_OPEN, GUARD_TAG, GUARD_BANG, GUARD_INSTRUCTION };

/* Zero-initialize. */
struct feed_guard {
    enum feed_guard_state state;
    char quote;    /* in a tag: of the open value, 0 = none */
    char last[2];  /* the two bytes in front */
    char bang[7];  /* what follows "<!" */
    uint32_t size; /* bytes of the tag, or of `bang` */
    uint32_t attributes;
};
/* Looks at the next bytes of a text. STATUS_FAILED beyond the maxima. */
MUST_CHECK enum status feed_guard(struct feed_guard *guard, const uint8_t *data, size_t size,
                                  struct err *err);

#endif
