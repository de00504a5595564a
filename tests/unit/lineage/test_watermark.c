/* test_watermark.c: positions move with the version, or not at all. */
#include "rows.h"
#include "scratch.h"

#include "lineage/stage.h"
#include "lineage/watermark.h"

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

#define DATASET "raw/orders"

/* ---- an incremental run in a few words ---- */

static struct run *begin(struct scratch *scratch)
{
    struct run *run = NULL;

    check_ok(run_begin(&run, scratch->store, "ingest", scratch_invocation(scratch), &scratch->err),
             &scratch->err);
    return run;
}

static void end(struct scratch *scratch, struct run *run)
{
    check_ok(run_finish(run, STATUS_OK, &scratch->err), &scratch->err);
    run_close(&run);
}

static void move(struct watermarks *marks, struct scratch *scratch, const char *item,
                 const char *position)
{
    check_ok(watermark_move(marks, "a.csv", "bytes", str_of(item), str_of(position), &scratch->err),
             &scratch->err);
}

static const char *read_mark(struct watermarks *marks, struct scratch *scratch, const char *item)
{
    static char text[64];
    struct bytes position = bytes_limited(64);
    bool found;

    check_ok(
        watermark_read(marks, "a.csv", "bytes", str_of(item), &position, &found, &scratch->err),
        &scratch->err);
    snprintf(text, sizeof text, "%.*s", (int)position.size,
             position.data == NULL ? "" : (const char *)position.data);
    if (!found) snprintf(text, sizeof text, "nothing");
    bytes_release(&position);
    return text;
}

static void write_rows(struct scratch *scratch, struct run *run, int64_t first, int64_t count,
                       struct version *version)
{
    struct stage_output *output = NULL;
    struct batch rows = make_rows(first, count);
    const struct stage_target target = {.into = DATASET};

    check_ok(stage_output_open(&output, &target, rows.schema, run,
                               &scratch_invocation(scratch)->common, &scratch->err),
             &scratch->err);
    check_ok(stage_output_add(output, &rows, &scratch->err), &scratch->err);
    run_count(run, &(struct row_counts){.in = count, .out = count});
    if (version != NULL)
        check_ok(stage_output_finish(output, version, &scratch->err), &scratch->err);
    stage_output_close(&output);
    batch_release(&rows);
}

/* Rows first ... first + count - 1 behind what is there; position `position`. */
static struct version increment(struct scratch *scratch, int64_t first, int64_t count,
                                const char *position)
{
    struct run *run = begin(scratch);
    struct watermarks *marks = NULL;
    struct version version = {0};

    check_ok(watermarks_open(&marks, run, DATASET, &scratch->err), &scratch->err);
    move(marks, scratch, "", position);
    write_rows(scratch, run, first, count, &version);
    watermarks_close(&marks);
    end(scratch, run);
    return version;
}

static void expect_mark(struct scratch *scratch, const char *item, const char *expected)
{
    struct run *run = begin(scratch);
    struct watermarks *marks = NULL;

    check_ok(watermarks_open(&marks, run, DATASET, &scratch->err), &scratch->err);
    assert_string_equal(read_mark(marks, scratch, item), expected);
    watermarks_close(&marks);
    end(scratch, run);
}

/* ---- moving ---- */

static void positions_move_with_the_version(void **state)
{
    struct scratch *scratch = *state;

    expect_mark(scratch, "", "nothing");
    struct version first = increment(scratch, 0, 1000, "{\"offset\":10}");
    expect_mark(scratch, "", "{\"offset\":10}");
    struct version second = increment(scratch, 1000, 500, "{\"offset\":15}");
    expect_mark(scratch, "", "{\"offset\":15}");
    assert_int_equal(first.number, 1);
    assert_int_equal(second.number, 2);
    assert_int_equal(second.rows, 1500);
    assert_int_equal(second.chunks, 2);
    assert_string_equal(scratch_ask(scratch, "SELECT count(*) FROM chunks"), "2");
    assert_string_equal(scratch_ask(scratch, "SELECT count(*) FROM watermarks"), "1");
    assert_string_equal(scratch_ask(scratch, "SELECT group_concat(number) FROM watermark_moves"),
                        "1,2");
}

static void a_run_does_not_see_its_own_moves(void **state)
{
    struct scratch *scratch = *state;
    struct run *run = begin(scratch);
    struct watermarks *marks = NULL;

    check_ok(watermarks_open(&marks, run, DATASET, &scratch->err), &scratch->err);
    move(marks, scratch, "", "1");
    move(marks, scratch, "", "2");
    assert_string_equal(read_mark(marks, scratch, ""), "nothing");
    check_ok(watermarks_keep(marks, &scratch->err), &scratch->err);
    assert_string_equal(read_mark(marks, scratch, ""), "2");
    assert_string_equal(scratch_ask(scratch, "SELECT number IS NULL FROM watermark_moves"), "1");
    watermarks_close(&marks);
    end(scratch, run);
}

#define MANY 25000 /* more than one slice */

static void move_many(struct watermarks *marks, struct scratch *scratch)
{
    char item[32];

    for (int i = 0; i < MANY; i++) {
        snprintf(item, sizeof item, "member-%d", i);
        move(marks, scratch, item, "{}");
    }
}

