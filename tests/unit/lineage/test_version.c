/* test_version.c: versions written, found by reference, read, verified; chunks stored once. */
#include "rows.h"
#include "scratch.h"

#include "lineage/tags.h"
#include "lineage/version.h"

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

    check_ok(run_begin(&run, scratch->store, "put", scratch_invocation(scratch), &scratch->err),
             &scratch->err);
    return run;
}

/* Commits rows first ... first + count - 1 in batches of `cut`. */
static struct version commit_rows(struct scratch *scratch, struct run *run, const char *dataset,
                                  int64_t first, int64_t count, int64_t cut)
{
    struct version_writer *writer = NULL;
    struct version version = {0};
    struct batch empty = make_rows(0, 0);

    check_ok(version_writer_open(&writer, run, dataset, empty.schema, false, &scratch->err),
             &scratch->err);
    for (int64_t done = 0; done < count; done += cut) {
        struct batch batch = make_rows(first + done, count - done < cut ? count - done : cut);
        check_ok(version_writer_add(writer, &batch, &scratch->err), &scratch->err);
        batch_release(&batch);
    }
    check_ok(version_writer_commit(writer, &version, &scratch->err), &scratch->err);
    version_writer_close(&writer);
    batch_release(&empty);
    return version;
}

static struct version commit_once(struct scratch *scratch, const char *dataset, int64_t first,
                                  int64_t count)
{
    struct run *run = begin(scratch);
    struct version version = commit_rows(scratch, run, dataset, first, count, 1000);

    check_ok(run_finish(run, STATUS_OK, &scratch->err), &scratch->err);
    run_close(&run);
    return version;
}

static int64_t count_chunk_files(const struct scratch *scratch)
{
    char command[256];
    long long files = -1;

    snprintf(command, sizeof command, "find %s/chunks -name '*.arrow' | wc -l",
             scratch->store_path);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    assert_int_equal(fscanf(pipe, "%lld", &files), 1);
    pclose(pipe);
    return files;
}

/* ---- writing and reading ---- */

static void rows_come_back(void **state)
{
    struct scratch *scratch = *state;
    struct version version = commit_once(scratch, "raw/orders", 0, 2500);
    struct version_reader *reader = NULL;
    struct batch expected = make_rows(0, 2500);
    struct batch parts[3] = {{0}}, all = {0};
    bool end = false;

    assert_int_equal(version.number, 1);
    assert_int_equal(version.rows, 2500);
    assert_int_equal(version.chunks, 3);
    check_ok(version_reader_open(&reader, scratch->store, &version, 1, &scratch->err),
             &scratch->err);
    for (int i = 0; i < 3; i++) {
        check_ok(version_reader_next(reader, &parts[i], &end, &scratch->err), &scratch->err);
        assert_false(end);
    }
    check_ok(batch_concat(&all, version_reader_schema(reader), parts, 3, &scratch->err),
             &scratch->err);
    for (size_t i = 0; i < all.schema->count; i++)
        assert_true(array_equal(&all.schema->fields[i], all.columns[i], expected.columns[i]));
    struct batch none = {0};
    check_ok(version_reader_next(reader, &none, &end, &scratch->err), &scratch->err);
    assert_true(end);
    for (int i = 0; i < 3; i++)
        batch_release(&parts[i]);
    batch_release(&all);
    batch_release(&expected);
    version_reader_close(&reader);
    assert_string_equal(
        scratch_ask(scratch, "SELECT output FROM edges WHERE input = 'stream:' || run_id"),
        "version:raw/orders@1");
    assert_string_equal(scratch_ask(scratch, "SELECT group_concat(minimum || '-' || maximum, ' ')"
                                             " FROM chunk_columns WHERE name = 'id'"
                                             " AND minimum = '0'"),
                        "0-999");
}

