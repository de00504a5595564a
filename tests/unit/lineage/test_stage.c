/* test_stage.c: what stages hand to one another, and the order in which it becomes true. */
#include "rows.h"
#include "scratch.h"

#include "lineage/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- a stage in a few words ---- */

static struct run *begin(struct scratch *scratch)
{
    struct run *run = NULL;

    check_ok(run_begin(&run, scratch->store, "clean", scratch_invocation(scratch), &scratch->err),
             &scratch->err);
    return run;
}

static const char *path_of(const struct scratch *scratch, const char *name)
{
    static char path[160];

    snprintf(path, sizeof path, "%s/%s", scratch->folder, name);
    return path;
}

/* Writes `rows` rows in two batches and finishes; counts are balanced unless `lost` rows are not.
 */
static enum status write_stage(struct scratch *scratch, struct run *run,
                               const struct stage_target *target, int64_t rows, int64_t lost,
                               struct version *version)
{
    struct stage_output *output = NULL;
    struct batch first = make_rows(0, rows / 2), second = make_rows(rows / 2, rows - rows / 2);

    check_ok(stage_output_open(&output, target, first.schema, run,
                               &scratch_invocation(scratch)->common, &scratch->err),
             &scratch->err);
    check_ok(stage_output_add(output, &first, &scratch->err), &scratch->err);
    check_ok(stage_output_add(output, &second, &scratch->err), &scratch->err);
    assert_int_equal(stage_output_rows(output), rows);
    run_count(run, &(struct row_counts){.in = rows + lost, .out = rows});
    enum status status = stage_output_finish(output, version, &scratch->err);
    stage_output_close(&output);
    batch_release(&first);
    batch_release(&second);
    return status;
}

/* Reads everything; -1 when reading failed. */
static int64_t read_stage(struct scratch *scratch, struct run *run, const char *operand)
{
    struct stage_input *input = NULL;
    bool end = false;
    int64_t rows = -1;
    enum status status =
        stage_input_open(&input, operand, run, &scratch_invocation(scratch)->common, &scratch->err);

    while (status == STATUS_OK && !end) {
        struct batch batch = {0};
        status = stage_input_next(input, &batch, &end, &scratch->err);
        batch_release(&batch);
    }
    if (status == STATUS_OK) rows = stage_input_rows(input);
    stage_input_close(&input);
    return rows;
}

static void finish(struct scratch *scratch, struct run **run)
{
    check_ok(run_finish(*run, STATUS_OK, &scratch->err), &scratch->err);
    run_close(run);
}

/* Runs with stdout going to a file, or to a closed pipe when `path` is NULL. */
static int redirect(const char *path)
{
    int ends[2], target, saved = dup(STDOUT_FILENO);

    fflush(stdout);
    if (path != NULL) {
        target = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    } else {
        assert_int_equal(pipe(ends), 0);
        close(ends[0]);
        target = ends[1];
    }
    dup2(target, STDOUT_FILENO);
    close(target);
    return saved;
}

static void restore(int saved)
{
    dup2(saved, STDOUT_FILENO);
    close(saved);
}

/* ---- files and edges ---- */

static void a_file_goes_from_stage_to_stage(void **state)
{
    struct scratch *scratch = *state;
    const char *path = path_of(scratch, "rows.arrow");
    const struct stage_target target = {.path = path};
    struct run *writer = begin(scratch), *reader = begin(scratch);
    char sql[256];

    check_ok(write_stage(scratch, writer, &target, 1000, 0, NULL), &scratch->err);
    assert_int_equal(read_stage(scratch, reader, path), 1000);
    snprintf(sql, sizeof sql, "SELECT input FROM edges WHERE run_id = '%s'", run_id(reader));
    char expected[64];
    snprintf(expected, sizeof expected, "stream:%s", run_id(writer));
    finish(scratch, &writer);
    finish(scratch, &reader);
    assert_string_equal(scratch_ask(scratch, sql), expected);
}

static void a_stream_of_others_is_a_source(void **state)
{
    struct scratch *scratch = *state;
    const char *path = path_of(scratch, "foreign.arrow");
    struct output *output = NULL;
    struct ipc_writer *writer = NULL;
    struct batch batch = make_rows(0, 50);

    check_ok(output_open(&output, path, &scratch->err), &scratch->err);
    check_ok(ipc_writer_open(&writer, output, batch.schema,
                             (struct ipc_options){.format = IPC_FILE}, &scratch->err),
             &scratch->err);
    check_ok(ipc_writer_add(writer, &batch, &scratch->err), &scratch->err);
    check_ok(ipc_writer_finish(writer, &scratch->err), &scratch->err);
    check_ok(output_commit(output, &scratch->err), &scratch->err);
    ipc_writer_close(&writer);
    output_close(&output);
    batch_release(&batch);

    struct run *run = begin(scratch);
    assert_int_equal(read_stage(scratch, run, path), 50);
    finish(scratch, &run);
    assert_string_equal(
        scratch_ask(scratch, "SELECT kind || records || length(digest) FROM sources"), "arrow5064");
    assert_non_null(strstr(scratch_ask(scratch, "SELECT input FROM edges"), "source:/"));
}

