/* features/lineage_node_name.c: what people write for a node of the graph. */
#include "features/lineage_node_name.h"

#include "features/reference.h"

static bool is_node(const char *operand)
{
    static const char *const kinds[] = {"source:", "stream:", "model:", "external:"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t size = strlen(kinds[i]);
        if (strncmp(operand, kinds[i], size) == 0 && operand[size] != '\0') return true;
    }
    return false;
}

enum status lineage_node_name(struct store *store, const char *operand, const char **ret,
                              struct arena *arena, struct err *err)
{
    struct version version;
    char node[VERSION_NODE];
    const char *reference = operand;
    if (is_node(operand)) {
        *ret = operand;
        return STATUS_OK;
    }
    if (strncmp(operand, "version:", 8) == 0) reference += 8;
    if (strncmp(operand, "tamis:", 6) == 0) reference += 6;
    TRY(reference_version(store, reference, &version, arena, err));
    *ret = arena_format(arena, "%s", version_node(&version, node));
    return *ret == NULL ? fail_memory(err, sizeof node) : STATUS_OK;
}
