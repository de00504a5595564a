/* features/put_write.c: sorted rows become chunks and a version. */
#include "features/put.h"

#include "base/memory.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "features/cutter.h"
#include "features/dependence.h"
#include "features/pieces.h"
#include "features/reference.h"
#include "lineage/sql.h"

#include <stdio.h>

/* ---- the latest version ---- */

/* The rows that stay have its columns, and the keys that were read decide which ones stay. */
static enum status take_schema(struct put *put, const struct schema *schema, struct err *err)
{
    schema_unref(&put->schema);
    TRY(schema_copy(&put->schema, schema, err));
    for (size_t i = 0; i < schema->count; i++)
        TRY(run_column_same(put->run, NULL, schema->fields[i].name, err));
    return depends_on_keys(put->run, &put->view, NULL, "FILTER", schema, err);
}

/* PUT_DELETE takes the latest version's columns, the others must have them. */
static enum status check_schema(struct put *put, const struct version *base,
                                const struct schema *schema, struct err *err)
{
    if (put->mode == PUT_DELETE) return take_schema(put, schema, err);
    if (schema_equal(schema, put->schema)) return STATUS_OK;
    fail(err, STATUS_FAILED, "version %lld of \"%s\" has other columns or types than these rows",
         (long long)base->number, put->view.dataset);
    err_hint(err, "tamis-features put --mode replace starts anew");
    return STATUS_FAILED;
}

/* Number 0 where there is none. */
static enum status find_base(struct put *put, struct version *ret, int64_t *ret_pieces,
                             struct err *err)
{
    struct store *store = run_store(put->run);
    OWNED(version_reader_close) struct version_reader *reader = NULL;
    *ret = (struct version){0};
    *ret_pieces = 0;
    TRY(latest_number(store, put->view.dataset, &ret->number, err));
    if (ret->number == 0 && put->mode == PUT_DELETE)
        return fail(err, STATUS_USAGE, "view \"%s\" has no version to delete from", put->view.name);
    if (ret->number == 0) return STATUS_OK;
    TRY(version_resolve(store, put->view.dataset, ret, err));
    TRY(version_reader_open(&reader, store, ret, 1, err));
    *ret_pieces = ret->rows > 0 ? sorted_pieces(version_reader_schema(reader)) : 0;
    return check_schema(put, ret, version_reader_schema(reader), err);
}

/* No lock is held: another version may come before this one is committed. */
static enum status open_writer(struct put *put, struct version *ret_base, struct err *err)
{
    int64_t pieces = 0;
    *ret_base = (struct version){0};
    if (put->mode != PUT_REPLACE) TRY(find_base(put, ret_base, &pieces, err));
    TRY(set_sorted_pieces(put->schema, put->mode == PUT_APPEND ? pieces + 1 : 1, err));
    return version_writer_open(&put->writer, put->run, put->view.dataset, put->schema, false, err);
}

/* PUT_APPEND: the latest version's chunks stand in front, as they are. */
static enum status reuse_chunks(struct put *put, const struct version *base, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *statement = NULL;
    TRY(sql_open(run_store(put->run), &statement, err,
                 "SELECT digest FROM version_chunks WHERE dataset = ? AND number = ? "
                 "ORDER BY position",
                 "ti", put->view.dataset, base->number));
    put->rows_kept = base->rows;
    for (bool row = base->rows > 0; row;) {
        TRY(sql_next(run_store(put->run), statement, &row, err));
        if (row) TRY(version_writer_reuse(put->writer, sql_text(statement, 0), err));
    }
    return STATUS_OK;
}

/* ---- upsert and delete: rows of the latest version that stay, and the new ones ---- */

static enum status keep_others(struct put *put, const struct version *base, struct err *err)
{
    OWNED(version_reader_close) struct version_reader *reader = NULL;
    if (base->number == 0) return STATUS_OK;
    TRY(version_reader_open(&reader, run_store(put->run), base,
                            parallel_threads((size_t)put->invocation->common.threads), err));
    for (;;) {
        OWNED(batch_release) struct batch batch = {0};
        OWNED(batch_release) struct batch others = {0};
        bool end = false;
        TRY(interrupted(err));
        TRY(version_reader_next(reader, &batch, &end, err));
        if (end) break;
        TRY(key_set_others(put->keys, &batch, &others, err));
        put->rows_kept += others.rows;
        if (others.rows > 0) TRY(sorter_add(put->merged, &others, err));
    }
    put->rows_gone = base->rows - put->rows_kept;
    return STATUS_OK;
}

static enum status add_new(struct put *put, struct err *err)
{
    for (bool end = put->rows == NULL; !end;) {
        OWNED(batch_release) struct batch batch = {0};
        TRY(sorter_next(put->rows, &batch, &end, err));
        if (!end) TRY(sorter_add(put->merged, &batch, err));
    }
    return STATUS_OK;
}

static enum status merge(struct put *put, const struct version *base, struct err *err)
{
    TRY(sorter_open(&put->merged, put->schema, &put->columns, memory_limit(),
                    parallel_threads((size_t)put->invocation->common.threads), err));
    TRY(keep_others(put, base, err));
    return add_new(put, err);
}

/* ---- chunks: cut in order, written on any thread ---- */

struct writing {
    struct put *put;
    struct cutter *cutter;
    struct progress *progress;
};

struct piece {
    struct batch batch;
    struct prepared *prepared;
};

static void piece_drop(void *context, void *item)
{
    struct piece *piece = item;
    (void)context;
    batch_release(&piece->batch);
    prepared_free(&piece->prepared);
    memory_free(piece);
}

