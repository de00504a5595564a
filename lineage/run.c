/* run.c: the life of a run's row: begun before work starts, balanced, closed on every way out; rows
 * of processes that are gone are closed as lost by whoever begins next. */
#include "lineage/run_state.h"

#include "lineage/process.h"
#include "lineage/sql.h"
#include "lineage/store_state.h"

#include "base/address.h"
#include "base/memory.h"
#include "base/parallel.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

/* ---- beginning ---- */

/* An argument without the credentials of an address in it. */
static enum status append_argument(struct bytes *json, const char *text, struct err *err)
{
    OWNED(bytes_release) struct bytes shown = bytes_limited(1 << 20);
    TRY(address_shown(&shown, text, err));
    return bytes_append_json(json, (struct str){(const char *)shown.data, shown.size}, err);
}

static enum status arguments_json(struct bytes *ret, const struct invocation *invocation,
                                  struct err *err)
{
    TRY(bytes_append_text(ret, "[", err));
    for (int i = 0; i < invocation->argc; i++) {
        if (i > 0) TRY(bytes_append_text(ret, ",", err));
        TRY(append_argument(ret, invocation->argv[i], err));
    }
    return bytes_append_text(ret, "]", err);
}

static enum status insert_run(struct run *run, const char *stage,
                              const struct invocation *invocation, const struct process *self,
                              struct err *err)
{
    OWNED(bytes_release) struct bytes arguments = bytes_limited(8 << 20);
    const struct common *common = &invocation->common;
    char folder[PATH_MAX];

    if (getcwd(folder, sizeof folder) == NULL) folder[0] = '\0';
    TRY(arguments_json(&arguments, invocation, err));
    TRY(sql_run(run->store, err,
                "INSERT INTO runs (run_id, stage, started_at, status, argv, tool_version, host,"
                " user, pid, boot_id, pid_namespace, process_start, threads, device, memory_limit,"
                " seed, folder) VALUES (?, ?, ?, 'running', ?, ?, ?, ?, ?, ?, ?, ?, ?, 'cpu', ?, ?,"
                " ?)",
                "ttustttittiiiit", run->id, stage, clock_now(),
                (struct str){(const char *)arguments.data, arguments.size}, tamis_version(),
                self->host, self->user, self->pid, self->boot_id, self->pid_namespace, self->start,
                (int64_t)run->threads, (int64_t)common->memory, common->seed, folder));
    run->key = sqlite3_last_insert_rowid(store_catalog(run->store));
    return STATUS_OK;
}

static enum status close_row_as_lost(struct run *run, int64_t key, struct err *err)
{
    char now[TIME_TEXT], error[96];

    snprintf(error, sizeof error, "the process ended without a word; noticed at %s",
             time_text(clock_now(), now));
    return sql_run(run->store, err, "UPDATE runs SET status = 'lost', error = ? WHERE run_key = ?",
                   "ti", error, key);
}

static enum status close_lost(struct run *run, const struct process *self, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *open = NULL;
    bool row;

    TRY(sql_open(
        run->store, &open, err,
        "SELECT run_key, host, boot_id, pid_namespace, pid, process_start, run_id FROM runs"
        " WHERE status = 'running' AND host = ?",
        "t", self->host));
    for (;;) {
        struct process other = {0};

        TRY(sql_next(run->store, open, &row, err));
        if (!row) return STATUS_OK;
        snprintf(other.host, sizeof other.host, "%s", sql_text(open, 1));
        snprintf(other.boot_id, sizeof other.boot_id, "%s", sql_text(open, 2));
        snprintf(other.pid_namespace, sizeof other.pid_namespace, "%s", sql_text(open, 3));
        other.pid = sqlite3_column_int64(open, 4);
        other.start = sqlite3_column_int64(open, 5);
        if (!process_has_ended(&other, self)) continue;
        leftovers_remove(run->store, sql_text(open, 6));
        TRY(close_row_as_lost(run, sqlite3_column_int64(open, 0), err));
    }
}

static enum status begin_row(struct run *run, const char *stage,
                             const struct invocation *invocation, struct err *err)
{
    struct process self;

    process_self(&self);
    TRY(catalog_begin(run->store, err));
    enum status status = close_lost(run, &self, err);
    if (status == STATUS_OK) status = insert_run(run, stage, invocation, &self, err);
    if (status == STATUS_OK) return catalog_commit(run->store, err);
    catalog_rollback(run->store);
    return status;
}

