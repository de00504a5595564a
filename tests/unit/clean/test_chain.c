/* tests/unit/clean/test_chain.c: a whole chain over a file: the same rows for any threads, and a
 * way out of every failed request for memory. */
#include "tests/unit/clean/harness.h"

#include "clean/chain.h"
#include "clean/outcome.h"

#include <stdio.h>
#include <unistd.h>

static char path[64];

static const char *const lines[] = {
    "text",
    "missing detect=true",
    "types",
    "deduplicate",
    "impute columns=n method=median",
    "validate rules=[{column: n, between: [0, 50], on_fail: reject}]",
    "normalize columns=x"};

static void write_input(void)
{
    char text[8192];
    size_t used = 0;
    struct err err = {0};
    for (int i = 0; i < 60; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s|%s|%d.5\n",
                                 i % 4 == 0 ? "  a  b" : "caf\xc3\x83\xc2\xa9",
                                 i % 7 == 0    ? "N/A"
                                 : i % 11 == 0 ? "90"
                                               : "31",
                                 i % 9);
    OWNED(batch_release) struct batch batch = trial_input("t:utf8|n:utf8|x:float64", text);
    OWNED(output_close) struct output *output = NULL;
    OWNED(ipc_writer_close) struct ipc_writer *writer = NULL;
    snprintf(path, sizeof path, "chain-%ld.arrows", (long)getpid());
    assert_int_equal(output_open(&output, path, &err), STATUS_OK);
    struct ipc_options options = {.format = IPC_STREAM};
    assert_int_equal(ipc_writer_open(&writer, output, batch.schema, options, &err), STATUS_OK);
    assert_int_equal(ipc_writer_add(writer, &batch, &err), STATUS_OK);
    assert_int_equal(ipc_writer_finish(writer, &err), STATUS_OK);
    assert_int_equal(output_commit(output, &err), STATUS_OK);
}

/* What left, folded into one number. */
struct seen {
    int64_t rows;
    double sum;
};

static enum status see(void *context, const struct batch *batch, struct err *err)
{
    struct seen *seen = context;
    (void)err;
    seen->rows += batch->rows;
    for (int64_t row = 0; row < batch->rows; row++)
        seen->sum += (double)(row + 1) * ((const double *)array_values(batch->columns[2]))[row];
    return STATUS_OK;
}

static const struct command command = {.name = "test"};

struct job {
    struct recipe recipe;
    struct run *run;
    struct rejects *rejects;
    struct stage_input *input;
    struct chain chain;
};

static void job_release(struct job *job)
{
    chain_close(&job->chain);
    stage_input_close(&job->input);
    rejects_close(&job->rejects);
    run_close(&job->run);
    recipe_release(&job->recipe);
}

static enum status run_chain(size_t threads, struct seen *seen, struct row_counts *counts,
                             struct err *err)
{
    OWNED(job_release) struct job job = {0};
    char name[] = "test", *argv[] = {name, NULL};
    struct invocation invocation = {
        .command = &command, .program = "test", .argv = argv, .argc = 1};
    struct text_list list = {(const char **)(uintptr_t)lines, sizeof lines / sizeof *lines};
    struct step_options options = {.threads = threads, .memory = 64 << 20, .as_of = INT64_MIN};
    TRY(recipe_load(&job.recipe, NULL, &list, err));
    TRY(run_begin(&job.run, NULL, "clean", &invocation, err));
    TRY(rejects_open(&job.rejects, NULL, job.run, err));
    TRY(stage_input_open(&job.input, path, job.run, &invocation.common, err));
    TRY(chain_open(&job.chain, &job.recipe, stage_input_schema(job.input), &options, err));
    job.chain.run = job.run;
    job.chain.rejects = job.rejects;
    job.chain.watcher = (struct watcher){job.chain.count - 1, seen, see};
    TRY(chain_run(&job.chain, job.input, NULL, NULL, NULL, err));
    TRY(outcome_effects(&job.chain, err));
    TRY(outcome_lineage(&job.chain, "source:test", err));
    *counts = outcome_counts(&job.chain);
    run_count(job.run, counts);
    return run_check_balance(job.run, err);
}

static void test_the_same_for_any_threads(void **unused)
{
    (void)unused;
    struct err err = {0};
    struct seen one = {0}, four = {0};
    struct row_counts counts = {0};
    if (run_chain(1, &one, &counts, &err) != STATUS_OK) print_error("%s\n", err.message);
    assert_int_equal(counts.in, 60);
    assert_true(counts.merged > 0 && counts.rejected > 0);
    assert_int_equal(counts.out, one.rows);
    assert_int_equal(run_chain(4, &four, &counts, &err), STATUS_OK);
    assert_memory_equal(&one, &four, sizeof one);
}

static void test_every_request_for_memory_may_fail(void **unused)
{
    (void)unused;
    struct row_counts counts = {0};
    int failures = 0;
    for (uint64_t request = 1;; request += 3) {
        struct err err = {0};
        struct seen seen = {0};
        memory_fail_at(request);
        enum status status = run_chain(1, &seen, &counts, &err);
        memory_fail_at(0);
        if (status == STATUS_OK) break;
        if (status != STATUS_MEMORY)
            print_error("request %llu: %s\n", (unsigned long long)request, err.message);
        assert_int_equal(status, STATUS_MEMORY);
        failures++;
    }
    assert_true(failures > 100);
}

static int begin(void **unused)
{
    (void)unused;
    write_input();
    return 0;
}

static int end(void **unused)
{
    (void)unused;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_for_any_threads),
        cmocka_unit_test(test_every_request_for_memory_may_fail),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
