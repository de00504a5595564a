/* features/promote.c: `tamis-features promote`: a tag moves to a version that passes its gate, and
 * back when it does not pass any more. */
#include "features/commands.h"

#include "base/output.h"
#include "features/gate.h"
#include "features/recorded.h"
#include "features/reference.h"
#include "lineage/sql.h"
#include "lineage/tags.h"

#include <stdio.h>

#define ATTEMPTS 10

struct promote_args {
    const char *gate, *report;
    bool watch;
};

static const struct setting promote_options[] = {
    {.name = "gate",
     .kind = SETTING_TEXT,
     .offset = offsetof(struct promote_args, gate),
     .help = "YAML file: rows, freshness, drift, checks",
     .argument = "FILE"},
    {.name = "watch",
     .kind = SETTING_FLAG,
     .offset = offsetof(struct promote_args, watch),
     .help = "hold the version that has the tag against the gate again, and move the tag back when "
             "it fails"},
    {.name = "report",
     .kind = SETTING_TEXT,
     .offset = offsetof(struct promote_args, report),
     .help = "write every check to FILE: JSON, or JUnit where the name ends in .xml",
     .argument = "FILE"},
    {0},
};

struct promotion {
    struct run *run;
    const struct invocation *invocation;
    const struct promote_args *args;
    struct gate gate;
    struct view view;
    struct tag_state state; /* of the tag, before */
    struct gate_subject subject;
    struct gate_results results;
    struct gate_record record;
};

/* ---- versions ---- */

static enum status version_of(struct promotion *promotion, int64_t number, struct version *ret,
                              struct err *err)
{
    const char *reference = arena_format(promotion->invocation->arena, "%s@%lld",
                                         promotion->record.dataset, (long long)number);
    if (reference == NULL) return fail_memory(err, 0);
    return version_resolve(promotion->subject.store, reference, ret, err);
}

/* The version with the largest share that is not `number`; 0 = none. */
static int64_t largest_other(const struct tag_state *state, int64_t number)
{
    const struct tag_share *best = NULL;
    for (size_t i = 0; i < state->count; i++)
        if (state->shares[i].number != number &&
            (best == NULL || state->shares[i].weight > best->weight))
            best = &state->shares[i];
    return best == NULL ? 0 : best->number;
}

/* What the version is compared with: what else is under the tag, or what was there before; not what
 * gc took away. */
static enum status find_against(struct promotion *promotion, struct err *err)
{
    const char *dataset = promotion->record.dataset, *tag = promotion->record.tag;
    int64_t number = promotion->subject.version.number, there = 0;
    struct tag_state before;
    int64_t against = largest_other(&promotion->state, number);
    if (against == 0) {
        TRY(tag_before(promotion->subject.store, dataset, tag, &before, err));
        against = largest_other(&before, number);
        TRY(sql_number(promotion->subject.store, &there, 0, err,
                       "SELECT 1 FROM versions WHERE dataset = ? AND number = ?", "ti", dataset,
                       against));
        if (there == 0) against = 0;
    }
    promotion->record.against = against;
    promotion->subject.against = (struct version){0};
    return against == 0 ? STATUS_OK
                        : version_of(promotion, against, &promotion->subject.against, err);
}

/* The newest of those under the tag. */
static enum status find_watched(struct promotion *promotion, struct err *err)
{
    const struct tag_state *state = &promotion->state;
    if (state->count == 0) {
        fail(err, STATUS_USAGE, "dataset \"%s\" has no tag \"%s\" to watch",
             promotion->record.dataset, promotion->record.tag);
        err_hint(err, "tamis-features promote without --watch sets it");
        return STATUS_USAGE;
    }
    return version_of(promotion, state->shares[state->count - 1].number,
                      &promotion->subject.version, err);
}

static enum status find_versions(struct promotion *promotion, struct err *err)
{
    const char *operand = promotion->invocation->operands[0];
    struct store *store = promotion->subject.store;
    TRY(tag_get(store, promotion->record.dataset, promotion->record.tag, &promotion->state, err));
    if (promotion->args->watch)
        TRY(find_watched(promotion, err));
    else
        TRY(reference_version(store, operand, &promotion->subject.version,
                              promotion->invocation->arena, err));
    promotion->record.number = promotion->subject.version.number;
    return find_against(promotion, err);
}