/* ---- together with other runs, or alone ---- */

static enum status enter_store(struct run *run, struct err *err)
{
    OWNED(memory_release) char *path = path_join(run->store->path, "locks/store");

    if (path == NULL) return fail_memory(err, 0);
    return lock_share(&run->store_lock, path, run->store->wait, false, "the store", err);
}

/* Who holds the store together with others writes no line: the catalog knows. */
static enum status fail_in_use(struct run *run, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *other = NULL;
    bool row;

    TRY(sql_open(run->store, &other, err,
                 "SELECT run_id, stage, pid, user FROM runs WHERE status = 'running'"
                 " AND run_id <> ? ORDER BY run_key LIMIT 1",
                 "t", run->id));
    TRY(sql_next(run->store, other, &row, err));
    if (!row)
        fail(err, STATUS_BUSY, "another run is using the store");
    else
        fail(err, STATUS_BUSY, "run %s (%s, process %lld of %s) is using the store",
             sql_text(other, 0), sql_text(other, 1), (long long)sqlite3_column_int64(other, 2),
             sql_text(other, 3));
    err_hint(err, "wait for it, or give --wait SECONDS a larger value");
    return STATUS_BUSY;
}

enum status run_alone(struct run *run, struct err *err)
{
    OWNED(memory_release) char *path = path_join(run->store->path, "locks/store");

    if (path == NULL) return fail_memory(err, 0);
    lock_release(&run->store_lock); /* a shared lock that waited for itself would never end */
    enum status status = lock_take(&run->store_lock, path, run->store->wait_given, false,
                                   "the store", run->store->holder, err);
    return status == STATUS_BUSY ? fail_in_use(run, err) : status;
}

enum status run_begin(struct run **ret, struct store *store, const char *stage,
                      const struct invocation *invocation, struct err *err)
{
    OWNED(run_close) struct run *run = NULL;

    TRY(NEW(&run, 1, err));
    run->store_lock.descriptor = -1;
    run->store = store;
    snprintf(run->stage, sizeof run->stage, "%s", stage);
    uuid7(run->id);
    run->began = clock_seconds();
    run->threads = parallel_threads((size_t)invocation->common.threads);
    run->measures = invocation->measures;
    if (run->measures != NULL)
        snprintf(run->measures->run_id, sizeof run->measures->run_id, "%s", run->id);
    run->mutex_made = pthread_mutex_init(&run->mutex, NULL) == 0;
    TRY(arena_open(&run->arena, err));
    if (run_records(run)) {
        TRY(events_open(run, err));
        TRY(enter_store(run, err));
        TRY(begin_row(run, stage, invocation, err));
    }
    *ret = run;
    run = NULL;
    return STATUS_OK;
}

void run_into(struct run *run, const char *dataset)
{
    snprintf(run->into, sizeof run->into, "%s", dataset == NULL ? "" : dataset);
}

const char *run_id(const struct run *run)
{
    return run->id;
}

bool run_records(const struct run *run)
{
    return run->store != NULL && run->store->writable;
}

struct store *run_store(const struct run *run)
{
    return run->store;
}

/* ---- balance and verdict ---- */

void run_count(struct run *run, const struct row_counts *counts)
{
    run->counts = *counts;
}

enum status run_record_counts(struct run *run, struct err *err)
{
    const struct row_counts *rows = &run->counts;
    return run_record(run, err,
                      "UPDATE runs SET rows_in = ?, rows_created = ?, rows_out = ?,"
                      " rows_rejected = ?, rows_dropped = ?, rows_merged = ?, bytes_in = ?,"
                      " bytes_out = ? WHERE run_id = ?",
                      "iiiiiiiit", rows->in, rows->created, rows->out, rows->rejected,
                      rows->dropped, rows->merged, rows->bytes_in, rows->bytes_out, run->id);
}

static enum status check_events(const struct run *run, enum row_event_kind kind, const char *word,
                                int64_t rows, struct err *err)
{
    if (run->event_counts[kind] == rows) return STATUS_OK;
    return fail(err, STATUS_FAILED,
                "row balance: %" PRId64 " rows were %s and %" PRId64
                " of them have a reason recorded, expected one each",
                rows, word, run->event_counts[kind]);
}

