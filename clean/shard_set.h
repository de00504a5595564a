/* clean/shard_set.h: the states of all shards, checked against one another before any is used:
 * engines start a merge after a failed shard too. */
#ifndef CLEAN_SHARD_SET_H
#define CLEAN_SHARD_SET_H

#include "clean/shard_file.h"

/* Zero-initialize. `files` by shard index. */
struct shard_set {
    struct shard_file **files;
    size_t count;
    struct shard_extent *extents;
};
/* STATUS_FAILED for a truncated or changed one; STATUS_USAGE for a missing, duplicate, foreign or
 * stale one. */
MUST_CHECK enum status shard_set_open(struct shard_set *ret, char *const *paths, size_t count,
                                      struct err *err);
const struct shard_head *shard_set_head(const struct shard_set *set);
/* STATUS_USAGE unless the shards lie behind one another and each but the last ends where a window
 * of the whole ends. `bytes_maximum`: of a window. */
MUST_CHECK enum status shard_set_check_windows(const struct shard_set *set, uint64_t bytes_maximum,
                                               struct err *err);
/* Numbers rows and windows of the shards one behind the other. */
void shard_set_number(struct shard_set *set);
void shard_set_release(struct shard_set *set);

#endif