static enum status piece_pull(void *context, void **ret_item, struct err *err)
{
    struct writing *writing = context;
    struct piece *piece = NULL;
    bool end = false;
    *ret_item = NULL;
    TRY(interrupted(err));
    TRY(NEW(&piece, 1, err));
    enum status status = cutter_next(writing->cutter, &piece->batch, &end, err);
    if (status == STATUS_OK && !end) *ret_item = piece;
    if (*ret_item == NULL) piece_drop(NULL, piece);
    return status;
}

static enum status piece_prepare(void *context, void *item, struct err *err)
{
    struct writing *writing = context;
    struct piece *piece = item;
    return version_writer_prepare(writing->put->writer, &piece->batch, &piece->prepared, err);
}

static enum status piece_put(void *context, void *item, struct err *err)
{
    struct put *put = ((struct writing *)context)->put;
    struct piece *piece = item;
    put->rows_written += piece->batch.rows;
    progress_add(((struct writing *)context)->progress, piece->batch.rows);
    enum status status = version_writer_put(put->writer, &piece->prepared, err);
    piece_drop(NULL, piece);
    return status;
}

static enum status write_chunks(struct put *put, struct err *err)
{
    OWNED(cutter_close) struct cutter *cutter = NULL;
    struct writing writing = {.put = put};
    struct ordered ordered = {.threads = parallel_threads((size_t)put->invocation->common.threads),
                              .context = &writing,
                              .pull = piece_pull,
                              .work = piece_prepare,
                              .push = piece_put,
                              .drop = piece_drop};
    struct sorter *sorter = put->merged != NULL ? put->merged : put->rows;
    TRY(cutter_open(&cutter, sorter, put->schema, &put->columns, err));
    writing.cutter = cutter;
    TRY(progress_open(&writing.progress, &put->invocation->common, "write", "rows",
                      put->mode == PUT_DELETE ? put->rows_kept : put->rows_in + put->rows_kept,
                      err));
    enum status status = ordered_run(&ordered, err);
    progress_close(&writing.progress);
    return status;
}

/* ---- the version ---- */

/* In: the rows read. Out: those of them that are in the version; a key read for deletion has done
 * its work. */
static enum status check_balance(struct put *put, struct err *err)
{
    int64_t kept = put->mode == PUT_APPEND ? 0 : put->rows_kept;
    int64_t out = put->mode == PUT_DELETE ? put->rows_in : put->rows_written - kept;
    run_count(put->run,
              &(struct row_counts){.in = put->rows_in, .out = out, .bytes_in = put->bytes_in});
    if (put->mode == PUT_DELETE && put->rows_written != put->rows_kept)
        return fail(err, STATUS_FAILED, "row balance: %lld rows stay and %lld were written",
                    (long long)put->rows_kept, (long long)put->rows_written);
    return run_check_balance(put->run, err);
}

static enum status count_shared(struct put *put, struct err *err)
{
    return sql_number(run_store(put->run), &put->chunks_shared, 0, err,
                      "SELECT count(*) FROM version_chunks WHERE dataset = ?1 AND number = ?2 AND"
                      " digest IN (SELECT digest FROM version_chunks"
                      " WHERE dataset = ?1 AND number = ?2 - 1)",
                      "ti", put->version.dataset, put->version.number);
}

size_t put_spills(const struct put *put)
{
    return (put->rows == NULL ? 0 : sorter_spills(put->rows)) +
           (put->merged == NULL ? 0 : sorter_spills(put->merged));
}

/* ---- commit, or once more ---- */

static enum status write_version(struct put *put, struct version *ret_base, struct err *err)
{
    put->rows_written = put->rows_kept = put->rows_gone = 0;
    TRY(open_writer(put, ret_base, err));
    if (put->mode == PUT_APPEND && ret_base->number > 0) TRY(reuse_chunks(put, ret_base, err));
    if (put->keys != NULL) TRY(merge(put, ret_base, err));
    TRY(write_chunks(put, err));
    TRY(check_balance(put, err));
    TRY(run_metric(put->run, "sorted_runs_on_disk", (double)put_spills(put), "runs", err));
    TRY(run_metric(put->run, "commit_attempts", (double)put->attempts, "attempts", err));
    return run_metric(put->run, "rows_replaced_or_deleted", (double)put->rows_gone, "rows", err);
}

/* What was made from a version that is no longer the latest goes; the rows read stay. */
static enum status begin_again(struct put *put, struct err *err)
{
    version_writer_close(&put->writer);
    sorter_close(&put->merged);
    return put->rows == NULL ? STATUS_OK : sorter_rewind(put->rows, err);
}

static enum status fail_overtaken(const struct put *put, struct err *err)
{
    struct version latest = {0};
    TRY(version_resolve(run_store(put->run), put->view.dataset, &latest, err));
    fail(err, STATUS_BUSY,
         "another version of \"%s\" came first %lld time%s, at last version %lld of run %s: "
         "nothing was put",
         put->view.dataset, (long long)put->attempts, put->attempts == 1 ? "" : "s",
         (long long)latest.number, latest.run_id);
    err_hint(err, "put again when fewer runs write to it, or give --attempts a larger value");
    return STATUS_BUSY;
}

enum status put_write(struct put *put, struct err *err)
{
    struct version base;
    for (bool done = false; !done;) {
        if (put->attempts == put->attempts_maximum) return fail_overtaken(put, err);
        if (put->attempts++ > 0) TRY(begin_again(put, err));
        TRY(write_version(put, &base, err));
        if (put->mode == PUT_REPLACE) {
            TRY(version_writer_commit(put->writer, &put->version, err));
            break;
        }
        TRY(version_writer_commit_after(put->writer, base.number, &put->version, &done, err));
    }
    return count_shared(put, err);
}
