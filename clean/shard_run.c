/* clean/shard_run.c: a run of tamis-clean over one shard. */
#include "clean/shard_run.h"

#include "base/command.h"
#include "clean/batch_bytes.h"
#include "lineage/chunk.h"

#include <stdio.h>
#include <stdlib.h>

#define RECIPE_BYTES_MAXIMUM ((size_t)16 << 20)
#define SCHEMA_BYTES_MAXIMUM ((size_t)256 << 20)
#define SHARDS_MAXIMUM       100000

void shard_run_release(struct shard_run *run)
{
    merged_close(&run->learned);
    run->head.extents = NULL; /* borrowed */
    shard_head_release(&run->head);
}

static enum status parse_shard(const char *text, int64_t *ret_index, int64_t *ret_count,
                               struct err *err)
{
    char *end = NULL, shown[64];
    *ret_index = strtoll(text, &end, 10);
    *ret_count = *end == '/' ? strtoll(end + 1, &end, 10) : 0;
    bool digits = text[0] >= '1' && text[0] <= '9' && strspn(text, "0123456789/") == strlen(text);
    if (digits && *end == '\0' && *ret_index <= *ret_count && *ret_count <= SHARDS_MAXIMUM)
        return STATUS_OK;
    return fail(err, STATUS_USAGE, "--shard \"%s\" where I/N was expected, with I from 1 to N",
                escape_for_terminal(str_of(text), shown, sizeof shown));
}

/* ---- the merged state ---- */

enum status shard_run_open(struct shard_run *ret, const struct shard_args *args, const char *state,
                           struct err *err)
{
    struct shard_head *head = &ret->head;
    if (args->shard == NULL) {
        (void)fail(err, STATUS_USAGE, "found no --shard, expected --shard I/N");
        err_hint(err, "--shard 1/1 is all of the input");
        return STATUS_USAGE;
    }
    TRY(parse_shard(args->shard, &head->index, &head->count, err));
    if (state == NULL) return STATUS_OK;
    TRY(merged_open(&ret->learned, state, err));
    const struct shard_head *merged = merged_head(ret->learned);
    head->previous = merged_digest(ret->learned);
    if (merged->count != head->count || merged->extent_count != (size_t)merged->count)
        return fail(err, STATUS_USAGE, "state \"%s\" is one of %lld shards, --shard says %lld",
                    state, (long long)merged->count, (long long)head->count);
    ret->extent = merged->extents[head->index - 1];
    return STATUS_OK;
}

static enum status name_recipe(struct shard_run *run, const struct recipe *recipe,
                               const struct step_options *options, struct err *err)
{
    OWNED(bytes_release) struct bytes json = bytes_limited(RECIPE_BYTES_MAXIMUM);
    struct digest recipe_digest;
    struct digester digester;
    struct shard_head *head = &run->head;
    TRY(recipe_json(recipe, &json, &recipe_digest, err));
    digester_begin(&digester);
    digester_add_field(&digester, json.data, json.size); /* the same from a file and from a state */
    digester_add_field(&digester, &options->seed, sizeof options->seed);
    digester_add_field(&digester, &options->as_of, sizeof options->as_of);
    digester_add_field(&digester, tamis_version(), strlen(tamis_version()));
    head->recipe = digester_end(&digester);
    head->seed = options->seed;
    head->as_of = options->as_of;
    head->recipe_json = memory_copy_text((const char *)json.data, json.size);
    head->tool = memory_copy_text(tamis_version(), strlen(tamis_version()));
    return head->recipe_json == NULL || head->tool == NULL ? fail_memory(err, json.size)
                                                           : STATUS_OK;
}

enum status shard_run_recipe(struct shard_run *run, struct recipe *ret, const char *path,
                             const struct text_list *lines, struct err *err)
{
    if (run->learned != NULL && path == NULL && lines->count == 0)
        return merged_recipe(run->learned, ret, err);
    return recipe_load(ret, path, lines, err);
}

void shard_run_options(const struct shard_run *run, struct step_options *options)
{
    if (run->learned == NULL) return;
    options->seed = merged_head(run->learned)->seed;
    options->as_of = merged_head(run->learned)->as_of;
}

/* ---- the input ---- */

static enum status number_at(const struct schema *schema, const char *key, int64_t *ret,
                             struct err *err)
{
    char text[24], *end = NULL;
    struct str value = metadata_get(&schema->metadata, key);
    *ret = -1;
    if (value.data == NULL) return STATUS_OK;
    snprintf(text, sizeof text, "%.*s", (int)(value.size < 20 ? value.size : 20), value.data);
    *ret = strtoll(text, &end, 10);
    if (value.size > 0 && *end == '\0' && *ret >= 0) return STATUS_OK;
    return fail(err, STATUS_FAILED, "metadata \"%s\" of the input is no number", key);
}

