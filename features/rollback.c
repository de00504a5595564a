/* features/rollback.c: `tamis-features rollback`: a tag goes back to where it was before. */
#include "features/commands.h"

#include "features/recorded.h"
#include "features/reference.h"
#include "lineage/sql.h"

/* The version the tag named before its present one, from tag_history; 0 = none. */
static enum status number_before(struct store *store, const char *dataset, const char *tag,
                                 int64_t *ret, struct err *err)
{
    return sql_number(store, ret, 0, err,
                      "SELECT number FROM tag_history WHERE dataset = ?1 AND tag = ?2"
                      " AND number IS NOT NULL AND number NOT IN"
                      " (SELECT number FROM tags WHERE dataset = ?1 AND tag = ?2)"
                      " ORDER BY history_key DESC LIMIT 1",
                      "tt", dataset, tag);
}

static enum status rollback(struct run *run, struct invocation *invocation, struct err *err)
{
    struct store *store = run_store(run);
    const char *dataset = NULL, *tag = invocation->operands[1];
    int64_t number;
    TRY(reference_dataset(store, invocation->operands[0], &dataset, invocation->arena, err));
    TRY(number_before(store, dataset, tag, &number, err));
    if (number == 0) {
        fail(err, STATUS_USAGE, "tag \"%s\" of \"%s\" has named no other version before", tag,
             dataset);
        err_hint(err, "tamis-features log %s shows tags and versions", invocation->operands[0]);
        return STATUS_USAGE;
    }
    TRY(tag_set(store, run, dataset, tag, number, err));
    log_line(&invocation->common, false, "%s@%s is version %lld again", dataset, tag,
             (long long)number);
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
    .details = "The version comes from tag_history; a second rollback returns to where the first "
               "began.",
    .examples = "tamis-features rollback user_activity prod",
    .operands_minimum = 2,
    .operands_maximum = 2,
    .run = rollback_run,
    .common_without = "output|json|explain|as-of|seed",
};
