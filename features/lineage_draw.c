/* features/lineage_draw.c: a lineage graph as an <svg> element. */
#include "features/lineage_draw.h"

#include "features/lineage_layout.h"
#include "features/lineage_lines.h"
#include "features/xml_text.h"

#include <stdio.h>

#define NODE_GAP    18.0
#define LINE_HEIGHT 14.0
#define MARGIN      24.0
#define LEGEND      64.0
#define TITLE_SIZE  12.0 /* of letters, as in the style */
#define SMALL_SIZE  10.5
#define TEXT_ROOM   (NODE_WIDTH - 28)

const char lineage_style[] =
    "text{font-family:system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif;fill:#1c2024}\n"
    ".paper{fill:#fcfcfb}.title{font-size:12px;font-weight:600}\n"
    ".detail{font-size:10.5px;fill:#565d66}.column{font-size:10.5px}\n"
    ".box{fill:#fff;stroke:#b4bac2;stroke-width:1.2}.rule{stroke:#dfe3e7;stroke-width:1}\n"
    ".edge{fill:none;stroke:#8b939d;stroke-width:1.3}.tip{fill:#8b939d}\n"
    ".direct{fill:none;stroke:#5f7fb8;stroke-width:1.1}\n"
    ".indirect{fill:none;stroke:#a07c3c;stroke-width:1.1;stroke-dasharray:4 3}\n"
    ".mask{fill:#fcfcfb;stroke:#1c2024;stroke-width:1.2}\n"
    ".selected .box{stroke:#111;stroke-width:3}\n"
    ".failed .box{fill:#fdecec;stroke:#c0262d;stroke-width:2.2}\n"
    ".lost .box{fill:#fff6e0;stroke:#9a6700;stroke-width:2;stroke-dasharray:6 4}\n"
    ".running .box{stroke:#1d6fb8;stroke-width:2;stroke-dasharray:2 3}\n"
    ".selected.failed .box,.selected.lost .box,.selected.running .box{stroke-width:3.6}\n"
    ".failed .state{fill:#a31a21}.lost .state{fill:#7a5200}.running .state{fill:#155a96}\n"
    ".state,.here{font-weight:700}\n"
    ".source .bar{fill:#2a8f6d}.stream .bar{fill:#7b828c}.version .bar{fill:#3b6fd4}\n"
    ".model .bar{fill:#8a4fc7}.external .bar{fill:#b7791f}\n"
    "@media (prefers-color-scheme:dark){\n"
    "text{fill:#e8eaed}.paper{fill:#16181b}.detail{fill:#a9b0b9}\n"
    ".box{fill:#22262b;stroke:#4b525b}.rule{stroke:#363c43}\n"
    ".edge{stroke:#79828d}.tip{fill:#79828d}\n"
    ".direct{stroke:#8fb0ea}.indirect{stroke:#d3a95c}.mask{fill:#16181b;stroke:#e8eaed}\n"
    ".selected .box{stroke:#fff}.failed .box{fill:#3d1d1f;stroke:#f0686e}\n"
    ".lost .box{fill:#3a2f16;stroke:#e0a83a}.running .box{stroke:#6cb0ee}\n"
    ".failed .state{fill:#ff9a9e}.lost .state{fill:#f0c060}.running .state{fill:#8fc5f5}\n"
    "}\n";