static void a_version_is_read_by_name(void **state)
{
    struct scratch *scratch = *state;
    const struct stage_target target = {.into = "clean/orders"};
    struct run *writer = begin(scratch), *reader = begin(scratch);
    struct version version;

    check_ok(write_stage(scratch, writer, &target, 300, 0, &version), &scratch->err);
    assert_int_equal(version.number, 1);
    assert_int_equal(read_stage(scratch, reader, "tamis:clean/orders@1"), 300);
    finish(scratch, &writer);
    finish(scratch, &reader);
    assert_string_equal(
        scratch_ask(scratch, "SELECT count(*) FROM edges WHERE input = 'version:clean/orders@1'"),
        "1");
}

static void without_a_store_names_of_versions_are_refused(void **state)
{
    struct scratch *scratch = *state;
    struct run *run = NULL;

    check_ok(run_begin(&run, NULL, "clean", scratch_invocation(scratch), &scratch->err),
             &scratch->err);
    assert_int_equal(read_stage(scratch, run, "tamis:clean/orders"), -1);
    assert_non_null(strstr(scratch->err.message, "--no-store"));
    run_close(&run);
}

/* ---- failures ---- */

static void a_lost_row_leaves_no_file_and_no_version(void **state)
{
    struct scratch *scratch = *state;
    const char *path = path_of(scratch, "unbalanced.arrow");
    const struct stage_target target = {.path = path, .into = "clean/orders"};
    struct run *run = begin(scratch);
    struct stat status;

    assert_int_equal(write_stage(scratch, run, &target, 100, 1, NULL), STATUS_FAILED);
    assert_int_not_equal(stat(path, &status), 0);
    assert_string_equal(scratch_ask(scratch, "SELECT count(*) FROM versions"), "0");
    assert_int_equal(run_finish(run, STATUS_FAILED, &scratch->err), STATUS_FAILED);
    run_close(&run);
}

static void a_failed_stage_writes_no_marker(void **state)
{
    struct scratch *scratch = *state;
    char path[160];
    const struct stage_target target = {.path = NULL};
    struct run *writer = begin(scratch), *reader = begin(scratch);

    snprintf(path, sizeof path, "%s", path_of(scratch, "piped.arrows"));
    int saved = redirect(path);
    enum status status = write_stage(scratch, writer, &target, 100, 1, NULL);
    restore(saved);
    assert_int_equal(status, STATUS_FAILED);
    assert_int_equal(read_stage(scratch, reader, path), -1);
    run_close(&writer);
    run_close(&reader);
}

/* ---- verdicts ---- */

static void a_failed_verdict_travels(void **state)
{
    struct scratch *scratch = *state;
    const char *path = path_of(scratch, "failed.arrows");
    const struct stage_target target = {.path = path};
    struct run *writer = begin(scratch), *reader = begin(scratch);

    run_verdict_failed(writer, "too many nulls");
    check_ok(write_stage(scratch, writer, &target, 100, 0, NULL), &scratch->err);
    assert_int_equal(run_finish(writer, STATUS_OK, &scratch->err), STATUS_VERDICT);
    assert_int_equal(read_stage(scratch, reader, path), 100);
    assert_true(run_verdict_is_failed(reader));
    assert_int_equal(run_finish(reader, STATUS_OK, &scratch->err), STATUS_VERDICT);
    run_close(&writer);
    run_close(&reader);
}

static void failed_data_is_committed_only_when_accepted(void **state)
{
    struct scratch *scratch = *state;
    const struct stage_target refusing = {.into = "clean/orders"};
    const struct stage_target accepting = {.into = "clean/orders", .accept_failed = true};
    struct run *run = begin(scratch);
    struct version version;

    run_verdict_failed(run, "too many nulls");
    check_ok(write_stage(scratch, run, &refusing, 10, 0, &version), &scratch->err);
    assert_int_equal(version.number, 0);
    check_ok(write_stage(scratch, run, &accepting, 10, 0, &version), &scratch->err);
    assert_int_equal(version.number, 1);
    assert_string_equal(scratch_ask(scratch, "SELECT verdict FROM versions"), "failed");
    run_close(&run);
}

