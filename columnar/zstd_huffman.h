/* columnar/zstd_huffman.h: the literals section of a zstd block (RFC 8878 section 3.1.1.3.1).
 * Private to columnar/zstd_*. */
#ifndef COLUMNAR_ZSTD_HUFFMAN_H
#define COLUMNAR_ZSTD_HUFFMAN_H

#include <stddef.h>
#include <stdint.h>

/* Room that huffman_write may touch for `size` literals. */
#define HUFFMAN_ROOM(size) ((size) + (size) / 2 + 512)

/* Writes the section for `size` (at most 128 KiB) literals: one byte repeated, Huffman codes of at
 * most 11 bits in four streams, or the bytes as they are where that is not larger. Returns the
 * first byte behind it. */
uint8_t *huffman_write(uint8_t *to, const uint8_t *literals, size_t size);

#endif
