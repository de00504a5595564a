/* clean/shard_merge.h: one round of learning from what all shards saw. */
#ifndef CLEAN_SHARD_MERGE_H
#define CLEAN_SHARD_MERGE_H

#include "clean/merged.h"
#include "clean/shard_set.h"

struct merge {
    struct chain *chain; /* opened on the input's schema; `previous` is loaded */
    const struct shard_set *set;
    struct merged *previous; /* NULL = none */
    const char *path;        /* of the merged state */
    struct digest of_set;    /* names the states */
    bool notes;              /* why cells change is recorded too, for --audit cells */
};
/* Lets the steps of the round learn and writes the merged state, whole or not at all.
 * *ret_complete: every step has learned. */
MUST_CHECK enum status merge_round(const struct merge *merge, bool *ret_complete, struct err *err);

#endif
