/* ingest/shard.c: what a plan says about one shard. */
#include "ingest/shard.h"

#include "base/input.h"
#include "ingest/json.h"
#include "ingest/value.h"

#include <stdio.h>
#include <stdlib.h>

#define PLAN_BYTES_MAXIMUM (64u << 20)

struct plan {
    struct bytes text;
    struct json json;
    struct bytes scratch;
};

static void plan_close(struct plan *plan)
{
    bytes_release(&plan->text);
    json_release(&plan->json);
    bytes_release(&plan->scratch);
}

enum status shard_parse(const char *which, int64_t *ret_index, int64_t *ret_count, struct err *err)
{
    char *end = NULL;
    *ret_index = strtoll(which, &end, 10);
    *ret_count = *end == '/' ? strtoll(end + 1, &end, 10) : 0;
    if (*end == '\0' && *ret_index >= 1 && *ret_index <= *ret_count) return STATUS_OK;
    return fail(err, STATUS_USAGE, "--shard: found \"%s\", expected I/N with I from 1 to N", which);
}

/* ---- looking into the document ---- */

/* The token of a member's value, 0 where there is none. */
static uint32_t member(const struct plan *plan, uint32_t object, const char *name)
{
    const struct json_token *tokens = plan->json.tokens;
    if (tokens[object].kind != JSON_OBJECT) return 0;
    for (uint32_t key = object + 1; key < tokens[object].next; key = tokens[key + 1].next) {
        const char *text = (const char *)plan->json.text + tokens[key].begin;
        if (str_is((struct str){text, tokens[key].size}, name)) return key + 1;
    }
    return 0;
}

static enum status missing(const char *name, struct err *err)
{
    (void)fail(err, STATUS_USAGE, "found no \"%s\" in the plan", name);
    err_hint(err, "write it with tamis-ingest plan SOURCE --shards N -o FILE");
    return STATUS_USAGE;
}

static enum status number_of(const struct plan *plan, uint32_t object, const char *name,
                             int64_t *ret, struct err *err)
{
    uint32_t at = member(plan, object, name);
    if (at == 0 || plan->json.tokens[at].kind != JSON_NUMBER ||
        !value_int(json_raw(&plan->json, &plan->json.tokens[at]), ret) || *ret < 0)
        return missing(name, err);
    return STATUS_OK;
}

static enum status text_of(struct plan *plan, uint32_t object, const char *name,
                           struct arena *arena, const char **ret, struct err *err)
{
    struct str text;
    uint32_t at = member(plan, object, name);
    if (at == 0 || plan->json.tokens[at].kind != JSON_STRING) return missing(name, err);
    TRY(json_string(&plan->json, &plan->json.tokens[at], &plan->scratch, &text, err));
    *ret = arena_text(arena, text.data, text.size);
    return *ret == NULL ? fail_memory(err, text.size) : STATUS_OK;
}

/* ---- the parts of a plan ---- */

static enum status read_plan(struct plan *plan, const char *path, struct err *err)
{
    OWNED(input_close) struct input *input = NULL;
    TRY(input_open(&input, path, err));
    for (size_t got = 1; got > 0;) {
        TRY(bytes_reserve(&plan->text, 64u << 10, err));
        TRY(input_read(input, plan->text.data + plan->text.size, 64u << 10, &got, err));
        plan->text.size += got;
    }
    TRY(json_parse(&plan->json, plan->text.data, plan->text.size, err));
    if (plan->json.fault[0] != '\0')
        return fail(err, STATUS_USAGE, "this is no plan: %s", plan->json.fault);
    return STATUS_OK;
}

