/* ingest/sqlite_open.c: an SQLite database opened as something a stranger made.
 *
 * Following "Defense Against The Dark Arts" (sqlite.org/security.html): read-only, nothing in the
 * schema is trusted, no extensions, no attached databases, limits on what a value or a statement
 * may be, and a progress handler that notices an interruption. */
#include "ingest/sqlite_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PROGRESS_STEPS 100000
#define WAIT_MS        10000
#define TABLES_LISTED  1000
#define NAMES_TRIED    1000

static enum status fail_sqlite(sqlite3 *database, int code, enum status status, struct err *err)
{
    if (code == SQLITE_NOMEM) return fail_memory(err, 0);
    (void)fail(err, status, "SQLite: %s", sqlite3_errmsg(database));
    int extended = sqlite3_extended_errcode(database);
    if (code == SQLITE_BUSY)
        err_hint(err, "another program writes to it: read it when that is done, or read a copy");
    else if (extended == SQLITE_READONLY_ROLLBACK || extended == SQLITE_READONLY_RECOVERY)
        err_hint(err, "its last writer was stopped: open it once with sqlite3 to recover it");
    else if (code == SQLITE_CORRUPT)
        err_hint(err, "sqlite3 FILE .recover may save what is left of it");
    else if (code == SQLITE_TOOBIG)
        err_hint(err, "values may have four times the size of --max-field at most");
    return status;
}

/* ---- opening ---- */

static int stop_when_interrupted(void *context)
{
    (void)context;
    return interrupted(NULL) != STATUS_OK;
}

static void set_limits(sqlite3 *database, uint64_t field_limit)
{
    uint64_t length = field_limit < (250u << 20) ? field_limit * 4 : 1000000000;
    if (length < 1u << 20) length = 1u << 20;
    sqlite3_limit(database, SQLITE_LIMIT_LENGTH, (int)length);
    sqlite3_limit(database, SQLITE_LIMIT_SQL_LENGTH, 1000000);
    sqlite3_limit(database, SQLITE_LIMIT_EXPR_DEPTH, 200);
    sqlite3_limit(database, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit(database, SQLITE_LIMIT_TRIGGER_DEPTH, 10);
    sqlite3_limit(database, SQLITE_LIMIT_WORKER_THREADS, 0);
}

static void distrust(sqlite3 *database)
{
    static const int switches[][2] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1},      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0}, {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
        {SQLITE_DBCONFIG_DQS_DDL, 0},        {SQLITE_DBCONFIG_DQS_DML, 0},
    };
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++)
        sqlite3_db_config(database, switches[i][0], switches[i][1], NULL);
}

/* Gives a file without a name one, where nobody's is taken. */
static enum status give_name(int descriptor, char *ret, size_t room, struct err *err)
{
    char link[32];
    const char *folder = getenv("TMPDIR");
    if (folder == NULL || folder[0] == '\0') folder = "/tmp";
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    for (unsigned i = 0; i < NAMES_TRIED; i++) {
        int size = snprintf(ret, room, "%s/tamis-%ld-%u", folder, (long)getpid(), i);
        if (size < 0 || (size_t)size >= room)
            errno = ENAMETOOLONG;
        else if (linkat(AT_FDCWD, link, AT_FDCWD, ret, AT_SYMLINK_FOLLOW) == 0)
            return STATUS_OK;
        if (errno != EEXIST) break;
    }
    enum status status =
        fail_errno(err, errno, "a name for the unpacked database in \"%s\"", folder);
    err_hint(err, "unpack it and name its file");
    return status;
}

/* SQLite opens paths only, and no links: the file has a name while it does. Immutable: no journal
 * is looked for, no lock is taken. */
static enum status open_nameless(sqlite3 **ret, int descriptor, int *ret_code, struct err *err)
{
    char path[4096];
    TRY(give_name(descriptor, path, sizeof path, err));
    char *uri = sqlite3_mprintf("file:%s?immutable=1", path);
    if (uri != NULL)
        *ret_code = sqlite3_open_v2(
            uri, ret, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI, NULL);
    unlink(path);
    sqlite3_free(uri);
    return uri == NULL ? fail_memory(err, 0) : STATUS_OK;
}

