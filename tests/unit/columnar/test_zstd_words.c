/* Frames of words: the zstd library restores them to the bit, whatever the words are, and where
 * words or their high bytes repeat they are smaller. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"
#include "columnar/zstd_words.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

/* last: it defines a macro named fail */
#include <cmocka.h>

enum { WORDS = 100000, BYTES = WORDS * 8 };

static uint64_t words[WORDS + 1];
static uint8_t packed[BYTES + 8], restored[BYTES + 8];
static uint64_t seed = 1;

static uint64_t random_next(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

/* The size of the frame; 0 where it did not shrink. */
static size_t pack(size_t size)
{
    struct err err = {0};
    size_t packed_size = 0;
    /* the frame may touch no byte behind `size` */
    memset(packed + size, 0xA5, 8);
    assert_int_equal(zstd_words_pack(packed, (const uint8_t *)words, size, &packed_size, &err), 0);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(packed[size + i], 0xA5);
    if (packed_size == 0) return 0;
    assert_true(packed_size <= size);
    assert_int_equal(ZSTD_getFrameContentSize(packed, packed_size), size);
    size_t result = ZSTD_decompress(restored, sizeof restored, packed, packed_size);
    if (ZSTD_isError(result)) print_error("%s\n", ZSTD_getErrorName(result));
    assert_int_equal(result, size);
    assert_memory_equal(restored, words, size);
    return packed_size;
}

/* ---- columns as they occur ---- */

typedef uint64_t make_word(size_t i);

static uint64_t constant(size_t i)
{
    return i * 0 + 0x4059000000000000;
}

static uint64_t noise(size_t i)
{
    return i * 0 + random_next();
}

static uint64_t codes(size_t i)
{
    return i * 0 + random_next() % 7;
}

static uint64_t zones(size_t i)
{
    return i * 0 + random_next() % 265;
}

static uint64_t counting(size_t i)
{
    return i + 1;
}

static uint64_t times(size_t i)
{
    return 1672531200000000 + i * 3000000 + random_next() % 5 * 1000000;
}

static uint64_t prices(size_t i)
{
    double price = (double)(random_next() % 4000 + i * 0) / 100;
    uint64_t word;
    memcpy(&word, &price, sizeof word);
    return word;
}

static uint64_t runs(size_t i)
{
    return i / 1000 * 0x123456789ABCDEF;
}

static uint64_t mixture(size_t i)
{
    static make_word *const kinds[] = {constant, noise, codes,  zones,
                                       counting, times, prices, runs};
    static size_t kind;
    if (random_next() % 5000 == 0) kind = random_next() % 8;
    return kinds[kind](i);
}

/* Byte s with a probability of about 2^-s: Huffman codes longer than the format allows. */
static uint64_t steep(size_t i)
{
    uint64_t word = i * 0;
    for (unsigned k = 0; k < 8; k++)
        word = word << 8 | (uint64_t)__builtin_ctzll(random_next() | 1ull << 40);
    return word;
}

/* All 256 bytes, some ten times as often: more than 128 weights of several kinds. */
static uint64_t lopsided(size_t i)
{
    uint64_t word = i * 0;
    for (unsigned k = 0; k < 8; k++)
        word = word << 8 | (random_next() % 10 ? random_next() % 20 * 12 : random_next() % 256);
    return word;
}

static size_t pack_column(make_word *make, size_t count)
{
    for (size_t i = 0; i < count; i++)
        words[i] = make(i);
    return pack(count * 8);
}

static void columns_shrink(void **state)
{
    (void)state;
    static const struct {
        make_word *make;
        double share; /* at most this share is left */
    } cases[] = {{constant, 0.001}, {codes, 0.05},   {zones, 0.17}, {counting, 0.13},
                 {times, 0.40},     {prices, 0.36},  {runs, 0.01},  {mixture, 0.9},
                 {steep, 0.4},      {lopsided, 0.95}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t size = pack_column(cases[i].make, WORDS);
        assert_true(size > 0);
        assert_true((double)size < cases[i].share * BYTES);
    }
}

static void noise_does_not(void **state)
{
    (void)state;
    assert_int_equal(pack_column(noise, WORDS), 0);
}

static void any_length(void **state)
{
    (void)state;
    make_word *makers[] = {constant, codes, zones, counting, prices, runs, steep, mixture};
    for (size_t maker = 0; maker < sizeof makers / sizeof *makers; maker++) {
        for (size_t i = 0; i < WORDS; i++)
            words[i] = makers[maker](i);
        for (size_t size = 0; size < 700; size++)
            (void)pack(size);
        for (size_t edge = 1; edge < 5; edge++)
            for (size_t size = (edge << 17) - 40; size < (edge << 17) + 300; size += 3)
                assert_true(pack(size) > 0);
    }
}

static void same_bytes_again(void **state)
{
    (void)state;
    static uint8_t first[BYTES];
    seed = 7;
    size_t size = pack_column(mixture, WORDS);
    memcpy(first, packed, size);
    assert_int_equal(pack(BYTES), size);
    assert_memory_equal(first, packed, size);
}

static void random_columns(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 300; round++) {
        size_t count = random_next() % 40000, alphabet = 1 + random_next() % 300, at = 0;
        uint64_t mask = UINT64_MAX >> random_next() % 64;
        while (at < count) {
            uint64_t word = (random_next() % alphabet * 0x9E3779B97F4A7C15u) & mask;
            size_t run = random_next() % 8 == 0 ? random_next() % 50 : 1;
            for (; run > 0 && at < count; run--)
                words[at++] = word;
        }
        (void)pack(count * 8 + random_next() % 8);
    }
}

static void no_memory(void **state)
{
    (void)state;
    struct err err = {0};
    size_t size = 0;
    memory_fail_at(1);
    assert_int_equal(zstd_words_pack(packed, (const uint8_t *)words, BYTES, &size, &err),
                     STATUS_MEMORY);
    memory_fail_at(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_shrink), cmocka_unit_test(noise_does_not),
        cmocka_unit_test(any_length),     cmocka_unit_test(same_bytes_again),
        cmocka_unit_test(random_columns), cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
