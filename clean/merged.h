/* clean/merged.h: a merged state at work: what all shards learned, given to the steps of a chain.
 */
#ifndef CLEAN_MERGED_H
#define CLEAN_MERGED_H

#include "clean/chain.h"
#include "clean/exchange.h"

struct merged;
/* STATUS_USAGE when it is no merged state. */
MUST_CHECK enum status merged_open(struct merged **ret, const char *path, struct err *err);
const struct shard_head *merged_head(const struct merged *learned);
struct digest merged_digest(const struct merged *learned);
/* The recipe it was learned with. Lives as long as the state. */
MUST_CHECK enum status merged_recipe(struct merged *learned, struct recipe *ret, struct err *err);
/* Gives each step that learned so far what it learned, and lets it do to the windows of `extent`
 * what was recorded for them (NULL: to none). The state outlives the chain. */
MUST_CHECK enum status merged_load(struct merged *learned, struct chain *chain,
                                   const struct shard_extent *extent, struct err *err);
/* All blocks once more, for the next merged state. */
MUST_CHECK enum status merged_copy(struct merged *learned, struct shard_writer *writer,
                                   struct err *err);
void merged_close(struct merged **learned);

/* A recipe from what recipe_json wrote; *ret_document outlives it. */
MUST_CHECK enum status recipe_from_json(const char *json, struct yaml **ret_document,
                                        struct recipe *ret, struct err *err);

#endif
