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

/* The fields of a record: what stands for their borders is escaped once more. */
static enum status field(struct bytes *ret, const char *text, struct err *err)
{
    char clean[TEXT_MOST];
    escape_for_terminal(str_of(text), clean, sizeof clean);
    for (const char *at = clean; *at != '\0'; at++) {
        if (strchr("{}|<> ", *at) != NULL) TRY(bytes_append(ret, "\\", 1, err));
        if (*at == '\\') TRY(bytes_append_text(ret, "\\\\\\", err));
        if (*at == '"') TRY(bytes_append(ret, "\\", 1, err));
        TRY(bytes_append(ret, at, 1, err));
    }
    return STATUS_OK;
}

static enum status columns_dot(const struct lineage_node *node, struct bytes *ret, struct err *err)
{
    TRY(bytes_append_text(ret, "<all> ", err));
    TRY(field(ret, node->title, err));
    if (node->state != LINEAGE_FINE) {
        TRY(bytes_append_text(ret, "\\n", err));
        TRY(field(ret, node->status, err));
    }
    for (size_t i = 0; i < node->column_count; i++) {
        TRY(bytes_format(ret, err, "|<c%zu> ", i));
        TRY(field(ret, node->columns[i], err));
    }
    if (node->columns_more == 0) return STATUS_OK;
    return bytes_format(ret, err, "|<c%d> and %zu more", COLUMN_MORE, node->columns_more);
}

static enum status label_dot(const struct lineage_node *node, struct bytes *ret, struct err *err)
{
    TRY(quoted(ret, node->title, err));
    if (*node->detail != '\0') TRY(bytes_append_text(ret, "\\n", err));
    TRY(quoted(ret, node->detail, err));
    if (node->state == LINEAGE_FINE) return STATUS_OK;
    TRY(bytes_append_text(ret, "\\n", err));
    return quoted(ret, node->status, err);
}

static enum status node_dot(const struct lineage_graph *graph, size_t at, struct bytes *ret,
                            struct err *err)
{
    const struct lineage_node *node = &graph->nodes[at];
    bool columns = node->column_count > 0;
    TRY(bytes_format(ret, err, "  n%zu [label=\"", at));
    TRY(columns ? columns_dot(node, ret, err) : label_dot(node, ret, err));
    TRY(bytes_append_text(ret, "\", tooltip=\"", err));
    TRY(quoted(ret, node->name, err));
    return bytes_format(ret, err, "\", shape=%s%s%s];\n", columns ? "record" : shape(node),
                        style(node),
                        at != 0   ? ""
                        : columns ? ", penwidth=3"
                                  : ", peripheries=2");
}

/* A place of a column in a record. */
static enum status port(int32_t column, const char *side, struct bytes *ret, struct err *err)
{
    if (column == COLUMN_ALL) return bytes_format(ret, err, ":all:%s", side);
    return bytes_format(ret, err, ":c%d:%s", column, side);
}

static enum status column_edge_dot(const struct lineage_graph *graph,
                                   const struct lineage_column_edge *column, struct bytes *ret,
                                   struct err *err)
{
    const struct lineage_edge *edge = &graph->edges[column->edge];
    TRY(bytes_format(ret, err, "  n%zu", edge->input));
    TRY(port(column->input, "e", ret, err));
    TRY(bytes_format(ret, err, " -> n%zu", edge->output));
    TRY(port(column->output, "w", ret, err));
    return bytes_format(ret, err, " [tooltip=\"%s\"%s%s];\n", column->subtype,
                        column->direct ? "" : ", style=dashed",
                        column->masked ? ", label=masked" : "");
}

static bool has_columns(const struct lineage_graph *graph, size_t edge)
{
    for (size_t i = 0; i < graph->column_edge_count; i++)
        if (graph->column_edges[i].edge == edge) return true;
    return false;
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
        if (!has_columns(graph, e))
            TRY(bytes_format(ret, err, "  n%zu -> n%zu;\n", graph->edges[e].input,
                             graph->edges[e].output));
    for (size_t i = 0; i < graph->column_edge_count; i++)
        TRY(column_edge_dot(graph, &graph->column_edges[i], ret, err));
    return bytes_append_text(ret, "}\n", err);
}
