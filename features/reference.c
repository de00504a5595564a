/* features/reference.c: what people write for a view's versions. */
#include "features/reference.h"

#include <stdio.h>

enum status reference_dataset(struct store *store, const char *name, const char **ret,
                              struct arena *arena, struct err *err)
{
    struct view view;
    if (strncmp(name, "tamis:", 6) == 0) name += 6;
    *ret = name;
    if (strchr(name, '/') != NULL) return STATUS_OK;
    TRY(view_find(&view, store, name, arena, err));
    *ret = view.dataset;
    return STATUS_OK;
}

enum status reference_view(struct store *store, const char *operand, struct view *ret,
                           struct version *ret_version, struct arena *arena, struct err *err)
{
    const char *name = NULL, *reference = NULL;
    TRY(view_split(operand, &name, &reference, arena, err));
    TRY(view_find(ret, store, name, arena, err));
    const char *full = arena_format(arena, "%s@%s", ret->dataset, reference);
    if (full == NULL) return fail_memory(err, strlen(operand));
    return version_resolve(store, full, ret_version, err);
}

enum status reference_version(struct store *store, const char *operand, struct version *ret,
                              struct arena *arena, struct err *err)
{
    struct view view;
    if (strchr(operand, '/') != NULL) return version_resolve(store, operand, ret, err);
    return reference_view(store, operand, &view, ret, arena, err);
}

char *version_node(const struct version *version, char ret[VERSION_NODE])
{
    snprintf(ret, VERSION_NODE, "version:%s@%lld", version->dataset, (long long)version->number);
    return ret;
}
