/* test_run.c: the life of a run's row, its balance, its events, its orphans. */
#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct run *begin(struct scratch *scratch)
{
    struct run *run = NULL;

    check_ok(run_begin(&run, scratch->store, "clean", scratch_invocation(scratch), &scratch->err),
             &scratch->err);
    return run;
}

static void a_run_is_running_then_done(void **state)
{
    struct scratch *scratch = *state;
    struct run *run = begin(scratch);

    assert_string_equal(scratch_ask(scratch, "SELECT status FROM runs"), "running");
    assert_string_equal(scratch_ask(scratch, "SELECT argv FROM runs"),
                        "[\"tamis-test\",\"postgresql://host/db\"]");
    run_count(run, &(struct row_counts){.in = 3, .out = 3, .bytes_in = 30, .bytes_out = 20});
    check_ok(run_check_balance(run, &scratch->err), &scratch->err);
    check_ok(run_finish(run, STATUS_OK, &scratch->err), &scratch->err);
    run_close(&run);
    assert_string_equal(
        scratch_ask(scratch, "SELECT status || exit_code || rows_in || bytes_out FROM runs"),
        "done0320");
    assert_string_equal(scratch_ask(scratch, "SELECT count(*) >= 15 FROM run_metrics"), "1");
    assert_string_equal(scratch_ask(scratch, "SELECT count(*) FROM row_balance"), "0");
}

static void a_failure_is_recorded_with_its_message(void **state)
{
    struct scratch *scratch = *state;
    struct run *run = begin(scratch);

    enum status status = (fail)(&scratch->err, STATUS_FAILED, "the disk is full");
    assert_int_equal(run_finish(run, status, &scratch->err), STATUS_FAILED);
    run_close(&run);
    assert_string_equal(scratch_ask(scratch, "SELECT status || exit_code || error FROM runs"),
                        "failed1the disk is full");
}

static void a_signal_is_an_abort(void **state)
{
    struct scratch *scratch = *state;
    struct run *run = begin(scratch);

    assert_int_equal(run_finish(run, STATUS_INTERRUPTED, &scratch->err), STATUS_INTERRUPTED);
    run_close(&run);
    assert_string_equal(scratch_ask(scratch, "SELECT status || exit_code FROM runs"), "aborted130");
}

static void a_failed_verdict_is_done_with_3(void **state)
{
    struct scratch *scratch = *state;
    struct run *run = begin(scratch);

    run_verdict_failed(run, "2 of 3 ages are out of range");
    assert_int_equal(run_finish(run, STATUS_OK, &scratch->err), STATUS_VERDICT);
    run_close(&run);
    assert_string_equal(scratch_ask(scratch, "SELECT status || exit_code || verdict FROM runs"),
                        "done3failed");
    assert_non_null(strstr(scratch->err.message, "out of range"));
}

static void rows_that_vanish_fail_the_run(void **state)
{
    struct scratch *scratch = *state;
    struct run *run = begin(scratch);

    run_count(run, &(struct row_counts){.in = 10, .out = 9});
    assert_int_equal(run_check_balance(run, &scratch->err), STATUS_FAILED);
    assert_non_null(strstr(scratch->err.message, "10 in + 0 created is not 9 out"));
    run_count(run, &(struct row_counts){.in = 10, .out = 9, .dropped = 1});
    assert_int_equal(run_check_balance(run, &scratch->err), STATUS_FAILED);
    assert_non_null(strstr(scratch->err.message, "reason"));
    run_close(&run);
}

