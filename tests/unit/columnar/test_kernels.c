/* Kernels: right against a plain computation, and the same bytes at every level of the processor.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"
#include "columnar/kernel_levels.h"

#include <math.h>
#include <string.h>

/* last: it defines a macro named fail */
#include <cmocka.h>

#define COUNT 1003

static uint64_t seed = 1;

static uint64_t random_next(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static const struct kernels *level_table(int level)
{
    static const struct kernels *const tables[] = {&kernels_v1, &kernels_v2, &kernels_v3,
                                                   &kernels_v4};
    return tables[level - 1];
}

/* Calls `check` for each level this processor has. */
static void each_level(void (*check)(const struct kernels *table))
{
    for (int level = CPU_V1; level <= (int)cpu_level_available(); level++)
        check(level_table(level));
}

static uint8_t validity[COUNT / 8 + 1];

static void fill(void)
{
    seed = 42;
    for (size_t i = 0; i < sizeof validity; i++)
        validity[i] = (uint8_t)random_next();
}

static bool bit(int64_t i)
{
    return ((validity[i >> 3] >> (i & 7)) & 1) != 0;
}

static void check_bits(const struct kernels *table)
{
    for (int64_t first = 0; first < 70; first++) {
        int64_t expected = 0;
        for (int64_t i = first; i < COUNT - first; i++)
            expected += bit(i);
        assert_int_equal(table->bits_count(validity, first, COUNT - 2 * first), expected);
    }
}

static void check_nulls(const struct kernels *table)
{
    static uint8_t values[COUNT * 16];
    for (size_t width = 1; width <= 16; width++) {
        memset(values, 7, sizeof values);
        assert_false(table->nulls_are_zero(values, width, validity, COUNT));
        table->zero_nulls(values, width, validity, COUNT);
        assert_true(table->nulls_are_zero(values, width, validity, COUNT));
        for (int64_t i = 0; i < COUNT; i++)
            assert_int_equal(values[(size_t)i * width + width - 1], bit(i) ? 7 : 0);
    }
}

static void check_offsets(const struct kernels *table)
{
    int32_t offsets[COUNT + 1];
    for (int32_t i = 0; i <= COUNT; i++)
        offsets[i] = 3 * i;
    assert_int_equal(table->offsets_check(offsets, COUNT, 3 * COUNT), COUNT + 1);
    assert_int_equal(table->offsets_check(offsets, COUNT, 3 * COUNT - 1), COUNT);
    offsets[500] = 3 * 501 + 1;
    assert_int_equal(table->offsets_check(offsets, COUNT, 3 * COUNT), 501);
    offsets[0] = -1;
    assert_int_equal(table->offsets_check(offsets, COUNT, 3 * COUNT), 0);
}

static void check_utf8(const struct kernels *table)
{
    static const char *const good[] = {"",
                                       "a",
                                       "\xc2\x80",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf"};
    static const char *const wrong[] = {
        "\x80",         "\xc0\xaf",         "\xc1\xbf",         "\xe0\x9f\xbf",
        "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
        "\xc2",         "\xe1\x80",         "\xf1\x80\x80",     "\xff"};
    uint8_t text[200];
    for (size_t before = 0; before < 130; before++) {
        memset(text, 'x', sizeof text);
        for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
            memcpy(text + before, good[i], strlen(good[i]));
            size_t size = before + strlen(good[i]);
            assert_int_equal(table->utf8_check(text, size), size);
        }
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
            memcpy(text + before, wrong[i], strlen(wrong[i]));
            assert_int_equal(table->utf8_check(text, before + strlen(wrong[i])), before);
        }
    }
}

static void check_gather(const struct kernels *table)
{
    static uint8_t from[COUNT * 32], to[COUNT * 32];
    static int64_t rows[COUNT];
    for (size_t i = 0; i < sizeof from; i++)
        from[i] = (uint8_t)random_next();
    for (int i = 0; i < COUNT; i++)
        rows[i] = i % 11 == 3 ? -1 : (int64_t)(random_next() % COUNT);
    for (size_t width = 1; width <= 32; width++) {
        static const uint8_t zeros[32];
        table->gather(to, from, width, rows, COUNT);
        for (size_t i = 0; i < COUNT; i++)
            assert_memory_equal(to + i * width,
                                rows[i] < 0 ? zeros : from + (size_t)rows[i] * width, width);
    }
}

static void check_ranges(const struct kernels *table)
{
    int32_t narrow[COUNT], least = 0, most = 0;
    for (int i = 0; i < COUNT; i++)
        narrow[i] = (int32_t)random_next();
    narrow[700] = INT32_MIN;
    narrow[3] = INT32_MAX;
    table->range_int32(narrow, COUNT, &least, &most);
    assert_int_equal(least, INT32_MIN);
    assert_int_equal(most, INT32_MAX);
}

static void test_bits(void **state)
{
    (void)state;
    each_level(check_bits);
}
static void test_nulls(void **state)
{
    (void)state;
    each_level(check_nulls);
}
static void test_offsets(void **state)
{
    (void)state;
    each_level(check_offsets);
}
static void test_utf8(void **state)
{
    (void)state;
    each_level(check_utf8);
}
static void test_gather(void **state)
{
    (void)state;
    each_level(check_gather);
}
static void test_ranges(void **state)
{
    (void)state;
    each_level(check_ranges);
}

int main(void)
{
    fill();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bits), cmocka_unit_test(test_nulls),  cmocka_unit_test(test_offsets),
        cmocka_unit_test(test_utf8), cmocka_unit_test(test_gather), cmocka_unit_test(test_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
