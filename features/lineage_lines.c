/* features/lineage_lines.c: the lines of a lineage picture. */
#include "features/lineage_lines.h"

#include "features/xml_text.h"

static enum status curve(struct bytes *ret, double x0, double y0, double x1, double y1,
                         struct err *err)
{
    double bend = (x1 - x0) / 2;
    return bytes_format(ret, err, "C%.1f %.1f %.1f %.1f %.1f %.1f", x0 + bend, y0, x1 - bend, y1,
                        x1, y1);
}

static enum status arrow(struct bytes *ret, double x, double y, bool backwards, struct err *err)
{
    double back = backwards ? x + 8 : x - 8;
    return bytes_format(ret, err, "<path class=\"tip\" d=\"M%.1f %.1fL%.1f %.1fL%.1f %.1fZ\"/>\n",
                        x, y, back, y - 4, back, y + 4);
}

/* One line of an edge: heights above the middles of its two boxes. */
struct line {
    size_t edge;
    double input_y, output_y;
};

static bool points_back(const struct lineage_layout *layout, const struct lineage_edge *edge)
{
    return layout->points[edge->input].rank > layout->points[edge->output].rank;
}

/* From the box on the left through the points in between to the one on the right, which is the
 * input where a circle was cut. */
static enum status path(const struct lineage_graph *graph, const struct lineage_layout *layout,
                        const struct line *line, struct bytes *ret, struct err *err)
{
    const struct lineage_edge *edge = &graph->edges[line->edge];
    bool back = points_back(layout, edge);
    const struct lineage_point *left = &layout->points[back ? edge->output : edge->input];
    const struct lineage_point *right = &layout->points[back ? edge->input : edge->output];
    double x = left_of(left) + NODE_WIDTH, y = left->y + (back ? line->output_y : line->input_y);
    TRY(bytes_format(ret, err, "M%.1f %.1f", x, y));
    for (size_t i = 0; i < layout->chain_count[line->edge]; i++) {
        const struct lineage_point *point = &layout->points[layout->chain_first[line->edge] + i];
        TRY(curve(ret, x, y, left_of(point), point->y, err));
        x = left_of(point) + NODE_WIDTH;
        y = point->y;
        TRY(bytes_format(ret, err, "H%.1f", x));
    }
    return curve(ret, x, y, left_of(right), right->y + (back ? line->input_y : line->output_y),
                 err);
}

/* Where the arrow of a line is: at the output. */
static void end_of(const struct lineage_graph *graph, const struct lineage_layout *layout,
                   const struct line *line, double *ret_x, double *ret_y)
{
    const struct lineage_edge *edge = &graph->edges[line->edge];
    const struct lineage_point *output = &layout->points[edge->output];
    *ret_x = left_of(output) + (points_back(layout, edge) ? NODE_WIDTH : 0);
    *ret_y = output->y + line->output_y;
}

static enum status hop(const struct lineage_graph *graph, const struct lineage_layout *layout,
                       size_t at, struct bytes *ret, struct err *err)
{
    const struct lineage_edge *edge = &graph->edges[at];
    struct line line = {at, NODE_HEIGHT / 2 - node_height(&graph->nodes[edge->input]) / 2,
                        NODE_HEIGHT / 2 - node_height(&graph->nodes[edge->output]) / 2};
    double x, y;
    TRY(bytes_append_text(ret, "<path class=\"edge\" d=\"", err));
    TRY(path(graph, layout, &line, ret, err));
    TRY(bytes_append_text(ret, "\"/>\n", err));
    end_of(graph, layout, &line, &x, &y);
    return arrow(ret, x, y, points_back(layout, edge), err);
}

static enum status column_name(const struct lineage_node *node, int32_t column, const char *all,
                               struct bytes *ret, struct err *err)
{
    if (column == COLUMN_ALL) return bytes_append_text(ret, all, err);
    if (column == COLUMN_MORE) return bytes_append_text(ret, "others", err);
    return xml_text(ret, node->columns[column], err);
}

static enum status column_title(const struct lineage_graph *graph,
                                const struct lineage_column_edge *column, struct bytes *ret,
                                struct err *err)
{
    const struct lineage_edge *edge = &graph->edges[column->edge];
    TRY(bytes_append_text(ret, "<title>", err));
    TRY(column_name(&graph->nodes[edge->input], column->input, "a column", ret, err));
    TRY(bytes_append_text(ret, " \u2192 ", err));
    TRY(column_name(&graph->nodes[edge->output], column->output, "every column", ret, err));
    TRY(bytes_format(ret, err, ": %s ", column->direct ? "DIRECT" : "INDIRECT"));
    TRY(xml_text(ret, column->subtype, err));
    return bytes_append_text(ret, column->masked ? ", masked</title>" : "</title>", err);
}

static enum status column_path(const struct lineage_graph *graph,
                               const struct lineage_layout *layout,
                               const struct lineage_column_edge *column, struct bytes *ret,
                               struct err *err)
{
    const struct lineage_edge *edge = &graph->edges[column->edge];
    struct line line = {
        column->edge, column_line_y(column->input) - node_height(&graph->nodes[edge->input]) / 2,
        column_line_y(column->output) - node_height(&graph->nodes[edge->output]) / 2};
    double x, y;
    TRY(bytes_format(ret, err, "<path class=\"%s\" d=\"", column->direct ? "direct" : "indirect"));
    TRY(path(graph, layout, &line, ret, err));
    TRY(bytes_append_text(ret, "\">", err));
    TRY(column_title(graph, column, ret, err));
    TRY(bytes_append_text(ret, "</path>\n", err));
    if (!column->masked) return STATUS_OK;
    end_of(graph, layout, &line, &x, &y);
    return bytes_format(ret, err, "<path class=\"mask\" d=\"M%.1f %.1fl4 4l-4 4l-4 -4Z\"/>\n",
                        points_back(layout, edge) ? x + 7 : x - 7, y - 4);
}

/* Indirect ones first: the others lie on top. */
static enum status column_paths(const struct lineage_graph *graph,
                                const struct lineage_layout *layout, bool direct, struct bytes *ret,
                                struct err *err)
{
    for (size_t i = 0; i < graph->column_edge_count; i++)
        if (graph->column_edges[i].direct == direct)
            TRY(column_path(graph, layout, &graph->column_edges[i], ret, err));
    return STATUS_OK;
}

static bool has_columns(const struct lineage_graph *graph, size_t edge)
{
    for (size_t i = 0; i < graph->column_edge_count; i++)
        if (graph->column_edges[i].edge == edge) return true;
    return false;
}

enum status lineage_lines(const struct lineage_graph *graph, const struct lineage_layout *layout,
                          struct bytes *ret, struct err *err)
{
    for (size_t e = 0; e < graph->edge_count; e++) {
        const struct lineage_edge *edge = &graph->edges[e];
        if (edge->input != edge->output && !has_columns(graph, e))
            TRY(hop(graph, layout, e, ret, err));
    }
    TRY(column_paths(graph, layout, false, ret, err));
    return column_paths(graph, layout, true, ret, err);
}
