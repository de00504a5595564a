/* tests/unit/base/test_memory.c: memory and arena. */
#include "check.h"

#include "base/memory.h"

static int no_limit(void **state)
{
    (void)state;
    memory_set_limit(0);
    memory_fail_at(0);
    return 0;
}

static void zeroed_and_aligned(void **state)
{
    (void)state;
    for (size_t size = 0; size < 300; size += 7) {
        uint8_t *bytes = memory_get(size, 1);
        assert_non_null(bytes);
        assert_int_equal((uintptr_t)bytes % 64, 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(bytes[i], 0);
        memset(bytes, 1, size);
        memory_free(bytes);
    }
}

static void counted_and_limited(void **state)
{
    (void)state;
    size_t before = memory_in_use();
    memory_set_limit(before + 1000);
    char *first = memory_get(600, 1);
    assert_non_null(first);
    assert_int_equal(memory_in_use(), before + 600);
    assert_null(memory_get(600, 1));
    assert_null(memory_resize(first, 2000, 1)); /* and `first` is still ours */
    memory_free(first);
    assert_int_equal(memory_in_use(), before);
    assert_true(memory_peak() >= before + 600);
    void *second = memory_get(900, 1);
    assert_non_null(second);
    memory_free(second);
}

static void overflow_is_refused(void **state)
{
    (void)state;
    assert_null(memory_get(SIZE_MAX / 2, 3));
    assert_null(memory_get(SIZE_MAX, 1));
    assert_null(memory_copy_text("", SIZE_MAX));
}

static void resize_keeps_bytes(void **state)
{
    (void)state;
    char *text = memory_copy_text("tamis", 5);
    assert_string_equal(text, "tamis");
    text = memory_resize(text, 4096, 1);
    assert_string_equal(text, "tamis");
    text = memory_resize(text, 6, 1);
    assert_string_equal(text, "tamis");
    memory_free(text);
}

static void a_test_can_make_one_request_fail(void **state)
{
    (void)state;
    memory_fail_at(2);
    char *first = memory_get(1, 1), *second = memory_get(1, 1), *third = memory_get(1, 1);
    assert_non_null(first);
    assert_null(second);
    assert_non_null(third);
    assert_int_equal(memory_requests(), 3);
    memory_free(first);
    memory_free(third);
}

static void new_reports(void **state)
{
    (void)state;
    struct err err = {0};
    OWNED(memory_release) int *numbers = NULL;
    CHECK_OK(NEW(&numbers, 3, &err), &err);
    memory_set_limit(1);
    int *more = NULL;
    CHECK_FAILS(NEW(&more, 1000, &err), STATUS_MEMORY, &err, "4000");
    assert_non_null(strstr(err.hint, "--memory"));
}

static void arena_serves_and_resets(void **state)
{
    (void)state;
    struct err err = {0};
    size_t before = memory_in_use();
    OWNED(arena_close) struct arena *arena = NULL;
    CHECK_OK(arena_open(&arena, &err), &err);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 1; i < 2000; i += 13) {
            uint8_t *bytes = arena_get(arena, i, 1);
            assert_non_null(bytes);
            assert_int_equal((uintptr_t)bytes % 16, 0);
            for (size_t j = 0; j < i; j++)
                assert_int_equal(bytes[j], 0);
            memset(bytes, 0xff, i);
        }
        assert_non_null(arena_get(arena, 1 << 20, 1)); /* larger than a block */
        assert_string_equal(arena_text(arena, "abc", 2), "ab");
        assert_string_equal(arena_format(arena, "%d-%s", 5, "x"), "5-x");
        arena_reset(arena);
        assert_true(memory_in_use() - before < 64u << 10);
    }
    assert_null(arena_get(arena, SIZE_MAX, 2));
    arena_close(&arena);
    assert_null(arena);
    assert_int_equal(memory_in_use(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(zeroed_and_aligned, no_limit),
        cmocka_unit_test_teardown(counted_and_limited, no_limit),
        cmocka_unit_test_teardown(overflow_is_refused, no_limit),
        cmocka_unit_test_teardown(resize_keeps_bytes, no_limit),
        cmocka_unit_test_teardown(a_test_can_make_one_request_fail, no_limit),
        cmocka_unit_test_teardown(new_reports, no_limit),
        cmocka_unit_test_teardown(arena_serves_and_resets, no_limit),
    };
    return cmocka_run_group_tests_name("base memory", tests, NULL, NULL);
}
