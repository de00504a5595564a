/* tests/unit/base/test_block_cache.c: large blocks wait for their next owner. */
#include "check.h"

#include "base/block_cache.h"
#include "base/memory.h"

#include <stdlib.h>

static int emptied(void **state)
{
    (void)state;
    block_cache_limit(64u << 20);
    block_cache_shrink(0);
    return 0;
}

/* A sanitizer wants every block freed. */
static bool keeps(void)
{
    return block_cache_round(100000) != 100000;
}

static void sizes_are_rounded_by_an_eighth(void **state)
{
    (void)state;
    if (!keeps()) skip();
    assert_int_equal(block_cache_round(1000), 1000);
    assert_int_equal(block_cache_round(65536), 65536);
    for (size_t size = 65537; size < 1u << 24; size += size / 7) {
        size_t round = block_cache_round(size);
        assert_true(round >= size && round - size <= size / 8);
        assert_int_equal(block_cache_round(round), round);
    }
    assert_int_equal(block_cache_round(1u << 30), 1u << 30);
}

static void a_block_comes_back(void **state)
{
    (void)state;
    if (!keeps()) skip();
    size_t size = block_cache_round(500000);
    void *block = malloc(size);
    assert_null(block_cache_take(size));
    assert_true(block_cache_keep(block, size));
    assert_int_equal(block_cache_bytes(), size);
    assert_null(block_cache_take(block_cache_round(400000)));
    assert_ptr_equal(block_cache_take(size), block);
    assert_int_equal(block_cache_bytes(), 0);
    assert_false(block_cache_keep(block, 1000)); /* too small to be kept */
    free(block);
}

static void what_nobody_asks_for_goes_first(void **state)
{
    (void)state;
    if (!keeps()) skip();
    size_t small = block_cache_round(200000), large = block_cache_round(2000000);
    block_cache_limit(large + small);
    assert_null(block_cache_take(large));
    assert_null(block_cache_take(small));
    assert_true(block_cache_keep(malloc(large), large));
    assert_true(block_cache_keep(malloc(small), small));
    assert_true(block_cache_keep(malloc(small), small));
    assert_int_equal(block_cache_bytes(), 2 * small);
    block_cache_shrink(small);
    assert_int_equal(block_cache_bytes(), small);
}

static void kept_bytes_give_way_to_a_limit(void **state)
{
    (void)state;
    if (!keeps()) skip();
    size_t before = memory_in_use();
    memory_free(memory_get_raw(1000000, 1));
    assert_true(block_cache_bytes() > 0);
    memory_set_limit(before + 1000000);
    void *other = memory_get_raw(900000, 1);
    assert_non_null(other);
    assert_true(block_cache_bytes() <= 100000);
    memory_free(other);
    memory_set_limit(0);
}

static void zeroed_again(void **state)
{
    (void)state;
    uint8_t *bytes = memory_get_raw(300000, 1);
    assert_non_null(bytes);
    memset(bytes, 7, 300000);
    memory_free(bytes);
    bytes = memory_get(300000, 1);
    assert_non_null(bytes);
    for (size_t i = 0; i < 300000; i++)
        assert_int_equal(bytes[i], 0);
    memory_free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(sizes_are_rounded_by_an_eighth, emptied),
        cmocka_unit_test_setup(a_block_comes_back, emptied),
        cmocka_unit_test_setup(what_nobody_asks_for_goes_first, emptied),
        cmocka_unit_test_setup(kept_bytes_give_way_to_a_limit, emptied),
        cmocka_unit_test_setup(zeroed_again, emptied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
