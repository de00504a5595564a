/* features/tag.c: `tamis-features tag`: a name for a version, or for several by weight. */
#include "features/commands.h"

#include "base/clock.h"
#include "features/recorded.h"
#include "features/reference.h"
#include "lineage/tags.h"

#include <stdio.h>
#include <stdlib.h>

/* Splits "NAME=REF". */
static enum status split(const char *operand, const char **ret_tag, const char **ret_reference,
                         struct arena *arena, struct err *err)
{
    const char *equals = strchr(operand, '=');
    if (equals == NULL || equals == operand || equals[1] == '\0') {
        fail(err, STATUS_USAGE, "\"%s\" is not NAME=VERSION", operand);
        err_hint(err, "as in prod=3, prod=latest, or prod=3:90,4:10");
        return STATUS_USAGE;
    }
    *ret_tag = arena_text(arena, operand, (size_t)(equals - operand));
    if (*ret_tag == NULL) return fail_memory(err, strlen(operand));
    *ret_reference = equals + 1;
    return STATUS_OK;
}

/* A time holds colons, and so does a list of weights. */
static bool is_weighted(const char *reference)
{
    int64_t time;
    return strchr(reference, ':') != NULL &&
           time_parse(str_of(reference), &time, NULL) != STATUS_OK;
}

static enum status number_of(struct store *store, const char *dataset, const char *reference,
                             int64_t *ret, struct arena *arena, struct err *err)
{
    struct version version;
    const char *full = arena_format(arena, "%s@%s", dataset, reference);
    if (full == NULL) return fail_memory(err, strlen(dataset));
    TRY(version_resolve(store, full, &version, err));
    *ret = version.number;
    return STATUS_OK;
}

/* "4:10" */
static enum status parse_share(struct store *store, const char *dataset, const char *part,
                               struct tag_share *ret, struct arena *arena, struct err *err)
{
    const char *colon = strrchr(part, ':');
    char *end = NULL;
    if (colon != NULL) ret->weight = strtoll(colon + 1, &end, 10);
    if (colon == NULL || colon == part || end == colon + 1 || *end != '\0') {
        fail(err, STATUS_USAGE, "\"%s\" is not VERSION:PERCENT", part);
        err_hint(err, "as in prod=3:90,4:10");
        return STATUS_USAGE;
    }
    const char *reference = arena_text(arena, part, (size_t)(colon - part));
    if (reference == NULL) return fail_memory(err, strlen(part));
    return number_of(store, dataset, reference, &ret->number, arena, err);
}

static int by_number(const void *a, const void *b)
{
    int64_t left = ((const struct tag_share *)a)->number;
    int64_t right = ((const struct tag_share *)b)->number;
    return (left > right) - (left < right);
}

static enum status parse_shares(struct store *store, const char *dataset, const char *text,
                                struct tag_state *ret, struct arena *arena, struct err *err)
{
    for (const char *at = text; *at != '\0';) {
        size_t size = strcspn(at, ",");
        const char *part = arena_text(arena, at, size);
        if (part == NULL) return fail_memory(err, size);
        if (ret->count == TAG_SHARES)
            return fail(err, STATUS_USAGE, "more than %d versions behind one tag", TAG_SHARES);
        TRY(parse_share(store, dataset, part, &ret->shares[ret->count++], arena, err));
        at += size + (at[size] == ',');
    }
    qsort(ret->shares, ret->count, sizeof *ret->shares, by_number);
    return STATUS_OK;
}

static enum status parse_state(struct store *store, const char *dataset, const char *reference,
                               struct tag_state *ret, struct arena *arena, struct err *err)
{
    *ret = (struct tag_state){0};
    if (is_weighted(reference)) return parse_shares(store, dataset, reference, ret, arena, err);
    ret->count = 1;
    ret->shares[0].weight = 100;
    return number_of(store, dataset, reference, &ret->shares[0].number, arena, err);
}

static enum status tag(struct run *run, struct invocation *invocation, struct err *err)
{
    struct store *store = run_store(run);
    struct tag_state state;
    const char *dataset = NULL, *name = NULL, *reference = NULL;
    char text[TAG_STATE_TEXT];
    bool moved;
    TRY(split(invocation->operands[1], &name, &reference, invocation->arena, err));
    TRY(reference_dataset(store, invocation->operands[0], &dataset, invocation->arena, err));
    TRY(parse_state(store, dataset, reference, &state, invocation->arena, err));
    TRY(tag_move(store, run, dataset, name, &(struct tag_change){.to = &state}, &moved, err));
    log_line(&invocation->common, false, "%s@%s is version %s", dataset, name,
             tag_state_text(&state, text));
    return STATUS_OK;
}

static enum status tag_run(struct invocation *invocation, struct err *err)
{
    return recorded(invocation, "features tag", STORE_THERE, tag, err);
}

const struct command tag_command = {
    .name = "tag",
    .operands = "VIEW|DATASET NAME=VERSION[:PERCENT,VERSION:PERCENT...]",
    .summary = "name a version, or spread a name over several by weight",
    .details =
        "VERSION is a number, another tag, latest or a time. Whatever the name pointed to before "
        "stays in tag_history. A tag is not all digits, not latest, new or a time.\n\n"
        "With percentages, a hash of an entity's key decides which version it gets, always the "
        "same one; when a share grows, only the entities move that come to it.",
    .examples = "tamis-features tag user_activity prod=3\n"
                "tamis-features tag user_activity prod=3:90,4:10",
    .operands_minimum = 2,
    .operands_maximum = 2,
    .run = tag_run,
    .common_without = "output|json|explain|as-of|seed",
};
