/* clean/counts.h: how often each value occurs: a hash table of byte strings with a bound on memory,
 * and on top of it the exact mode of any number of distinct values.
 *
 * The mode: values are counted while they fit; when the table is full, only values whose hash lies
 * below a falling bound are kept, and the values above it are counted in a further pass
 * (partitioned counting). The most frequent value of all passes wins, the smaller one in byte order
 * on a tie. Folded in window order: the same result for any number of threads. */
#ifndef CLEAN_COUNTS_H
#define CLEAN_COUNTS_H

#include "base/memory.h"
#include "base/str.h"
#include "clean/wire.h"

#include <stdbool.h>
#include <stdint.h>

struct counted {
    const uint8_t *data;
    size_t size;
    uint64_t hash; /* XXH3-64 of the bytes */
    int64_t count;
};

/* Zero-initialize. Not for sharing between threads. */
struct counts {
    struct counted *items; /* in the order of their first use */
    size_t count, room;
    uint32_t *slots;   /* place in items + 1; 0 = free */
    size_t slot_count; /* a power of two */
    struct arena *texts;
    size_t bytes; /* about what is held */
};
uint64_t count_hash(const void *data, size_t size);
MUST_CHECK enum status counts_add(struct counts *counts, const void *data, size_t size,
                                  uint64_t hash, int64_t times, struct err *err);
/* 0 for a value that was never added. */
int64_t counts_of(const struct counts *counts, const void *data, size_t size);
/* The place in items, SIZE_MAX for a value that was never added. */
size_t counts_place(const struct counts *counts, const void *data, size_t size);
/* All values with their counts as bytes, or what is read into zeroed counts; the order stays. */
MUST_CHECK enum status counts_carry(struct counts *counts, struct wire *wire, struct err *err);
void counts_release(struct counts *counts);

struct mode {
    struct counts counts;
    size_t memory;
    uint64_t from, below; /* this pass: from <= hash < below; below 0 = no bound */
    struct bytes best;
    int64_t best_count;
    bool done;
};
void mode_open(struct mode *mode, size_t memory);
/* Counts one value of a window. `tally` is zero-initialized by the caller. Any thread. */
MUST_CHECK enum status mode_observe(const struct mode *mode, const void *data, size_t size,
                                    struct counts *tally, struct err *err);
/* Window order; releases the tally. */
MUST_CHECK enum status mode_absorb(struct mode *mode, struct counts *tally, struct err *err);
MUST_CHECK enum status mode_settle(struct mode *mode, bool *ret_more, struct err *err);
void mode_release(struct mode *mode);

#endif
