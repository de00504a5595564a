/* ingest/distinct.h: which values a column has had so far, in memory that does not count: the table
 * lies in an unlinked temporary file.
 *
 * A value is its 128-bit XXH3 hash. For one thread at a time. */
#ifndef INGEST_DISTINCT_H
#define INGEST_DISTINCT_H

#include "columnar/array.h"

struct distinct_key {
    uint64_t low, high;
};
struct distinct_place {
    struct distinct_key key;
    int64_t record; /* that had the value first; 0 = the place is free */
    uint64_t source;
};

struct distinct_key distinct_key_of(struct str value);
/* The value at `row`, which is not null: equal values of a type have equal keys. `scratch` is for
 * types without plain bytes. */
MUST_CHECK enum status distinct_key_at(const struct field *field, const struct array *array,
                                       int64_t row, struct bytes *scratch, struct distinct_key *ret,
                                       struct err *err);

struct distinct;
MUST_CHECK enum status distinct_open(struct distinct **ret, struct err *err);
/* Who had the value first; NULL = nobody. Valid until the next addition. */
const struct distinct_place *distinct_find(const struct distinct *distinct,
                                           const struct distinct_key *key);
/* A value that is not there yet. `record` is not 0. */
MUST_CHECK enum status distinct_add(struct distinct *distinct, const struct distinct_key *key,
                                    uint64_t source, int64_t record, struct err *err);
uint64_t distinct_count(const struct distinct *distinct);
void distinct_close(struct distinct **distinct);

#endif
