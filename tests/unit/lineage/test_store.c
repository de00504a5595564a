/* test_store.c: finding, making and sharing a store; transactions and locks. */
#include "lineage/sql.h"
#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void a_store_has_its_settings(void **state)
{
    const struct scratch *scratch = *state;

    assert_string_equal(scratch_ask(scratch, "PRAGMA user_version"), "8");
    assert_string_equal(scratch_ask(scratch, "PRAGMA application_id"), "1952542067");
    assert_string_equal(scratch_ask(scratch, "PRAGMA journal_mode"), "delete");
    assert_string_equal(scratch_ask(scratch, "PRAGMA synchronous"), "2");
    assert_string_equal(scratch_ask(scratch, "PRAGMA foreign_keys"), "1");
    assert_string_equal(scratch_ask(scratch, "PRAGMA secure_delete"), "1");
    assert_string_equal(scratch_ask(scratch, "PRAGMA integrity_check"), "ok");
}

static int open_new(const struct scratch *scratch, int index)
{
    struct common common = scratch_invocation(scratch)->common;
    char path[128];
    struct err err = {0};
    struct store *store = NULL;

    (void)index;
    snprintf(path, sizeof path, "%s/raced", scratch->folder);
    common.store = path;
    if (store_open(&store, &common, STORE_WRITE, &err) != STATUS_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    store_close(&store);
    return 0;
}

static void three_processes_make_one_store(void **state)
{
    const struct scratch *scratch = *state;
    char command[160];

    in_processes(3, open_new, scratch);
    /* Nothing but the store: no leftover of those that came second. */
    snprintf(command, sizeof command, "test \"$(ls -d %s/raced*)\" = %s/raced", scratch->folder,
             scratch->folder);
    assert_int_equal(system(command), 0);
}

static void three_processes_fill_an_empty_folder(void **state)
{
    const struct scratch *scratch = *state;
    char path[128];

    snprintf(path, sizeof path, "%s/raced", scratch->folder);
    assert_int_equal(mkdir(path, 0777), 0);
    in_processes(3, open_new, scratch);
}

static void a_reader_never_makes_a_store(void **state)
{
    struct scratch *scratch = *state;
    struct common common = scratch_invocation(scratch)->common;
    struct stat status;
    char path[128];
    struct store *store = NULL;

    snprintf(path, sizeof path, "%s/absent", scratch->folder);
    common.store = path;
    assert_int_equal(store_open(&store, &common, STORE_READ, &scratch->err), STATUS_USAGE);
    assert_null(store);
    assert_int_not_equal(stat(path, &status), 0);
}

static void a_folder_of_others_is_refused(void **state)
{
    struct scratch *scratch = *state;
    struct common common = scratch_invocation(scratch)->common;
    struct store *store = NULL;

    common.store = scratch->folder;
    assert_int_equal(store_open(&store, &common, STORE_WRITE, &scratch->err), STATUS_USAGE);
    assert_non_null(strstr(scratch->err.message, "without a catalog.db"));
}

static void no_store_gives_none(void **state)
{
    struct scratch *scratch = *state;
    struct common common = {.no_store = true};
    struct store *store = NULL;

    check_ok(store_open(&store, &common, STORE_WRITE, &scratch->err), &scratch->err);
    assert_null(store);
}

static void a_newer_catalog_is_refused(void **state)
{
    struct scratch *scratch = *state;
    struct store *store = NULL;

    scratch_ask(scratch, "PRAGMA user_version = 99");
    assert_int_equal(
        store_open(&store, &scratch_invocation(scratch)->common, STORE_READ, &scratch->err),
        STATUS_FAILED);
    assert_non_null(strstr(scratch->err.message, "version 99"));
}

static int hold_writers_lock(const struct scratch *scratch, int ready)
{
    struct store *store = NULL;
    struct err err = {0};

    if (store_open(&store, &scratch_invocation(scratch)->common, STORE_WRITE, &err) != STATUS_OK)
        return 1;
    if (catalog_begin(store, &err) != STATUS_OK) return 1;
    if (write(ready, "x", 1) != 1) return 1;
    for (;;)
        pause();
}

/* The holder is named, and a killed holder leaves no lock behind. */
static void a_busy_catalog_names_its_holder(void **state)
{
    struct scratch *scratch = *state;
    struct common common = scratch_invocation(scratch)->common;
    struct store *store = NULL;
    char word[32], byte;
    int ready[2];

    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) _exit(hold_writers_lock(scratch, ready[1]));
    assert_int_equal(read(ready[0], &byte, 1), 1);
    common.wait = 0;
    check_ok(store_open(&store, &common, STORE_WRITE, &scratch->err), &scratch->err);
    assert_int_equal(catalog_begin(store, &scratch->err), STATUS_BUSY);
    snprintf(word, sizeof word, "process %d ", (int)pid);
    assert_non_null(strstr(scratch->err.message, word));
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    check_ok(catalog_begin(store, &scratch->err), &scratch->err);
    catalog_rollback(store);
    store_close(&store);
}

