/* run.c: the life of a run's row: begun before work starts, balanced, closed on every way out; rows
 * of processes that are gone are closed as lost by whoever begins next. */
#include "lineage/run_state.h"

#include "lineage/emit.h"
#include "lineage/process.h"
#include "lineage/sql.h"
#include "lineage/store_state.h"

#include "base/address.h"
#include "base/memory.h"
#include "base/parallel.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
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

/* The value of a text option of the command, NULL where it has none or none was given. */
static const char *text_option(const struct invocation *invocation, const char *name)
{
    const struct setting *row = invocation->command == NULL ? NULL : invocation->command->options;

    for (; row != NULL && row->name != NULL; row++)
        if (row->kind == SETTING_TEXT && strcmp(row->name, name) == 0)
            return *(const char *const *)(const void *)((const char *)invocation->args +
                                                        row->offset);
    return NULL;
}

/* What a run is about, in the order of what changes least from night to night: what it writes into,
 * its recipe, what it is given, its file. */
static const char *subject(const struct invocation *invocation)
{
    const char *candidates[] = {text_option(invocation, "into"), text_option(invocation, "recipe"),
                                invocation->operand_count > 0 ? invocation->operands[0] : NULL,
                                invocation->common.output};

    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++)
        if (candidates[i] != NULL && strcmp(candidates[i], "-") != 0) return candidates[i];
    return NULL;
}

/* "ingest raw/orders"; the name under which the run comes again. A job of somebody else has its own
 * name. */
static enum status job_name(struct bytes *ret, const char *stage,
                            const struct invocation *invocation, struct err *err)
{
    const char *about = subject(invocation);

    if (strncmp(stage, "job ", 4) == 0) {
        TRY(bytes_append_text(ret, stage + 4, err));
    } else {
        TRY(bytes_append_text(ret, stage, err));
        if (about != NULL) TRY(bytes_append_text(ret, " ", err));
        if (about != NULL) TRY(address_shown(ret, about, err));
    }
    return bytes_append(ret, "", 1, err);
}

/* $OPENLINEAGE_PARENT_ID, as others that start jobs set it: NAMESPACE/JOB/RUN. */
static enum status insert_parent(struct run *run, struct err *err)
{
    const char *parent = getenv("OPENLINEAGE_PARENT_ID");
    const char *slash = parent == NULL ? NULL : strrchr(parent, '/');

    if (slash == NULL || memchr(parent, '/', (size_t)(slash - parent)) == NULL) return STATUS_OK;
    if (!uuid_is(slash + 1)) return STATUS_OK;
    return sql_run(run->notes, err,
                   "UPDATE runs SET parent_job = ?, parent_run = ? WHERE run_id = ?", "stt",
                   (struct str){parent, (size_t)(slash - parent)}, slash + 1, run->id);
}

static enum status insert_run(struct run *run, const char *stage,
                              const struct invocation *invocation, const struct process *self,
                              struct err *err)
{
    OWNED(bytes_release) struct bytes job = bytes_limited(1 << 20);
    OWNED(bytes_release) struct bytes arguments = bytes_limited(8 << 20);
    const struct common *common = &invocation->common;
    char folder[PATH_MAX];

    if (getcwd(folder, sizeof folder) == NULL) folder[0] = '\0';
    TRY(arguments_json(&arguments, invocation, err));
    TRY(job_name(&job, stage, invocation, err));
    TRY(sql_run(
        run->notes, err,
        "INSERT INTO runs (run_id, stage, started_at, status, argv, tool_version, host,"
        " user, pid, boot_id, pid_namespace, process_start, threads, device, memory_limit,"
        " seed, folder, job) VALUES (?, ?, ?, 'running', ?, ?, ?, ?, ?, ?, ?, ?, ?, 'cpu', ?, ?,"
        " ?, ?)",
        "ttustttittiiiitt", run->id, stage, clock_now(),
        (struct str){(const char *)arguments.data, arguments.size}, tamis_version(), self->host,
        self->user, self->pid, self->boot_id, self->pid_namespace, self->start,
        (int64_t)run->threads, (int64_t)common->memory, common->seed, folder,
        (const char *)job.data));
    run->key = sqlite3_last_insert_rowid(store_catalog(run->notes));
    return insert_parent(run, err);
}

