/* test_memory.c: every allocation of a run that commits a version fails in turn: the answer is "no
 * memory", or the version is whole all the same; nothing leaks (with the address sanitizer), and
 * the store goes on. */
#include "rows.h"
#include "scratch.h"

#include "base/memory.h"
#include "lineage/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

static enum status commit_rows(struct scratch *scratch, struct run *run, const struct batch *batch)
{
    OWNED(stage_output_close) struct stage_output *output = NULL;
    const struct stage_target target = {.into = "clean/orders"};
    const struct row_event event = {.kind = EVENT_DROP,
                                    .source = str_of("orders.csv"),
                                    .record = 1,
                                    .module = "outliers",
                                    .rule = "mad"};
    struct err *err = &scratch->err;

    TRY(stage_output_open(&output, &target, batch->schema, run,
                          &scratch_invocation(scratch)->common, err));
    TRY(run_event(run, &event, err));
    TRY(stage_output_add(output, batch, err));
    run_count(run, &(struct row_counts){.in = batch->rows + 1, .out = batch->rows, .dropped = 1});
    return stage_output_finish(output, NULL, err);
}

/* *ret_requests: allocations asked for up to the commit. */
static enum status whole_run(struct scratch *scratch, const struct batch *batch,
                             uint64_t *ret_requests)
{
    OWNED(store_close) struct store *store = NULL;
    OWNED(run_close) struct run *run = NULL;
    const struct invocation *invocation = scratch_invocation(scratch);

    TRY(store_open(&store, &invocation->common, STORE_WRITE, &scratch->err));
    TRY(run_begin(&run, store, "clean", invocation, &scratch->err));
    enum status status = commit_rows(scratch, run, batch);
    *ret_requests = memory_requests();
    memory_fail_at(0);
    return run_finish(run, status, &scratch->err);
}

static void no_memory_is_an_answer(void **state)
{
    struct scratch *scratch = *state;
    struct batch batch = make_rows(0, 3);
    int64_t failures = 0, commits = 0;
    uint64_t requests = 0;
    char expected[64];

    /* Ends with the first run that needs fewer allocations than the number of the one to fail. */
    for (uint64_t request = 1; requests + 1 >= request; request++) {
        memory_fail_at(request);
        enum status status = whole_run(scratch, &batch, &requests);
        memory_fail_at(0);
        if (status != STATUS_OK && status != STATUS_MEMORY)
            fail_msg("request %d: %s: %s", (int)request, status_name(status), scratch->err.message);
        if (status == STATUS_OK)
            commits++;
        else
            failures++;
        if (status == STATUS_MEMORY) requests = request;
    }
    batch_release(&batch);
    assert_true(failures > 50);
    snprintf(expected, sizeof expected, "%lld", (long long)commits);
    assert_string_equal(scratch_ask(scratch, "SELECT count(*) FROM versions"), expected);
    assert_string_equal(scratch_ask(scratch, "SELECT count(*) FROM runs WHERE status = 'done'"),
                        expected);
    assert_string_equal(scratch_ask(scratch, "SELECT count(*) FROM runs WHERE status <> 'done'"
                                             " AND status <> 'failed'"),
                        "0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_memory_is_an_answer, scratch_make, scratch_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
