/* features/lineage_dot.c: a lineage graph in the language of Graphviz. */
#include "features/lineage_picture.h"

#define TEXT_MOST 1024

/* A quoted string: control characters as \xNN, then quotes and backslashes escaped. */
static enum status quoted(struct bytes *ret, const char *text, struct err *err)
{
    char clean[TEXT_MOST];
    escape_for_terminal(str_of(text), clean, sizeof clean);
    for (const char *at = clean; *at != '\0'; at++) {
        if (*at == '"' || *at == '\\') TRY(bytes_append(ret, "\\", 1, err));
        TRY(bytes_append(ret, at, 1, err));
    }
    return STATUS_OK;
}

static const char *style(const struct lineage_node *node)
{
    static const char *const styles[] = {
        [LINEAGE_FINE] = "",
        [LINEAGE_RUNNING] = ", color=\"#1d6fb8\", style=\"rounded,dashed\"",
        [LINEAGE_FAILED] = ", color=\"#c0262d\", fontcolor=\"#c0262d\", penwidth=2",
        [LINEAGE_LOST] = ", color=\"#9a6700\", fontcolor=\"#9a6700\", style=dashed",
    };
    return styles[node->state];
}

static const char *shape(const struct lineage_node *node)
{
    static const char *const shapes[][2] = {
        {"stream", "box"}, {"version", "cylinder"}, {"source", "note"}, {"model", "hexagon"}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (strcmp(node->kind, shapes[i][0]) == 0) return shapes[i][1];
    return "folder";
}

static enum status node_dot(const struct lineage_graph *graph, size_t at, struct bytes *ret,
                            struct err *err)
{
    const struct lineage_node *node = &graph->nodes[at];
    TRY(bytes_format(ret, err, "  n%zu [label=\"", at));
    TRY(quoted(ret, node->title, err));
    if (*node->detail != '\0') TRY(bytes_append_text(ret, "\\n", err));
    TRY(quoted(ret, node->detail, err));
    if (node->state != LINEAGE_FINE) {
        TRY(bytes_append_text(ret, "\\n", err));
        TRY(quoted(ret, node->status, err));
    }
    TRY(bytes_append_text(ret, "\", tooltip=\"", err));
    TRY(quoted(ret, node->name, err));
    return bytes_format(ret, err, "\", shape=%s%s%s];\n", shape(node), style(node),
                        at == 0 ? ", peripheries=2" : "");
}

enum status lineage_dot(const struct lineage_graph *graph, struct bytes *ret, struct err *err)
{
    TRY(bytes_append_text(ret,
                          "digraph lineage {\n  rankdir=LR;\n"
                          "  node [fontname=\"sans-serif\", fontsize=11];\n",
                          err));
    for (size_t i = 0; i < graph->node_count; i++)
        TRY(node_dot(graph, i, ret, err));
    for (size_t e = 0; e < graph->edge_count; e++)
        TRY(bytes_format(ret, err, "  n%zu -> n%zu;\n", graph->edges[e].input,
                         graph->edges[e].output));
    return bytes_append_text(ret, "}\n", err);
}
