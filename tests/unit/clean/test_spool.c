/* tests/unit/clean/test_spool.c: windows come back as they went in, in any order and twice. */
#include "tests/unit/clean/harness.h"

#include "clean/spool.h"

static void put(struct spool *spool, int64_t index, const struct batch *batch,
                const int64_t *ordinals)
{
    struct err err = {0};
    OWNED(bytes_release) struct bytes bytes = {0};
    assert_int_equal(spool_encode(batch, ordinals, &bytes, &err), STATUS_OK);
    assert_int_equal(spool_put(spool, index, &bytes, &err), STATUS_OK);
}

static void check(const struct spool *spool, size_t at, int64_t index, const struct batch *batch,
                  const int64_t *ordinals)
{
    struct err err = {0};
    OWNED(batch_release) struct batch found = {0};
    OWNED(memory_release) int64_t *numbers = NULL;
    int64_t found_index = -1;
    assert_int_equal(spool_read(spool, at, &found_index, &found, &numbers, &err), STATUS_OK);
    assert_int_equal(found_index, index);
    assert_true(schema_equal(found.schema, batch->schema));
    for (size_t i = 0; i < batch->schema->count; i++)
        assert_true(array_equal(&batch->schema->fields[i], found.columns[i], batch->columns[i]));
    if (ordinals == NULL)
        assert_null(numbers);
    else
        assert_memory_equal(numbers, ordinals, (size_t)batch->rows * sizeof *ordinals);
}

static void test_windows_come_back(void **unused)
{
    (void)unused;
    struct err err = {0};
    const int64_t ordinals[] = {7, 9, 12};
    OWNED(spool_close) struct spool *spool = NULL;
    OWNED(batch_release)
    struct batch a =
        trial_input("t:utf8|n:int64|c:dictionary<int32, utf8>", "x|1|red\n|2|\ny||blue\n");
    OWNED(batch_release)
    struct batch b = trial_input("t:utf8|n:int64|c:dictionary<int32, utf8>", "z|3|green\n");
    assert_int_equal(spool_open(&spool, &err), STATUS_OK);
    put(spool, 0, &a, ordinals);
    put(spool, 4, &b, NULL); /* windows between them lost all rows */
    assert_int_equal(spool_count(spool), 2);
    for (int i = 0; i < 2; i++) {
        check(spool, 1, 4, &b, NULL);
        check(spool, 0, 0, &a, ordinals);
    }
}

static void test_a_full_memory_is_told(void **unused)
{
    (void)unused;
    OWNED(batch_release) struct batch batch = trial_input("n:int64", "1\n");
    for (uint64_t request = 1;; request++) {
        struct err err = {0};
        OWNED(bytes_release) struct bytes bytes = {0};
        memory_fail_at(request);
        enum status status = spool_encode(&batch, NULL, &bytes, &err);
        memory_fail_at(0);
        if (status == STATUS_OK) break;
        assert_int_equal(status, STATUS_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows_come_back),
        cmocka_unit_test(test_a_full_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
