/* features/lineage_openlineage.c: the runs of a lineage graph as OpenLineage events, one JSON
 * object a line: START, then COMPLETE, FAIL or ABORT once the run has ended. */
#include "features/lineage_picture.h"

#include "lineage/openlineage.h"

enum status lineage_openlineage(const struct lineage_graph *graph, struct bytes *ret,
                                struct err *err)
{
    for (size_t i = 0; i < graph->node_count; i++) {
        if (strcmp(graph->nodes[i].kind, "stream") != 0) continue;
        const char *run_id = strchr(graph->nodes[i].name, ':') + 1;
        TRY(openlineage_event(graph->store, run_id, false, ret, err));
        TRY(openlineage_event(graph->store, run_id, true, ret, err));
    }
    return STATUS_OK;
}
