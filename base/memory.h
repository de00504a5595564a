/* base/memory.h: checked, counted allocation.
 *
 * All of our own memory goes through these functions. They count the bytes in use against one limit
 * for the process (--memory); a request beyond it fails instead of growing. Sizes are always
 * count x size, checked for overflow. malloc, calloc, realloc and strdup are not used elsewhere. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* Sets the limit in bytes (0 = none). Call once, before threads start. */
void memory_set_limit(size_t bytes);
size_t memory_limit(void);
/* Bytes in use now, and the most that were ever in use. Any thread. */
size_t memory_in_use(void);
size_t memory_peak(void);

/* Gives the system back what was freed; for after something large was. */
void memory_trim(void);

/* Lets a test make the n-th request fail (n counts from 1; 0 = never). */
void memory_fail_at(uint64_t request);
uint64_t memory_requests(void);

/* count x size zeroed bytes, 64-byte aligned; NULL when there is no memory, the limit is reached,
 * or the product overflows. count or size 0 gives a valid pointer. */
void *memory_get(size_t count, size_t size);
/* Like memory_get without zeroing. */
void *memory_get_raw(size_t count, size_t size);
/* Grows or shrinks; new bytes are undefined; NULL leaves `old` as it was. */
void *memory_resize(void *old, size_t count, size_t size);
void memory_free(void *pointer);
/* A NUL-terminated copy of `size` bytes. */
char *memory_copy_text(const char *text, size_t size);
/* STATUS_MEMORY with a message and a hint about --memory. */
enum status fail_memory(struct err *err, size_t bytes);

/* memory_get that reports: ret is any object pointer variable's address. */
#define NEW(ret, count, err)                                                                       \
    ((*(ret) = memory_get((count), sizeof **(ret))) == NULL                                        \
         ? fail_memory((err), (size_t)(count) * sizeof **(ret))                                    \
         : STATUS_OK)

/* Cleanup for OWNED on any pointer from memory_get: OWNED(memory_release) char *text = NULL; */
void memory_release(void *pointer_to_pointer);

/* An arena: many small allocations, freed together. Not for sharing between threads. */
struct arena;
MUST_CHECK enum status arena_open(struct arena **ret, struct err *err);
/* Zeroed, 16-byte aligned; NULL when there is no memory. */
void *arena_get(struct arena *arena, size_t count, size_t size);
char *arena_text(struct arena *arena, const char *text, size_t size);
char *arena_format(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);
/* Forgets all allocations, keeps the first block. */
void arena_reset(struct arena *arena);
void arena_close(struct arena **arena);

#endif