static void the_same_rows_are_stored_once(void **state)
{
    struct scratch *scratch = *state;
    struct version first = commit_once(scratch, "raw/orders", 0, 2500);
    int64_t files = count_chunk_files(scratch);
    struct version second = commit_once(scratch, "raw/orders", 0, 2500);
    struct version other = commit_once(scratch, "clean/orders", 0, 2500);

    assert_int_equal(files, 3);
    assert_int_equal(count_chunk_files(scratch), 3);
    assert_int_equal(second.number, 2);
    assert_memory_equal(&first.digest, &second.digest, sizeof first.digest);
    assert_memory_equal(&first.digest, &other.digest, sizeof first.digest);
    assert_string_equal(scratch_ask(scratch, "SELECT count(*) FROM chunks"), "3");
    assert_string_equal(scratch_ask(scratch, "SELECT count(*) FROM version_chunks"), "9");
}

static void the_digest_does_not_depend_on_the_cut(void **state)
{
    struct scratch *scratch = *state;
    struct run *run = begin(scratch);
    struct version a = commit_rows(scratch, run, "a", 0, 5000, 5000);
    struct version b = commit_rows(scratch, run, "b", 0, 5000, 333);
    struct version c = commit_rows(scratch, run, "c", 1, 5000, 5000);

    assert_memory_equal(&a.digest, &b.digest, sizeof a.digest);
    assert_memory_not_equal(&a.digest, &c.digest, sizeof a.digest);
    run_close(&run);
}

static void no_rows_are_a_version_too(void **state)
{
    struct scratch *scratch = *state;
    struct version version = commit_once(scratch, "raw/empty", 0, 0);
    struct version_reader *reader = NULL;

    assert_int_equal(version.rows, 0);
    check_ok(version_reader_open(&reader, scratch->store, &version, 1, &scratch->err),
             &scratch->err);
    assert_int_equal(version_reader_schema(reader)->count, 3);
    version_reader_close(&reader);
    check_ok(version_verify(scratch->store, &version, &scratch->err), &scratch->err);
}

static void large_batches_are_cut(void **state)
{
    struct scratch *scratch = *state;
    struct run *run = begin(scratch);
    struct version version = commit_rows(scratch, run, "raw/large", 0, 100000, 100000);

    assert_int_equal(version.chunks, 2);
    check_ok(version_verify(scratch->store, &version, &scratch->err), &scratch->err);
    run_close(&run);
}

static void an_uncommitted_version_is_invisible(void **state)
{
    struct scratch *scratch = *state;
    struct run *run = begin(scratch);
    struct version_writer *writer = NULL;
    struct batch batch = make_rows(0, 100);
    char command[160];

    check_ok(version_writer_open(&writer, run, "raw/orders", batch.schema, true, &scratch->err),
             &scratch->err);
    check_ok(version_writer_add(writer, &batch, &scratch->err), &scratch->err);
    version_writer_close(&writer);
    batch_release(&batch);
    run_close(&run);
    assert_string_equal(scratch_ask(scratch, "SELECT count(*) FROM versions"), "0");
    assert_int_equal(count_chunk_files(scratch), 0);
    snprintf(command, sizeof command, "test -z \"$(ls %s/tmp)\"", scratch->store_path);
    assert_int_equal(system(command), 0);
}

static int write_and_die(const struct scratch *scratch, int index)
{
    struct scratch own = *scratch;
    struct version_writer *writer = NULL;
    struct batch batch = make_rows(0, 100);

    (void)index;
    if (store_open(&own.store, &scratch_invocation(scratch)->common, STORE_WRITE, &own.err) !=
        STATUS_OK)
        return 1;
    struct run *run = begin(&own);
    if (version_writer_open(&writer, run, "raw/orders", batch.schema, true, &own.err) !=
            STATUS_OK ||
        version_writer_add(writer, &batch, &own.err) != STATUS_OK)
        return 1;
    _exit(0);
}

static void a_killed_writer_leaves_nothing(void **state)
{
    struct scratch *scratch = *state;
    char command[160];

    in_processes(1, write_and_die, scratch);
    snprintf(command, sizeof command, "test -n \"$(ls %s/tmp)\"", scratch->store_path);
    assert_int_equal(system(command), 0);
    struct run *run = begin(scratch); /* closes the lost run */
    run_close(&run);
    snprintf(command, sizeof command, "test -z \"$(ls %s/tmp)\"", scratch->store_path);
    assert_int_equal(system(command), 0);
    assert_int_equal(count_chunk_files(scratch), 0);
}

