/* lineage/chunk.h: one chunk: an Arrow IPC file with one record batch, named by its content digest,
 * at chunks/ab/<digest>.arrow, stored once. */
#ifndef LINEAGE_CHUNK_H
#define LINEAGE_CHUNK_H

#include "base/digest.h"
#include "columnar/array.h"
#include "columnar/statistics.h"
#include "lineage/store.h"

struct chunk {
    struct digest content, file;
    int64_t rows, bytes; /* bytes of the file */
    struct column_statistics *columns;
    size_t column_count;
    char *temporary; /* the finished file before it is placed; NULL = the chunk exists already */
    bool replace;    /* what lies in its place does not have this content */
};

/* Digests and statistics of a batch; its file written to `temporary` and fsynced, unless the chunk
 * is already there and holds what its name says. Any thread. `schema` is the batch's without
 * metadata of runs and versions. */
MUST_CHECK enum status chunk_write(struct chunk *ret, const struct store *store,
                                   const char *temporary, const struct schema *schema,
                                   const struct batch *batch, struct err *err);
/* Links the file into its place; an existing one is kept. The entry is not yet durable; *ret_made
 * becomes true when its folder is new. */
MUST_CHECK enum status chunk_place(struct chunk *chunk, const struct store *store, bool *ret_made,
                                   struct err *err);
/* Makes the entries of chunks/ab/ durable for one first digest byte. */
MUST_CHECK enum status chunk_sync(const struct store *store, uint8_t first, struct err *err);
/* Removes a file that was not placed, frees. */
void chunk_release(struct chunk *chunk);

/* The rows of a chunk. STATUS_FAILED names it when it is missing or is not one batch. `places`:
 * where values shall lie (ipc_reader_place), NULL = no wishes. */
MUST_CHECK enum status chunk_read(const struct store *store, const char *digest, size_t threads,
                                  const struct buffer *places, struct batch *ret, struct err *err);
/* The digest and size of every byte of a file. */
MUST_CHECK enum status file_digest(const char *path, struct digest *ret, int64_t *ret_bytes,
                                   struct err *err);
/* "STORE/chunks/ab/<digest>.arrow"; memory_free; NULL without memory. */
char *chunk_path(const struct store *store, const char *digest);

#endif