static void the_balance_holds_without_a_store(void **state)
{
    struct scratch *scratch = *state;
    struct run *run = NULL;

    check_ok(run_begin(&run, NULL, "clean", scratch_invocation(scratch), &scratch->err),
             &scratch->err);
    const struct row_event event = {
        .kind = EVENT_DROP, .source = str_of("a.csv"), .record = 1, .rule = "mad"};
    check_ok(run_event(run, &event, &scratch->err), &scratch->err);
    run_count(run, &(struct row_counts){.in = 2, .out = 1, .dropped = 1});
    check_ok(run_check_balance(run, &scratch->err), &scratch->err);
    run_count(run, &(struct row_counts){.in = 2, .out = 1});
    assert_int_equal(run_check_balance(run, &scratch->err), STATUS_FAILED);
    assert_int_equal(run_finish(run, STATUS_FAILED, &scratch->err), STATUS_FAILED);
    run_close(&run);
}

static void add_drops(struct run *run, int64_t count, struct scratch *scratch)
{
    char value[32];

    for (int64_t i = 1; i <= count; i++) {
        snprintf(value, sizeof value, "%lld", (long long)i * 7);
        const struct row_event event = {.kind = EVENT_DROP,
                                        .source = str_of("orders.csv"),
                                        .record = i,
                                        .module = "outliers",
                                        .position = 2,
                                        .rule = "mad",
                                        .column = "price",
                                        .value = str_of(value),
                                        .threshold = "3.5"};
        check_ok(run_event(run, &event, &scratch->err), &scratch->err);
    }
}

static void events_tell_why(void **state)
{
    struct scratch *scratch = *state;
    struct run *run = begin(scratch);

    add_drops(run, 50000, scratch);
    const struct row_event merge = {.kind = EVENT_MERGE,
                                    .source = str_of("orders.csv"),
                                    .record = 50001,
                                    .into_source = str_of("orders.csv"),
                                    .into_record = 12,
                                    .module = "deduplicate",
                                    .rule = "exact"};
    check_ok(run_event(run, &merge, &scratch->err), &scratch->err);
    run_count(run, &(struct row_counts){.in = 50001, .dropped = 50000, .merged = 1});
    check_ok(run_check_balance(run, &scratch->err), &scratch->err);
    check_ok(run_finish(run, STATUS_OK, &scratch->err), &scratch->err);
    run_close(&run);
    assert_string_equal(scratch_ask(scratch, "SELECT count(*) FROM row_events"), "50001");
    assert_string_equal(
        scratch_ask(scratch, "SELECT module || rule || \"column\" || value || threshold"
                             " FROM row_events WHERE source = 'orders.csv' AND record = 49999"),
        "outliersmadprice3499933.5");
    assert_string_equal(scratch_ask(scratch,
                                    "SELECT kind || into_source || into_record FROM row_events"
                                    " WHERE record = 50001"),
                        "mergeorders.csv12");
}

static void long_values_are_cut_between_characters(void **state)
{
    struct scratch *scratch = *state;
    struct run *run = begin(scratch);
    char value[3001] = "a";

    while (strlen(value) + 2 < sizeof value)
        memcpy(value + strlen(value), "\xc3\xa9", 3);
    const struct row_event event = {
        .kind = EVENT_REJECT, .record = 1, .rule = "length", .value = str_of(value)};
    check_ok(run_event(run, &event, &scratch->err), &scratch->err);
    check_ok(run_finish(run, STATUS_OK, &scratch->err), &scratch->err);
    run_close(&run);
    assert_string_equal(scratch_ask(scratch,
                                    "SELECT length(CAST(value AS BLOB)) || ' ' || length(value)"
                                    " FROM row_events"),
                        "1023 512");
}

static void an_unknown_upstream_run_gets_a_stub(void **state)
{
    struct scratch *scratch = *state;
    struct run *run = begin(scratch);
    char own[64];

    snprintf(own, sizeof own, "stream:%s", run_id(run));
    check_ok(run_edge(run, "stream:0190-elsewhere", own, &scratch->err), &scratch->err);
    check_ok(run_edge(run, "stream:0190-elsewhere", own, &scratch->err), &scratch->err);
    check_ok(run_finish(run, STATUS_OK, &scratch->err), &scratch->err);
    run_close(&run);
    assert_string_equal(
        scratch_ask(scratch, "SELECT status FROM runs WHERE run_id = '0190-elsewhere'"), "unknown");
    assert_string_equal(scratch_ask(scratch, "SELECT count(*) FROM edges"), "1");
}

