/* scratch.c: see scratch.h. */
#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

void check_ok(enum status status, const struct err *err)
{
    if (status != STATUS_OK) fail_msg("status %s: %s", status_name(status), err->message);
}

const struct invocation *scratch_invocation(const struct scratch *scratch)
{
    static char program[] = "tamis-test", operand[] = "postgresql://me:secret@host/db";
    static char *arguments[] = {program, operand, NULL};
    static struct invocation invocation;

    invocation = (struct invocation){
        .program = "tamis-test",
        .common = {.store = scratch->store_path, .threads = 2, .wait = 30, .memory = 1 << 30},
        .argv = arguments,
        .argc = 2};
    return &invocation;
}

int scratch_make(void **state)
{
    struct scratch *scratch = calloc(1, sizeof *scratch);

    snprintf(scratch->folder, sizeof scratch->folder, "/tmp/tamis-test-XXXXXX");
    assert_non_null(mkdtemp(scratch->folder));
    snprintf(scratch->store_path, sizeof scratch->store_path, "%s/store", scratch->folder);
    check_ok(store_open(&scratch->store, &scratch_invocation(scratch)->common, STORE_WRITE,
                        &scratch->err),
             &scratch->err);
    *state = scratch;
    return 0;
}

static int remove_entry(const char *path, const struct stat *status, int flag, struct FTW *walk)
{
    (void)status, (void)flag, (void)walk;
    return remove(path);
}

int scratch_remove(void **state)
{
    struct scratch *scratch = *state;

    store_close(&scratch->store);
    nftw(scratch->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(scratch);
    return 0;
}

const char *scratch_ask(const struct scratch *scratch, const char *sql)
{
    static char answer[4096];
    sqlite3_stmt *statement = NULL;

    answer[0] = '\0';
    if (sqlite3_prepare_v2(store_catalog(scratch->store), sql, -1, &statement, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(store_catalog(scratch->store)));
    if (sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_text(statement, 0) != NULL)
        snprintf(answer, sizeof answer, "%s", (const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    return answer;
}

void in_processes(int count, int (*child)(const struct scratch *scratch, int index),
                  const struct scratch *scratch)
{
    for (int i = 0; i < count; i++) {
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) _exit(child(scratch, i));
    }
    for (int i = 0; i < count; i++) {
        int result = 0;
        assert_true(wait(&result) > 0);
        assert_true(WIFEXITED(result));
        assert_int_equal(WEXITSTATUS(result), 0);
    }
}