static void chunks_can_be_reused(void **state)
{
    struct scratch *scratch = *state;
    struct version first = commit_once(scratch, "raw/orders", 0, 1000);
    struct run *run = begin(scratch);
    struct version_writer *writer = NULL;
    struct version second = {0};
    struct batch more = make_rows(1000, 1000);

    check_ok(version_writer_open(&writer, run, "raw/orders", more.schema, true, &scratch->err),
             &scratch->err);
    check_ok(version_writer_reuse(writer, scratch_ask(scratch, "SELECT digest FROM chunks"),
                                  &scratch->err),
             &scratch->err);
    check_ok(version_writer_add(writer, &more, &scratch->err), &scratch->err);
    check_ok(version_writer_commit(writer, &second, &scratch->err), &scratch->err);
    version_writer_close(&writer);
    batch_release(&more);
    struct version whole = commit_rows(scratch, run, "whole", 0, 2000, 2000);
    assert_int_equal(second.rows, 2000);
    assert_memory_equal(&second.digest, &whole.digest, sizeof whole.digest);
    assert_memory_not_equal(&second.digest, &first.digest, sizeof first.digest);
    run_close(&run);
}

static bool committed_after(struct scratch *scratch, struct run *run, int64_t base, int64_t rows)
{
    struct version_writer *writer = NULL;
    struct version version = {0};
    struct batch batch = make_rows(0, rows);
    bool done = false;

    check_ok(version_writer_open(&writer, run, "raw/orders", batch.schema, false, &scratch->err),
             &scratch->err);
    check_ok(version_writer_add(writer, &batch, &scratch->err), &scratch->err);
    check_ok(version_writer_commit_after(writer, base, &version, &done, &scratch->err),
             &scratch->err);
    version_writer_close(&writer);
    batch_release(&batch);
    assert_int_equal(version.number, done ? base + 1 : 0);
    return done;
}

static void a_commit_after_another_version_does_nothing(void **state)
{
    struct scratch *scratch = *state;
    struct run *run = begin(scratch);

    assert_false(committed_after(scratch, run, 1, 10));
    assert_true(committed_after(scratch, run, 0, 10));
    assert_true(committed_after(scratch, run, 1, 20));
    assert_false(committed_after(scratch, run, 1, 30));
    assert_string_equal(scratch_ask(scratch, "SELECT count(*) FROM versions"), "2");
    assert_int_equal(count_chunk_files(scratch), 2);
    assert_string_equal(scratch_ask(scratch, "SELECT group_concat(input) FROM edges"
                                             " WHERE input LIKE 'version:%'"),
                        "version:raw/orders@1");
    run_close(&run);
}

/* ---- references ---- */

static int64_t resolved(struct scratch *scratch, const char *reference)
{
    struct version version = {0};

    check_ok(version_resolve(scratch->store, reference, &version, &scratch->err), &scratch->err);
    return version.number;
}

static void refused(struct scratch *scratch, const char *reference, const char *part)
{
    struct version version;

    scratch->err = (struct err){0};
    assert_int_equal(version_resolve(scratch->store, reference, &version, &scratch->err),
                     STATUS_USAGE);
    if (strstr(scratch->err.message, part) == NULL && strstr(scratch->err.hint, part) == NULL)
        fail_msg("\"%s\" (%s) does not say \"%s\"", scratch->err.message, scratch->err.hint, part);
}

