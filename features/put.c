/* features/put.c: `tamis-features put`: rows become a new version of a view. */
#include "features/commands.h"

#include "base/output.h"
#include "base/parallel.h"
#include "features/columns.h"
#include "features/cutter.h"
#include "features/pieces.h"
#include "features/recorded.h"
#include "features/sorter.h"
#include "features/view.h"
#include "lineage/sql.h"
#include "lineage/stage.h"

#include <stdio.h>

enum put_mode { PUT_REPLACE, PUT_APPEND };

struct put_args {
    int mode;
    bool accept_failed;
};

static const struct setting put_options[] = {
    {.name = "mode",
     .kind = SETTING_CHOICE,
     .offset = offsetof(struct put_args, mode),
     .fallback = "replace",
     .choices = "replace|append",
     .help = "the version holds these rows alone, or those of the latest version and these",
     .argument = "MODE"},
    {.name = "accept-failed",
     .kind = SETTING_FLAG,
     .offset = offsetof(struct put_args, accept_failed),
     .help = "commit although the input says its data failed the checks"},
    {0},
};

struct put {
    struct run *run;
    const struct invocation *invocation;
    struct view view;
    struct timeline_columns columns;
    struct schema *schema; /* of the version */
    size_t *chosen;        /* in the arena: columns of the input */
    struct sorter *sorter;
    struct cutter *cutter;
    struct version_writer *writer;
    struct version version;
    int64_t rows_in, rows_out, bytes_in, chunks_shared;
};

static void put_release(struct put *put)
{
    schema_unref(&put->schema);
    cutter_close(&put->cutter);
    sorter_close(&put->sorter);
    version_writer_close(&put->writer);
}

/* ---- columns ---- */

static bool is_personal(const struct view *view, const char *column)
{
    for (size_t i = 0; i < view->personal.count; i++)
        if (strcmp(view->personal.items[i], column) == 0) return true;
    return false;
}

/* Marks personal columns, so that the catalog keeps no minimum or maximum of them. */
static enum status add_field(struct put *put, const struct field *field, struct err *err)
{
    struct field marked = *field;
    size_t count = field->metadata.count;
    if (!is_personal(&put->view, field->name)) return schema_add(put->schema, field, err);
    marked.metadata.pairs =
        arena_get(put->invocation->arena, count + 1, sizeof *marked.metadata.pairs);
    if (marked.metadata.pairs == NULL) return fail_memory(err, count);
    if (count > 0)
        memcpy(marked.metadata.pairs, field->metadata.pairs, count * sizeof *marked.metadata.pairs);
    marked.metadata.pairs[count] = (struct metadata_pair){str_of("tamis:personal"), str_of("true")};
    marked.metadata.count = count + 1;
    return schema_add(put->schema, &marked, err);
}

static void tell_left_out(const struct put *put, const struct schema *schema, size_t kept)
{
    if (kept == schema->count) return;
    log_line(&put->invocation->common, false,
             "%zu of %zu columns are not in view \"%s\" and are left out", schema->count - kept,
             schema->count, put->view.name);
}

static enum status choose_columns(struct put *put, const struct schema *schema, struct err *err)
{
    OWNED(schema_unref) struct schema *plain = NULL;
    size_t count;
    TRY(view_select(&put->view, schema, &put->chosen, &count, put->invocation->arena, err));
    TRY(columns_schema(&plain, schema, put->chosen, count, err));
    TRY(schema_new(&put->schema, err));
    for (size_t i = 0; i < count; i++) {
        TRY(add_field(put, &plain->fields[i], err));
        TRY(run_column_edge(put->run, plain->fields[i].name, plain->fields[i].name, "DIRECT",
                            "IDENTITY", false, err));
    }
    tell_left_out(put, schema, count);
    return columns_metadata(put->schema, schema, err);
}

/* ---- reading and sorting ---- */

static enum status read_rows(struct put *put, struct stage_input *input, struct err *err)
{
    for (;;) {
        OWNED(batch_release) struct batch batch = {0};
        OWNED(batch_release) struct batch chosen = {0};
        bool end = false;
        TRY(stage_input_next(input, &batch, &end, err));
        if (end) break;
        TRY(columns_batch(&chosen, put->schema, &batch, put->chosen, err));
        TRY(sorter_add(put->sorter, &chosen, err));
    }
    put->rows_in = stage_input_rows(input);
    put->bytes_in = stage_input_bytes(input);
    return STATUS_OK;
}