static enum status check_shard_key(const struct shard_run *run, const struct schema *schema,
                                   struct err *err)
{
    char mine[48], theirs[48];
    struct str value = metadata_get(&schema->metadata, SHARD_KEY);
    if (value.data == NULL) return STATUS_OK;
    snprintf(mine, sizeof mine, "%lld/%lld", (long long)run->head.index,
             (long long)run->head.count);
    if (str_is(value, mine)) return STATUS_OK;
    return fail(err, STATUS_USAGE, "the input is shard %s, --shard says %s",
                escape_for_terminal(value, theirs, sizeof theirs), mine);
}

static enum status fail_place(const struct shard_run *run, struct err *err)
{
    (void)fail(err, STATUS_USAGE, "nobody says which row of all shards is the first of shard %lld",
               (long long)run->head.index);
    err_hint(err,
             "read what tamis-ingest --shard wrote, give --first-row, or begin with --round 0");
    return STATUS_USAGE;
}

/* First row and window: from --first-row, the input, or the merged state. */
static enum status place_shard(struct shard_run *run, const struct shard_args *args,
                               const struct schema *schema, struct err *err)
{
    int64_t row = args->first_row, window = args->first_window;
    if (run->learned != NULL || run->head.round == 0) return STATUS_OK;
    if (row < 0) TRY(number_at(schema, FIRST_ROW_KEY, &row, err));
    if (row < 0 && run->head.index == 1) row = 0;
    if (row < 0) return fail_place(run, err);
    run->window_given = window >= 0;
    run->extent.first_row = row;
    run->extent.first_window = window < 0 ? row / BATCH_ROWS_MAXIMUM : window;
    return STATUS_OK;
}

static enum status name_run(struct shard_run *run, const struct shard_args *args,
                            const struct schema *schema, struct err *err)
{
    struct str plan = metadata_get(&schema->metadata, PLAN_KEY);
    struct str name = plan.data == NULL ? str_of("") : plan;
    if (run->learned != NULL) name = str_of(merged_head(run->learned)->run);
    if (args->run != NULL && run->learned != NULL && !str_is(name, args->run)) {
        char shown[64];
        return fail(err, STATUS_USAGE, "foreign: the merged state is of run \"%s\", not of --run",
                    escape_for_terminal(name, shown, sizeof shown));
    }
    if (args->run != NULL) name = str_of(args->run);
    run->head.run = memory_copy_text(name.data, name.size);
    return run->head.run == NULL ? fail_memory(err, name.size) : STATUS_OK;
}

static bool is_zero(const struct digest *digest)
{
    static const struct digest zero;
    return memcmp(digest, &zero, sizeof zero) == 0;
}

/* Names the bytes that are read, where they can be read again. */
static enum status name_input(struct shard_run *run, const struct stage_input *input,
                              const char *operand, struct err *err)
{
    struct digest digest = {0};
    int64_t bytes;
    if (stage_input_can_rewind(input)) {
        if (strncmp(operand, "tamis:", 6) == 0)
            digest = digest_of(stage_input_node(input), strlen(stage_input_node(input)));
        else
            TRY(file_digest(operand, &digest, &bytes, err));
    }
    bool other = run->learned != NULL && !is_zero(&digest) && !is_zero(&run->extent.input) &&
                 memcmp(&digest, &run->extent.input, sizeof digest) != 0;
    if (other) {
        (void)fail(err, STATUS_USAGE, "stale: the input is not what the state has learned from");
        err_hint(err, "fit all rounds anew, or read the shard that was fitted");
        return STATUS_USAGE;
    }
    run->extent.input = digest;
    return STATUS_OK;
}

static enum status check_learned(const struct shard_run *run, struct err *err)
{
    if (run->learned == NULL) return STATUS_OK;
    const struct shard_head *merged = merged_head(run->learned), *head = &run->head;
    if (memcmp(&merged->recipe, &head->recipe, sizeof head->recipe) != 0) {
        (void)fail(err, STATUS_USAGE, "foreign: the merged state is of another recipe or version");
        err_hint(err, "leave --recipe and -m out to use the recipe in the state");
        return STATUS_USAGE;
    }
    if (merged->schema.size == head->schema.size &&
        memcmp(merged->schema.data, head->schema.data, head->schema.size) == 0)
        return STATUS_OK;
    return fail(err, STATUS_USAGE, "foreign: the input has other columns than the merged state");
}

