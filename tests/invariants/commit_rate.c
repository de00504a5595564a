/* tests/invariants/commit_rate.c: eight writers, 200 commits each, and four readers on one catalog:
 * nothing is lost, and at 0.6 or more of the rate of bare SQLite, which does the same statements
 * with the same settings, writers and readers, in turns within the same run.
 *
 *   commit_rate FOLDER [ROUNDS [COMMITS]]      3 and 200 by default
 *
 * A run of the library is two commits: its row, then what it did (some 25 rows). The statements of
 * one are listened to, and bare SQLite does them with other names of runs. */
#include "lineage/run.h"
#include "lineage/sql.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WRITERS = 8, READERS = 4, STATEMENTS_MOST = 200, NAME_SIZE = 36 };

static char folder[256], catalog_path[320], empty_path[320];
static char *statements[STATEMENTS_MOST];
static size_t statement_count;
static int runs = 100; /* a writer */

_Noreturn static void stop(const char *what, const char *why)
{
    fprintf(stderr, "commit_rate: %s: %s\n", what, why);
    exit(1);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void copy_file(const char *from, const char *to)
{
    char command[700];
    snprintf(command, sizeof command, "cp '%s' '%s'", from, to);
    if (system(command) != 0) stop(to, "cannot be copied");
}

/* ---- the library ---- */

static struct store *open_store(const struct invocation **ret)
{
    static char program[] = "commit-rate";
    static char *words[] = {program, NULL};
    static struct invocation invocation;
    struct store *store = NULL;
    struct err err = {0};
    invocation = (struct invocation){
        .program = program,
        .common = {.store = folder, .threads = 1, .wait = 120, .memory = 1 << 30},
        .argv = words,
        .argc = 1};
    if (store_open(&store, &invocation.common, STORE_WRITE, &err) != STATUS_OK)
        stop(folder, err.message);
    *ret = &invocation;
    return store;
}

static enum status one_run(struct store *store, const struct invocation *invocation, double number,
                           struct err *err)
{
    struct run *run = NULL;
    enum status status = run_begin(&run, store, "clean", invocation, err);
    if (status == STATUS_OK) status = run_edge(run, "source:a", "external:b", err);
    if (status == STATUS_OK) status = run_metric(run, "number", number, "n", err);
    if (run != NULL) status = run_finish(run, status, err);
    run_close(&run);
    return status;
}

static void write_runs(int writer)
{
    const struct invocation *invocation;
    struct store *store = open_store(&invocation);
    struct err err = {0};
    for (int i = 0; i < runs; i++)
        if (one_run(store, invocation, writer * runs + i, &err) != STATUS_OK)
            stop("a writer", err.message);
    store_close(&store);
}

/* ---- bare SQLite ---- */

static sqlite3 *open_bare(void)
{
    sqlite3 *catalog = NULL;
    if (sqlite3_open(catalog_path, &catalog) != SQLITE_OK) stop(catalog_path, "cannot be opened");
    sqlite3_busy_timeout(catalog, 120000);
    if (sqlite3_exec(catalog,
                     "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON;"
                     "PRAGMA cache_size=-16384; PRAGMA cache_spill=OFF; PRAGMA temp_store=MEMORY",
                     NULL, NULL, NULL) != SQLITE_OK)
        stop(catalog_path, sqlite3_errmsg(catalog));
    return catalog;
}

static int listen(unsigned type, void *context, void *statement, void *text)
{
    (void)type, (void)context;
    if (strncmp(text, "--", 2) == 0) return 0; /* of a trigger */
    char *words = sqlite3_expanded_sql(statement);
    if (words == NULL || statement_count == STATEMENTS_MOST) stop("statements", "too many");
    if (strncmp(words, "SELECT", 6) != 0) statements[statement_count++] = words;
    return 0;
}

static char name_then[NAME_SIZE + 1]; /* of the run that was listened to */

static void note_statements(void)
{
    const struct invocation *invocation;
    struct store *store = open_store(&invocation);
    struct err err = {0};
    copy_file(catalog_path, empty_path);
    sqlite3_trace_v2(store_catalog(store), SQLITE_TRACE_STMT, listen, NULL);
    if (one_run(store, invocation, 0, &err) != STATUS_OK) stop("a run", err.message);
    sqlite3_trace_v2(store_catalog(store), 0, NULL, NULL);
    const char *name = NULL;
    for (size_t i = 0; name == NULL && i < statement_count; i++)
        name = strstr(statements[i], "VALUES ('");
    if (name == NULL) stop("statements", "no run in them");
    memcpy(name_then, name + strlen("VALUES ('"), NAME_SIZE);
    store_close(&store);
}

static void write_bare(int writer)
{
    sqlite3 *catalog = open_bare();
    for (int i = 0; i < runs; i++) {
        for (size_t k = 0; k < statement_count; k++) {
            char words[8192], name[NAME_SIZE + 1];
            snprintf(words, sizeof words, "%s", statements[k]);
            snprintf(name, sizeof name, "01a20f2a-%04d-7000-8000-%012d", writer, i);
            for (char *at = words; (at = strstr(at, name_then)) != NULL;)
                memcpy(at, name, NAME_SIZE);
            if (sqlite3_exec(catalog, words, NULL, NULL, NULL) != SQLITE_OK)
                stop(words, sqlite3_errmsg(catalog));
        }
    }
    sqlite3_close(catalog);
}

/* ---- readers: what was there stays there ---- */

static void read_on(int reader)
{
    long before = 0;
    (void)reader;
    for (;;) {
        sqlite3 *catalog = NULL;
        sqlite3_stmt *statement = NULL;
        if (sqlite3_open_v2(catalog_path, &catalog, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
            stop("a reader", "cannot open");
        sqlite3_busy_timeout(catalog, 120000);
        if (sqlite3_prepare_v2(catalog, "SELECT count(*) FROM runs WHERE status = 'done'", -1,
                               &statement, NULL) != SQLITE_OK ||
            sqlite3_step(statement) != SQLITE_ROW)
            stop("a reader", sqlite3_errmsg(catalog));
        long count = (long)sqlite3_column_int64(statement, 0);
        if (count < before) stop("a reader", "saw fewer runs than before");
        before = count;
        sqlite3_finalize(statement);
        sqlite3_close(catalog);
        nanosleep(&(struct timespec){0, 20000000}, NULL);
    }
}

/* ---- a round ---- */

static pid_t start(void (*work)(int), int number)
{
    pid_t process = fork();
    if (process < 0) stop("fork", "failed");
    if (process > 0) return process;
    work(number);
    _exit(0);
}

/* Commits a second. */
static double round_of(void (*work)(int))
{
    pid_t writers[WRITERS], readers[READERS];
    int wrong = 0;
    copy_file(empty_path, catalog_path);
    double begun = now();
    for (int i = 0; i < READERS; i++)
        readers[i] = start(read_on, i);
    for (int i = 0; i < WRITERS; i++)
        writers[i] = start(work, i);
    for (int i = 0; i < WRITERS; i++) {
        int status = 0;
        waitpid(writers[i], &status, 0);
        wrong += status != 0;
    }
    double seconds = now() - begun;
    for (int i = 0; i < READERS; i++) {
        int status = 0;
        kill(readers[i], SIGTERM);
        waitpid(readers[i], &status, 0);
        wrong += WIFEXITED(status); /* it stopped by itself */
    }
    if (wrong > 0) stop("a process", "ended with an error");
    return 2.0 * WRITERS * runs / seconds;
}

static long ask(const char *question)
{
    sqlite3 *catalog = open_bare();
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(catalog, question, -1, &statement, NULL) != SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_ROW)
        stop(question, sqlite3_errmsg(catalog));
    long answer = (long)sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(catalog);
    return answer;
}

static void check_whole(void)
{
    if (ask("SELECT count(*) FROM runs WHERE status = 'done'") != WRITERS * runs)
        stop("runs", "some are lost");
    if (ask("SELECT count(DISTINCT value) FROM run_metrics WHERE name = 'number'") !=
            WRITERS * runs ||
        ask("SELECT max(value) FROM run_metrics WHERE name = 'number'") != WRITERS * runs - 1)
        stop("metrics", "there is a gap");
    if (ask("SELECT count(*) FROM edges") != WRITERS * runs) stop("edges", "some are lost");
    if (ask("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'") != 0)
        stop("catalog", "is not whole");
}

int main(int argc, char **argv)
{
    int rounds = argc > 2 ? atoi(argv[2]) : 3;
    double ours = 0, bare = 0;
    if (argc < 2) return 2;
    if (argc > 3) runs = atoi(argv[3]) / 2;
    snprintf(folder, sizeof folder, "%s/store", argv[1]);
    snprintf(catalog_path, sizeof catalog_path, "%s/catalog.db", folder);
    snprintf(empty_path, sizeof empty_path, "%s/empty.db", argv[1]);
    note_statements();
    for (int i = 0; i < rounds; i++) {
        double one = round_of(write_runs);
        check_whole();
        double other = round_of(write_bare);
        printf("round %d: %.0f commits/s, bare SQLite %.0f, ratio %.2f\n", i + 1, one, other,
               one / other);
        fflush(stdout);
        ours += 1 / one;
        bare += 1 / other;
    }
    printf("%d writers x %d commits, %d readers: nothing lost; %.2f of bare SQLite\n", WRITERS,
           2 * runs, READERS, bare / ours);
    return bare / ours >= 0.6 ? 0 : 1;
}