/* A SELECT that a sqlite3 shell left open blocks a commit: said, not waited for without end. */
static void a_foreign_reader_is_the_named_cause(void **state)
{
    struct scratch *scratch = *state;
    struct common common = scratch_invocation(scratch)->common;
    struct store *store = NULL;
    sqlite3 *foreign = NULL;
    char path[128];

    common.wait = 0;
    check_ok(store_open(&store, &common, STORE_WRITE, &scratch->err), &scratch->err);
    snprintf(path, sizeof path, "%s/catalog.db", scratch->store_path);
    assert_int_equal(sqlite3_open(path, &foreign), SQLITE_OK);
    assert_int_equal(sqlite3_exec(foreign, "BEGIN; SELECT * FROM runs", NULL, NULL, NULL), 0);
    check_ok(catalog_begin(store, &scratch->err), &scratch->err);
    assert_int_equal(sqlite3_exec(store_catalog(store), "INSERT INTO texts (text) VALUES ('x')",
                                  NULL, NULL, NULL),
                     0);
    assert_int_equal(catalog_commit(store, &scratch->err), STATUS_BUSY);
    assert_non_null(strstr(scratch->err.message, "another program"));
    sqlite3_close(foreign);
    assert_string_equal(scratch_ask(scratch, "SELECT count(*) FROM texts"), "0");
    store_close(&store);
}

static int crash_in_large_transaction(const struct scratch *scratch, int index)
{
    struct store *store = NULL;
    struct err err = {0};

    (void)index;
    if (store_open(&store, &scratch_invocation(scratch)->common, STORE_WRITE, &err) != STATUS_OK)
        return 1;
    sqlite3_exec(store_catalog(store), "PRAGMA cache_size=1; PRAGMA cache_spill=1", NULL, NULL,
                 NULL);
    if (catalog_begin(store, &err) != STATUS_OK) return 1;
    if (sqlite3_exec(store_catalog(store),
                     "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n LIMIT 20000)"
                     "INSERT INTO texts (text) SELECT hex(randomblob(40)) || i FROM n",
                     NULL, NULL, NULL) != SQLITE_OK)
        return 1;
    _exit(0); /* no rollback: as if killed */
}

static void a_hot_journal_is_rolled_back_for_readers(void **state)
{
    struct scratch *scratch = *state;
    struct store *store = NULL;
    struct stat status;
    char path[128];

    store_close(&scratch->store);
    in_processes(1, crash_in_large_transaction, scratch);
    snprintf(path, sizeof path, "%s/catalog.db-journal", scratch->store_path);
    assert_int_equal(stat(path, &status), 0);
    check_ok(store_open(&store, &scratch_invocation(scratch)->common, STORE_READ, &scratch->err),
             &scratch->err);
    scratch->store = store;
    assert_string_equal(scratch_ask(scratch, "SELECT count(*) FROM texts"), "0");
}

