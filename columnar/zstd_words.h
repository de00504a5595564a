/* columnar/zstd_words.h: a zstd frame (RFC 8878) around a column of words of 8 bytes, nearly
 * twice as fast as the zstd library's level 1, and smaller on tables. Private to columnar/.
 *
 * A general compressor looks for repeated bytes at every position. In a column of int64, double or
 * timestamp values what repeats is a whole word or the high bytes of the word before, and it begins
 * where words begin: one look a word finds it. Any zstd decoder reads the result. */
#ifndef COLUMNAR_ZSTD_WORDS_H
#define COLUMNAR_ZSTD_WORDS_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* The frame, with checksum, of the `size` bytes at `from` goes to `to`, which has room for `size`
 * bytes; *ret_size is its length, 0 where it would not be smaller than `size`. The same bytes give
 * the same frame on any thread. STATUS_MEMORY. */
MUST_CHECK enum status zstd_words_pack(uint8_t *to, const uint8_t *from, size_t size,
                                       size_t *ret_size, struct err *err);

#endif
