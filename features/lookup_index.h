/* features/lookup_index.h: a version of a view as a file that is mapped and asked about single
 * entities: no row is read that is not asked for.
 *
 * Event times, ttl, what was known when, corrections and windows are decided by point_in_time.c and
 * window.c, the code of the join, over the mapped file. An open index never changes; any number of
 * threads may ask. */
#ifndef FEATURES_LOOKUP_INDEX_H
#define FEATURES_LOOKUP_INDEX_H

#include "features/lookup_layout.h"
#include "features/reference.h"

struct lookup_index;
struct lookup_options {
    bool as_known;
    bool made;      /* only an index that is there: STATUS_USAGE otherwise */
    size_t threads; /* for making one */
};
/* Opens the index of VIEW[@REF], and makes it where it is missing or does not fit. It is kept in
 * the store where that may be written, else in a temporary file as long as it is open. Names live
 * in `arena`. */
MUST_CHECK enum status lookup_index_open(struct lookup_index **ret, struct store *store,
                                         const char *operand, const struct lookup_options *options,
                                         struct arena *arena, struct err *err);
const struct view *lookup_index_view(const struct lookup_index *index);
const struct version *lookup_index_version(const struct lookup_index *index);
/* The entity columns, then those of the records. */
const struct schema *lookup_index_schema(const struct lookup_index *index);
/* Where keys are in a batch of the entity columns. */
const struct key_layout *lookup_index_layout(const struct lookup_index *index);
/* What is answered: features, then aggregates. */
const struct schema *lookup_index_answers(const struct lookup_index *index);

/* A key: the word where layout.word, else the bytes. */
struct lookup_key {
    uint64_t word;
    struct str bytes;
};
/* The entity's number, ENTITY_NONE where it is not there. STATUS_FAILED where the file does not
 * hold what was written: it is removed, and made again when it is opened next. */
MUST_CHECK enum status lookup_index_find(const struct lookup_index *index,
                                         const struct lookup_key *key, uint32_t *ret,
                                         struct err *err);
/* Asks for the memory that lookup_index_find will need. */
void lookup_index_prefetch(const struct lookup_index *index, const struct lookup_key *key);

/* Where the answer about an entity is. */
struct lookup_hit {
    uint32_t entity;
    int64_t position;      /* -1 = none */
    const uint8_t *record; /* checked; NULL = none */
};
/* What answers for an entity at `time` microseconds. */
MUST_CHECK enum status lookup_index_at(const struct lookup_index *index, uint32_t entity,
                                       int64_t time, struct lookup_hit *ret, struct err *err);

/* One value, borrowed from the index. */
struct lookup_value {
    bool null;
    bool json; /* `data` is JSON text: a type without a form of its own */
    const uint8_t
        *data; /* as in an Arrow array's buffer (bool: one byte), or the text; NULL: `own` */
    size_t size;
    uint64_t own; /* an aggregate's int64 or float64 */
};
static inline const uint8_t *lookup_value_data(const struct lookup_value *value)
{
    return value->data != NULL ? value->data : (const uint8_t *)&value->own;
}
/* Answer number `column` for a hit at the same time. */
MUST_CHECK enum status lookup_index_value(const struct lookup_index *index,
                                          const struct lookup_hit *hit, int64_t time, size_t column,
                                          struct lookup_value *ret, struct err *err);
/* Where answer number `column` is in a record, when its bytes are all there is to it; NULL for
 * texts, JSON and aggregates. */
const struct lookup_column *lookup_index_plain(const struct lookup_index *index, size_t column);
/* Whether column number `column` of a record has a value. */
static inline bool lookup_record_has(const uint8_t *record, size_t column)
{
    return record != NULL && ((record[column / 8] >> (column % 8)) & 1) != 0;
}
void lookup_index_close(struct lookup_index **index);

#endif
