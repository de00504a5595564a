/* catalog.c: the connection to catalog.db: settings, schema, migrations, transactions, errors. */
#include "lineage/process.h"
#include "lineage/sql.h"
#include "lineage/store_state.h"

#include "base/memory.h"

#include <dirent.h>
#include <stdio.h>

#define APPLICATION_ID 1952542067 /* "tams", as in schema.sql */

/* Step i brings user_version i to i + 1. A released step is never changed. */
extern const char catalog_schema[], catalog_schema_2[], catalog_schema_3[], catalog_schema_4[],
    catalog_schema_5[], catalog_schema_6[], catalog_schema_7[], catalog_schema_8[];
static const char *const migrations[] = {catalog_schema,   catalog_schema_2, catalog_schema_3,
                                         catalog_schema_4, catalog_schema_5, catalog_schema_6,
                                         catalog_schema_7, catalog_schema_8};
#define NEWEST ((int64_t)(sizeof migrations / sizeof *migrations))

/* ---- errors ---- */

static enum status fail_busy(struct err *err, const char *doing)
{
    fail(err, STATUS_BUSY, "catalog: %s: another program keeps catalog.db open in a transaction",
         doing);
    err_hint(err, "end the unfinished SELECT or transaction (a sqlite3 shell?), or give --wait "
                  "SECONDS a larger value");
    return STATUS_BUSY;
}

enum status fail_sqlite(sqlite3 *catalog, struct err *err, const char *doing)
{
    int code = catalog == NULL ? SQLITE_NOMEM : sqlite3_errcode(catalog) & 0xff;
    const char *text = catalog == NULL ? "" : sqlite3_errmsg(catalog);

    if (code == SQLITE_BUSY || code == SQLITE_LOCKED) return fail_busy(err, doing);
    if (code == SQLITE_NOMEM)
        return fail(err, STATUS_MEMORY, "catalog: %s: SQLite has no memory left", doing);
    if (code == SQLITE_FULL) {
        fail(err, STATUS_FAILED, "catalog: %s: the disk is full", doing);
        err_hint(err, "nothing was committed; make room and run again");
    } else if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) {
        fail(err, STATUS_FAILED, "catalog: %s: catalog.db is damaged: %s", doing, text);
        err_hint(err, "see what is left with: sqlite3 catalog.db .recover");
    } else if (code == SQLITE_READONLY || code == SQLITE_PERM) {
        fail(err, STATUS_FAILED, "catalog: %s: catalog.db is not writable: %s", doing, text);
        err_hint(err, "a crash may have left a journal that only a user with write access can roll "
                      "back; run any tamis command as that user");
    } else {
        fail(err, STATUS_FAILED, "catalog: %s: %s", doing, text);
    }
    return STATUS_FAILED;
}

enum status fail_catalog(const struct store *store, struct err *err, const char *doing)
{
    return fail_sqlite(store->catalog, err, doing);
}

/* ---- opening ---- */

#define ROLL_BACK_WAIT 5.0 /* seconds for others that do the same */

static enum status run_script(sqlite3 *catalog, const char *script, const char *doing,
                              struct err *err)
{
    if (sqlite3_exec(catalog, script, NULL, NULL, NULL) == SQLITE_OK) return STATUS_OK;
    return fail_sqlite(catalog, err, doing);
}

