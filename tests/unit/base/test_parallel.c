/* tests/unit/base/test_parallel.c */
#include "check.h"

#include "base/memory.h"
#include "base/parallel.h"

#include <stdatomic.h>
#include <stdbool.h>

#define ITEMS 500

static enum status square(void *context, size_t index, struct err *err)
{
    (void)err;
    ((size_t *)context)[index] = index * index;
    return STATUS_OK;
}

static void every_index_is_done(void **state)
{
    (void)state;
    struct err err = {0};
    for (size_t threads = 1; threads <= 8; threads *= 2) {
        size_t squares[ITEMS] = {0};
        CHECK_OK(parallel_for(threads, ITEMS, squares, square, &err), &err);
        for (size_t i = 0; i < ITEMS; i++)
            assert_int_equal(squares[i], i * i);
    }
    CHECK_OK(parallel_for(4, 0, NULL, square, &err), &err);
    assert_int_equal(parallel_threads(3), 3);
    assert_true(parallel_threads(0) >= 1);
}

static enum status refuse_above_ten(void *context, size_t index, struct err *err)
{
    (void)context;
    if (index < 10) return STATUS_OK;
    return fail(err, STATUS_FAILED, "item %zu", index);
}

static void lowest_failure_is_told(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        struct err err = {0};
        CHECK_FAILS(parallel_for(4, ITEMS, NULL, refuse_above_ten, &err), STATUS_FAILED, &err,
                    "item 10");
    }
}

/* ---- the ordered pipeline ---- */

struct flow {
    size_t next, pushed, fail_work_at, fail_pull_at;
    atomic_size_t alive;
    size_t most_alive;
    bool out_of_order;
};

static enum status pull(void *context, void **ret_item, struct err *err)
{
    struct flow *flow = context;
    *ret_item = NULL;
    if (flow->next == flow->fail_pull_at) return fail(err, STATUS_FAILED, "pull %zu", flow->next);
    if (flow->next == ITEMS) return STATUS_OK;
    size_t *item = memory_get(1, sizeof *item);
    if (item == NULL) return fail_memory(err, sizeof *item);
    *item = flow->next++;
    size_t alive = atomic_fetch_add(&flow->alive, 1) + 1;
    if (alive > flow->most_alive) flow->most_alive = alive;
    *ret_item = item;
    return STATUS_OK;
}

static enum status work(void *context, void *item, struct err *err)
{
    const struct flow *flow = context;
    size_t *number = item;
    volatile size_t spin = (*number * 7919) % 1000; /* items take different times */
    while (spin > 0)
        spin--;
    if (*number == flow->fail_work_at) return fail(err, STATUS_FAILED, "work %zu", *number);
    *number += 1000;
    return STATUS_OK;
}

static void drop(void *context, void *item)
{
    struct flow *flow = context;
    atomic_fetch_sub(&flow->alive, 1);
    memory_free(item);
}

static enum status push(void *context, void *item, struct err *err)
{
    (void)err;
    struct flow *flow = context;
    if (*(size_t *)item != flow->pushed + 1000) flow->out_of_order = true;
    flow->pushed++;
    drop(context, item);
    return STATUS_OK;
}

static enum status run_flow(struct flow *flow, size_t threads, size_t in_flight, struct err *err)
{
    struct ordered ordered = {.threads = threads,
                              .in_flight = in_flight,
                              .context = flow,
                              .pull = pull,
                              .work = work,
                              .push = push,
                              .drop = drop};
    return ordered_run(&ordered, err);
}

static void order_is_kept(void **state)
{
    (void)state;
    for (size_t threads = 1; threads <= 8; threads *= 2) {
        struct err err = {0};
        struct flow flow = {.fail_work_at = SIZE_MAX, .fail_pull_at = SIZE_MAX};
        CHECK_OK(run_flow(&flow, threads, 3, &err), &err);
        assert_int_equal(flow.pushed, ITEMS);
        assert_false(flow.out_of_order);
        assert_int_equal(flow.alive, 0);
        assert_true(flow.most_alive <= 3);
    }
}

static void failures_stop_in_order(void **state)
{
    (void)state;
    for (size_t threads = 1; threads <= 8; threads *= 2) {
        struct err err = {0};
        struct flow flow = {.fail_work_at = 123, .fail_pull_at = SIZE_MAX};
        CHECK_FAILS(run_flow(&flow, threads, 0, &err), STATUS_FAILED, &err, "work 123");
        assert_int_equal(flow.pushed, 123); /* everything before it, nothing behind it */
        assert_int_equal(flow.alive, 0);

        struct flow source = {.fail_work_at = SIZE_MAX, .fail_pull_at = 77};
        CHECK_FAILS(run_flow(&source, threads, 0, &err), STATUS_FAILED, &err, "pull 77");
        assert_int_equal(source.pushed, 77);
        assert_int_equal(source.alive, 0);
    }
}

/* Above half of the limit items go one at a time. */
static void memory_throttles(void **state)
{
    (void)state;
    struct err err = {0};
    void *ballast = memory_get(1 << 20, 1);
    memory_set_limit(memory_in_use() + (1 << 18));
    struct flow flow = {.fail_work_at = SIZE_MAX, .fail_pull_at = SIZE_MAX};
    CHECK_OK(run_flow(&flow, 4, 0, &err), &err);
    assert_int_equal(flow.pushed, ITEMS);
    assert_int_equal(flow.most_alive, 1);
    memory_set_limit(0);
    memory_free(ballast);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_index_is_done), cmocka_unit_test(lowest_failure_is_told),
        cmocka_unit_test(order_is_kept),       cmocka_unit_test(failures_stop_in_order),
        cmocka_unit_test(memory_throttles),
    };
    return cmocka_run_group_tests_name("base parallel", tests, NULL, NULL);
}
