/* base/block_cache.c: large blocks that were freed and wait for the next owner. */
#include "base/block_cache.h"
#include "base/sanitizer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

#define SMALLEST_LOG 16 /* 64 KiB: below, malloc has bins of its own */
#define LARGEST_LOG  24
#define STEPS        8
#define CLASSES      ((LARGEST_LOG - SMALLEST_LOG) * STEPS + 1)

/* A kept block begins with the link to the next one of its class. */
struct kept {
    struct kept *next;
};

struct kept_class {
    struct kept *first;
    uint64_t asked; /* the time, in requests, of the last one for it */
};

static struct kept_class classes[CLASSES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t requests;
static atomic_size_t bytes_kept;
static atomic_size_t most = 64u << 20;

#if defined(WITH_ADDRESS_SANITIZER)
static const bool wanted = false; /* a freed block must stay freed */
#else
static const bool wanted = true;
#endif

static size_t step_of(size_t size)
{
    size_t log = (size_t)(63 - __builtin_clzll((unsigned long long)(size - 1)));
    return (size_t)1 << (log - 3);
}

size_t block_cache_round(size_t size)
{
    if (!wanted || size <= (size_t)1 << SMALLEST_LOG || size > (size_t)1 << LARGEST_LOG)
        return size;
    size_t step = step_of(size);
    return (size + step - 1) / step * step;
}

/* Of a rounded size; CLASSES where it is not one of ours. */
static size_t class_of(size_t size)
{
    if (!wanted || size <= (size_t)1 << SMALLEST_LOG || size > (size_t)1 << LARGEST_LOG)
        return CLASSES;
    size_t log = (size_t)(63 - __builtin_clzll((unsigned long long)(size - 1)));
    size_t step = step_of(size), number = (size - ((size_t)1 << log)) / step;
    if (size % step != 0) return CLASSES;
    return (log - SMALLEST_LOG) * STEPS + number;
}

/* Of the blocks of a class. */
static size_t size_of(size_t class)
{
    size_t log = SMALLEST_LOG + class / STEPS;
    return ((size_t)1 << log) + class % STEPS * ((size_t)1 << (log - 3));
}

static void *take_from(size_t class)
{
    struct kept *block = classes[class].first;
    if (block == NULL) return NULL;
    classes[class].first = block->next;
    atomic_fetch_sub(&bytes_kept, size_of(class));
    return block;
}

void *block_cache_take(size_t size)
{
    size_t class = class_of(size);
    if (class == CLASSES) return NULL;
    pthread_mutex_lock(&lock);
    classes[class].asked = ++requests;
    void *block = take_from(class);
    pthread_mutex_unlock(&lock);
    return block;
}

/* Frees what was longest not asked for. Called with the lock held. */
static void shrink(size_t bytes)
{
    while (atomic_load(&bytes_kept) > bytes) {
        size_t oldest = CLASSES;
        for (size_t i = 0; i < CLASSES; i++)
            if (classes[i].first != NULL &&
                (oldest == CLASSES || classes[i].asked < classes[oldest].asked))
                oldest = i;
        free(take_from(oldest));
    }
}

void block_cache_shrink(size_t bytes)
{
    if (block_cache_bytes() <= bytes) return;
    pthread_mutex_lock(&lock);
    shrink(bytes);
    pthread_mutex_unlock(&lock);
}

bool block_cache_keep(void *block, size_t size)
{
    size_t class = class_of(size), room = atomic_load(&most);
    if (class == CLASSES || size > room) return false;
    pthread_mutex_lock(&lock);
    shrink(room - size);
    struct kept *kept = block;
    kept->next = classes[class].first;
    classes[class].first = kept;
    atomic_fetch_add(&bytes_kept, size);
    pthread_mutex_unlock(&lock);
    return true;
}

size_t block_cache_bytes(void)
{
    return atomic_load_explicit(&bytes_kept, memory_order_relaxed);
}

void block_cache_limit(size_t bytes)
{
    atomic_store(&most, bytes);
    block_cache_shrink(bytes);
}
