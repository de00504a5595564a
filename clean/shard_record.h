/* clean/shard_record.h: applies a step to the windows that came together and records what it does
 * to each. */
#ifndef CLEAN_SHARD_RECORD_H
#define CLEAN_SHARD_RECORD_H

#include "clean/chain.h"
#include "clean/exchange.h"
#include "clean/spool.h"

/* Blocks of the changes go to `writer` in window order; effects and findings are added to the
 * step. */
MUST_CHECK enum status record_changes(struct chain *chain, size_t at, const struct spool *windows,
                                      bool notes, struct shard_writer *writer, struct err *err);

#endif
