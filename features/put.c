/* features/put.c: `tamis-features put`: rows become a new version of a view. */
#include "features/commands.h"

#include "base/output.h"
#include "base/parallel.h"
#include "features/columns.h"
#include "features/dependence.h"
#include "features/put.h"
#include "features/put_shards.h"
#include "features/recorded.h"
#include "lineage/stage.h"

#include <stdio.h>

struct put_args {
    int mode;
    bool accept_failed;
    bool shards;
    int64_t attempts;
};

static const struct setting put_options[] = {
    {.name = "mode",
     .kind = SETTING_CHOICE,
     .offset = offsetof(struct put_args, mode),
     .fallback = "replace",
     .choices = "replace|append|upsert|delete",
     .help = "what becomes of the latest version's rows: left out, kept, kept but where a row with "
             "the same entity and times comes, kept but where a key comes",
     .argument = "MODE"},
    {.name = "accept-failed",
     .kind = SETTING_FLAG,
     .offset = offsetof(struct put_args, accept_failed),
     .help = "commit although the input says its data failed the checks"},
    {.name = "shards",
     .kind = SETTING_FLAG,
     .offset = offsetof(struct put_args, shards),
     .help = "the files are all shards of one table, in any order: they become one version"},
    {.name = "attempts",
     .kind = SETTING_INT,
     .offset = offsetof(struct put_args, attempts),
     .fallback = "32",
     .minimum = 1,
     .maximum = 1e6,
     .help = "how often an append, upsert or delete is tried when another version comes first",
     .argument = "N"},
    {0},
};