static int begin_and_die(const struct scratch *scratch, int index)
{
    struct store *store = NULL;
    struct run *run = NULL;
    struct err err = {0};

    (void)index;
    if (store_open(&store, &scratch_invocation(scratch)->common, STORE_WRITE, &err) != STATUS_OK ||
        run_begin(&run, store, "ingest", scratch_invocation(scratch), &err) != STATUS_OK)
        return 1;
    _exit(0);
}

static void a_killed_run_is_lost(void **state)
{
    struct scratch *scratch = *state;
    struct store *reader = NULL;

    in_processes(1, begin_and_die, scratch);
    assert_string_equal(scratch_ask(scratch, "SELECT status FROM runs"), "running");
    /* A reader computes it ... */
    check_ok(store_open(&reader, &scratch_invocation(scratch)->common, STORE_READ, &scratch->err),
             &scratch->err);
    struct scratch through = {.store = reader};
    assert_string_equal(scratch_ask(&through, "SELECT status FROM runs"), "lost");
    store_close(&reader);
    /* ... the next writer writes it down, and does not mistake itself for lost. */
    struct run *run = begin(scratch);
    struct run *second = begin(scratch);
    assert_string_equal(scratch_ask(scratch, "SELECT status FROM runs WHERE stage = 'ingest'"),
                        "lost");
    assert_string_equal(scratch_ask(scratch, "SELECT count(*) FROM runs WHERE status = 'running'"),
                        "2");
    check_ok(run_finish(run, STATUS_OK, &scratch->err), &scratch->err);
    check_ok(run_finish(second, STATUS_OK, &scratch->err), &scratch->err);
    run_close(&run);
    run_close(&second);
}

static int record_runs(const struct scratch *scratch, int index)
{
    struct store *store = NULL;
    struct err err = {0};

    (void)index;
    if (store_open(&store, &scratch_invocation(scratch)->common, STORE_WRITE, &err) != STATUS_OK)
        return 1;
    for (int i = 0; i < 25; i++) {
        struct run *run = NULL;
        if (run_begin(&run, store, "clean", scratch_invocation(scratch), &err) != STATUS_OK ||
            run_finish(run, STATUS_OK, &err) != STATUS_OK) {
            fprintf(stderr, "%s\n", err.message);
            return 1;
        }
        run_close(&run);
    }
    store_close(&store);
    return 0;
}

static void four_writers_lose_nothing(void **state)
{
    struct scratch *scratch = *state;

    store_close(&scratch->store);
    in_processes(4, record_runs, scratch);
    check_ok(store_open(&scratch->store, &scratch_invocation(scratch)->common, STORE_WRITE,
                        &scratch->err),
             &scratch->err);
    assert_string_equal(scratch_ask(scratch, "SELECT count(*) FROM runs WHERE status = 'done'"),
                        "100");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_run_is_running_then_done, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(a_failure_is_recorded_with_its_message, scratch_make,
                                        scratch_remove),
        cmocka_unit_test_setup_teardown(a_signal_is_an_abort, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(a_failed_verdict_is_done_with_3, scratch_make,
                                        scratch_remove),
        cmocka_unit_test_setup_teardown(rows_that_vanish_fail_the_run, scratch_make,
                                        scratch_remove),
        cmocka_unit_test_setup_teardown(the_balance_holds_without_a_store, scratch_make,
                                        scratch_remove),
        cmocka_unit_test_setup_teardown(events_tell_why, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(long_values_are_cut_between_characters, scratch_make,
                                        scratch_remove),
        cmocka_unit_test_setup_teardown(an_unknown_upstream_run_gets_a_stub, scratch_make,
                                        scratch_remove),
        cmocka_unit_test_setup_teardown(a_killed_run_is_lost, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(four_writers_lose_nothing, scratch_make, scratch_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
