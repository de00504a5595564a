/* columnar/kernels.h: the hot loops, compiled once for each x86-64 level and chosen at run time.
 *
 * Every kernel gives the same bytes at every level: integer kernels by nature, floating-point ones
 * because they add in a fixed order of eight lanes that no compiler may change. */
#ifndef COLUMNAR_KERNELS_H
#define COLUMNAR_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kernels {
    /* Number of set bits among first ... first + count - 1. */
    int64_t (*bits_count)(const uint8_t *bits, int64_t first, int64_t count);
    /* Zeroes the slots whose validity bit is 0. */
    void (*zero_nulls)(uint8_t *values, size_t width, const uint8_t *validity, int64_t count);
    /* Whether the slots whose validity bit is 0 are all zero. */
    bool (*nulls_are_zero)(const uint8_t *values, size_t width, const uint8_t *validity,
                           int64_t count);
    /* First place where offsets fall or leave 0 ... limit; count + 1 where there is none. */
    int64_t (*offsets_check)(const int32_t *offsets, int64_t count, int64_t limit);
    int64_t (*offsets_check_large)(const int64_t *offsets, int64_t count, int64_t limit);
    /* Bytes of valid UTF-8 at the front; size where all are. */
    size_t (*utf8_check)(const uint8_t *text, size_t size);
    /* Whether every byte is below 0x80. */
    bool (*is_ascii)(const uint8_t *text, size_t size);
    /* Smallest and largest of count >= 1 values. */
    void (*range_int32)(const int32_t *values, int64_t count, int32_t *ret_least,
                        int32_t *ret_most);
    void (*range_int64)(const int64_t *values, int64_t count, int64_t *ret_least,
                        int64_t *ret_most);
    /* to[i] = from[rows[i]], or zero for a negative row; width 1, 2, 4, 8, 16 or any other. */
    void (*gather)(uint8_t *to, const uint8_t *from, size_t width, const int64_t *rows,
                   int64_t count);
    /* Adds `shift` to every offset: rebasing and joining. */
    void (*offsets_shift)(int32_t *to, const int32_t *from, int64_t count, int32_t shift);
    /* Reverses the bytes of each of count values of width 2, 4, 8, 16 or 32. */
    void (*swap)(uint8_t *to, const uint8_t *from, size_t width, int64_t count);
};

/* The table of the level in use (base/cpu.h). */
const struct kernels *kernels(void);

#endif
