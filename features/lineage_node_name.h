/* features/lineage_node_name.h: what people write for a node of the graph. */
#ifndef FEATURES_LINEAGE_NODE_NAME_H
#define FEATURES_LINEAGE_NODE_NAME_H

#include "base/memory.h"
#include "lineage/store.h"

/* The node of VIEW[@REF], DATASET[@REF], tamis:DATASET[@REF] or a node as in `edges`
 * ("model:churn", "source:orders.csv", "stream:RUN"). *ret in `arena`; it need not be in the graph
 * unless it is a version. */
MUST_CHECK enum status lineage_node_name(struct store *store, const char *operand, const char **ret,
                                         struct arena *arena, struct err *err);

#endif