/* Whoever can write into catalog.db could plant a view that calls what has effects, or hope that a
 * reader writes. */
static void readers_cannot_write_and_trust_no_schema(void **state)
{
    struct scratch *scratch = *state;
    struct store *store = NULL;

    check_ok(sql_run(scratch->store, &scratch->err,
                     "CREATE VIEW planted AS SELECT load_extension('/tmp/planted.so')", ""),
             &scratch->err);
    store_close(&scratch->store);
    check_ok(store_open(&store, &scratch_invocation(scratch)->common, STORE_READ, &scratch->err),
             &scratch->err);
    scratch->store = store;
    sqlite3 *catalog = store_catalog(store);
    assert_int_equal(sqlite3_db_readonly(catalog, "main"), 1);
    assert_string_equal(scratch_ask(scratch, "PRAGMA query_only"), "1");
    assert_string_equal(scratch_ask(scratch, "PRAGMA trusted_schema"), "0");
    assert_string_equal(scratch_ask(scratch, "PRAGMA cell_size_check"), "1");
    int defensive = 0;
    sqlite3_db_config(catalog, SQLITE_DBCONFIG_DEFENSIVE, -1, &defensive);
    assert_int_equal(defensive, 1);
    assert_int_equal(sqlite3_exec(catalog, "CREATE TEMP TABLE t (a)", NULL, NULL, NULL),
                     SQLITE_READONLY);
    assert_int_equal(sqlite3_exec(catalog, "ATTACH ':memory:' AS other", NULL, NULL, NULL),
                     SQLITE_ERROR);
    assert_int_equal(sqlite3_exec(catalog, "SELECT * FROM planted", NULL, NULL, NULL),
                     SQLITE_ERROR);
    assert_non_null(strstr(sqlite3_errmsg(catalog), "unsafe use of"));
}

/* The writer is killed while the reader has the catalog open and reads nothing. */
static void a_journal_that_gets_hot_later_too(void **state)
{
    struct scratch *scratch = *state;
    struct store *store = NULL;
    struct stat status;
    char path[128];

    store_close(&scratch->store);
    check_ok(store_open(&store, &scratch_invocation(scratch)->common, STORE_READ, &scratch->err),
             &scratch->err);
    scratch->store = store;
    in_processes(1, crash_in_large_transaction, scratch);
    snprintf(path, sizeof path, "%s/catalog.db-journal", scratch->store_path);
    assert_int_equal(stat(path, &status), 0);
    int64_t texts = -1;
    check_ok(sql_number(store, &texts, 0, &scratch->err, "SELECT count(*) FROM texts", ""),
             &scratch->err);
    assert_int_equal(texts, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_store_has_its_settings, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(three_processes_make_one_store, scratch_make,
                                        scratch_remove),
        cmocka_unit_test_setup_teardown(three_processes_fill_an_empty_folder, scratch_make,
                                        scratch_remove),
        cmocka_unit_test_setup_teardown(a_reader_never_makes_a_store, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(a_folder_of_others_is_refused, scratch_make,
                                        scratch_remove),
        cmocka_unit_test_setup_teardown(no_store_gives_none, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(a_newer_catalog_is_refused, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(a_busy_catalog_names_its_holder, scratch_make,
                                        scratch_remove),
        cmocka_unit_test_setup_teardown(a_foreign_reader_is_the_named_cause, scratch_make,
                                        scratch_remove),
        cmocka_unit_test_setup_teardown(readers_cannot_write_and_trust_no_schema, scratch_make,
                                        scratch_remove),
        cmocka_unit_test_setup_teardown(a_journal_that_gets_hot_later_too, scratch_make,
                                        scratch_remove),
        cmocka_unit_test_setup_teardown(a_hot_journal_is_rolled_back_for_readers, scratch_make,
                                        scratch_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
