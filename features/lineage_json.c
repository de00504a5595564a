/* features/lineage_json.c: a lineage graph as JSON: {"selected", "nodes", "edges"}. */
#include "features/lineage_picture.h"

static enum status member(struct bytes *ret, const char *name, const char *value, struct err *err)
{
    TRY(bytes_append_text(ret, name, err));
    return bytes_append_json(ret, str_of(value), err);
}

static enum status node_json(const struct lineage_node *node, struct bytes *ret, struct err *err)
{
    TRY(member(ret, "{\"node\":", node->name, err));
    TRY(member(ret, ",\"kind\":", node->kind, err));
    TRY(member(ret, ",\"title\":", node->title, err));
    TRY(member(ret, ",\"detail\":", node->detail, err));
    TRY(member(ret, ",\"status\":", node->status, err));
    return bytes_format(ret, err, ",\"distance\":%lld}", (long long)node->distance);
}

enum status lineage_json(const struct lineage_graph *graph, struct bytes *ret, struct err *err)
{
    TRY(member(ret, "{\"selected\":", graph->nodes[0].name, err));
    TRY(bytes_append_text(ret, ",\n\"nodes\":[", err));
    for (size_t i = 0; i < graph->node_count; i++) {
        TRY(bytes_append_text(ret, i == 0 ? "\n" : ",\n", err));
        TRY(node_json(&graph->nodes[i], ret, err));
    }
    TRY(bytes_append_text(ret, "],\n\"edges\":[", err));
    for (size_t i = 0; i < graph->edge_count; i++) {
        TRY(bytes_append_text(ret, i == 0 ? "\n" : ",\n", err));
        TRY(member(ret, "{\"input\":", graph->nodes[graph->edges[i].input].name, err));
        TRY(member(ret, ",\"output\":", graph->nodes[graph->edges[i].output].name, err));
        TRY(bytes_append_text(ret, "}", err));
    }
    return bytes_append_text(ret, "]}\n", err);
}
