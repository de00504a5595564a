/* features/lineage_json.c: a lineage graph as JSON: {"selected", "nodes", "edges"}, and with
 * columns "column_edges". */
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
    TRY(bytes_format(ret, err, ",\"distance\":%lld", (long long)node->distance));
    for (size_t i = 0; i < node->column_count; i++)
        TRY(member(ret, i == 0 ? ",\"columns\":[" : ",", node->columns[i], err));
    return bytes_append_text(ret, node->column_count > 0 ? "]}" : "}", err);
}

/* null: those that are not in the list of their node; "*": all of them. */
static enum status column(const char *name, const struct lineage_node *node, int32_t at,
                          struct bytes *ret, struct err *err)
{
    if (at != COLUMN_MORE)
        return member(ret, name, at == COLUMN_ALL ? "*" : node->columns[at], err);
    TRY(bytes_append_text(ret, name, err));
    return bytes_append_text(ret, "null", err);
}

static enum status column_edge(const struct lineage_graph *graph,
                               const struct lineage_column_edge *found, struct bytes *ret,
                               struct err *err)
{
    const struct lineage_edge *edge = &graph->edges[found->edge];
    const struct lineage_node *input = &graph->nodes[edge->input];
    const struct lineage_node *output = &graph->nodes[edge->output];
    TRY(member(ret, "{\"input\":", input->name, err));
    TRY(column(",\"input_column\":", input, found->input, ret, err));
    TRY(member(ret, ",\"output\":", output->name, err));
    TRY(column(",\"output_column\":", output, found->output, ret, err));
    TRY(member(ret, ",\"kind\":", found->direct ? "DIRECT" : "INDIRECT", err));
    TRY(member(ret, ",\"subtype\":", found->subtype, err));
    return bytes_append_text(ret, found->masked ? ",\"masked\":true}" : ",\"masked\":false}", err);
}

static enum status column_edges(const struct lineage_graph *graph, struct bytes *ret,
                                struct err *err)
{
    if (graph->column_edge_count == 0) return STATUS_OK;
    TRY(bytes_append_text(ret, ",\n\"column_edges\":[", err));
    for (size_t i = 0; i < graph->column_edge_count; i++) {
        TRY(bytes_append_text(ret, i == 0 ? "\n" : ",\n", err));
        TRY(column_edge(graph, &graph->column_edges[i], ret, err));
    }
    return bytes_append_text(ret, "]", err);
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
    TRY(bytes_append_text(ret, "]", err));
    TRY(column_edges(graph, ret, err));
    return bytes_append_text(ret, "}\n", err);
}
