/* clean/quantile_keys.h: numbers as integers of the same order, selected and sorted in memory.
 *
 * The bit pattern of a double, sign-magnitude turned into two's order. Any pivot rule would give
 * the same keys; these are deterministic, so the work is too. */
#ifndef CLEAN_QUANTILE_KEYS_H
#define CLEAN_QUANTILE_KEYS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define KEY_BITS 64

static inline uint64_t key_of(double value)
{
    double positive_zero = value + 0.0; /* -0.0 + 0.0 is 0.0: equal numbers, equal keys */
    uint64_t bits;
    memcpy(&bits, &positive_zero, sizeof bits);
    return bits >> 63 ? ~bits : bits | (1ull << 63);
}

static inline double value_of(uint64_t key)
{
    uint64_t bits = key >> 63 ? key & ~(1ull << 63) : ~key;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The leading bits; bits 0 gives 0 (a shift by 64 is undefined). */
static inline uint64_t lead(uint64_t key, int bits)
{
    return bits == 0 ? 0 : key >> (KEY_BITS - bits);
}

/* Leaves at place `rank` < count what sorting would put there, nothing larger in front of it, and
 * gives it (quickselect, Hoare 1961; median of three). */
uint64_t keys_select(uint64_t *keys, size_t count, size_t rank);
/* What sorting would put behind `rank`, which was selected: the smallest of the rest. rank + 1 <
 * count. */
uint64_t keys_select_next(const uint64_t *keys, size_t count, size_t rank);
void keys_sort(uint64_t *keys, size_t count);

#endif