static void harden(sqlite3 *catalog, double wait)
{
    sqlite3_db_config(catalog, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(catalog, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_limit(catalog, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit(catalog, SQLITE_LIMIT_TRIGGER_DEPTH, 10);
    sqlite3_busy_timeout(catalog, wait > 1e6 ? 1000000000 : (int)(wait * 1000));
    sqlite3_extended_result_codes(catalog, 1);
}

static enum status open_file(sqlite3 **ret, const char *path, int flags, double wait,
                             struct err *err)
{
    sqlite3 *catalog = NULL;

    if (sqlite3_open_v2(path, &catalog, flags | SQLITE_OPEN_FULLMUTEX, NULL) != SQLITE_OK) {
        enum status status = fail_sqlite(catalog, err, "opening");
        sqlite3_close(catalog);
        return status;
    }
    harden(catalog, wait);
    *ret = catalog;
    return STATUS_OK;
}

/* A read through a writable connection rolls a hot journal back; a mode=ro one may not. */
static bool roll_back_journal(const char *path)
{
    sqlite3 *catalog = NULL;
    bool done =
        open_file(&catalog, path, SQLITE_OPEN_READWRITE, ROLL_BACK_WAIT, NULL) == STATUS_OK &&
        sqlite3_exec(catalog, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL) == SQLITE_OK;
    sqlite3_close(catalog);
    return done;
}

bool catalog_rolled_back(sqlite3 *catalog)
{
    return sqlite3_extended_errcode(catalog) == SQLITE_READONLY_ROLLBACK &&
           roll_back_journal(sqlite3_db_filename(catalog, "main"));
}

static enum status read_pragma(sqlite3 *catalog, const char *pragma, int64_t *ret, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *statement = NULL;

    do {
        sql_close(&statement);
        if (sqlite3_prepare_v2(catalog, pragma, -1, &statement, NULL) == SQLITE_OK &&
            sqlite3_step(statement) == SQLITE_ROW)
            break;
        if (!catalog_rolled_back(catalog)) return fail_sqlite(catalog, err, "opening");
    } while (true);
    *ret = sqlite3_column_int64(statement, 0);
    return STATUS_OK;
}

static enum status check_version(int64_t application, int64_t version, bool writable,
                                 struct err *err)
{
    if (application != APPLICATION_ID && !(application == 0 && version == 0))
        return fail(err, STATUS_FAILED,
                    "catalog.db belongs to another program (application id %lld, expected %d)",
                    (long long)application, APPLICATION_ID);
    if (version > NEWEST) {
        fail(err, STATUS_FAILED, "catalog.db has version %lld, this program knows up to %lld",
             (long long)version, (long long)NEWEST);
        err_hint(err, "use the newer tamis that wrote it");
        return STATUS_FAILED;
    }
    if (version < NEWEST && !writable) {
        fail(err, STATUS_FAILED, "catalog.db has version %lld, this program reads %lld",
             (long long)version, (long long)NEWEST);
        err_hint(err, "any writing command brings it up to date");
        return STATUS_FAILED;
    }
    return STATUS_OK;
}

/* Each step in its own transaction; the version is read again inside it, because another process
 * may have been faster. */
static enum status migrate(sqlite3 *catalog, struct err *err)
{
    for (int64_t step = 0; step < NEWEST; step++) {
        int64_t version = 0;

        TRY(run_script(catalog, "BEGIN IMMEDIATE", "migrating", err));
        enum status status = read_pragma(catalog, "PRAGMA user_version", &version, err);
        if (status == STATUS_OK && version == step)
            status = run_script(catalog, migrations[step], "migrating", err);
        if (status == STATUS_OK) status = run_script(catalog, "COMMIT", "migrating", err);
        if (status != STATUS_OK) {
            sqlite3_exec(catalog, "ROLLBACK", NULL, NULL, NULL);
            return status;
        }
    }
    return STATUS_OK;
}

static enum status settle_connection(sqlite3 *catalog, bool writable, struct err *err)
{
    int64_t application = 0, version = 0;

    TRY(read_pragma(catalog, "PRAGMA application_id", &application, err));
    TRY(read_pragma(catalog, "PRAGMA user_version", &version, err));
    TRY(check_version(application, version, writable, err));
    TRY(run_script(catalog, "PRAGMA cell_size_check=ON; PRAGMA mmap_size=0", "opening", err));
    if (!writable) return run_script(catalog, "PRAGMA foreign_keys=ON", "opening", err);
    TRY(run_script(catalog,
                   "PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                   "PRAGMA secure_delete=ON; PRAGMA cache_size=-16384; PRAGMA cache_spill=OFF;"
                   "PRAGMA temp_store=MEMORY",
                   "opening", err));
    return version < NEWEST ? migrate(catalog, err) : STATUS_OK;
}

/* A catalog that lost its content (cut to nothing, or removed) must not be made anew over the
 * chunks it named: the versions would be gone for good, and quietly. */
static enum status check_not_lost(sqlite3 *catalog, const char *folder, struct err *err)
{
    OWNED(memory_release) char *chunks = path_join(folder, "chunks");
    int64_t version = 0;

    if (chunks == NULL) return fail_memory(err, 0);
    DIR *entries = opendir(chunks);
    bool empty = true;
    for (struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;)
        empty = empty && entry->d_name[0] == '.';
    if (entries != NULL) closedir(entries);
    /* In this order: who wrote a chunk had made the catalog before. */
    TRY(read_pragma(catalog, "PRAGMA user_version", &version, err));
    if (empty || version != 0) return STATUS_OK;
    fail(err, STATUS_FAILED, "catalog.db is empty, and chunks/ beside it is not");
    err_hint(err, "bring catalog.db back from a copy, or name another folder with --store");
    return STATUS_FAILED;
}

enum status catalog_open(sqlite3 **ret, const char *folder, bool writable, double wait,
                         struct err *err)
{
    OWNED(memory_release) char *path = path_join(folder, "catalog.db");
    sqlite3 *catalog = NULL;
    int flags = writable ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;

    if (path == NULL) return fail_memory(err, 0);
    TRY(open_file(&catalog, path, flags, wait, err));
    enum status status = check_not_lost(catalog, folder, err);
    if (status == STATUS_OK) status = settle_connection(catalog, writable, err);
    if (status != STATUS_OK) {
        sqlite3_close(catalog);
        return fail_within(err, status, "store \"%s\"", folder);
    }
    *ret = catalog;
    return STATUS_OK;
}

enum status catalog_open_in_memory(sqlite3 **ret, struct err *err)
{
    sqlite3 *catalog = NULL;

    TRY(open_file(&catalog, ":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, 0, err));
    enum status status = run_script(catalog, "PRAGMA foreign_keys=ON", "opening", err);
    if (status == STATUS_OK) status = migrate(catalog, err);
    if (status == STATUS_OK) {
        *ret = catalog;
        return STATUS_OK;
    }
    sqlite3_close(catalog);
    return status;
}

/* ---- readers compute "lost" ---- */

static void copy_text(char *ret, size_t room, sqlite3_value *value)
{
    const unsigned char *text = sqlite3_value_text(value);
    snprintf(ret, room, "%s", text == NULL ? "" : (const char *)text);
}

/* process_has_ended(host, boot_id, pid_namespace, pid, process_start) */
static void has_ended(sqlite3_context *context, int count, sqlite3_value **values)
{
    const struct process *self = sqlite3_user_data(context);
    struct process other = {.pid = sqlite3_value_int64(values[3]),
                            .start = sqlite3_value_int64(values[4])};

    (void)count;
    copy_text(other.host, sizeof other.host, values[0]);
    copy_text(other.boot_id, sizeof other.boot_id, values[1]);
    copy_text(other.pid_namespace, sizeof other.pid_namespace, values[2]);
    sqlite3_result_int(context, process_has_ended(&other, self));
}

enum status catalog_show_lost(sqlite3 *catalog, struct err *err)
{
    struct process *self = NULL;

    TRY(NEW(&self, 1, err));
    process_self(self);
    if (sqlite3_create_function_v2(catalog, "process_has_ended", 5, SQLITE_UTF8, self, has_ended,
                                   NULL, NULL, memory_free) != SQLITE_OK)
        return fail_sqlite(catalog, err, "opening");
    return run_script(
        catalog,
        "CREATE TEMP VIEW runs AS SELECT run_key, run_id, stage, started_at, ended_at,"
        " CASE WHEN status = 'running'"
        "  AND process_has_ended(host, boot_id, pid_namespace, pid, process_start)"
        "  THEN 'lost' ELSE status END AS status,"
        " exit_code, verdict, error, argv, config, config_digest, tool_version, host, user, pid,"
        " boot_id, pid_namespace, process_start, threads, device, memory_limit, seed, rows_in,"
        " rows_created, rows_out, rows_rejected, rows_dropped, rows_merged, bytes_in, bytes_out,"
        " folder, job, parent_job, parent_run FROM main.runs; PRAGMA query_only=ON",
        "opening", err);
}

/* ---- transactions ---- */

static enum status queue_as_writer(struct store *store, struct err *err)
{
    OWNED(memory_release) char *path = path_join(store->path, "lock");

    if (path == NULL) return fail_memory(err, 0);
    return lock_take(&store->writers, path, store->wait, store->deaf, "the catalog", store->holder,
                     err);
}

static enum status begin_locked(struct store *store, struct err *err)
{
    if (store->path != NULL) TRY(queue_as_writer(store, err));
    if (sqlite3_exec(store->catalog, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK)
        return STATUS_OK;
    enum status status = fail_catalog(store, err, "beginning a transaction");
    lock_release(&store->writers);
    return status;
}

enum status catalog_begin(struct store *store, struct err *err)
{
    pthread_mutex_lock(&store->mutex);
    enum status status = begin_locked(store, err);
    if (status == STATUS_OK) return STATUS_OK;
    pthread_mutex_unlock(&store->mutex);
    return fail_within(err, status, "store \"%s\"", store->path);
}

enum status catalog_commit(struct store *store, struct err *err)
{
    if (sqlite3_exec(store->catalog, "COMMIT", NULL, NULL, NULL) != SQLITE_OK) {
        enum status status = fail_catalog(store, err, "committing");
        catalog_rollback(store);
        return fail_within(err, status, "store \"%s\"", store->path);
    }
    lock_release(&store->writers);
    pthread_mutex_unlock(&store->mutex);
    return STATUS_OK;
}

void catalog_rollback(struct store *store)
{
    sqlite3_exec(store->catalog, "ROLLBACK", NULL, NULL, NULL);
    lock_release(&store->writers);
    pthread_mutex_unlock(&store->mutex);
}
