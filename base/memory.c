/* base/memory.c: checked, counted allocation.
 *
 * Each block carries a small header with its size, so that counting needs no help from the C
 * library and freeing needs no size. */
#include "base/memory.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 64

/* One cache line in front of the bytes we hand out keeps them aligned. */
struct header {
    size_t size;
    void *base;
};

static atomic_size_t in_use;
static atomic_size_t peak;
static atomic_size_t limit;
static atomic_uint_fast64_t requests;
static atomic_uint_fast64_t fail_request;

/* The limit is on what we ask for; what the C library keeps after we gave it back would come on
 * top. So it gets two arenas instead of eight a thread, and buffers come from and go back to the
 * system. */
void memory_set_limit(size_t bytes)
{
    atomic_store(&limit, bytes);
    if (bytes == 0) return;
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, 256 << 10);
    mallopt(M_TRIM_THRESHOLD, 1 << 20);
}

size_t memory_limit(void)
{
    return atomic_load_explicit(&limit, memory_order_relaxed);
}

size_t memory_in_use(void)
{
    return atomic_load_explicit(&in_use, memory_order_relaxed);
}

size_t memory_peak(void)
{
    return atomic_load_explicit(&peak, memory_order_relaxed);
}

void memory_trim(void)
{
    malloc_trim(0);
}

void memory_fail_at(uint64_t request)
{
    atomic_store(&requests, 0);
    atomic_store(&fail_request, request);
}

uint64_t memory_requests(void)
{
    return atomic_load(&requests);
}

static bool refused_by_test(void)
{
    uint64_t at = atomic_load_explicit(&fail_request, memory_order_relaxed);
    return atomic_fetch_add_explicit(&requests, 1, memory_order_relaxed) + 1 == at;
}

/* Counts `bytes` before they are asked for, so that two threads cannot pass the limit together. */
static bool charge(size_t bytes)
{
    size_t most = memory_limit();
    size_t now = atomic_fetch_add_explicit(&in_use, bytes, memory_order_relaxed) + bytes;
    if (most != 0 && now > most) {
        atomic_fetch_sub_explicit(&in_use, bytes, memory_order_relaxed);
        return false;
    }
    size_t before = memory_peak();
    while (now > before && !atomic_compare_exchange_weak(&peak, &before, now)) {
    }
    return true;
}

static void discharge(size_t bytes)
{
    atomic_fetch_sub_explicit(&in_use, bytes, memory_order_relaxed);
}

static struct header *header_of(void *pointer)
{
    return (struct header *)(void *)((char *)pointer - sizeof(struct header));
}

static void *place(size_t size, bool zeroed)
{
    size_t total;
    if (__builtin_add_overflow(size, (size_t)2 * ALIGNMENT, &total)) return NULL;
    if (refused_by_test() || !charge(size)) return NULL;
    char *base = zeroed ? calloc(1, total) : malloc(total);
    if (base == NULL) {
        discharge(size);
        return NULL;
    }
    uintptr_t first = ((uintptr_t)base + ALIGNMENT + (ALIGNMENT - 1)) & ~(uintptr_t)(ALIGNMENT - 1);
    char *pointer = base + (first - (uintptr_t)base);
    *header_of(pointer) = (struct header){size, base};
    return pointer;
}

void *memory_get(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) return NULL;
    return place(bytes, true);
}

void *memory_get_raw(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) return NULL;
    return place(bytes, false);
}

void *memory_resize(void *old, size_t count, size_t size)
{
    void *grown = memory_get_raw(count, size);
    if (grown == NULL || old == NULL) return grown;
    size_t had = header_of(old)->size, wanted = count * size;
    memcpy(grown, old, had < wanted ? had : wanted);
    memory_free(old);
    return grown;
}

void memory_free(void *pointer)
{
    if (pointer == NULL) return;
    struct header *header = header_of(pointer);
    discharge(header->size);
    free(header->base);
}

char *memory_copy_text(const char *text, size_t size)
{
    if (size == SIZE_MAX) return NULL;
    char *copy = memory_get_raw(size + 1, 1);
    if (copy == NULL) return NULL;
    if (size > 0) memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

enum status fail_memory(struct err *err, size_t bytes)
{
    enum status status =
        fail(err, STATUS_MEMORY, "memory for %zu more bytes was refused (%zu in use, limit %zu)",
             bytes, memory_in_use(), memory_limit());
    err_hint(err, "give more with --memory, or fewer --threads");
    return status;
}

void memory_release(void *pointer_to_pointer)
{
    void *pointer;
    memcpy(&pointer, pointer_to_pointer, sizeof pointer);
    memory_free(pointer);
    pointer = NULL;
    memcpy(pointer_to_pointer, &pointer, sizeof pointer);
}