/* The columns of the input; of its metadata nothing but ours differs between shards. */
static enum status name_schema(struct shard_run *run, const struct schema *schema, struct err *err)
{
    OWNED(schema_unref) struct schema *bare = NULL;
    TRY(schema_new(&bare, err));
    for (size_t i = 0; i < schema->count; i++)
        TRY(schema_add(bare, &schema->fields[i], err));
    run->head.schema = bytes_limited(SCHEMA_BYTES_MAXIMUM);
    return schema_to_bytes(bare, &run->head.schema, err);
}

static void name_secret(struct shard_run *run)
{
    struct digester digester;
    digester_begin(&digester);
    digester_add_field(&digester, "secret of shards", 16);
    digester_add_field(&digester, run->head.run, strlen(run->head.run));
    digester_add_field(&digester, &run->head.recipe, sizeof run->head.recipe);
    struct digest digest = digester_end(&digester);
    memcpy(run->secret, digest.bytes, sizeof run->secret);
}

enum status shard_run_input(struct shard_run *run, const struct shard_args *args,
                            const struct recipe *recipe, const struct step_options *options,
                            const struct stage_input *input, const char *operand, struct err *err)
{
    const struct schema *schema = stage_input_schema(input);
    TRY(check_shard_key(run, schema, err));
    TRY(name_recipe(run, recipe, options, err));
    TRY(name_schema(run, schema, err));
    TRY(check_learned(run, err));
    TRY(name_run(run, args, schema, err));
    TRY(place_shard(run, args, schema, err));
    TRY(name_input(run, input, operand, err));
    name_secret(run);
    run->head.extents = &run->extent;
    run->head.extent_count = 1;
    return STATUS_OK;
}

/* ---- the chain ---- */

enum status shard_run_chain(struct shard_run *run, struct chain *chain, struct err *err)
{
    chain->cutting.first_row = run->extent.first_row;
    chain->cutting.first_window = run->extent.first_window;
    if (run->learned == NULL) return STATUS_OK;
    return merged_load(run->learned, chain, &run->extent, err);
}

/* A shard without rows may lie anywhere. */
static enum status check_border(const struct shard_run *run, struct err *err)
{
    const struct shard_extent *extent = &run->extent;
    int64_t row = extent->first_row;
    if (run->head.round == 0 || extent->rows == 0 || run->learned != NULL || run->window_given ||
        row % BATCH_ROWS_MAXIMUM == 0)
        return STATUS_OK;
    (void)fail(err, STATUS_USAGE,
               "shard %lld begins with row %lld, which is not where a window of %d rows begins",
               (long long)run->head.index, (long long)row, BATCH_ROWS_MAXIMUM);
    err_hint(err, "begin with --round 0, which counts windows of any size");
    return STATUS_USAGE;
}

enum status shard_run_rows(struct shard_run *run, const struct chain *chain, struct err *err)
{
    struct shard_extent *extent = &run->extent;
    const struct cutting *cutting = &chain->cutting;
    bool same = extent->rows == chain->rows_in && extent->windows == cutting->windows;
    if (run->learned != NULL && !same) {
        (void)fail(
            err, STATUS_FAILED,
            "stale: found %lld rows in %lld windows, the state has learned from %lld in %lld",
            (long long)chain->rows_in, (long long)cutting->windows, (long long)extent->rows,
            (long long)extent->windows);
        err_hint(err, "fit all rounds anew, or read the shard that was fitted");
        return STATUS_FAILED;
    }
    extent->rows = chain->rows_in;
    extent->windows = cutting->windows;
    extent->last_rows = cutting->last_rows;
    extent->last_bytes = cutting->last_bytes;
    extent->first_bytes = cutting->first_bytes;
    return check_border(run, err);
}

/* ---- resuming ---- */

static bool same_state(const struct shard_head *a, const struct shard_head *b)
{
    return a->kind == b->kind && a->round == b->round && a->index == b->index &&
           a->count == b->count && strcmp(a->run, b->run) == 0 &&
           memcmp(&a->recipe, &b->recipe, sizeof a->recipe) == 0 &&
           memcmp(&a->previous, &b->previous, sizeof a->previous) == 0 &&
           a->schema.size == b->schema.size &&
           memcmp(a->schema.data, b->schema.data, a->schema.size) == 0;
}

bool shard_run_is_done(const struct shard_run *run, const char *path)
{
    OWNED(shard_close) struct shard_file *file = NULL;
    if (is_zero(&run->extent.input) || shard_open(&file, path, NULL) != STATUS_OK) return false;
    const struct shard_head *head = shard_head_of(file);
    if (head->extent_count != 1 || !same_state(&run->head, head)) return false;
    const struct shard_extent *extent = &head->extents[0];
    return memcmp(&extent->input, &run->extent.input, sizeof extent->input) == 0 &&
           (run->head.round == 0 || (extent->first_row == run->extent.first_row &&
                                     extent->first_window == run->extent.first_window));
}