static void references_find_versions(void **state)
{
    struct scratch *scratch = *state;
    char at[96];

    commit_once(scratch, "raw/orders", 0, 10);
    usleep(2000);
    struct version second = commit_once(scratch, "raw/orders", 0, 20);
    usleep(2000);
    commit_once(scratch, "raw/orders", 0, 30);
    struct run *run = begin(scratch);
    check_ok(tag_set(scratch->store, run, "raw/orders", "prod", 2, &scratch->err), &scratch->err);

    assert_int_equal(resolved(scratch, "raw/orders"), 3);
    assert_int_equal(resolved(scratch, "tamis:raw/orders@latest"), 3);
    assert_int_equal(resolved(scratch, "raw/orders@1"), 1);
    assert_int_equal(resolved(scratch, "raw/orders@prod"), 2);
    snprintf(at, sizeof at, "raw/orders@%s", second.created_at);
    assert_int_equal(resolved(scratch, at), 2);
    refused(scratch, "raw/oders", "did you mean \"raw/orders\"");
    refused(scratch, "raw/orders@9", "no version 9; its newest is 3");
    refused(scratch, "raw/orders@test", "no tag \"test\"");
    refused(scratch, "raw/orders@1999-01-01", "no version yet");
    refused(scratch, "raw/orders@", "DATASET@REF");
    run_close(&run);
}

static void tags_move_and_remember(void **state)
{
    struct scratch *scratch = *state;

    commit_once(scratch, "raw/orders", 0, 10);
    commit_once(scratch, "raw/orders", 0, 20);
    struct run *run = begin(scratch);
    check_ok(tag_set(scratch->store, run, "raw/orders", "prod", 1, &scratch->err), &scratch->err);
    check_ok(tag_set(scratch->store, run, "raw/orders", "prod", 2, &scratch->err), &scratch->err);
    assert_string_equal(scratch_ask(scratch, "SELECT group_concat(number) FROM tags"), "2");
    assert_string_equal(scratch_ask(scratch, "SELECT group_concat(number) FROM tag_history"),
                        "1,2");
    assert_int_equal(tag_set(scratch->store, run, "raw/orders", "7", 1, &scratch->err),
                     STATUS_USAGE);
    assert_int_equal(tag_set(scratch->store, run, "raw/orders", "latest", 1, &scratch->err),
                     STATUS_USAGE);
    assert_int_equal(tag_set(scratch->store, run, "raw/orders", "2026-01-01", 1, &scratch->err),
                     STATUS_USAGE);
    assert_int_equal(tag_set(scratch->store, run, "raw/orders", "prod", 9, &scratch->err),
                     STATUS_USAGE);
    run_close(&run);
}

static void odd_dataset_names_are_refused(void **state)
{
    struct scratch *scratch = *state;
    static const char *const names[] = {"",    "/raw", "raw/",  "a//b",  "../x",
                                        "a b", "a@1",  "ra\nw", "a/../b"};
    struct run *run = begin(scratch);
    struct batch batch = make_rows(0, 1);

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct version_writer *writer = NULL;
        assert_int_equal(
            version_writer_open(&writer, run, names[i], batch.schema, true, &scratch->err),
            STATUS_USAGE);
    }
    batch_release(&batch);
    run_close(&run);
}

/* ---- damage ---- */

static void flip_bit(const struct scratch *scratch, long offset)
{
    char path[512];
    const char *digest = scratch_ask(scratch, "SELECT digest FROM chunks");

    snprintf(path, sizeof path, "%s/chunks/%.2s/%.64s.arrow", scratch->store_path, digest, digest);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    fseek(file, offset, SEEK_SET);
    int byte = fgetc(file);
    fseek(file, offset, SEEK_SET);
    fputc(byte ^ 1, file);
    fclose(file);
}

static void a_flipped_bit_is_found(void **state)
{
    struct scratch *scratch = *state;
    struct version version = commit_once(scratch, "raw/orders", 0, 500);

    check_ok(version_verify(scratch->store, &version, &scratch->err), &scratch->err);
    flip_bit(scratch, 1000);
    assert_int_equal(version_verify(scratch->store, &version, &scratch->err), STATUS_FAILED);
    assert_non_null(strstr(scratch->err.message, "version raw/orders@1: chunk "));
}

static void a_damaged_chunk_is_not_inherited(void **state)
{
    struct scratch *scratch = *state;
    struct version first = commit_once(scratch, "raw/orders", 0, 500);

    flip_bit(scratch, 1000);
    struct version second = commit_once(scratch, "raw/orders", 0, 500);
    check_ok(version_verify(scratch->store, &second, &scratch->err), &scratch->err);
    check_ok(version_verify(scratch->store, &first, &scratch->err), &scratch->err);
}

