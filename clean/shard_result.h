/* clean/shard_result.h: what became of the rows of one shard, written when its output is whole: the
 * mark that it is done, and what the verdict over all shards is made of. */
#ifndef CLEAN_SHARD_RESULT_H
#define CLEAN_SHARD_RESULT_H

#include "clean/outcome.h"
#include "clean/shard_run.h"
#include "clean/shard_set.h"

/* `output` NULL or "-": it went to stdout. */
MUST_CHECK enum status shard_result_write(struct shard_run *run, const struct chain *chain,
                                          const char *output, const char *path, struct err *err);
/* Whether `path` is the result of this very run and `output` what it wrote. */
bool shard_result_is_there(struct shard_run *run, const char *output, const char *path);
/* Adds the results of all shards to the chain, as if it had seen all rows. */
MUST_CHECK enum status shard_results_add(const struct shard_set *set, struct chain *chain,
                                         struct err *err);

#endif
