/* base/block_cache.h: large blocks that were freed and wait for the next owner. Private to
 * base/memory.c.
 *
 * Buffers of batches come and go by the thousand in a few sizes. Handing each back to the system
 * costs a page fault for every 4 KiB of the next one; here a block goes to the next request of its
 * class instead. A class is a power of two in eight steps, so at most an eighth is unused. Any
 * thread. */
#ifndef BASE_BLOCK_CACHE_H
#define BASE_BLOCK_CACHE_H

#include <stdbool.h>
#include <stddef.h>

/* The size a block of at least `size` bytes should have to be kept one day; `size` itself where
 * such blocks are not kept. */
size_t block_cache_round(size_t size);
/* A kept block of exactly `size` bytes (from block_cache_round), NULL where there is none. */
void *block_cache_take(size_t size);
/* Keeps a block from malloc, false when it is not wanted: the caller frees it. */
bool block_cache_keep(void *block, size_t size);
/* Frees until at most `bytes` are kept, what was longest not asked for first. */
void block_cache_shrink(size_t bytes);
/* Bytes that are kept now. */
size_t block_cache_bytes(void);
/* Keeps at most `bytes` from now on. */
void block_cache_limit(size_t bytes);

#endif