static int open_path(sqlite3 **ret, const char *path)
{
    char *plain = sqlite3_mprintf("%s%s", path[0] == '/' ? "" : "./", path); /* never an URI */
    if (plain == NULL) return SQLITE_NOMEM;
    int code = sqlite3_open_v2(plain, ret, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    sqlite3_free(plain);
    return code;
}

enum status sqlite_database_open(sqlite3 **ret, const char *path, int descriptor,
                                 const struct source_options *options, struct err *err)
{
    int code = SQLITE_OK;
    if (path != NULL)
        code = open_path(ret, path);
    else
        TRY(open_nameless(ret, descriptor, &code, err));
    if (*ret == NULL) return fail_memory(err, 0);
    if (code != SQLITE_OK) return fail_sqlite(*ret, code, STATUS_FAILED, err);
    distrust(*ret);
    set_limits(*ret, options->field_limit);
    sqlite3_busy_timeout(*ret, WAIT_MS);
    sqlite3_progress_handler(*ret, PROGRESS_STEPS, stop_when_interrupted, NULL);
    code = sqlite3_exec(*ret,
                        "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA query_only = ON;"
                        "PRAGMA cache_size = -8192; BEGIN",
                        NULL, NULL, NULL);
    return code == SQLITE_OK ? STATUS_OK : fail_sqlite(*ret, code, STATUS_FAILED, err);
}

void sqlite_database_close(sqlite3 **database)
{
    sqlite3_close(*database);
    *database = NULL;
}

void sqlite_statement_close(sqlite3_stmt **statement)
{
    sqlite3_finalize(*statement);
    *statement = NULL;
}

enum status sqlite_step(sqlite3 *database, sqlite3_stmt *statement, bool *ret_row, struct err *err)
{
    int code = sqlite3_step(statement);
    *ret_row = code == SQLITE_ROW;
    if (code == SQLITE_ROW || code == SQLITE_DONE) return STATUS_OK;
    TRY(interrupted(err));
    return fail_sqlite(database, code, STATUS_FAILED, err);
}

/* ---- the statement ---- */

static enum status prepare(sqlite3 *database, const char *sql, enum status blame,
                           sqlite3_stmt **ret, const char **ret_tail, struct err *err)
{
    int code = sqlite3_prepare_v2(database, sql, -1, ret, ret_tail);
    if (code == SQLITE_OK) return STATUS_OK;
    TRY(interrupted(err));
    bool broken = code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_IOERR ||
                  code == SQLITE_BUSY;
    return fail_sqlite(database, code, broken ? STATUS_FAILED : blame, err);
}

/* One statement, that reads and gives rows; only blanks and comments may follow. */
static enum status select_query(sqlite3 *database, const char *sql, sqlite3_stmt **ret,
                                struct err *err)
{
    OWNED(sqlite_statement_close) sqlite3_stmt *statement = NULL;
    OWNED(sqlite_statement_close) sqlite3_stmt *more = NULL;
    const char *tail = "";
    TRY(prepare(database, sql, STATUS_USAGE, &statement, &tail, err));
    if (statement == NULL || sqlite3_column_count(statement) == 0 ||
        sqlite3_stmt_readonly(statement) == 0)
        return fail(err, STATUS_USAGE, "--query: expected a SELECT statement");
    if (sqlite3_bind_parameter_count(statement) > 0)
        return fail(err, STATUS_USAGE, "--query: found a parameter, expected values");
    if (sqlite3_prepare_v2(database, tail, -1, &more, NULL) != SQLITE_OK || more != NULL)
        return fail(err, STATUS_USAGE, "--query: expected one statement");
    *ret = statement;
    statement = NULL;
    return STATUS_OK;
}

static enum status select_table(sqlite3 *database, const char *table, sqlite3_stmt **ret,
                                struct err *err)
{
    char *sql = sqlite3_mprintf("SELECT * FROM \"%w\"", table);
    if (sql == NULL) return fail_memory(err, strlen(table));
    enum status status = prepare(database, sql, STATUS_FAILED, ret, NULL, err);
    sqlite3_free(sql);
    return status == STATUS_OK ? STATUS_OK : fail_within(err, status, "table \"%s\"", table);
}

struct tables {
    struct arena *arena;
    const char **names;
    size_t count;
};

/* Names of tables with rows of their own; those of SQLite itself are left out. */
static enum status list_tables(sqlite3 *database, bool views, struct tables *ret, struct err *err)
{
    OWNED(sqlite_statement_close) sqlite3_stmt *statement = NULL;
    bool row = false;
    ret->names = arena_get(ret->arena, TABLES_LISTED, sizeof *ret->names);
    if (ret->names == NULL) return fail_memory(err, TABLES_LISTED * sizeof *ret->names);
    TRY(prepare(database,
                views ? "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')"
                      : "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0"
                        " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
                STATUS_FAILED, &statement, NULL, err));
    while (ret->count < TABLES_LISTED) {
        TRY(sqlite_step(database, statement, &row, err));
        if (!row) break;
        const char *name = (const char *)sqlite3_column_text(statement, 0);
        if (name == NULL) continue;
        ret->names[ret->count] = arena_text(ret->arena, name, strlen(name));
        if (ret->names[ret->count++] == NULL) return fail_memory(err, strlen(name));
    }
    return STATUS_OK;
}

/* The name as the schema has it: SQLite would take an absent table for an error of syntax only. */
static enum status find_table(sqlite3 *database, const char *table, struct arena *arena,
                              struct err *err)
{
    struct tables tables = {.arena = arena};
    TRY(list_tables(database, true, &tables, err));
    for (size_t i = 0; i < tables.count; i++)
        if (sqlite3_stricmp(tables.names[i], table) == 0) return STATUS_OK;
    if (sqlite3_stricmp("sqlite_schema", table) == 0 || tables.count == TABLES_LISTED)
        return STATUS_OK;
    (void)fail(err, STATUS_USAGE, "found no table \"%s\"", table);
    size_t best = 3;
    for (size_t i = 0; i < tables.count; i++) {
        size_t distance = str_distance(str_of(tables.names[i]), str_of(table), best);
        if (distance >= best) continue;
        best = distance;
        err->hint[0] = '\0';
        err_hint(err, "did you mean \"%s\"?", tables.names[i]);
    }
    return STATUS_USAGE;
}

enum status sqlite_select(sqlite3 *database, const struct source_options *options,
                          sqlite3_stmt **ret, struct err *err)
{
    OWNED(arena_close) struct arena *arena = NULL;
    if (options->query != NULL) return select_query(database, options->query, ret, err);
    TRY(arena_open(&arena, err));
    struct tables tables = {.arena = arena};
    if (options->table != NULL) {
        TRY(find_table(database, options->table, arena, err));
        return select_table(database, options->table, ret, err);
    }
    TRY(list_tables(database, false, &tables, err));
    if (tables.count != 1) return result_which_table(tables.names, tables.count, err);
    return select_table(database, tables.names[0], ret, err);
}