static enum status find_dataset(struct promotion *promotion, struct err *err)
{
    struct arena *arena = promotion->invocation->arena;
    const char *operand = promotion->invocation->operands[0];
    const char *name = arena_text(arena, operand, strcspn(operand, "@"));
    if (name == NULL) return fail_memory(err, strlen(operand));
    if (promotion->args->watch && operand[strlen(name)] == '@') {
        fail(err, STATUS_USAGE, "\"%s\": --watch holds the version that has the tag", operand);
        err_hint(err, "leave \"%s\" out", operand + strlen(name));
        return STATUS_USAGE;
    }
    TRY(reference_dataset(promotion->subject.store, name, &promotion->record.dataset, arena, err));
    promotion->record.tag = promotion->invocation->operands[1];
    if (strchr(name, '/') != NULL) return STATUS_OK;
    promotion->subject.view = &promotion->view;
    return view_find(&promotion->view, promotion->subject.store, name, arena, err);
}

/* ---- what becomes of the tag ---- */

static enum status hold(struct promotion *promotion, struct err *err)
{
    promotion->results = (struct gate_results){.arena = promotion->invocation->arena};
    return gate_hold(&promotion->gate, &promotion->subject, &promotion->results, err);
}

static const struct gate_check *first_failed(const struct promotion *promotion)
{
    for (size_t i = 0; i < promotion->results.count; i++)
        if (promotion->results.items[i].verdict == GATE_FAILED) return &promotion->results.items[i];
    return NULL;
}

static enum status keep_with_move(void *context, struct err *err)
{
    const struct promotion *promotion = context;
    return gate_insert(promotion->run, &promotion->record, &promotion->results, err);
}

/* The tag and the gate that let it move are there together, or neither. */
static enum status move(struct promotion *promotion, const struct tag_state *to, const char *action,
                        const char *reason, bool *ret_moved, struct err *err)
{
    const char *before = promotion->record.action;
    struct tag_change change = {to, &promotion->state, reason, keep_with_move, promotion};
    promotion->record.action = action;
    TRY(tag_move(promotion->subject.store, promotion->run, promotion->record.dataset,
                 promotion->record.tag, &change, ret_moved, err));
    if (!*ret_moved) promotion->record.action = before;
    return STATUS_OK;
}

static enum status keep(struct promotion *promotion, const char *action, struct err *err)
{
    promotion->record.action = action;
    return gate_keep(promotion->run, &promotion->record, &promotion->results, err);
}

/* Somebody else may move the tag while the gate is held: then it is held again, against what is
 * under the tag now. */
static enum status promote_version(struct promotion *promotion, struct err *err)
{
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        bool moved = false;
        TRY(find_versions(promotion, err));
        TRY(hold(promotion, err));
        if (promotion->results.failed > 0) return keep(promotion, "refused", err);
        struct tag_state to = {.shares = {{promotion->record.number, 100}}, .count = 1};
        TRY(move(promotion, &to, "promoted", "gate passed", &moved, err));
        if (moved) return STATUS_OK;
    }
    return fail(err, STATUS_BUSY, "tag \"%s\" was moved %d times while the gate was held",
                promotion->record.tag, ATTEMPTS);
}

/* An older version is no fresher: moving back would make it worse. */
static bool only_stale(const struct promotion *promotion)
{
    for (size_t i = 0; i < promotion->results.count; i++)
        if (promotion->results.items[i].verdict == GATE_FAILED &&
            strcmp(promotion->results.items[i].name, "freshness") != 0)
            return false;
    return true;
}

static enum status watch_version(struct promotion *promotion, struct err *err)
{
    struct tag_state before;
    char text[TAG_STATE_TEXT];
    bool moved = false;
    TRY(find_versions(promotion, err));
    TRY(hold(promotion, err));
    if (promotion->results.failed == 0 || only_stale(promotion))
        return keep(promotion, "kept", err);
    TRY(tag_before(promotion->subject.store, promotion->record.dataset, promotion->record.tag,
                   &before, err));
    if (before.count == 0) return keep(promotion, "kept", err);
    const struct gate_check *failed = first_failed(promotion);
    const char *reason = arena_format(promotion->invocation->arena, TAG_ROLLED_BACK ": %s%s%s: %s",
                                      failed->name, failed->column == NULL ? "" : " of ",
                                      failed->column == NULL ? "" : failed->column, failed->found);
    if (reason == NULL) return fail_memory(err, 0);
    TRY(move(promotion, &before, "rolled back", reason, &moved, err));
    if (!moved) return keep(promotion, "kept", err); /* somebody moved it just now */
    log_line(&promotion->invocation->common, true, "%s@%s is version %s again",
             promotion->record.dataset, promotion->record.tag, tag_state_text(&before, text));
    return STATUS_OK;
}

/* ---- telling ---- */