static void put_release(struct put *put)
{
    schema_unref(&put->schema);
    schema_unref(&put->first);
    sorter_close(&put->rows);
    sorter_close(&put->merged);
    key_set_close(&put->keys);
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

/* Rows are sorted by their keys; what stays of the latest version has the same columns, and upsert
 * takes out of it what has the keys of a row that was read. */
static enum status tell_dependence(const struct put *put, const char *node, struct err *err)
{
    const char *input = put->mode == PUT_REPLACE ? node : NULL;
    for (size_t i = 0; i < put->schema->count; i++)
        TRY(run_column_same(put->run, input, put->schema->fields[i].name, err));
    if (put->mode == PUT_UPSERT)
        TRY(depends_on_keys(put->run, &put->view, NULL, "FILTER", put->schema, err));
    return depends_on_keys(put->run, &put->view, input, "SORT", put->schema, err);
}

static enum status choose_columns(struct put *put, const struct schema *schema, struct err *err)
{
    OWNED(schema_unref) struct schema *plain = NULL;
    size_t count;
    TRY(view_select(&put->view, schema, &put->chosen, &count, put->invocation->arena, err));
    TRY(columns_schema(&plain, schema, put->chosen, count, err));
    TRY(schema_new(&put->schema, err));
    for (size_t i = 0; i < count; i++)
        TRY(add_field(put, &plain->fields[i], err));
    tell_left_out(put, schema, count);
    return shards_metadata(put->schema, schema, err);
}

/* ---- reading and sorting ---- */

static enum status read_batch(struct put *put, const struct batch *batch, struct err *err)
{
    OWNED(batch_release) struct batch chosen = {0};
    if (put->mode == PUT_DELETE) return key_set_add(put->keys, batch, false, err);
    TRY(columns_batch(&chosen, put->schema, batch, put->chosen, err));
    if (put->keys != NULL) TRY(key_set_add(put->keys, &chosen, true, err));
    return sorter_add(put->rows, &chosen, err);
}

static enum status read_rows(struct put *put, struct stage_input *input, struct err *err)
{
    for (;;) {
        OWNED(batch_release) struct batch batch = {0};
        bool end = false;
        TRY(stage_input_next(input, &batch, &end, err));
        if (end) break;
        TRY(read_batch(put, &batch, err));
    }
    put->rows_in += stage_input_rows(input);
    put->bytes_in += stage_input_bytes(input);
    return STATUS_OK;
}

static enum status open_parts(struct put *put, const struct schema *input, struct err *err)
{
    const struct common *common = &put->invocation->common;
    put->columns = view_columns(&put->view);
    if (put->mode == PUT_DELETE) return key_set_open(&put->keys, &put->view, input, err);
    TRY(choose_columns(put, input, err));
    if (put->mode == PUT_UPSERT) TRY(key_set_open(&put->keys, &put->view, put->schema, err));
    return sorter_open(&put->rows, put->schema, &put->columns, memory_limit(),
                       parallel_threads((size_t)common->threads), err);
}

/* The columns are those of the first input. */
static enum status follow(struct put *put, const struct stage_input *input, struct err *err)
{
    const struct schema *schema = stage_input_schema(input);
    if (put->first == NULL) {
        put->first = schema_ref(schema);
        return open_parts(put, schema, err);
    }
    if (schema_equal(put->first, schema)) return STATUS_OK;
    return fail(err, STATUS_USAGE, "%s: other columns than those of the first shard",
                stage_input_node(input));
}

static enum status read_input(struct put *put, const char *operand, bool part, struct err *err)
{
    OWNED(stage_input_close) struct stage_input *input = NULL;
    TRY(stage_input_open(&input, operand, put->run, &put->invocation->common, err));
    TRY(stage_input_progress(input, &put->invocation->common, "read", err));
    if (!part) TRY(shards_refuse_part(stage_input_schema(input), err));
    TRY(follow(put, input, err));
    if (put->mode != PUT_DELETE) TRY(tell_dependence(put, stage_input_node(input), err));
    return read_rows(put, input, err);
}

/* Rows of shards come in the order of the shards, as from one run. */
static enum status read_shards(struct put *put, struct err *err)
{
    const char **ordered = NULL;
    const struct invocation *invocation = put->invocation;
    size_t count = invocation->operand_count - 1;
    if (count == 0) return fail(err, STATUS_USAGE, "--shards: found no files");
    TRY(shards_order(invocation->operands + 1, count, invocation->arena, &ordered, err));
    for (size_t i = 0; i < count; i++)
        TRY(read_input(put, ordered[i], true, err));
    return STATUS_OK;
}

static enum status read_all(struct put *put, const struct put_args *args, struct err *err)
{
    const struct invocation *invocation = put->invocation;
    if (args->shards) return read_shards(put, err);
    if (invocation->operand_count > 2) {
        (void)fail(err, STATUS_USAGE, "found %zu inputs, expected one",
                   invocation->operand_count - 1);
        err_hint(err, "--shards makes one version of the files of all shards");
        return STATUS_USAGE;
    }
    return read_input(put, invocation->operand_count > 1 ? invocation->operands[1] : NULL, false,
                      err);
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

/* ---- the command ---- */

static enum status tell(const struct put *put, struct err *err)
{
    OWNED(bytes_release) struct bytes json = bytes_limited(1 << 20);
    OWNED(output_close) struct output *output = NULL;
    const struct version *version = &put->version;
    char digest[DIGEST_TEXT];
    char shared[64] = "", gone[64] = "", sorted[64] = "", again[64] = "";
    if (put->chunks_shared > 0)
        snprintf(shared, sizeof shared, ", %lld of them as before", (long long)put->chunks_shared);
    if (put->keys != NULL)
        snprintf(gone, sizeof gone, ", %lld rows %s", (long long)put->rows_gone,
                 put->mode == PUT_DELETE ? "deleted" : "replaced");
    if (put_spills(put) > 0)
        snprintf(sorted, sizeof sorted, ", sorted on disk in %zu runs", put_spills(put));
    if (put->attempts > 1)
        snprintf(again, sizeof again, ", at attempt %lld", (long long)put->attempts);
    log_line(&put->invocation->common, false, "%s@%lld: %lld rows in %lld chunk%s%s%s%s%s",
             version->dataset, (long long)version->number, (long long)version->rows,
             (long long)version->chunks, version->chunks == 1 ? "" : "s", shared, gone, sorted,
             again);
    if (!put->invocation->common.json) return STATUS_OK;
    TRY(bytes_format(
        &json, err,
        "{\"dataset\":\"%s\",\"number\":%lld,\"rows\":%lld,\"chunks\":%lld,"
        "\"chunks_shared\":%lld,\"rows_gone\":%lld,\"digest\":\"%s\",\"run_id\":\"%s\"}\n",
        version->dataset, (long long)version->number, (long long)version->rows,
        (long long)version->chunks, (long long)put->chunks_shared, (long long)put->rows_gone,
        digest_text(&version->digest, digest), run_id(put->run)));
    TRY(output_open(&output, NULL, err));
    TRY(output_write(output, json.data, json.size, err));
    return output_commit(output, err);
}

/* tamis:DATASET@new: what this view has not read. Only an upsert may meet rows twice, as it does
 * when another put of the same rows comes first. */
static enum status follow_new(struct put *put, const char *operand, bool *ret, struct err *err)
{
    size_t size = operand == NULL ? 0 : strlen(operand);
    *ret = size > 4 && strcmp(operand + size - 4, "@new") == 0;
    if (!*ret) return STATUS_OK;
    if (put->mode != PUT_UPSERT) {
        fail(err, STATUS_USAGE, "\"%s\" can only be put with --mode upsert", operand);
        err_hint(err, "or read all of it, without @new");
        return STATUS_USAGE;
    }
    run_into(put->run, put->view.dataset);
    return STATUS_OK;
}

static enum status tell_nothing_new(const struct put *put, struct err *err)
{
    OWNED(bytes_release) struct bytes json = bytes_limited(1 << 16);
    OWNED(output_close) struct output *output = NULL;
    TRY(run_check_balance(put->run, err));
    log_line(&put->invocation->common, false, "%s: nothing new: no version was put",
             put->view.dataset);
    if (!put->invocation->common.json) return STATUS_OK;
    TRY(bytes_format(&json, err, "{\"dataset\":\"%s\",\"number\":null,\"rows\":0}\n",
                     put->view.dataset));
    TRY(output_open(&output, NULL, err));
    TRY(output_write(output, json.data, json.size, err));
    return output_commit(output, err);
}

static enum status put_rows(struct run *run, struct invocation *invocation, struct err *err)
{
    const struct put_args *args = invocation->args;
    const char *operand = invocation->operand_count > 1 ? invocation->operands[1] : NULL;
    bool only_new;
    OWNED(put_release)
    struct put put = {.run = run,
                      .invocation = invocation,
                      .mode = (enum put_mode)args->mode,
                      .attempts_maximum = args->attempts};
    TRY(view_find(&put.view, run_store(run), invocation->operands[0], invocation->arena, err));
    TRY(run_config(run, str_of(put.view.definition), &put.view.digest, err));
    TRY(follow_new(&put, args->shards ? NULL : operand, &only_new, err));
    TRY(read_all(&put, args, err));
    TRY(check_verdict(&put, args, err));
    if (only_new && put.rows_in == 0) return tell_nothing_new(&put, err);
    TRY(put_write(&put, err));
    return tell(&put, err);
}

static enum status put_run(struct invocation *invocation, struct err *err)
{
    return recorded(invocation, "features put", STORE_THERE, put_rows, err);
}

const struct command put_command = {
    .name = "put",
    .operands = "VIEW [FILE|tamis:DATASET[@REF]]...",
    .summary = "write rows as a new version of a view",
    .details =
        "The view's columns are checked and kept, with provenance; rows are sorted by entity, "
        "event time and created time, equal ones in the order they came. The version appears "
        "whole or not at all and never changes again; chunks that are the same as before are "
        "shared. Appended rows are sorted among themselves and stand behind the latest version's. "
        "An upsert replaces rows of the same entity, event time and created time. A delete reads "
        "keys: with the times, single rows go; with the entity alone, all its rows.\n\n"
        "An upsert of tamis:DATASET@new reads what no put of this view has read yet.\n\n"
        "Puts do not wait for each other: an append, upsert or delete is made from the version "
        "that is the latest when its input ends, and committed if it still is; otherwise it is "
        "made again from the one that came first, without reading the input again. After "
        "--attempts of that, exit 75.\n\n"
        "With --shards the files are what tamis-clean apply or tamis-ingest --shard wrote, in any "
        "order: the version is that of one run over all rows. A missing, duplicate or foreign "
        "shard "
        "is refused, and one shard of several without --shards too.",
    .examples = "tamis-ingest activity.csv | tamis-clean --recipe activity.yaml | \\\n"
                "    tamis-features put user_activity\n"
                "tamis-features put user_activity day.arrow --mode append\n"
                "tamis-features put user_activity --shards clean*.arrow\n"
                "tamis-features put user_activity tamis:clean/activity@new --mode upsert",
    .options = put_options,
    .args_bytes = sizeof(struct put_args),
    .operands_minimum = 1,
    .operands_maximum = SIZE_MAX,
    .run = put_run,
    .common_without = "output|explain|as-of|seed",
};