/* ---- many at once ---- */

static int commit_many(const struct scratch *scratch, int index)
{
    struct scratch own = *scratch;

    if (store_open(&own.store, &scratch_invocation(scratch)->common, STORE_WRITE, &own.err) !=
        STATUS_OK)
        return 1;
    for (int i = 0; i < 25; i++)
        commit_once(&own, "raw/shared", (int64_t)(index * 25 + i) * 10, 10);
    store_close(&own.store);
    return 0;
}

static void four_writers_lose_no_version(void **state)
{
    struct scratch *scratch = *state;
    struct version version;

    store_close(&scratch->store);
    in_processes(4, commit_many, scratch);
    check_ok(store_open(&scratch->store, &scratch_invocation(scratch)->common, STORE_WRITE,
                        &scratch->err),
             &scratch->err);
    assert_string_equal(scratch_ask(scratch, "SELECT count(*) || ' ' || max(number) FROM versions"),
                        "100 100");
    assert_string_equal(scratch_ask(scratch, "SELECT count(DISTINCT digest) FROM versions"), "100");
    check_ok(version_resolve(scratch->store, "raw/shared@57", &version, &scratch->err),
             &scratch->err);
    check_ok(version_verify(scratch->store, &version, &scratch->err), &scratch->err);
}

static int hold_dataset(const struct scratch *scratch, int ready)
{
    struct scratch own = *scratch;
    struct version_writer *writer = NULL;
    struct batch batch = make_rows(0, 1);

    if (store_open(&own.store, &scratch_invocation(scratch)->common, STORE_WRITE, &own.err) !=
        STATUS_OK)
        return 1;
    struct run *run = begin(&own);
    if (version_writer_open(&writer, run, "raw/orders", batch.schema, true, &own.err) != STATUS_OK)
        return 1;
    if (write(ready, "x", 1) != 1) return 1;
    for (;;)
        pause();
}

static void the_holder_of_a_dataset_is_named(void **state)
{
    struct scratch *scratch = *state;
    struct common common = scratch_invocation(scratch)->common;
    struct version_writer *writer = NULL;
    struct batch batch = make_rows(0, 1);
    char word[48], byte;
    int ready[2];

    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) _exit(hold_dataset(scratch, ready[1]));
    assert_int_equal(read(ready[0], &byte, 1), 1);
    store_close(&scratch->store);
    common.wait = 0;
    check_ok(store_open(&scratch->store, &common, STORE_WRITE, &scratch->err), &scratch->err);
    struct run *run = begin(scratch);
    assert_int_equal(
        version_writer_open(&writer, run, "raw/orders", batch.schema, true, &scratch->err),
        STATUS_BUSY);
    snprintf(word, sizeof word, "process %d ", (int)pid);
    assert_non_null(strstr(scratch->err.message, word));
    /* Another dataset is free, and so is this one once its holder is gone. */
    check_ok(version_writer_open(&writer, run, "raw/other", batch.schema, true, &scratch->err),
             &scratch->err);
    version_writer_close(&writer);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    check_ok(version_writer_open(&writer, run, "raw/orders", batch.schema, true, &scratch->err),
             &scratch->err);
    version_writer_close(&writer);
    batch_release(&batch);
    run_close(&run);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, scratch_make, scratch_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rows_come_back),
        TEST(the_same_rows_are_stored_once),
        TEST(the_digest_does_not_depend_on_the_cut),
        TEST(no_rows_are_a_version_too),
        TEST(large_batches_are_cut),
        TEST(an_uncommitted_version_is_invisible),
        TEST(a_killed_writer_leaves_nothing),
        TEST(chunks_can_be_reused),
        TEST(a_commit_after_another_version_does_nothing),
        TEST(references_find_versions),
        TEST(tags_move_and_remember),
        TEST(odd_dataset_names_are_refused),
        TEST(a_flipped_bit_is_found),
        TEST(a_damaged_chunk_is_not_inherited),
        TEST(four_writers_lose_no_version),
        TEST(the_holder_of_a_dataset_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
