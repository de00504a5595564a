/* catch_up.c: see catch_up.h. */
#include "lineage/catch_up.h"

#include "lineage/run_state.h"
#include "lineage/sql.h"

#include <inttypes.h>
#include <stdio.h>

/* The last commit of this stage and configuration into the same dataset from the same input. */
static enum status find_last(struct run *run, const char *dataset, int64_t *ret_output,
                             int64_t *ret_input, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    bool row;

    TRY(sql_open(run->store, &rows, err,
                 "SELECT o.number, i.number FROM versions AS o"
                 " JOIN runs AS r ON r.run_id = o.run_id AND r.stage = ? AND r.config_digest IS ?"
                 " JOIN edges AS e ON e.run_id = o.run_id AND e.output = 'stream:' || o.run_id"
                 " JOIN versions AS i ON i.node = e.input AND i.dataset = ?"
                 " WHERE o.dataset = ? ORDER BY o.number DESC LIMIT 1",
                 "tdtt", run->stage, &run->config, dataset, run->into));
    TRY(sql_next(run->store, rows, &row, err));
    *ret_output = row ? sqlite3_column_int64(rows, 0) : 0;
    *ret_input = row ? sqlite3_column_int64(rows, 1) : 0;
    return STATUS_OK;
}

static enum status fail_not_cumulative(const struct run *run, const char *dataset, int64_t number,
                                       struct err *err)
{
    fail(err, STATUS_USAGE,
         "\"%s@new\": the newest version does not begin with version %" PRId64
         ", which this configuration read last into \"%s\"",
         dataset, number, run->into);
    err_hint(err, "read all of it: %s@latest", dataset);
    return STATUS_USAGE;
}

static enum status skip_version(struct run *run, const char *dataset, int64_t number,
                                struct version_reader *reader, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    bool row;

    TRY(sql_open(run->store, &rows, err,
                 "SELECT c.digest FROM version_chunks AS v JOIN chunks AS c ON c.digest = v.digest"
                 " WHERE v.dataset = ? AND v.number = ? AND c.rows > 0 ORDER BY v.position",
                 "ti", dataset, number));
    for (;;) {
        TRY(sql_next(run->store, rows, &row, err));
        if (!row) return STATUS_OK;
        if (!version_reader_skip(reader, sql_text(rows, 0)))
            return fail_not_cumulative(run, dataset, number, err);
    }
}

enum status catch_up_input(struct run *run, const char *dataset, struct version_reader *reader,
                           struct err *err)
{
    int64_t output = 0, input = 0;

    if (run->into[0] == '\0') {
        fail(err, STATUS_USAGE, "\"%s@new\" is known only to a command with --into", dataset);
        err_hint(err, "name the dataset the result goes into, or read %s@latest", dataset);
        return STATUS_USAGE;
    }
    TRY(find_last(run, dataset, &output, &input, err));
    run->builds_on = output;
    return output == 0 ? STATUS_OK : skip_version(run, dataset, input, reader, err);
}

void run_continues(struct run *run, const char *dataset)
{
    run_into(run, dataset);
    run->builds_on = -1;
}

/* What the version before holds is in this one too: its sources are those of both. */
static enum status record_base(struct run *run, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    char base[sizeof run->into + 32], stream[64];
    bool row;

    snprintf(base, sizeof base, "version:%s@%" PRId64, run->into, run->builds_on);
    snprintf(stream, sizeof stream, "stream:%s", run->id);
    TRY(run_edge(run, base, stream, err));
    TRY(sql_open(run->store, &rows, err,
                 "SELECT name FROM version_columns WHERE dataset = ? AND number = ?"
                 " ORDER BY position",
                 "ti", run->into, run->builds_on));
    for (;;) {
        TRY(sql_next(run->store, rows, &row, err));
        if (!row) return STATUS_OK;
        TRY(run_column_same(run, base, sql_text(rows, 0), err));
    }
}

enum status catch_up_output(struct run *run, struct version_writer *writer, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    bool row;

    if (run->builds_on < 0)
        TRY(sql_number(run->store, &run->builds_on, 0, err,
                       "SELECT max(number) FROM versions WHERE dataset = ?", "t", run->into));
    if (run->builds_on == 0) return STATUS_OK;
    TRY(record_base(run, err));
    TRY(sql_open(run->store, &rows, err,
                 "SELECT c.digest FROM version_chunks AS v JOIN chunks AS c ON c.digest = v.digest"
                 " WHERE v.dataset = ? AND v.number = ? AND c.rows > 0 ORDER BY v.position",
                 "ti", run->into, run->builds_on));
    for (;;) {
        TRY(sql_next(run->store, rows, &row, err));
        if (!row) return STATUS_OK;
        TRY(version_writer_reuse(writer, sql_text(rows, 0), err));
    }
}
