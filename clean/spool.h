/* clean/spool.h: windows put aside between two passes, in one unlinked temporary file (mode 0600).
 *
 * Each window is a complete Arrow IPC stream (zstd, frame checksum) with its place in the file kept
 * in memory, so that windows are encoded and decoded on any thread and the file can be read as
 * often as a fit needs. Row ordinals lie beside a window where the rows have no provenance. */
#ifndef CLEAN_SPOOL_H
#define CLEAN_SPOOL_H

#include "columnar/ipc.h"

struct spool;

MUST_CHECK enum status spool_open(struct spool **ret, struct err *err);
/* Encodes a window; any thread. `ordinals` (may be NULL) has batch->rows numbers. */
MUST_CHECK enum status spool_encode(const struct batch *batch, const int64_t *ordinals,
                                    struct bytes *ret, struct err *err);
/* Appends an encoded window under its index; in order of rising index, one thread. */
MUST_CHECK enum status spool_put(struct spool *spool, int64_t index, const struct bytes *window,
                                 struct err *err);
/* Windows put so far. */
size_t spool_count(const struct spool *spool);
uint64_t spool_bytes(const struct spool *spool);
/* Window number `at` in the order of spool_put, with its index; any thread. The caller frees
 * *ret_ordinals (NULL where none were put) with memory_free and releases the batch. */
MUST_CHECK enum status spool_read(const struct spool *spool, size_t at, int64_t *ret_index,
                                  struct batch *ret, int64_t **ret_ordinals, struct err *err);
void spool_close(struct spool **spool);

#endif
