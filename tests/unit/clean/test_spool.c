/* tests/unit/clean/test_spool.c: windows come back as they went in, in any order and twice, and
 * what was not changed is not written again. */
#include "tests/unit/clean/harness.h"

#include "clean/spool.h"

static void put(struct spool *spool, int64_t index, const struct batch *batch,
                const int64_t *ordinals, const struct trace *trace)
{
    struct err err = {0};
    struct spool_place place;
    assert_int_equal(spool_write(spool, batch, ordinals, trace, &place, &err), STATUS_OK);
    assert_int_equal(spool_put(spool, index, batch->schema, &place, &err), STATUS_OK);
}

static void check_columns(const struct batch *found, const struct batch *batch)
{
    assert_true(schema_equal(found->schema, batch->schema));
    assert_int_equal(found->rows, batch->rows);
    for (size_t i = 0; i < batch->schema->count; i++)
        assert_true(array_equal(&batch->schema->fields[i], found->columns[i], batch->columns[i]));
}

static void check(const struct spool *spool, size_t at, int64_t index, const struct batch *batch,
                  const int64_t *ordinals)
{
    struct err err = {0};
    OWNED(batch_release) struct batch found = {0};
    OWNED(trace_release) struct trace trace = {0};
    OWNED(memory_release) int64_t *numbers = NULL;
    int64_t found_index = -1;
    assert_int_equal(spool_read(spool, at, &found_index, &found, &numbers, &trace, &err),
                     STATUS_OK);
    assert_int_equal(found_index, index);
    check_columns(&found, batch);
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
    assert_int_equal(spool_open(&spool, 0, &err), STATUS_OK);
    put(spool, 0, &a, ordinals, NULL);
    put(spool, 4, &b, NULL, NULL); /* windows between them lost all rows */
    assert_int_equal(spool_count(spool), 0);
    spool_turn(spool);
    assert_int_equal(spool_count(spool), 2);
    for (int i = 0; i < 2; i++) {
        check(spool, 1, 4, &b, NULL);
        check(spool, 0, 0, &a, ordinals);
    }
}

static void test_windows_stay_in_memory_while_they_fit(void **unused)
{
    (void)unused;
    struct err err = {0};
    const int64_t ordinals[] = {7, 9, 12};
    OWNED(spool_close) struct spool *spool = NULL;
    OWNED(batch_release)
    struct batch a = trial_input("t:utf8|n:int64", "x|1\n|2\ny|\n");
    OWNED(batch_release) struct batch b = trial_input("t:utf8|n:int64", "z|3\n");
    assert_int_equal(spool_open(&spool, 2 * (size_t)batch_bytes(&a), &err), STATUS_OK);
    put(spool, 0, &a, ordinals, NULL);
    assert_int_equal(spool_bytes(spool), 0);
    put(spool, 1, &a, NULL, NULL);
    put(spool, 2, &a, NULL, NULL); /* does not fit any more */
    assert_true(spool_bytes(spool) > 0);
    spool_turn(spool);
    for (int i = 0; i < 2; i++) {
        check(spool, 2, 2, &a, NULL);
        check(spool, 1, 1, &a, NULL);
        check(spool, 0, 0, &a, ordinals);
    }
    uint64_t bytes = spool_bytes(spool);
    put(spool, 0, &b, NULL, NULL); /* what is read still takes its room */
    assert_true(spool_bytes(spool) > bytes);
    spool_turn(spool);
    bytes = spool_bytes(spool);
    put(spool, 0, &b, NULL, NULL);
    assert_int_equal(spool_bytes(spool), bytes);
}

/* ---- a window that goes through steps ---- */

struct walk {
    struct spool *spool;
    struct batch batch;
    struct trace trace;
};

static void read_window(struct walk *walk)
{
    struct err err = {0};
    int64_t index, *ordinals;
    batch_release(&walk->batch);
    trace_release(&walk->trace);
    spool_turn(walk->spool);
    assert_int_equal(
        spool_read(walk->spool, 0, &index, &walk->batch, &ordinals, &walk->trace, &err), STATUS_OK);
}

