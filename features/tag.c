/* features/tag.c: `tamis-features tag`: a name for a version. */
#include "features/commands.h"

#include "features/recorded.h"
#include "features/reference.h"

/* Splits "NAME=REF". */
static enum status split(const char *operand, const char **ret_tag, const char **ret_reference,
                         struct arena *arena, struct err *err)
{
    const char *equals = strchr(operand, '=');
    if (equals == NULL || equals == operand || equals[1] == '\0') {
        fail(err, STATUS_USAGE, "\"%s\" is not NAME=VERSION", operand);
        err_hint(err, "as in prod=3, or prod=latest");
        return STATUS_USAGE;
    }
    *ret_tag = arena_text(arena, operand, (size_t)(equals - operand));
    if (*ret_tag == NULL) return fail_memory(err, strlen(operand));
    *ret_reference = equals + 1;
    return STATUS_OK;
}

static enum status tag(struct run *run, struct invocation *invocation, struct err *err)
{
    struct store *store = run_store(run);
    struct version version;
    const char *dataset = NULL, *name = NULL, *reference = NULL;
    TRY(split(invocation->operands[1], &name, &reference, invocation->arena, err));
    TRY(reference_dataset(store, invocation->operands[0], &dataset, invocation->arena, err));
    const char *full = arena_format(invocation->arena, "%s@%s", dataset, reference);
    if (full == NULL) return fail_memory(err, strlen(dataset));
    TRY(version_resolve(store, full, &version, err));
    TRY(tag_set(store, run, dataset, name, version.number, err));
    log_line(&invocation->common, false, "%s@%s is version %lld", dataset, name,
             (long long)version.number);
    return STATUS_OK;
}

static enum status tag_run(struct invocation *invocation, struct err *err)
{
    return recorded(invocation, "features tag", STORE_THERE, tag, err);
}

const struct command tag_command = {
    .name = "tag",
    .operands = "VIEW|DATASET NAME=VERSION",
    .summary = "name a version, or move a name to another one",
    .details = "VERSION is a number, another tag, latest or a time. Whatever the name pointed to "
               "before stays in tag_history. A tag is not all digits, not latest, new or a time.",
    .examples = "tamis-features tag user_activity prod=3",
    .operands_minimum = 2,
    .operands_maximum = 2,
    .run = tag_run,
    .common_without = "output|json|explain|as-of|seed",
};