/* ---- pipes ---- */

static void both_ways_at_once(void **state)
{
    struct scratch *scratch = *state;
    char path[160];
    const struct stage_target target = {.path = "-", .into = "clean/orders"};
    struct run *writer = begin(scratch), *reader = begin(scratch);
    struct version version;

    snprintf(path, sizeof path, "%s", path_of(scratch, "both.arrows"));
    int saved = redirect(path);
    enum status status = write_stage(scratch, writer, &target, 400, 0, &version);
    restore(saved);
    check_ok(status, &scratch->err);
    assert_int_equal(version.rows, 400);
    assert_int_equal(read_stage(scratch, reader, path), 400);
    finish(scratch, &writer);
    finish(scratch, &reader);
}

static void a_dead_downstream_does_not_stop_a_commit(void **state)
{
    struct scratch *scratch = *state;
    const struct stage_target target = {.path = "-", .into = "clean/orders"};
    struct run *run = begin(scratch);
    struct version version;

    signal(SIGPIPE, SIG_IGN);
    int saved = redirect(NULL);
    enum status status = write_stage(scratch, run, &target, 100, 0, &version);
    restore(saved);
    check_ok(status, &scratch->err);
    assert_int_equal(version.number, 1);
    finish(scratch, &run);
}

/* ---- catching up ---- */

static void put_raw(struct scratch *scratch, const int64_t *firsts, int count)
{
    struct run *run = begin(scratch);
    struct version_writer *writer = NULL;

    for (int i = 0; i < count; i++) {
        struct batch batch = make_rows(firsts[i], 100);
        if (i == 0)
            check_ok(
                version_writer_open(&writer, run, "raw/orders", batch.schema, false, &scratch->err),
                &scratch->err);
        check_ok(version_writer_add(writer, &batch, &scratch->err), &scratch->err);
        batch_release(&batch);
    }
    check_ok(version_writer_commit(writer, NULL, &scratch->err), &scratch->err);
    version_writer_close(&writer);
    finish(scratch, &run);
}

/* Copies raw/orders@REF into `into` as one recipe would; gives the rows read, -1 on failure. */
static int64_t copy_new(struct scratch *scratch, const char *operand, const char *into, bool dies,
                        struct version *version)
{
    struct run *run = begin(scratch);
    struct stage_input *input = NULL;
    struct stage_output *output = NULL;
    const struct stage_target target = {.into = into};
    const struct digest recipe = digest_of("recipe", 6);
    bool end = false;

    check_ok(run_config(run, str_of("{}"), &recipe, &scratch->err), &scratch->err);
    run_into(run, into);
    if (stage_input_open(&input, operand, run, &scratch_invocation(scratch)->common,
                         &scratch->err) != STATUS_OK) {
        stage_input_close(&input);
        run_close(&run);
        return -1;
    }
    check_ok(stage_output_open(&output, &target, stage_input_schema(input), run,
                               &scratch_invocation(scratch)->common, &scratch->err),
             &scratch->err);
    while (!end) {
        struct batch batch = {0};
        check_ok(stage_input_next(input, &batch, &end, &scratch->err), &scratch->err);
        if (!end) check_ok(stage_output_add(output, &batch, &scratch->err), &scratch->err);
        batch_release(&batch);
    }
    int64_t rows = stage_input_rows(input);
    run_count(run, &(struct row_counts){.in = rows, .out = rows});
    if (!dies) check_ok(stage_output_finish(output, version, &scratch->err), &scratch->err);
    stage_input_close(&input);
    stage_output_close(&output);
    if (!dies) check_ok(run_finish(run, STATUS_OK, &scratch->err), &scratch->err);
    run_close(&run);
    return rows;
}

static void the_third_night_equals_a_full_run(void **state)
{
    struct scratch *scratch = *state;
    static const int64_t firsts[] = {0, 100, 200, 300};
    const char *raw = "tamis:raw/orders@new", *into = "clean/orders";
    struct version version = {0}, full = {0};

    put_raw(scratch, firsts, 1);
    assert_int_equal(copy_new(scratch, raw, into, false, &version), 100);
    put_raw(scratch, firsts, 2);
    assert_int_equal(copy_new(scratch, raw, into, true, &version), 100);
    put_raw(scratch, firsts, 3);
    assert_int_equal(copy_new(scratch, raw, into, true, &version), 200);
    put_raw(scratch, firsts, 4);
    assert_int_equal(copy_new(scratch, raw, into, false, &version), 300);
    assert_int_equal(version.rows, 400);
    assert_int_equal(copy_new(scratch, "tamis:raw/orders", "clean/full", false, &full), 400);
    assert_memory_equal(&version.digest, &full.digest, sizeof full.digest);
    /* Nothing new: no version is made, the newest stays. */
    struct version none = {0}, newest = {0};
    assert_int_equal(copy_new(scratch, raw, into, false, &none), 0);
    assert_int_equal(none.number, 0);
    check_ok(version_resolve(scratch->store, into, &newest, &scratch->err), &scratch->err);
    assert_int_equal(newest.number, version.number);
    assert_memory_equal(&newest.digest, &full.digest, sizeof full.digest);
}