static enum status read_input(struct put *put, const char *operand, struct err *err)
{
    OWNED(stage_input_close) struct stage_input *input = NULL;
    const struct common *common = &put->invocation->common;
    TRY(stage_input_open(&input, operand, put->run, common, err));
    TRY(choose_columns(put, stage_input_schema(input), err));
    put->columns = view_columns(&put->view);
    TRY(sorter_open(&put->sorter, put->schema, &put->columns, memory_limit(),
                    parallel_threads((size_t)common->threads), err));
    return read_rows(put, input, err);
}

/* A run upstream whose data failed its checks: nothing is committed unless asked for. */
static enum status check_verdict(const struct put *put, const struct put_args *args,
                                 struct err *err)
{
    if (!run_verdict_is_failed(put->run) || args->accept_failed) return STATUS_OK;
    fail(err, STATUS_VERDICT, "the input says its data failed the checks: nothing was put into %s",
         put->view.dataset);
    err_hint(err, "--accept-failed puts it all the same");
    return STATUS_VERDICT;
}

/* ---- writing ---- */

/* The latest version when rows are appended; number 0 where there is none. */
static enum status find_base(struct put *put, struct version *ret, int64_t *ret_pieces,
                             struct err *err)
{
    struct store *store = run_store(put->run);
    OWNED(version_reader_close) struct version_reader *reader = NULL;
    *ret = (struct version){0};
    *ret_pieces = 0;
    TRY(latest_number(store, put->view.dataset, &ret->number, err));
    if (ret->number == 0) return STATUS_OK;
    TRY(version_resolve(store, put->view.dataset, ret, err));
    TRY(version_reader_open(&reader, store, ret, 1, err));
    const struct schema *schema = version_reader_schema(reader);
    *ret_pieces = ret->rows > 0 ? sorted_pieces(schema) : 0;
    if (schema_equal(schema, put->schema)) return STATUS_OK;
    fail(err, STATUS_FAILED, "version %lld of \"%s\" has other columns or types than these rows",
         (long long)ret->number, put->view.dataset);
    err_hint(err, "tamis-features put --mode replace starts anew");
    return STATUS_FAILED;
}

/* Opens the writer, alone when rows are appended: what they are appended to must not change. */
static enum status open_writer(struct put *put, bool append, struct version *ret_base,
                               struct err *err)
{
    int64_t pieces = 0, number;
    *ret_base = (struct version){0};
    if (append) TRY(find_base(put, ret_base, &pieces, err));
    TRY(set_sorted_pieces(put->schema, pieces + 1, err));
    TRY(version_writer_open(&put->writer, put->run, put->view.dataset, put->schema, append, err));
    if (!append) return STATUS_OK;
    TRY(latest_number(run_store(put->run), put->view.dataset, &number, err));
    if (number == ret_base->number) return STATUS_OK;
    version_writer_close(&put->writer);
    return open_writer(put, append, ret_base, err);
}

/* The chunks of the base stand in front, as they are. */
static enum status reuse_chunks(struct put *put, const struct version *base, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *statement = NULL;
    char input[300], output[64 + 8];
    if (base->number == 0) return STATUS_OK;
    TRY(sql_open(run_store(put->run), &statement, err,
                 "SELECT digest FROM version_chunks WHERE dataset = ? AND number = ? "
                 "ORDER BY position",
                 "ti", base->dataset, base->number));
    for (bool row = base->rows > 0; row;) {
        TRY(sql_next(run_store(put->run), statement, &row, err));
        if (row) TRY(version_writer_reuse(put->writer, sql_text(statement, 0), err));
        put->chunks_shared += row;
    }
    snprintf(input, sizeof input, "version:%s@%lld", base->dataset, (long long)base->number);
    snprintf(output, sizeof output, "stream:%s", run_id(put->run));
    return run_edge(put->run, input, output, err);
}

/* Sorted rows on their way into a chunk. */
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
    struct put *put = context;
    struct piece *piece = NULL;
    bool end = false;
    *ret_item = NULL;
    TRY(interrupted(err));
    TRY(NEW(&piece, 1, err));
    enum status status = cutter_next(put->cutter, &piece->batch, &end, err);
    if (status == STATUS_OK && !end) *ret_item = piece;
    if (*ret_item == NULL) piece_drop(NULL, piece);
    return status;
}

static enum status piece_prepare(void *context, void *item, struct err *err)
{
    struct put *put = context;
    struct piece *piece = item;
    return version_writer_prepare(put->writer, &piece->batch, &piece->prepared, err);
}

