/* ingest/shard.h: a part of one source that a run of its own reads: what a plan says about it.
 *
 * A plan (JSON, tamis-ingest plan) cuts a source where a window of 65,536 rows begins. It holds for
 * each shard the place and number of its first record, and for the whole the types of all columns
 * and the digest, so that a shard reads no byte of another one. */
#ifndef INGEST_SHARD_H
#define INGEST_SHARD_H

#include "base/digest.h"
#include "base/memory.h"
#include "columnar/schema.h"

struct shard {
    uint64_t begin, end;        /* bytes of the source */
    int64_t first_row;          /* rows of the shards before it */
    int64_t record, line;       /* of the first record in it */
    const char *const *columns; /* their names in the whole source */
    const char *const *types;   /* and types, as field_type_text writes them */
    size_t column_count;
    struct str shape;       /* of JSON records (shape.h); data NULL = the kind has none */
    int64_t bytes, records; /* of the whole source */
    struct digest digest;
    struct digest plan; /* of the plan's bytes: names it */
    struct arena *arena;
};
/* Shard "I/N" of the plan in the file `path`. STATUS_USAGE where there is none. */
MUST_CHECK enum status shard_open(struct shard *ret, const char *path, const char *which,
                                  struct err *err);
/* Metadata that says which rows these are: "tamis:shard" ("2/3"), "tamis:first_row",
 * "tamis:plan". */
MUST_CHECK enum status shard_describe(const struct shard *shard, const char *which,
                                      struct schema *schema, struct err *err);
void shard_close(struct shard *shard);
/* The number of shards in "I/N" and which it is. */
MUST_CHECK enum status shard_parse(const char *which, int64_t *ret_index, int64_t *ret_count,
                                   struct err *err);

#endif
