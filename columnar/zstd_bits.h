/* columnar/zstd_bits.h: a bit stream as zstd's entropy coders write it (RFC 8878 section 4.1): low
 * bits first, read back from its end, closed by a single one bit. Private to columnar/zstd_*.
 *
 * The caller sees to it that no more than 64 bits are held (a store leaves 7 at most), and that the
 * room behind `at` is large enough: 8 bytes beyond what is written may be touched. */
#ifndef COLUMNAR_ZSTD_BITS_H
#define COLUMNAR_ZSTD_BITS_H

#include <stdint.h>
#include <string.h>

struct bits {
    uint64_t held; /* bits not yet stored, the oldest lowest */
    unsigned count;
    uint8_t *at;
};

static inline void bits_put(struct bits *bits, uint64_t value, unsigned count)
{
    bits->held |= value << bits->count;
    bits->count += count;
}

/* Stores whole bytes; fewer than 8 bits stay held. The host is little-endian (base checks). */
static inline void bits_store(struct bits *bits)
{
    unsigned bytes = bits->count >> 3;
    memcpy(bits->at, &bits->held, sizeof bits->held);
    bits->at += bytes;
    bits->held = bytes == 8 ? 0 : bits->held >> (bytes * 8);
    bits->count &= 7;
}

/* Appends the closing bit; returns the first byte behind the stream. */
static inline uint8_t *bits_close(struct bits *bits)
{
    bits_put(bits, 1, 1);
    bits_store(bits);
    if (bits->count > 0) *bits->at++ = (uint8_t)bits->held;
    return bits->at;
}

/* The position of the highest one bit; value is not 0. */
static inline unsigned bits_highest(uint32_t value)
{
    return 31u - (unsigned)__builtin_clz(value);
}

#endif
