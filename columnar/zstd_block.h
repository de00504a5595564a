/* columnar/zstd_block.h: one block of a zstd frame (RFC 8878 section 3.1.1.2) from literals and
 * sequences that a match finder chose. Private to columnar/zstd_*. */
#ifndef COLUMNAR_ZSTD_BLOCK_H
#define COLUMNAR_ZSTD_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ZSTD_BLOCK = 128 << 10,               /* bytes a block stands for, at most */
    ZSTD_BLOCK_SEQUENCES = ZSTD_BLOCK / 8 /* one a word of 8 bytes, at most */
};

/* `literal` bytes as they are, then `match` bytes as `offset` bytes before. */
struct zstd_sequence {
    uint32_t literal;
    uint32_t match;  /* 3 or more */
    uint32_t offset; /* the field of the format: 1 to 3 an offset used before, else distance + 3 */
};

struct zstd_block {
    const uint8_t *literals;
    size_t literal_size; /* those behind the last sequence included */
    const struct zstd_sequence *sequences;
    size_t count;
    bool alike; /* the first stands for all `count`; its offset is 1, its lengths are short */
};

/* Room that zstd_block_write may touch. */
#define ZSTD_BLOCK_ROOM (ZSTD_BLOCK * 3)

/* Writes header and content of a block that stands for the `size` bytes at `from`: as sequences
 * and literals, as it is where that is not smaller. Returns the first byte behind it; *ret_raw says
 * that it went as it is, so that offsets used in it count as never used. */
uint8_t *zstd_block_write(uint8_t *to, const struct zstd_block *block, const uint8_t *from,
                          size_t size, bool last, bool *ret_raw);

#endif