static void what_was_rewritten_is_not_caught_up_with(void **state)
{
    struct scratch *scratch = *state;
    static const int64_t before[] = {0, 100}, after[] = {5, 100, 200};
    struct version version;

    put_raw(scratch, before, 2);
    assert_int_equal(copy_new(scratch, "tamis:raw/orders@new", "clean/orders", false, &version),
                     200);
    put_raw(scratch, after, 3);
    assert_int_equal(copy_new(scratch, "tamis:raw/orders@new", "clean/orders", false, &version),
                     -1);
    assert_non_null(strstr(scratch->err.message, "does not begin with version 1"));
    /* Another dataset has its own past. */
    assert_int_equal(copy_new(scratch, "tamis:raw/orders@new", "clean/other", false, &version),
                     300);
}

static void new_needs_a_place_to_go(void **state)
{
    struct scratch *scratch = *state;
    static const int64_t firsts[] = {0};
    struct run *run = begin(scratch);

    put_raw(scratch, firsts, 1);
    assert_int_equal(read_stage(scratch, run, "tamis:raw/orders@new"), -1);
    assert_non_null(strstr(scratch->err.message, "--into"));
    run_close(&run);
}

/* ---- rejects ---- */

static void add_reject(struct scratch *scratch, struct rejects *rejects, const char *source,
                       int64_t record)
{
    char raw[32];

    snprintf(raw, sizeof raw, "%s,%lld", source, (long long)record);
    const struct reject reject = {.source = str_of(source),
                                  .record = record,
                                  .byte_offset = record * 10,
                                  .line = -1,
                                  .rule = "ragged",
                                  .message = str_of("2 fields, expected 3"),
                                  .raw = str_of(raw)};
    check_ok(rejects_add(rejects, &reject, &scratch->err), &scratch->err);
}

static void rejects_are_ordered(void **state)
{
    struct scratch *scratch = *state;
    char path[160], value[64];
    struct run *run = begin(scratch);
    struct rejects *rejects = NULL;
    struct stage_input *input = NULL;
    struct batch batch = {0};
    bool end;

    snprintf(path, sizeof path, "%s", path_of(scratch, "rejects.arrow"));
    check_ok(rejects_open(&rejects, path, run, &scratch->err), &scratch->err);
    add_reject(scratch, rejects, "b.csv", 7);
    add_reject(scratch, rejects, "a.csv", 2);
    add_reject(scratch, rejects, "b.csv", 3);
    assert_int_equal(rejects_count(rejects), 3);
    check_ok(rejects_commit(rejects, &scratch->err), &scratch->err);
    rejects_close(&rejects);

    check_ok(
        stage_input_open(&input, path, run, &scratch_invocation(scratch)->common, &scratch->err),
        &scratch->err);
    check_ok(stage_input_next(input, &batch, &end, &scratch->err), &scratch->err);
    assert_int_equal(batch.rows, 3);
    static const char *const raw[] = {"b.csv,3", "b.csv,7", "a.csv,2"};
    for (int64_t row = 0; row < 3; row++) {
        struct str found = array_text(batch.columns[6], row);
        assert_true(str_is(found, raw[row]));
    }
    assert_true(array_is_null(batch.columns[3], 0));
    array_value_text(&batch.schema->fields[2], batch.columns[2], 1, value, sizeof value);
    assert_string_equal(value, "70");
    batch_release(&batch);
    stage_input_close(&input);
    run_close(&run);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, scratch_make, scratch_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_goes_from_stage_to_stage),
        TEST(a_stream_of_others_is_a_source),
        TEST(a_version_is_read_by_name),
        TEST(without_a_store_names_of_versions_are_refused),
        TEST(a_lost_row_leaves_no_file_and_no_version),
        TEST(a_failed_stage_writes_no_marker),
        TEST(a_failed_verdict_travels),
        TEST(failed_data_is_committed_only_when_accepted),
        TEST(both_ways_at_once),
        TEST(a_dead_downstream_does_not_stop_a_commit),
        TEST(the_third_night_equals_a_full_run),
        TEST(what_was_rewritten_is_not_caught_up_with),
        TEST(new_needs_a_place_to_go),
        TEST(rejects_are_ordered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