static enum status take_columns(struct plan *plan, struct shard *ret, struct err *err)
{
    const struct json_token *tokens = plan->json.tokens;
    uint32_t list = member(plan, 0, "columns");
    if (list == 0 || tokens[list].kind != JSON_ARRAY) return missing("columns", err);
    size_t count = 0;
    for (uint32_t i = list + 1; i < tokens[list].next; i = tokens[i].next)
        count++;
    const char **names = arena_get(ret->arena, count, sizeof *names);
    const char **types = arena_get(ret->arena, count, sizeof *types);
    if (names == NULL || types == NULL) return fail_memory(err, count * sizeof *names);
    ret->column_count = 0;
    for (uint32_t i = list + 1; i < tokens[list].next; i = tokens[i].next) {
        TRY(text_of(plan, i, "name", ret->arena, &names[ret->column_count], err));
        TRY(text_of(plan, i, "type", ret->arena, &types[ret->column_count], err));
        ret->column_count++;
    }
    ret->columns = names;
    ret->types = types;
    return STATUS_OK;
}

static enum status take_place(const struct plan *plan, const char *which, struct shard *ret,
                              struct err *err)
{
    const struct json_token *tokens = plan->json.tokens;
    int64_t index, count, begin, end, found = 0;
    TRY(shard_parse(which, &index, &count, err));
    uint32_t list = member(plan, 0, "shards");
    if (list == 0 || tokens[list].kind != JSON_ARRAY) return missing("shards", err);
    for (uint32_t i = list + 1; i < tokens[list].next; i = tokens[i].next) {
        if (++found != index) continue;
        TRY(number_of(plan, i, "begin", &begin, err));
        TRY(number_of(plan, i, "end", &end, err));
        TRY(number_of(plan, i, "first_record", &ret->record, err));
        TRY(number_of(plan, i, "first_line", &ret->line, err));
        TRY(number_of(plan, i, "first_row", &ret->first_row, err));
        ret->begin = (uint64_t)begin;
        ret->end = (uint64_t)end;
    }
    if (found == count) return STATUS_OK;
    return fail(err, STATUS_USAGE, "--shard: found \"%s\" and a plan of %lld shards", which,
                (long long)found);
}

static enum status take_shape(struct plan *plan, struct shard *ret, struct err *err)
{
    uint32_t at = member(plan, 0, "shape");
    if (at == 0) return STATUS_OK;
    struct str raw = json_raw(&plan->json, &plan->json.tokens[at]);
    const char *copy = arena_text(ret->arena, raw.data, raw.size);
    if (copy == NULL) return fail_memory(err, raw.size);
    ret->shape = (struct str){copy, raw.size};
    return STATUS_OK;
}

static enum status understand(struct plan *plan, const char *which, struct shard *ret,
                              struct err *err)
{
    const char *digest;
    ret->plan = digest_of(plan->text.data, plan->text.size);
    TRY(take_place(plan, which, ret, err));
    TRY(take_columns(plan, ret, err));
    TRY(take_shape(plan, ret, err));
    TRY(number_of(plan, 0, "bytes", &ret->bytes, err));
    TRY(number_of(plan, 0, "records", &ret->records, err));
    TRY(text_of(plan, 0, "digest", ret->arena, &digest, err));
    return digest_parse(digest, &ret->digest, err);
}

enum status shard_open(struct shard *ret, const char *path, const char *which, struct err *err)
{
    OWNED(plan_close)
    struct plan plan = {.text = bytes_limited(PLAN_BYTES_MAXIMUM),
                        .scratch = bytes_limited(1u << 20)};
    *ret = (struct shard){0};
    TRY(arena_open(&ret->arena, err));
    enum status status = read_plan(&plan, path, err);
    if (status == STATUS_OK) status = understand(&plan, which, ret, err);
    return status == STATUS_OK ? STATUS_OK : fail_within(err, status, "plan \"%s\"", path);
}

enum status shard_describe(const struct shard *shard, const char *which, struct schema *schema,
                           struct err *err)
{
    char row[24], plan[DIGEST_TEXT];
    snprintf(row, sizeof row, "%lld", (long long)shard->first_row);
    TRY(schema_set_metadata(schema, "tamis:shard", str_of(which), err));
    TRY(schema_set_metadata(schema, "tamis:first_row", str_of(row), err));
    return schema_set_metadata(schema, "tamis:plan", str_of(digest_text(&shard->plan, plan)), err);
}

void shard_close(struct shard *shard)
{
    arena_close(&shard->arena);
}
