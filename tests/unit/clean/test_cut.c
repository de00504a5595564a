/* tests/unit/clean/test_cut.c: the same windows however the input was cut. */
#include "tests/unit/clean/harness.h"

#include "clean/cut.h"

#include <stdio.h>

struct feed {
    const struct batch *table;
    int64_t at, size; /* rows of a batch */
};

static enum status next(void *context, struct batch *ret, bool *ret_end, struct err *err)
{
    struct feed *feed = context;
    int64_t left = feed->table->rows - feed->at;
    *ret_end = left == 0;
    if (left == 0) return STATUS_OK;
    int64_t count = left < feed->size ? left : feed->size;
    TRY(batch_slice(ret, feed->table, feed->at, count, err));
    feed->at += count;
    return STATUS_OK;
}

/* 200 rows: a text of 1 to 37 bytes, a number, a category. */
static struct batch table(void)
{
    char lines[1 << 14];
    size_t used = 0;
    for (int i = 0; i < 200; i++)
        used += (size_t)snprintf(lines + used, sizeof lines - used, "%.*s|%d|%s\n", 1 + i * 7 % 37,
                                 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz", i,
                                 i % 3 == 0 ? "x" : "yy");
    return trial_input("t:utf8|n:int64|c:dictionary<int32, utf8>", lines);
}

static size_t cut_all(const struct batch *whole, int64_t size, int64_t rows, uint64_t bytes,
                      struct batch *ret)
{
    struct feed feed = {.table = whole, .size = size};
    struct err err = {0};
    struct cutter cutter = {
        .context = &feed, .next = next, .rows_maximum = rows, .bytes_maximum = bytes};
    size_t count = 0;
    for (bool end = false;;) {
        assert_int_equal(cutter_next(&cutter, &ret[count], &end, &err), STATUS_OK);
        if (end) break;
        count++;
    }
    cutter_release(&cutter);
    return count;
}

static void check_same(const struct batch *whole, int64_t rows, uint64_t bytes)
{
    static const int64_t sizes[] = {1, 3, 8, 64, 150, 200};
    struct batch expected[256] = {0}, found[256] = {0};
    size_t count = cut_all(whole, 200, rows, bytes, expected);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        assert_int_equal(cut_all(whole, sizes[s], rows, bytes, found), count);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(found[i].rows, expected[i].rows);
            for (size_t c = 0; c < whole->schema->count; c++)
                assert_true(array_equal(&whole->schema->fields[c], found[i].columns[c],
                                        expected[i].columns[c]));
            batch_release(&found[i]);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (expected[i].rows > 1)
            assert_true(values_bytes(&expected[i], 0, expected[i].rows) <= bytes);
        assert_true(expected[i].rows <= rows);
        batch_release(&expected[i]);
    }
}

static void test_windows_do_not_depend_on_batches(void **unused)
{
    (void)unused;
    OWNED(batch_release) struct batch whole = table();
    check_same(&whole, 64, 1 << 20);
    check_same(&whole, 1, 1 << 20);
    check_same(&whole, 200, 1 << 20);
    check_same(&whole, 64, 500);
    check_same(&whole, 1000, 100);
}

static void test_a_row_over_the_limit_is_a_window(void **unused)
{
    (void)unused;
    OWNED(batch_release) struct batch whole = table();
    struct batch windows[256] = {0};
    size_t count = cut_all(&whole, 50, 64, 10, windows);
    assert_int_equal(count, 200);
    for (size_t i = 0; i < count; i++)
        batch_release(&windows[i]);
}

static void test_sizes_of_values(void **unused)
{
    (void)unused;
    OWNED(batch_release)
    struct batch batch =
        trial_input("t:utf8|n:int64|b:bool|c:dictionary<int32, utf8>", "abc|1|true|x\nde|2||\n");
    assert_int_equal(values_bytes(&batch, 0, 2), 4 + 3 + 8 + 1 + 4 + 4 + 2 + 8 + 1 + 4);
    assert_int_equal(values_bytes(&batch, 1, 1), 4 + 2 + 8 + 1 + 4);
}

/* What steps will add counts as if it were there: 1000 bytes a row leave three of them to 4000. */
static void later_growth_makes_smaller_windows(void **unused)
{
    (void)unused;
    OWNED(batch_release) struct batch whole = table();
    struct feed feed = {.table = &whole, .size = 64};
    struct err err = {0};
    struct cutter cutter = {.context = &feed,
                            .next = next,
                            .rows_maximum = 65536,
                            .bytes_maximum = 4000,
                            .row_bytes = 1000};
    int64_t rows = 0;
    for (bool end = false; !end;) {
        OWNED(batch_release) struct batch window = {0};
        assert_int_equal(cutter_next(&cutter, &window, &end, &err), STATUS_OK);
        assert_true(end || window.rows == 3 || rows + window.rows == 200);
        rows += window.rows;
    }
    assert_int_equal(rows, 200);
    cutter_release(&cutter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows_do_not_depend_on_batches),
        cmocka_unit_test(test_a_row_over_the_limit_is_a_window),
        cmocka_unit_test(test_sizes_of_values),
        cmocka_unit_test(later_growth_makes_smaller_windows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
