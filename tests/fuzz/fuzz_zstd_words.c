/* tests/fuzz/fuzz_zstd_words.c: any bytes as a column of words, small inputs repeated until they
 * fill several blocks: the zstd library restores the frame to the bit. */
#include "base/memory.h"
#include "columnar/zstd_words.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

enum { LARGEST = 400 << 10 };

/* Copies of the input, each a little changed where the first byte says so. */
static size_t repeat(uint8_t *to, const uint8_t *data, size_t size, size_t times, uint8_t change)
{
    size_t all = 0;
    for (size_t i = 0; i < times && all + size <= LARGEST; i++, all += size) {
        memcpy(to + all, data, size);
        if (change != 0 && size > 0) to[all + i * change % size] ^= (uint8_t)i;
    }
    return all;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t words[LARGEST], packed[LARGEST], restored[LARGEST];
    struct err err = {0};
    size_t packed_size = 0;
    if (size < 2) return 0;
    size_t all = repeat(words, data + 2, size - 2, 1 + (size_t)data[0] * 16, data[1]);
    if (zstd_words_pack(packed, words, all, &packed_size, &err) != STATUS_OK) abort();
    if (packed_size == 0) return 0;
    if (packed_size > all) abort();
    if (ZSTD_decompress(restored, sizeof restored, packed, packed_size) != all) abort();
    if (memcmp(restored, words, all) != 0) abort();
    return 0;
}