static enum status close_row_as_lost(struct run *run, int64_t key, struct err *err)
{
    char now[TIME_TEXT], error[96];

    snprintf(error, sizeof error, "the process ended without a word; noticed at %s",
             time_text(clock_now(), now));
    return sql_run(run->store, err, "UPDATE runs SET status = 'lost', error = ? WHERE run_key = ?",
                   "ti", error, key);
}

/* Appends the id of each to `ret_closed`, with its NUL. */
static enum status close_lost(struct run *run, const struct process *self, struct bytes *ret_closed,
                              struct err *err)
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
        TRY(bytes_append(ret_closed, sql_text(open, 6), strlen(sql_text(open, 6)) + 1, err));
    }
}

/* `ret_closed` gets the ids of the runs it closed as lost. */
static enum status begin_row(struct run *run, const char *stage,
                             const struct invocation *invocation, struct bytes *ret_closed,
                             struct err *err)
{
    struct process self;
    enum status status = STATUS_OK;

    process_self(&self);
    TRY(catalog_begin(run->notes, err));
    if (run_records(run)) status = close_lost(run, &self, ret_closed, err);
    if (status == STATUS_OK) status = insert_run(run, stage, invocation, &self, err);
    if (status == STATUS_OK) return catalog_commit(run->notes, err);
    catalog_rollback(run->notes);
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

static enum status prepare(struct run *run, struct store *store, const char *stage,
                           const struct invocation *invocation, struct err *err)
{
    run->store_lock.descriptor = -1;
    run->store = store;
    run->common = &invocation->common;
    if (!invocation->common.explain) run->emit = invocation->common.emit; /* a plan is no run */
    snprintf(run->stage, sizeof run->stage, "%s", stage);
    uuid7(run->id);
    run->began = clock_seconds();
    run->threads = parallel_threads((size_t)invocation->common.threads);
    run->measures = invocation->measures;
    if (run->measures != NULL)
        snprintf(run->measures->run_id, sizeof run->measures->run_id, "%s", run->id);
    run->mutex_made = pthread_mutex_init(&run->mutex, NULL) == 0;
    if (run->emit != NULL) TRY(emit_check(run->emit, err));
    return arena_open(&run->arena, err);
}

static enum status begin(struct run *run, const char *stage, const struct invocation *invocation,
                         struct err *err)
{
    OWNED(bytes_release) struct bytes lost = bytes_limited(1 << 20);

    if (run_records(run)) {
        run->notes = run->store;
        TRY(events_open(run, err));
        TRY(enter_store(run, err));
    } else if (run->emit != NULL) {
        TRY(store_open_in_memory(&run->notes, err));
    }
    if (run->notes == NULL) return STATUS_OK;
    TRY(begin_row(run, stage, invocation, &lost, err));
    for (size_t at = 0; at < lost.size; at += strlen((const char *)lost.data + at) + 1)
        run_emit_lost(run, (const char *)lost.data + at);
    run_emit(run, false);
    return STATUS_OK;
}

/* A run that could not begin, for the store is busy, is still a run that others wait for. */
static void emit_not_begun(struct run *run, const char *stage, const struct invocation *invocation,
                           enum status status, const struct err *err)
{
    if (run->emit == NULL || run->told || !run_records(run)) return;
    if (run_open_own_notes(run, NULL) != STATUS_OK ||
        begin_row(run, stage, invocation, NULL, NULL) != STATUS_OK)
        return;
    run_emit(run, false);
    if (record_end(run, status, err == NULL ? "" : err->message, NULL) == STATUS_OK &&
        run_flush(run, NULL) == STATUS_OK)
        run_emit(run, true);
}

enum status run_begin(struct run **ret, struct store *store, const char *stage,
                      const struct invocation *invocation, struct err *err)
{
    OWNED(run_close) struct run *run = NULL;

    TRY(NEW(&run, 1, err));
    TRY(prepare(run, store, stage, invocation, err));
    enum status status = begin(run, stage, invocation, err);
    if (status != STATUS_OK) {
        emit_not_begun(run, stage, invocation, status, err);
        return status;
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
    run_emit(run, true);
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
    if ((*run)->notes != (*run)->store) store_close(&(*run)->notes);
    memory_free(*run);
    *run = NULL;
}
