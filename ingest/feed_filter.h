/* ingest/feed_filter.h: what of a text can be no XML, found before the parser stops at it. */
#ifndef INGEST_FEED_FILTER_H
#define INGEST_FEED_FILTER_H

#include "base/str.h"

#define WRONG_MOST (256u << 10) /* remembered at once */

struct feed_wrong {
    uint64_t at;   /* in the text */
    bool encoding; /* no UTF-8; else a character that XML does not have */
};
struct feed_filter {
    struct bytes places; /* of struct feed_wrong, in order */
    struct feed_wrong first;
};
/* Puts "?" for every wrong byte of data, which lie at `offset` of the text. *ret_size is less than
 * size where a character goes on behind the data. STATUS_FAILED beyond WRONG_MOST of them. */
MUST_CHECK enum status feed_filter(struct feed_filter *filter, uint8_t *data, size_t size,
                                   bool last, uint64_t offset, size_t *ret_size, struct err *err);
/* Forgets the places in front of `end` and returns the first of them, NULL = there are none. */
const struct feed_wrong *feed_filter_take(struct feed_filter *filter, uint64_t end);
void feed_filter_release(struct feed_filter *filter);

#endif