static enum status piece_put(void *context, void *item, struct err *err)
{
    struct put *put = context;
    struct piece *piece = item;
    put->rows_out += piece->batch.rows;
    enum status status = version_writer_put(put->writer, &piece->prepared, err);
    piece_drop(NULL, piece);
    return status;
}

static enum status write_version(struct put *put, bool append, struct err *err)
{
    struct version base;
    struct ordered ordered = {.threads = parallel_threads((size_t)put->invocation->common.threads),
                              .context = put,
                              .pull = piece_pull,
                              .work = piece_prepare,
                              .push = piece_put,
                              .drop = piece_drop};
    TRY(open_writer(put, append, &base, err));
    TRY(reuse_chunks(put, &base, err));
    TRY(cutter_open(&put->cutter, put->sorter, put->schema, &put->columns, err));
    TRY(ordered_run(&ordered, err));
    run_count(put->run, &(struct row_counts){
                            .in = put->rows_in, .out = put->rows_out, .bytes_in = put->bytes_in});
    TRY(run_check_balance(put->run, err));
    return version_writer_commit(put->writer, &put->version, err);
}

/* ---- the command ---- */

static enum status tell(const struct put *put, struct err *err)
{
    OWNED(bytes_release) struct bytes json = bytes_limited(1 << 20);
    OWNED(output_close) struct output *output = NULL;
    const struct version *version = &put->version;
    char digest[DIGEST_TEXT];
    char kept[64] = "", sorted[64] = "";
    if (put->chunks_shared > 0)
        snprintf(kept, sizeof kept, ", %lld of them as before", (long long)put->chunks_shared);
    if (sorter_spills(put->sorter) > 0)
        snprintf(sorted, sizeof sorted, ", sorted on disk in %zu runs", sorter_spills(put->sorter));
    log_line(&put->invocation->common, false, "%s@%lld: %lld rows in %lld chunk%s%s%s",
             version->dataset, (long long)version->number, (long long)version->rows,
             (long long)version->chunks, version->chunks == 1 ? "" : "s", kept, sorted);
    if (!put->invocation->common.json) return STATUS_OK;
    TRY(bytes_format(&json, err,
                     "{\"dataset\":\"%s\",\"number\":%lld,\"rows\":%lld,\"chunks\":%lld,"
                     "\"chunks_kept\":%lld,\"digest\":\"%s\",\"run_id\":\"%s\"}\n",
                     version->dataset, (long long)version->number, (long long)version->rows,
                     (long long)version->chunks, (long long)put->chunks_shared,
                     digest_text(&version->digest, digest), run_id(put->run)));
    TRY(output_open(&output, NULL, err));
    TRY(output_write(output, json.data, json.size, err));
    return output_commit(output, err);
}

static enum status put_rows(struct run *run, struct invocation *invocation, struct err *err)
{
    const struct put_args *args = invocation->args;
    const char *operand = invocation->operand_count > 1 ? invocation->operands[1] : NULL;
    OWNED(put_release) struct put put = {.run = run, .invocation = invocation};
    TRY(view_find(&put.view, run_store(run), invocation->operands[0], invocation->arena, err));
    TRY(run_config(run, str_of(put.view.definition), &put.view.digest, err));
    TRY(read_input(&put, operand, err));
    TRY(check_verdict(&put, args, err));
    TRY(write_version(&put, args->mode == PUT_APPEND, err));
    TRY(run_metric(run, "sorted_runs_on_disk", (double)sorter_spills(put.sorter), "runs", err));
    return tell(&put, err);
}

static enum status put_run(struct invocation *invocation, struct err *err)
{
    return recorded(invocation, "features put", STORE_THERE, put_rows, err);
}

const struct command put_command = {
    .name = "put",
    .operands = "VIEW [FILE|tamis:DATASET[@REF]]",
    .summary = "write rows as a new version of a view",
    .details =
        "The view's columns are checked and kept, with provenance; rows are sorted by entity, "
        "event time and created time, equal ones in the order they came. The version appears "
        "whole or not at all and never changes again. Appended rows are sorted among themselves "
        "and stand behind the chunks of the latest version, which are shared.",
    .examples = "tamis-ingest activity.csv | tamis-clean --recipe activity.yaml | \\\n"
                "    tamis-features put user_activity\n"
                "tamis-features put user_activity day.arrow --mode append",
    .options = put_options,
    .args_bytes = sizeof(struct put_args),
    .operands_minimum = 1,
    .operands_maximum = 2,
    .run = put_run,
    .common_without = "output|explain|as-of|seed",
};
