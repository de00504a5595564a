/* base/memory.c: checked, counted allocation.
 *
 * Each block carries a small header with its size, so that counting needs no help from the C
 * library and freeing needs no size. Large blocks are kept for the next request (block_cache.h);
 * what is kept counts as long as there is room, and is given back before a request is refused. */
#include "base/memory.h"

#include "base/block_cache.h"
#include "base/sanitizer.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ALIGNMENT  64
#define HUGE_PAGE  ((size_t)2 << 20)
#define HUGE_BLOCK (4 * HUGE_PAGE)
#define KEPT_SHARE 8 /* of the limit */
#define KEPT_MOST  (64u << 20)
/* What is kept may add so much to the most that was in use: with nothing, sizes that differ a
 * little from batch to batch push each other out. */
#define KEPT_BEYOND_PEAK ((size_t)8 << 20)

/* One cache line in front of the bytes we hand out keeps them aligned. */
struct header {
    size_t size;
    void *base;
    size_t total; /* of the block at `base` */
};
_Static_assert(sizeof(struct header) <= ALIGNMENT, "a header fits in front of the bytes");

static atomic_size_t in_use;
static atomic_size_t peak;
static atomic_size_t limit;
static atomic_uint_fast64_t requests;
static atomic_uint_fast64_t fail_request;

/* The limit is on what we ask for; what the C library keeps after we gave it back would come on
 * top. So it gets two arenas instead of eight a thread, and buffers that are not kept go back to
 * the system. */
void memory_set_limit(size_t bytes)
{
    atomic_store(&limit, bytes);
    block_cache_limit(bytes == 0 || bytes / KEPT_SHARE > KEPT_MOST ? KEPT_MOST
                                                                   : bytes / KEPT_SHARE);
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
    block_cache_shrink(0);
#if !defined(WITH_ADDRESS_SANITIZER) /* the C library's heap is not in use then */
    malloc_trim(0);
#endif
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
    if (most != 0 && now + block_cache_bytes() > most)
        block_cache_shrink(now < most ? most - now : 0);
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

/* Tables that are looked into all over cost a miss of the address cache a look, and a fault a page
 * of 4 KiB when they are filled. Where the system has larger pages on request, we ask; it is no
 * matter if it refuses. */
static void ask_for_huge_pages(char *base, size_t total)
{
    uintptr_t begin = ((uintptr_t)base + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
    uintptr_t end = ((uintptr_t)base + total) & ~(HUGE_PAGE - 1);
    if (end > begin) madvise(base + (begin - (uintptr_t)base), end - begin, MADV_HUGEPAGE);
}

static char *block_of(size_t total, size_t size, bool zeroed)
{
    char *base = block_cache_take(total);
    if (base == NULL) {
        size_t now = memory_in_use(), most = memory_peak() + KEPT_BEYOND_PEAK;
        block_cache_shrink(now < most ? most - now : 0);
        base = zeroed ? calloc(1, total) : malloc(total);
        if (base != NULL && total >= HUGE_BLOCK) ask_for_huge_pages(base, total);
        return base;
    }
    if (zeroed) memset(base, 0, size + (size_t)2 * ALIGNMENT);
    return base;
}

static void *place(size_t size, bool zeroed)
{
    size_t total;
    if (__builtin_add_overflow(size, (size_t)2 * ALIGNMENT, &total)) return NULL;
    if (refused_by_test() || !charge(size)) return NULL;
    total = block_cache_round(total);
    char *base = block_of(total, size, zeroed);
    if (base == NULL) {
        discharge(size);
        return NULL;
    }
    uintptr_t first = ((uintptr_t)base + ALIGNMENT + (ALIGNMENT - 1)) & ~(uintptr_t)(ALIGNMENT - 1);
    char *pointer = base + (first - (uintptr_t)base);
    *header_of(pointer) = (struct header){size, base, total};
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

/* Whether `pointer` has room for so many bytes where it is. */
static bool has_room(void *pointer, size_t size)
{
    const struct header *header = header_of(pointer);
    size_t before = (size_t)((char *)pointer - (char *)header->base);
    return size >= header->size && size <= header->total - before;
}

static void *grow_in_place(void *pointer, size_t size)
{
    struct header *header = header_of(pointer);
    if (refused_by_test() || !charge(size - header->size)) return NULL;
    header->size = size;
    return pointer;
}

void *memory_resize(void *old, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) return NULL;
    if (old != NULL && has_room(old, bytes)) return grow_in_place(old, bytes);
    void *grown = memory_get_raw(count, size);
    if (grown == NULL || old == NULL) return grown;
    size_t had = header_of(old)->size;
    memcpy(grown, old, had < bytes ? had : bytes);
    memory_free(old);
    return grown;
}

void memory_free(void *pointer)
{
    if (pointer == NULL) return;
    struct header *header = header_of(pointer);
    void *base = header->base;
    discharge(header->size);
    if (!block_cache_keep(base, header->total)) free(base);
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
