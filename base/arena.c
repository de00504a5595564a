/* base/arena.c: many small allocations, freed together. */
#include "base/memory.h"

#include <stdio.h>
#include <string.h>

#define BLOCK_BYTES     (16u << 10)
#define ARENA_ALIGNMENT 16u

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    _Alignas(ARENA_ALIGNMENT) char bytes[];
};

struct arena {
    struct arena_block *first;   /* kept by arena_reset */
    struct arena_block *current; /* the newest one */
};

static struct arena_block *block_new(size_t size)
{
    size_t room = size > BLOCK_BYTES ? size : BLOCK_BYTES;
    if (room > SIZE_MAX - sizeof(struct arena_block)) return NULL;
    struct arena_block *block = memory_get_raw(sizeof(struct arena_block) + room, 1);
    if (block != NULL) *block = (struct arena_block){.size = room};
    return block;
}

enum status arena_open(struct arena **ret, struct err *err)
{
    struct arena *arena;
    TRY(NEW(&arena, 1, err));
    arena->first = arena->current = block_new(BLOCK_BYTES);
    if (arena->first == NULL) {
        memory_free(arena);
        return fail_memory(err, BLOCK_BYTES);
    }
    *ret = arena;
    return STATUS_OK;
}

void *arena_get(struct arena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 2) return NULL;
    bytes = (bytes + ARENA_ALIGNMENT - 1) & ~(size_t)(ARENA_ALIGNMENT - 1);
    struct arena_block *block = arena->current;
    if (block->size - block->used < bytes) {
        block = block_new(bytes);
        if (block == NULL) return NULL;
        arena->current->next = block;
        arena->current = block;
    }
    char *place = block->bytes + block->used;
    block->used += bytes;
    memset(place, 0, bytes);
    return place;
}

char *arena_text(struct arena *arena, const char *text, size_t size)
{
    if (size == SIZE_MAX) return NULL;
    char *copy = arena_get(arena, size + 1, 1);
    if (copy != NULL && size > 0) memcpy(copy, text, size);
    return copy;
}

char *arena_format(struct arena *arena, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = size < 0 ? NULL : arena_get(arena, (size_t)size + 1, 1);
    if (text != NULL) vsnprintf(text, (size_t)size + 1, format, again);
    va_end(again);
    return text;
}

static void blocks_free(struct arena_block *block)
{
    while (block != NULL) {
        struct arena_block *next = block->next;
        memory_free(block);
        block = next;
    }
}

void arena_reset(struct arena *arena)
{
    blocks_free(arena->first->next);
    arena->first->next = NULL;
    arena->first->used = 0;
    arena->current = arena->first;
}

void arena_close(struct arena **arena)
{
    if (*arena == NULL) return;
    blocks_free((*arena)->first);
    memory_free(*arena);
    *arena = NULL;
}
