/* features/put_shards.c: the files of all shards of one table. */
#include "features/put_shards.h"

#include "columnar/ipc.h"

#include <stdio.h>
#include <stdlib.h>

#define SHARD_KEY     "tamis:shard"     /* "2/3" */
#define FIRST_ROW_KEY "tamis:first_row" /* of raw shards */
#define PLAN_KEY      "tamis:plan"      /* names what all of them together are */

struct part {
    const char *path;
    long long index, count;
    char plan[80];
};

/* index 0: no shard. */
static enum status part_of(const struct schema *schema, struct part *ret, struct err *err)
{
    char text[48], *end = NULL, shown[64];
    struct str shard = metadata_get(&schema->metadata, SHARD_KEY);
    struct str plan = metadata_get(&schema->metadata, PLAN_KEY);
    ret->index = ret->count = 0;
    if (shard.data == NULL) return STATUS_OK;
    snprintf(text, sizeof text, "%.*s", (int)(shard.size < 40 ? shard.size : 40), shard.data);
    snprintf(ret->plan, sizeof ret->plan, "%.*s", (int)(plan.size < 79 ? plan.size : 79),
             plan.data == NULL ? "" : plan.data);
    ret->index = strtoll(text, &end, 10);
    ret->count = *end == '/' ? strtoll(end + 1, &end, 10) : 0;
    if (*end == '\0' && ret->index >= 1 && ret->index <= ret->count) return STATUS_OK;
    return fail(err, STATUS_FAILED, "found \"%s\" in its metadata, expected I/N",
                escape_for_terminal(shard, shown, sizeof shown));
}

static enum status read_part(const char *path, struct part *ret, struct err *err)
{
    OWNED(input_close) struct input *input = NULL;
    OWNED(ipc_reader_close) struct ipc_reader *reader = NULL;
    ret->path = path;
    TRY(input_open(&input, path, err));
    if (input_size(input) < 0) return fail(err, STATUS_USAGE, "found a pipe, expected a file");
    TRY(ipc_reader_open(&reader, &input, 1, err));
    TRY(part_of(ipc_reader_schema(reader), ret, err));
    if (ret->index > 0) return STATUS_OK;
    (void)fail(err, STATUS_USAGE, "found a table that is no shard");
    err_hint(err, "tamis-clean apply --shard and tamis-ingest --shard say which shard they write");
    return STATUS_USAGE;
}

static enum status check_same(const struct part *first, const struct part *part, struct err *err)
{
    if (part->count != first->count)
        return fail(err, STATUS_USAGE, "foreign: one of %lld shards, \"%s\" is one of %lld",
                    part->count, first->path, first->count);
    if (strcmp(part->plan, first->plan) == 0) return STATUS_OK;
    return fail(err, STATUS_USAGE, "foreign: of another plan, recipe or state than \"%s\"",
                first->path);
}

static enum status place(const struct part *part, const char **ordered, size_t room,
                         struct err *err)
{
    size_t at = (size_t)part->index - 1;
    if (at >= room) return STATUS_OK; /* then one in front of it is missing */
    if (ordered[at] != NULL)
        return fail(err, STATUS_USAGE, "duplicate: \"%s\" is shard %lld too", ordered[at],
                    part->index);
    ordered[at] = part->path;
    return STATUS_OK;
}

static enum status check_complete(const char *const *ordered, size_t room, long long count,
                                  struct err *err)
{
    size_t at = 0;
    while (at < room && ordered[at] != NULL)
        at++;
    if (at == room && (long long)room == count) return STATUS_OK;
    return fail(err, STATUS_USAGE, "shard %zu of %lld is missing", at + 1, count);
}

enum status shards_order(char *const *paths, size_t count, struct arena *arena, const char ***ret,
                         struct err *err)
{
    struct part first = {0};
    const char **ordered = arena_get(arena, count, sizeof *ordered);
    if (ordered == NULL) return fail_memory(err, count * sizeof *ordered);
    for (size_t i = 0; i < count; i++) {
        struct part part = {0};
        enum status status = read_part(paths[i], &part, err);
        if (i == 0) first = part;
        if (status == STATUS_OK) status = check_same(&first, &part, err);
        if (status == STATUS_OK) status = place(&part, ordered, count, err);
        if (status != STATUS_OK) return fail_within(err, status, "\"%s\"", paths[i]);
    }
    *ret = ordered;
    return check_complete(ordered, count, first.count, err);
}

enum status shards_refuse_part(const struct schema *schema, struct err *err)
{
    struct part part;
    TRY(part_of(schema, &part, err));
    if (part.count <= 1) return STATUS_OK;
    (void)fail(err, STATUS_USAGE, "the input is shard %lld of %lld, not the whole", part.index,
               part.count);
    err_hint(err, "give all of them: tamis-features put VIEW --shards FILE...");
    return STATUS_USAGE;
}

static bool says_shard(struct str key)
{
    return str_is(key, SHARD_KEY) || str_is(key, FIRST_ROW_KEY) || str_is(key, PLAN_KEY);
}

enum status shards_metadata(struct schema *to, const struct schema *from, struct err *err)
{
    for (size_t i = 0; i < from->metadata.count; i++) {
        const struct metadata_pair *pair = &from->metadata.pairs[i];
        OWNED(memory_release) char *key = memory_copy_text(pair->key.data, pair->key.size);
        if (key == NULL) return fail_memory(err, pair->key.size);
        if (!says_shard(pair->key)) TRY(schema_set_metadata(to, key, pair->value, err));
    }
    return STATUS_OK;
}
