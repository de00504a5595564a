/* clean/spool.h: windows put aside between passes: in memory while they fit into a share of it,
 * then in one unlinked temporary file (mode 0600).
 *
 * In the file each column of a window is an Arrow IPC stream of its own (zstd, frame checksum). A
 * column that no step replaced since it was last put aside is not written again: the window that is
 * put aside next names the place where it lies already, and which of its rows are left
 * (clean/trace.h). So a barrier costs what the steps in front of it changed, not the width of the
 * table.
 *
 * Written windows become the ones that are read with spool_turn. Windows are encoded, written,
 * read and decoded on any thread, as often as a fit needs; a window's table of places lies in the
 * file too, so memory holds 24 bytes a window. Row ordinals lie beside a window where the rows have
 * no provenance. */
#ifndef CLEAN_SPOOL_H
#define CLEAN_SPOOL_H

#include "clean/trace.h"

struct spool;

/* `memory`: bytes of windows that stay in memory; 0 = none. */
MUST_CHECK enum status spool_open(struct spool **ret, size_t memory, struct err *err);

/* Where a window lies: in the file, or, with a schema in `batch`, here. */
struct spool_place {
    uint64_t offset, size;
    struct batch batch;
    int64_t *ordinals;
};
void spool_place_release(struct spool_place *place);
/* Puts a window aside; any thread. `ordinals` (may be NULL) has batch->rows numbers.
 * `trace` names the columns that lie in this spool already; NULL = none. */
MUST_CHECK enum status spool_write(struct spool *spool, const struct batch *batch,
                                   const int64_t *ordinals, const struct trace *trace,
                                   struct spool_place *ret, struct err *err);
/* The next window of those that will be read after the turn; one thread, in order. Takes the place.
 */
MUST_CHECK enum status spool_put(struct spool *spool, int64_t index, const struct schema *schema,
                                 struct spool_place *place, struct err *err);
/* From now on the windows put since the last turn are read; the ones before are forgotten. */
void spool_turn(struct spool *spool);
/* Windows to read. */
size_t spool_count(const struct spool *spool);
/* Bytes in the file, without what stays in memory. */
uint64_t spool_bytes(const struct spool *spool);
/* Window number `at` of those put, and where its columns lie; any thread. *ret_ordinals is freed
 * with memory_free, NULL where none were kept. */
MUST_CHECK enum status spool_read(const struct spool *spool, size_t at, int64_t *ret_index,
                                  struct batch *ret, int64_t **ret_ordinals,
                                  struct trace *ret_trace, struct err *err);
void spool_close(struct spool **spool);

#endif
