/* features/put_shards.h: the files of all shards of one table, as tamis-clean apply and
 * tamis-ingest
 * --shard write them: each says in the metadata of its schema which one it is. */
#ifndef FEATURES_PUT_SHARDS_H
#define FEATURES_PUT_SHARDS_H

#include "base/memory.h"
#include "columnar/schema.h"

/* Puts the files into the order of their shards. STATUS_USAGE unless every shard of one and the
 * same table is there once. */
MUST_CHECK enum status shards_order(char *const *paths, size_t count, struct arena *arena,
                                    const char ***ret, struct err *err);
/* STATUS_USAGE when `schema` is that of one shard of several: a part is not the whole. */
MUST_CHECK enum status shards_refuse_part(const struct schema *schema, struct err *err);
/* Copies metadata without what says which shard it is. */
MUST_CHECK enum status shards_metadata(struct schema *to, const struct schema *from,
                                       struct err *err);

#endif