static enum status write_report(const struct promotion *promotion, const char *path, bool junit,
                                struct err *err)
{
    OWNED(bytes_release) struct bytes text = bytes_limited((size_t)64 << 20);
    OWNED(output_close) struct output *output = NULL;
    TRY(junit ? gate_junit(&promotion->record, &promotion->results, &text, err)
              : gate_json(&promotion->record, &promotion->results, &text, err));
    TRY(output_open(&output, path, err));
    TRY(output_write(output, text.data, text.size, err));
    return output_commit(output, err);
}

static enum status write_reports(const struct promotion *promotion, struct err *err)
{
    const char *path = promotion->args->report;
    size_t size = path == NULL ? 0 : strlen(path);
    bool junit = size > 4 && strcmp(path + size - 4, ".xml") == 0;
    if (path != NULL) TRY(write_report(promotion, path, junit, err));
    if (!promotion->invocation->common.json) return STATUS_OK;
    return write_report(promotion, NULL, false, err);
}

static void tell_checks(const struct promotion *promotion)
{
    for (size_t i = 0; i < promotion->results.count; i++) {
        const struct gate_check *check = &promotion->results.items[i];
        log_line(&promotion->invocation->common, check->verdict == GATE_FAILED,
                 "%s %s%s%s: %s, expected %s", gate_verdict_word(check->verdict), check->name,
                 check->column == NULL ? "" : " ", check->column == NULL ? "" : check->column,
                 check->found, check->expected);
    }
}

static enum status verdict(const struct promotion *promotion, struct err *err)
{
    const struct gate_record *record = &promotion->record;
    const char *action = record->action;
    if (promotion->results.failed == 0) {
        log_line(&promotion->invocation->common, false, "%s@%s is version %lld%s", record->dataset,
                 record->tag, (long long)record->number,
                 strcmp(action, "kept") == 0 ? " and passes its gate" : "");
        return STATUS_OK;
    }
    fail(err, STATUS_VERDICT, "version %lld of \"%s\" fails %zu of %zu checks: \"%s\" was %s",
         (long long)record->number, record->dataset, promotion->results.failed,
         promotion->results.count, record->tag,
         strcmp(action, "refused") == 0 ? "not moved" : action);
    if (strcmp(action, "kept") == 0)
        err_hint(err, only_stale(promotion)
                          ? "older versions are no fresher: put newer rows"
                          : "there is no other version to go back to: promote one that passes");
    return STATUS_VERDICT;
}

/* ---- the command ---- */

static enum status promote(struct run *run, struct invocation *invocation, struct err *err)
{
    struct promotion promotion = {.run = run, .invocation = invocation, .args = invocation->args};
    promotion.subject.store = run_store(run);
    promotion.subject.common = &invocation->common;
    if (promotion.args->gate == NULL) {
        fail(err, STATUS_USAGE, "--gate FILE is absent");
        err_hint(err, "tamis-features tag moves a tag without a gate");
        return STATUS_USAGE;
    }
    TRY(gate_read(&promotion.gate, promotion.args->gate, invocation->arena, err));
    struct digest digest = digest_of(promotion.gate.definition, strlen(promotion.gate.definition));
    TRY(run_config(run, str_of(promotion.gate.definition), &digest, err));
    promotion.record.definition = promotion.gate.definition;
    TRY(find_dataset(&promotion, err));
    TRY(promotion.args->watch ? watch_version(&promotion, err) : promote_version(&promotion, err));
    tell_checks(&promotion);
    TRY(write_reports(&promotion, err));
    return verdict(&promotion, err);
}

static enum status promote_run(struct invocation *invocation, struct err *err)
{
    return recorded(invocation, "features promote", STORE_THERE, promote, err);
}

const struct command promote_command = {
    .name = "promote",
    .operands = "VIEW|DATASET[@REF] TAG",
    .summary = "give a tag to a version that passes a gate",
    .details =
        "Every check of the gate is held and recorded in gates and gate_checks; when one fails, "
        "nothing moves and the exit code is 3. Row changes and drift are against the version under "
        "the tag; without one they are skipped.\n\n"
        "With --watch, for cron, the version that has the tag (behind a weighted tag the newest) "
        "is "
        "held against the gate again. When it fails, the tag goes back to what it named before and "
        "the exit code is 3; a version left so is not gone back to later. It stays where it is "
        "when "
        "only its freshness fails, or when there is nothing to go back to.",
    .examples = "tamis-features promote user_activity@4 prod --gate gate.yaml\n"
                "tamis-features promote user_activity prod --gate gate.yaml --watch",
    .options = promote_options,
    .args_bytes = sizeof(struct promote_args),
    .operands_minimum = 2,
    .operands_maximum = 2,
    .run = promote_run,
    .common_without = "output|explain|seed",
};
