/* features/rollback.c: `tamis-features rollback`: a tag goes back to where it was before. */
#include "features/commands.h"

#include "features/recorded.h"
#include "features/reference.h"
#include "lineage/tags.h"

static enum status rollback(struct run *run, struct invocation *invocation, struct err *err)
{
    struct store *store = run_store(run);
    const char *dataset = NULL, *tag = invocation->operands[1];
    struct tag_state before;
    char text[TAG_STATE_TEXT];
    bool moved;
    TRY(reference_dataset(store, invocation->operands[0], &dataset, invocation->arena, err));
    TRY(tag_before(store, dataset, tag, &before, err));
    if (before.count == 0) {
        fail(err, STATUS_USAGE, "tag \"%s\" of \"%s\" has named no other version before", tag,
             dataset);
        err_hint(err, "tamis-features log %s shows tags and versions", invocation->operands[0]);
        return STATUS_USAGE;
    }
    struct tag_change change = {.to = &before, .reason = "rollback"};
    TRY(tag_move(store, run, dataset, tag, &change, &moved, err));
    log_line(&invocation->common, false, "%s@%s is version %s again", dataset, tag,
             tag_state_text(&before, text));
    return STATUS_OK;
}

static enum status rollback_run(struct invocation *invocation, struct err *err)
{
    return recorded(invocation, "features rollback", STORE_THERE, rollback, err);
}

const struct command rollback_command = {
    .name = "rollback",
    .operands = "VIEW|DATASET TAG",
    .summary = "move a tag back to the version it named before",
    .details = "The version, or the versions and their weights, come from tag_history; a second "
               "rollback returns to where the first began. A version that promote --watch left "
               "because a gate failed is passed over.",
    .examples = "tamis-features rollback user_activity prod",
    .operands_minimum = 2,
    .operands_maximum = 2,
    .run = rollback_run,
    .common_without = "output|json|explain|as-of|seed",
};
