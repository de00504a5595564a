/* Body buffers through zstd: what comes back is what went in, and texts that repeat themselves at
 * length are smaller than at plain level 1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"
#include "columnar/ipc_codec.h"

#include <string.h>

/* last: it defines a macro named fail */
#include <cmocka.h>

enum { BYTES = 1 << 20 };

static uint64_t seed;

static uint32_t below(uint32_t end)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((seed >> 33) % end);
}

/* The bytes of a buffer once it is packed; checks that it can be unpacked. */
static size_t packed_size(const uint8_t *data, size_t size, bool texts, int level)
{
    struct err err = {0};
    struct body_buffer body = {.texts = texts, .length = (int64_t)size};
    struct buffer stored = {0}, restored = {0};
    assert_int_equal(buffer_new_raw(&body.data, size, &err), STATUS_OK);
    memcpy(buffer_writable(&body.data), data, size);
    assert_int_equal(codec_compress(&body, level, &err), STATUS_OK);
    assert_int_equal(buffer_new_raw(&stored, sizeof body.length + body.data.size, &err), STATUS_OK);
    memcpy(buffer_writable(&stored), &body.length, sizeof body.length);
    memcpy(buffer_writable(&stored) + sizeof body.length, body.data.data, body.data.size);
    assert_int_equal(codec_expand(CODEC_ZSTD, &stored, NULL, &restored, &err), STATUS_OK);
    assert_int_equal(restored.size, size);
    assert_memory_equal(restored.data, data, size);
    size_t packed = body.data.size;
    buffer_unref(&body.data);
    buffer_unref(&stored);
    buffer_unref(&restored);
    return packed;
}

static void fill_with_words(uint8_t *data)
{
    static const char *const words[] = {"data ",  "model ", "river ",  "market ",
                                        "blue ",  "train ", "label ",  "drift ",
                                        "store ", "table ", "record ", "north "};
    size_t at = 0;
    while (at < BYTES) {
        const char *word = words[below(12)];
        for (size_t i = 0; word[i] != '\0' && at < BYTES; i++)
            data[at++] = (uint8_t)word[i];
    }
}

static uint8_t data[BYTES];

static void few_words(void **state)
{
    (void)state;
    seed = 1;
    fill_with_words(data);
    size_t plain = packed_size(data, BYTES, false, 1), texts = packed_size(data, BYTES, true, 1);
    assert_true(texts < plain - plain / 32);
    assert_int_equal(packed_size(data, BYTES, true, 1), texts); /* the same again */
    assert_true(packed_size(data, BYTES, true, 9) < plain); /* a level asked for is that level */
    assert_int_equal(packed_size(data, BYTES, true, 9), packed_size(data, BYTES, false, 9));
}

/* Where longer matches are not to be found, level 1 it stays. */
static void other_texts(void **state)
{
    (void)state;
    seed = 2;
    for (size_t i = 0; i < BYTES; i++)
        data[i] = (uint8_t)('a' + below(20));
    assert_int_equal(packed_size(data, BYTES, true, 1), packed_size(data, BYTES, false, 1));
    for (size_t i = 0; i < BYTES; i++)
        data[i] = (uint8_t)below(256);
    assert_int_equal(packed_size(data, BYTES, true, 1), BYTES);
}

/* The first bytes decide; what follows them may be anything. */
static void misleading_beginnings(void **state)
{
    (void)state;
    seed = 3;
    fill_with_words(data);
    for (size_t i = 1 << 16; i < BYTES; i++)
        data[i] = (uint8_t)below(256);
    assert_true(packed_size(data, BYTES, true, 1) < BYTES);
    memset(data, 'x', BYTES);
    assert_true(packed_size(data, BYTES, true, 1) < 1000);
    for (size_t size = 1; size < 600000; size = size * 3 + 1)
        (void)packed_size(data, size, true, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_words),
        cmocka_unit_test(other_texts),
        cmocka_unit_test(misleading_beginnings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