enum status run_check_balance(struct run *run, struct err *err)
{
    const struct row_counts *rows = &run->counts;
    int64_t came = rows->in + rows->created;
    int64_t left = rows->out + rows->rejected + rows->dropped + rows->merged;

    if (came != left)
        return fail(err, STATUS_FAILED,
                    "row balance: %" PRId64 " in + %" PRId64 " created is not %" PRId64
                    " out + %" PRId64 " rejected + %" PRId64 " dropped + %" PRId64 " merged",
                    rows->in, rows->created, rows->out, rows->rejected, rows->dropped,
                    rows->merged);
    TRY(check_events(run, EVENT_CREATE, "created", rows->created, err));
    TRY(check_events(run, EVENT_REJECT, "rejected", rows->rejected, err));
    TRY(check_events(run, EVENT_DROP, "dropped", rows->dropped, err));
    return check_events(run, EVENT_MERGE, "merged", rows->merged, err);
}

void run_verdict_failed(struct run *run, const char *reason)
{
    if (run->verdict_failed) return;
    run->verdict_failed = true;
    snprintf(run->reason, sizeof run->reason, "%s", reason);
}

const char *run_verdict_reason(const struct run *run)
{
    return run->reason;
}

bool run_verdict_is_failed(const struct run *run)
{
    return run->verdict_failed;
}

/* ---- ending ---- */

static const char *closing_word(enum status status)
{
    if (status == STATUS_OK || status == STATUS_VERDICT) return "done";
    if (status == STATUS_INTERRUPTED || status == STATUS_TERMINATED) return "aborted";
    return "failed";
}

static enum status record_end(struct run *run, enum status status, const char *error,
                              struct err *err)
{
    const struct row_counts *rows = &run->counts;
    bool verdict = run->verdict_failed || status == STATUS_VERDICT;

    return run_record(run, err,
                      "UPDATE runs SET ended_at = ?, status = ?, exit_code = ?, verdict = ?,"
                      " error = ?, rows_in = ?, rows_created = ?, rows_out = ?, rows_rejected = ?,"
                      " rows_dropped = ?, rows_merged = ?, bytes_in = ?, bytes_out = ?"
                      " WHERE run_id = ?",
                      "utittiiiiiiiit", clock_now(), closing_word(status),
                      (int64_t)status_exit_code(status), verdict ? "failed" : "passed", error,
                      rows->in, rows->created, rows->out, rows->rejected, rows->dropped,
                      rows->merged, rows->bytes_in, rows->bytes_out, run->id);
}

/* A queued statement that cannot be written must not keep the row open for ever. */
static enum status record_closing(struct run *run, enum status status, const char *error,
                                  struct err *err)
{
    TRY(run_record_resources(run, err));
    TRY(record_end(run, status, error, err));
    enum status flushed = run_flush(run, err);
    if (flushed == STATUS_OK) return STATUS_OK;
    run->first = run->last = NULL;
    if (status == STATUS_OK) {
        status = flushed;
        error = err->message;
    }
    TRY(record_end(run, status, error, NULL));
    if (run_flush(run, NULL) != STATUS_OK) return flushed;
    return flushed;
}

enum status run_finish(struct run *run, enum status status, struct err *err)
{
    struct err recording = {0};
    const char *error = NULL;

    if (run == NULL || run->finished) return status;
    run->finished = true;
    if (run_records(run)) run->store->deaf = true;
    if (status == STATUS_OK && run->verdict_failed) {
        fail(err, STATUS_VERDICT, "%s%s", run->reason,
             run->refused ? "; no version was committed" : "");
        if (run->refused) err_hint(err, "--accept-failed commits it all the same");
        status = STATUS_VERDICT;
    }
    if (status != STATUS_OK && err != NULL) error = err->message;
    enum status recorded = record_closing(run, status, error, &recording);
    if (recorded == STATUS_OK || (status != STATUS_OK && status != STATUS_VERDICT)) return status;
    if (err != NULL) *err = recording;
    return fail_within(err, recorded, "recording the end of the run");
}

void run_close(struct run **run)
{
    if (run == NULL || *run == NULL) return;
    events_close(*run);
    arena_close(&(*run)->arena);
    if ((*run)->mutex_made) pthread_mutex_destroy(&(*run)->mutex);
    lock_release(&(*run)->store_lock);
    memory_free(*run);
    *run = NULL;
}