static void what_was_not_committed_never_counts(void **state)
{
    struct scratch *scratch = *state;

    increment(scratch, 0, 100, "1");
    pid_t child = fork();
    if (child == 0) {
        struct run *run = begin(scratch);
        struct watermarks *marks = NULL;
        check_ok(watermarks_open(&marks, run, DATASET, &scratch->err), &scratch->err);
        move(marks, scratch, "", "2");
        move_many(marks, scratch);
        write_rows(scratch, run, 100, 100, NULL);
        _exit(0); /* as if killed: slices are in the catalog, the version is not */
    }
    int result = -1;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
    assert_string_equal(scratch_ask(scratch, "SELECT count(*) > 10000 FROM watermark_log"), "1");
    assert_string_equal(scratch_ask(scratch, "SELECT count(*) FROM watermarks"), "1");
    expect_mark(scratch, "", "1");
    expect_mark(scratch, "member-5", "nothing");
    assert_string_equal(scratch_ask(scratch, "SELECT count(*) FROM watermark_log"), "1");
    assert_string_equal(scratch_ask(scratch, "SELECT count(*) FROM watermark_moves"), "1");
}

static void many_items_move_at_once(void **state)
{
    struct scratch *scratch = *state;

    for (int night = 0; night < 3; night++) {
        struct run *run = begin(scratch);
        struct watermarks *marks = NULL;
        check_ok(watermarks_open(&marks, run, DATASET, &scratch->err), &scratch->err);
        move_many(marks, scratch);
        check_ok(watermarks_keep(marks, &scratch->err), &scratch->err);
        watermarks_close(&marks);
        end(scratch, run);
    }
    expect_mark(scratch, "member-24999", "{}");
    assert_string_equal(scratch_ask(scratch, "SELECT count(*) FROM watermarks"), "25000");
    /* the newest that counts and the one before: history does not pile up */
    assert_string_equal(scratch_ask(scratch, "SELECT count(*) FROM watermark_log"), "50000");
}

/* ---- refusing ---- */

static void a_foreign_version_is_not_built_on(void **state)
{
    struct scratch *scratch = *state;
    struct watermarks *marks = NULL;

    increment(scratch, 0, 100, "1");
    struct run *run = begin(scratch);
    struct version version;
    write_rows(scratch, run, 5000, 10, &version);
    end(scratch, run);
    run = begin(scratch);
    assert_int_equal(watermarks_open(&marks, run, DATASET, &scratch->err), STATUS_USAGE);
    assert_non_null(strstr(scratch->err.message, "raw/orders@2"));
    end(scratch, run);
}

static void the_dataset_is_locked_from_reading_to_commit(void **state)
{
    struct scratch *scratch = *state;
    struct watermarks *marks = NULL, *other = NULL;
    struct run *run = begin(scratch), *late = begin(scratch);
    struct common common = scratch_invocation(scratch)->common;
    struct store *impatient = NULL;
    struct run *second = NULL;

    check_ok(watermarks_open(&marks, run, DATASET, &scratch->err), &scratch->err);
    common.wait = 0;
    check_ok(store_open(&impatient, &common, STORE_WRITE, &scratch->err), &scratch->err);
    check_ok(run_begin(&second, impatient, "ingest", scratch_invocation(scratch), &scratch->err),
             &scratch->err);
    assert_int_equal(watermarks_open(&other, second, DATASET, &scratch->err), STATUS_BUSY);
    watermarks_close(&marks);
    check_ok(watermarks_open(&other, second, DATASET, &scratch->err), &scratch->err);
    watermarks_close(&other);
    end(scratch, second);
    store_close(&impatient);
    end(scratch, run);
    end(scratch, late);
}

/* ---- older catalogs ---- */

static void an_older_catalog_is_brought_up_to_date(void **state)
{
    struct scratch *scratch = *state;
    static const char *const back[] = {
        "DROP VIEW watermarks",
        "DROP TABLE watermark_log",
        "DROP TABLE watermark_series",
        "DROP TABLE watermark_moves",
        "DROP TABLE drift_events",
        "DROP TABLE record_index",
        "ALTER TABLE sources DROP COLUMN etag",
        "ALTER TABLE runs DROP COLUMN folder",
        "DROP TABLE gate_checks",
        "DROP TABLE gates",
        "DROP TABLE exposures",
        "DROP TABLE removed_versions",
        "DROP TABLE forgotten_versions",
        "DROP TABLE forgettings",
        "DROP INDEX runs_by_parent",
        "ALTER TABLE runs DROP COLUMN job",
        "ALTER TABLE runs DROP COLUMN parent_job",
        "ALTER TABLE runs DROP COLUMN parent_run",
        "DROP TABLE run_columns",
        "DROP TABLE run_checks",
        "DROP TABLE metric_steps",
        "PRAGMA user_version = 1",
    };

    for (size_t i = 0; i < sizeof back / sizeof *back; i++)
        scratch_ask(scratch, back[i]);
    store_close(&scratch->store);
    check_ok(store_open(&scratch->store, &scratch_invocation(scratch)->common, STORE_WRITE,
                        &scratch->err),
             &scratch->err);
    assert_string_equal(scratch_ask(scratch, "SELECT tbl_name FROM sqlite_schema WHERE type = "
                                             "'index' AND name = 'exposures_by_entity'"),
                        "exposures");
    increment(scratch, 0, 10, "7");
    expect_mark(scratch, "", "7");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_make, scratch_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(positions_move_with_the_version),
        TEST(a_run_does_not_see_its_own_moves),
        TEST(what_was_not_committed_never_counts),
        TEST(many_items_move_at_once),
        TEST(a_foreign_version_is_not_built_on),
        TEST(the_dataset_is_locked_from_reading_to_commit),
        TEST(an_older_catalog_is_brought_up_to_date),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