/* Removes the listed rows (ended by -1) and, where `column` >= 0, replaces a column by `with`. */
static void step(struct walk *walk, const int64_t *removed, int64_t column,
                 const struct array *with)
{
    struct err err = {0};
    OWNED(change_release) struct change change = {0};
    OWNED(batch_release) struct batch result = {0};
    const struct window window = {.batch = &walk->batch, .source_column = -1, .record_column = -1};
    assert_int_equal(change_open(&change, &window, walk->batch.schema, &err), STATUS_OK);
    if (column >= 0) {
        struct array *array = array_ref(with);
        change_column(&change, (size_t)column, &array);
    }
    for (; *removed >= 0; removed++)
        assert_int_equal(
            change_drop(&change, *removed, "rule", NULL, (struct str){NULL, 0}, NULL, &err),
            STATUS_OK);
    assert_int_equal(change_result(&change, &result, &err), STATUS_OK);
    assert_int_equal(trace_follow(&walk->trace, &change, &err), STATUS_OK);
    batch_release(&walk->batch);
    walk->batch = result;
    result = (struct batch){0};
}

static void write_window(struct walk *walk)
{
    put(walk->spool, 0, &walk->batch, NULL, &walk->trace);
}

static void test_what_was_not_changed_is_not_written_again(void **unused)
{
    (void)unused;
    struct err err = {0};
    struct walk walk = {0};
    const char *const schema = "t:utf8|n:int64|d:dictionary<int32, utf8>";
    OWNED(batch_release)
    struct batch start = trial_input(schema, "a|1|r\nb|2|r\nc||g\nd|4|b\ne|5|\nf|6|r\n");
    assert_int_equal(spool_open(&walk.spool, 0, &err), STATUS_OK);
    put(walk.spool, 0, &start, NULL, NULL);

    /* a row goes and a column is replaced: the other two stay where they are */
    OWNED(batch_release)
    struct batch other = trial_input("n:int64", "10\n20\n30\n40\n50\n60\n");
    read_window(&walk);
    step(&walk, (const int64_t[]){1, -1}, 1, other.columns[0]);
    step(&walk, (const int64_t[]){0, 4, -1}, -1, NULL);
    assert_true(walk.trace.columns[0].size > 0 && walk.trace.columns[2].size > 0);
    assert_int_equal(walk.trace.columns[1].size, 0);
    uint64_t place = walk.trace.columns[0].offset;
    write_window(&walk);
    OWNED(batch_release) struct batch then = trial_input(schema, "c|30|g\nd|40|b\ne|50|\n");
    read_window(&walk);
    check_columns(&walk.batch, &then);
    assert_int_equal(walk.trace.columns[0].offset, place);
    assert_int_equal(walk.trace.columns[1].cut, -1);

    /* two cuts at once; too little is left of the columns that were written first */
    step(&walk, (const int64_t[]){1, -1}, -1, NULL);
    assert_int_equal(walk.trace.columns[0].size, 0);
    assert_true(walk.trace.columns[1].size > 0);
    write_window(&walk);
    OWNED(batch_release) struct batch last = trial_input(schema, "c|30|g\ne|50|\n");
    read_window(&walk);
    check_columns(&walk.batch, &last);

    batch_release(&walk.batch);
    trace_release(&walk.trace);
    spool_close(&walk.spool);
}

static void test_a_full_memory_is_told(void **unused)
{
    (void)unused;
    OWNED(batch_release) struct batch batch = trial_input("n:int64", "1\n");
    for (uint64_t request = 1;; request++) {
        struct err err = {0};
        OWNED(spool_close) struct spool *spool = NULL;
        struct spool_place place;
        assert_int_equal(spool_open(&spool, request % 2 * 1000000, &err), STATUS_OK);
        memory_fail_at(request / 2 + 1);
        enum status status = spool_write(spool, &batch, NULL, NULL, &place, &err);
        memory_fail_at(0);
        spool_place_release(&place);
        if (status == STATUS_OK) break;
        assert_int_equal(status, STATUS_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows_come_back),
        cmocka_unit_test(test_windows_stay_in_memory_while_they_fit),
        cmocka_unit_test(test_what_was_not_changed_is_not_written_again),
        cmocka_unit_test(test_a_full_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