static enum status text_at(struct bytes *ret, const char *classes, double x, double y,
                           const char *text, double size, struct err *err)
{
    TRY(bytes_format(ret, err, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", classes, x, y));
    TRY(xml_text_within(ret, text, TEXT_ROOM / size, err));
    return bytes_append_text(ret, "</text>\n", err);
}

/* ---- nodes ---- */

static const char *state_class(enum lineage_state state)
{
    static const char *const classes[] = {[LINEAGE_FINE] = "",
                                          [LINEAGE_RUNNING] = " running",
                                          [LINEAGE_FAILED] = " failed",
                                          [LINEAGE_LOST] = " lost"};
    return classes[state];
}

/* A sign and the word of a state that is not fine; else what is known. */
static enum status node_detail(const struct lineage_node *node, double x, double y,
                               struct bytes *ret, struct err *err)
{
    static const char *const signs[] = {
        [LINEAGE_RUNNING] = "\u25b7 ", [LINEAGE_FAILED] = "\u2715 ", [LINEAGE_LOST] = "? "};
    if (node->state == LINEAGE_FINE)
        return text_at(ret, "detail", x, y, *node->detail == '\0' ? node->kind : node->detail,
                       SMALL_SIZE, err);
    TRY(bytes_format(ret, err,
                     "<text class=\"detail\" x=\"%.1f\" y=\"%.1f\"><tspan class=\"state\">%s", x, y,
                     signs[node->state]));
    TRY(xml_text(ret, node->status, err));
    TRY(bytes_append_text(ret, "</tspan> ", err));
    TRY(xml_text_within(ret, node->detail, TEXT_ROOM / SMALL_SIZE - 9, err));
    return bytes_append_text(ret, "</text>\n", err);
}

static bool is_masked(const struct lineage_graph *graph, size_t node, int32_t column)
{
    for (size_t i = 0; i < graph->column_edge_count; i++) {
        const struct lineage_column_edge *edge = &graph->column_edges[i];
        if (edge->masked && edge->output == column && graph->edges[edge->edge].output == node)
            return true;
    }
    return false;
}

static enum status column_line(const struct lineage_graph *graph, size_t at, size_t column,
                               double x, double y, struct bytes *ret, struct err *err)
{
    const char *name = graph->nodes[at].columns[column];
    bool masked = is_masked(graph, at, (int32_t)column);
    TRY(bytes_format(ret, err, "<text class=\"column\" x=\"%.1f\" y=\"%.1f\"><title>", x, y));
    TRY(xml_text(ret, name, err));
    TRY(bytes_append_text(ret, "</title>", err));
    TRY(xml_text_within(ret, name, TEXT_ROOM / SMALL_SIZE - (masked ? 8 : 0), err));
    if (masked) TRY(bytes_append_text(ret, " <tspan class=\"here\">\u25c7 masked</tspan>", err));
    return bytes_append_text(ret, "</text>\n", err);
}

static enum status node_columns(const struct lineage_graph *graph, size_t at, double x, double top,
                                struct bytes *ret, struct err *err)
{
    const struct lineage_node *node = &graph->nodes[at];
    char more[64];
    if (node->column_count == 0) return STATUS_OK;
    TRY(bytes_format(ret, err, "<path class=\"rule\" d=\"M%.1f %.1fH%.1f\"/>\n", x + 1,
                     top + NODE_HEIGHT, x + NODE_WIDTH - 1));
    for (size_t i = 0; i < node->column_count; i++)
        TRY(column_line(graph, at, i, x + 19, top + column_line_y((int32_t)i) + 3.5, ret, err));
    if (node->columns_more == 0) return STATUS_OK;
    snprintf(more, sizeof more, "and %zu more", node->columns_more);
    return text_at(ret, "detail", x + 19, top + column_line_y(COLUMN_MORE) + 3.5, more, SMALL_SIZE,
                   err);
}

static enum status node_title(const struct lineage_node *node, bool selected, struct bytes *ret,
                              struct err *err)
{
    TRY(xml_text(ret, node->name, err));
    if (node->state != LINEAGE_FINE) {
        TRY(bytes_append_text(ret, ": ", err));
        TRY(xml_text(ret, node->status, err));
    }
    return bytes_append_text(ret, selected ? " (selected)" : "", err);
}

static enum status node_box(const struct lineage_graph *graph, size_t at,
                            const struct lineage_point *point, struct bytes *ret, struct err *err)
{
    const struct lineage_node *node = &graph->nodes[at];
    double x = left_of(point), height = node_height(node), top = point->y - height / 2;
    TRY(bytes_format(ret, err, "<g class=\"%s%s%s\"><title>", node->kind, state_class(node->state),
                     at == 0 ? " selected" : ""));
    TRY(node_title(node, at == 0, ret, err));
    TRY(bytes_format(ret, err,
                     "</title>\n<rect class=\"box\" x=\"%.1f\" y=\"%.1f\" width=\"%.0f\" "
                     "height=\"%.0f\" rx=\"%d\"/>\n<rect class=\"bar\" x=\"%.1f\" y=\"%.1f\" "
                     "width=\"5\" height=\"%.0f\" rx=\"2\"/>\n",
                     x, top, NODE_WIDTH, height, strcmp(node->kind, "stream") == 0 ? 18 : 4, x + 7,
                     top + 9, NODE_HEIGHT - 18));
    TRY(text_at(ret, "title", x + 19, top + 20, node->title, TITLE_SIZE, err));
    TRY(node_detail(node, x + 19, top + 36, ret, err));
    if (at == 0)
        TRY(bytes_format(ret, err,
                         "<text class=\"detail here\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">"
                         "\u25c0 selected</text>\n",
                         x + NODE_WIDTH - 8, top - 5));
    TRY(node_columns(graph, at, x, top, ret, err));
    return bytes_append_text(ret, "</g>\n", err);
}

/* In the order of ranks and places, which is that of the Tab key. */
static enum status draw_nodes(const struct lineage_graph *graph,
                              const struct lineage_layout *layout, bool links, struct bytes *ret,
                              struct err *err)
{
    for (size_t i = 0; i < layout->point_count; i++) {
        size_t at = layout->order[i];
        if (at >= graph->node_count) continue;
        if (links) TRY(bytes_format(ret, err, "<a href=\"#n%zu\" id=\"g%zu\">", at, at));
        TRY(node_box(graph, at, &layout->points[at], ret, err));
        if (links) TRY(bytes_append_text(ret, "</a>\n", err));
    }
    return STATUS_OK;
}

/* ---- the whole ---- */

static enum status legend_columns(double y, struct bytes *ret, struct err *err)
{
    TRY(bytes_format(ret, err, "<path class=\"direct\" d=\"M%.1f %.1fh26\"/>\n", MARGIN, y - 4));
    TRY(text_at(ret, "detail", MARGIN + 32, y, "values", SMALL_SIZE, err));
    TRY(bytes_format(ret, err, "<path class=\"indirect\" d=\"M%.1f %.1fh26\"/>\n", MARGIN + 84,
                     y - 4));
    TRY(text_at(ret, "detail", MARGIN + 116, y, "decides", SMALL_SIZE, err));
    TRY(bytes_format(ret, err, "<path class=\"mask\" d=\"M%.1f %.1fl4 4l-4 4l-4 -4Z\"/>\n",
                     MARGIN + 176, y - 8));
    return text_at(ret, "detail", MARGIN + 186, y, "masked", SMALL_SIZE, err);
}

static enum status legend(const struct lineage_graph *graph, struct bytes *ret, struct err *err)
{
    static const struct {
        const char *kind, *word;
    } kinds[] = {{"source", "source"},
                 {"stream", "run"},
                 {"version", "version"},
                 {"model", "model"},
                 {"external", "outside"}};
    double x = MARGIN;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++, x += 68) {
        TRY(bytes_format(ret, err,
                         "<g class=\"%s\"><rect class=\"bar\" x=\"%.1f\" y=\"%.1f\" width=\"5\" "
                         "height=\"12\" rx=\"2\"/></g>\n",
                         kinds[i].kind, x, MARGIN - 10));
        TRY(text_at(ret, "detail", x + 10, MARGIN, kinds[i].word, SMALL_SIZE, err));
    }
    char count[64];
    snprintf(count, sizeof count, "%zu nodes, %zu hops; thick border: selected", graph->node_count,
             graph->edge_count);
    TRY(bytes_format(ret, err, "<text class=\"detail\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", MARGIN,
                     MARGIN + 18, count));
    return graph->column_edge_count == 0 ? STATUS_OK : legend_columns(MARGIN + 36, ret, err);
}

static enum status opening(const struct lineage_graph *graph, const struct lineage_layout *layout,
                           bool links, struct bytes *ret, struct err *err)
{
    double width = 2 * MARGIN + (double)layout->rank_count * (NODE_WIDTH + RANK_GAP) - RANK_GAP;
    double height = 2 * MARGIN + layout->height + LEGEND;
    if (width < 400) width = 400; /* the legend */
    TRY(bytes_format(ret, err,
                     "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
                     "viewBox=\"0 0 %.0f %.0f\" role=\"%s\">\n<title>Lineage of ",
                     width, height, width, height, links ? "group" : "img"));
    TRY(xml_text(ret, graph->nodes[0].name, err));
    TRY(bytes_append_text(ret, "</title>\n", err));
    if (!links) {
        TRY(bytes_append_text(ret, "<style>\n", err));
        TRY(bytes_append_text(ret, lineage_style, err));
        TRY(bytes_append_text(ret, "</style>\n", err));
    }
    TRY(bytes_append_text(ret, "<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n", err));
    TRY(legend(graph, ret, err));
    return bytes_format(ret, err, "<g transform=\"translate(%.0f %.0f)\">\n", MARGIN,
                        MARGIN + LEGEND);
}

static enum status make_layout(struct lineage_layout *ret, const struct lineage_graph *graph,
                               struct err *err)
{
    OWNED(memory_release) double *heights = NULL;
    TRY(NEW(&heights, graph->node_count, err));
    for (size_t i = 0; i < graph->node_count; i++)
        heights[i] = node_height(&graph->nodes[i]) + NODE_GAP;
    return lineage_layout_make(ret, graph, heights, LINE_HEIGHT, err);
}

enum status lineage_draw(const struct lineage_graph *graph, bool links, struct bytes *ret,
                         struct err *err)
{
    OWNED(lineage_layout_release) struct lineage_layout layout = {0};
    TRY(make_layout(&layout, graph, err));
    TRY(opening(graph, &layout, links, ret, err));
    TRY(lineage_lines(graph, &layout, ret, err));
    TRY(draw_nodes(graph, &layout, links, ret, err));
    return bytes_append_text(ret, "</g>\n</svg>\n", err);
}
