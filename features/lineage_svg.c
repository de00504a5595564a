/* features/lineage_svg.c: a lineage graph as one SVG file that needs nothing else.
 *
 * Layers from left to right; a box a node, its kind as a colored bar, its state as the border and
 * in words, so that it is not told by color alone; the whole name as a tooltip. */
#include "features/lineage_picture.h"

#include "features/lineage_layout.h"

#include <stdio.h>

#define NODE_WIDTH  232.0
#define NODE_HEIGHT 46.0
#define NODE_GAP    16.0
#define LINE_HEIGHT 14.0
#define RANK_GAP    84.0
#define MARGIN      24.0
#define LEGEND      44.0
#define TEXT_MOST   1024
#define TITLE_MOST  27 /* characters that fit into a box */
#define DETAIL_MOST 36

static const char style[] =
    "<style>\n"
    "text{font-family:system-ui,-apple-system,'DejaVu Sans',sans-serif;fill:#1c2024}\n"
    ".paper{fill:#fcfcfb}.title{font-size:12px;font-weight:600}\n"
    ".detail{font-size:10.5px;fill:#565d66}.box{fill:#fff;stroke:#b4bac2;stroke-width:1.2}\n"
    ".edge{fill:none;stroke:#8b939d;stroke-width:1.3}.tip{fill:#8b939d}\n"
    ".selected .box{stroke:#111;stroke-width:3}\n"
    ".failed .box{fill:#fdecec;stroke:#c0262d;stroke-width:2.2}\n"
    ".lost .box{fill:#fff6e0;stroke:#9a6700;stroke-width:2;stroke-dasharray:6 4}\n"
    ".running .box{stroke:#1d6fb8;stroke-width:2;stroke-dasharray:2 3}\n"
    ".failed .state{fill:#a31a21}.lost .state{fill:#7a5200}.running .state{fill:#155a96}\n"
    ".state{font-weight:700}\n"
    ".source .bar{fill:#2a8f6d}.stream .bar{fill:#7b828c}.version .bar{fill:#3b6fd4}\n"
    ".model .bar{fill:#8a4fc7}.external .bar{fill:#b7791f}\n"
    "@media (prefers-color-scheme:dark){\n"
    "text{fill:#e8eaed}.paper{fill:#16181b}.detail{fill:#a9b0b9}\n"
    ".box{fill:#22262b;stroke:#4b525b}.edge{stroke:#79828d}.tip{fill:#79828d}\n"
    ".selected .box{stroke:#fff}.failed .box{fill:#3d1d1f;stroke:#f0686e}\n"
    ".lost .box{fill:#3a2f16;stroke:#e0a83a}.running .box{stroke:#6cb0ee}\n"
    ".failed .state{fill:#ff9a9e}.lost .state{fill:#f0c060}.running .state{fill:#8fc5f5}\n"
    "}\n</style>\n";

/* ---- text ---- */

static bool starts_character(char byte)
{
    return ((uint8_t)byte & 0xc0) != 0x80;
}

static enum status xml_byte(struct bytes *ret, const char *byte, struct err *err)
{
    switch (*byte) {
    case '<': return bytes_append_text(ret, "&lt;", err);
    case '>': return bytes_append_text(ret, "&gt;", err);
    case '&': return bytes_append_text(ret, "&amp;", err);
    case '"': return bytes_append_text(ret, "&quot;", err);
    default: return bytes_append(ret, byte, 1, err);
    }
}

/* At most `most` characters: what is too long loses its middle, since the end has the version's
 * number. XML-escaped; what XML cannot carry is written as \xNN. */
static enum status xml_text(struct bytes *ret, const char *text, size_t most, struct err *err)
{
    char clean[TEXT_MOST];
    size_t characters = 0, position = 0;
    escape_for_terminal(str_of(text), clean, sizeof clean);
    for (const char *at = clean; *at != '\0'; at++)
        characters += starts_character(*at);
    size_t tail = most / 3, head = most - tail - 1;
    for (const char *at = clean; *at != '\0'; at++) {
        position += starts_character(*at);
        bool hidden = characters > most && position > head && position <= characters - tail;
        if (!hidden)
            TRY(xml_byte(ret, at, err));
        else if (position == head + 1 && starts_character(*at))
            TRY(bytes_append_text(ret, "\u2026", err));
    }
    return STATUS_OK;
}

static enum status text_at(struct bytes *ret, const char *classes, double x, double y,
                           const char *text, size_t most, struct err *err)
{
    TRY(bytes_format(ret, err, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", classes, x, y));
    TRY(xml_text(ret, text, most, err));
    return bytes_append_text(ret, "</text>\n", err);
}

/* ---- nodes ---- */

static double left_of(const struct lineage_point *point)
{
    return MARGIN + (double)point->rank * (NODE_WIDTH + RANK_GAP);
}

static double middle_of(const struct lineage_point *point)
{
    return MARGIN + LEGEND + point->y;
}

static const char *state_class(enum lineage_state state)
{
    static const char *const classes[] = {[LINEAGE_FINE] = "",
                                          [LINEAGE_RUNNING] = " running",
                                          [LINEAGE_FAILED] = " failed",
                                          [LINEAGE_LOST] = " lost"};
    return classes[state];
}

static enum status node_detail(const struct lineage_node *node, double x, double y,
                               struct bytes *ret, struct err *err)
{
    if (node->state == LINEAGE_FINE)
        return text_at(ret, "detail", x, y, *node->detail == '\0' ? node->kind : node->detail,
                       DETAIL_MOST, err);
    TRY(bytes_format(ret, err,
                     "<text class=\"detail\" x=\"%.1f\" y=\"%.1f\"><tspan class=\"state\">", x, y));
    TRY(xml_text(ret, node->status, 10, err));
    TRY(bytes_append_text(ret, "</tspan> ", err));
    TRY(xml_text(ret, node->detail, DETAIL_MOST - 10, err));
    return bytes_append_text(ret, "</text>\n", err);
}

static enum status node_svg(const struct lineage_node *node, const struct lineage_point *point,
                            bool selected, struct bytes *ret, struct err *err)
{
    double x = left_of(point), y = middle_of(point) - NODE_HEIGHT / 2;
    TRY(bytes_format(ret, err, "<g class=\"%s%s%s\"><title>", node->kind, state_class(node->state),
                     selected ? " selected" : ""));
    TRY(xml_text(ret, node->name, TEXT_MOST, err));
    TRY(bytes_format(ret, err,
                     "</title>\n<rect class=\"box\" x=\"%.1f\" y=\"%.1f\" width=\"%.0f\" "
                     "height=\"%.0f\" rx=\"%d\"/>\n<rect class=\"bar\" x=\"%.1f\" y=\"%.1f\" "
                     "width=\"5\" height=\"%.0f\" rx=\"2\"/>\n",
                     x, y, NODE_WIDTH, NODE_HEIGHT, strcmp(node->kind, "stream") == 0 ? 18 : 4,
                     x + 7, y + 9, NODE_HEIGHT - 18));
    TRY(text_at(ret, "title", x + 19, y + 20, node->title, TITLE_MOST, err));
    TRY(node_detail(node, x + 19, y + 36, ret, err));
    return bytes_append_text(ret, "</g>\n", err);
}

/* ---- edges ---- */

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

/* From the box on the left through the points in between to the one on the right; the arrow is at
 * the output, which is on the left where a circle was cut. */
static enum status edge_svg(const struct lineage_layout *layout, const struct lineage_edge *edge,
                            size_t index, struct bytes *ret, struct err *err)
{
    const struct lineage_point *input = &layout->points[edge->input];
    const struct lineage_point *output = &layout->points[edge->output];
    bool backwards = input->rank > output->rank;
    const struct lineage_point *left = backwards ? output : input;
    const struct lineage_point *right = backwards ? input : output;
    double x = left_of(left) + NODE_WIDTH, y = middle_of(left);
    if (edge->input == edge->output) return STATUS_OK;
    TRY(bytes_format(ret, err, "<path class=\"edge\" d=\"M%.1f %.1f", x, y));
    for (size_t i = 0; i < layout->chain_count[index]; i++) {
        const struct lineage_point *point = &layout->points[layout->chain_first[index] + i];
        TRY(curve(ret, x, y, left_of(point), middle_of(point), err));
        x = left_of(point) + NODE_WIDTH;
        y = middle_of(point);
        TRY(bytes_format(ret, err, "H%.1f", x));
    }
    TRY(curve(ret, x, y, left_of(right), middle_of(right), err));
    TRY(bytes_append_text(ret, "\"/>\n", err));
    if (backwards) return arrow(ret, left_of(left) + NODE_WIDTH, middle_of(left), true, err);
    return arrow(ret, left_of(right), middle_of(right), false, err);
}

/* ---- the whole ---- */

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
        TRY(text_at(ret, "detail", x + 10, MARGIN, kinds[i].word, DETAIL_MOST, err));
    }
    char count[64];
    snprintf(count, sizeof count, "%zu nodes, %zu hops; thick border: selected", graph->node_count,
             graph->edge_count);
    return text_at(ret, "detail", MARGIN, MARGIN + 18, count, sizeof count, err);
}

static enum status header(const struct lineage_graph *graph, const struct lineage_layout *layout,
                          struct bytes *ret, struct err *err)
{
    double width = 2 * MARGIN + (double)layout->rank_count * (NODE_WIDTH + RANK_GAP) - RANK_GAP;
    double height = 2 * MARGIN + LEGEND + layout->height;
    if (width < 400) width = 400; /* the legend */
    TRY(bytes_format(ret, err,
                     "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
                     "viewBox=\"0 0 %.0f %.0f\" role=\"img\">\n<title>Lineage of ",
                     width, height, width, height));
    TRY(xml_text(ret, graph->nodes[0].name, TEXT_MOST, err));
    TRY(bytes_append_text(ret, "</title>\n", err));
    TRY(bytes_append_text(ret, style, err));
    TRY(bytes_append_text(ret, "<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n", err));
    return legend(graph, ret, err);
}

enum status lineage_svg(const struct lineage_graph *graph, struct bytes *ret, struct err *err)
{
    OWNED(lineage_layout_release) struct lineage_layout layout = {0};
    TRY(lineage_layout_make(&layout, graph, NODE_HEIGHT + NODE_GAP, LINE_HEIGHT, err));
    TRY(header(graph, &layout, ret, err));
    for (size_t e = 0; e < graph->edge_count; e++)
        TRY(edge_svg(&layout, &graph->edges[e], e, ret, err));
    for (size_t i = 0; i < graph->node_count; i++)
        TRY(node_svg(&graph->nodes[i], &layout.points[i], i == 0, ret, err));
    return bytes_append_text(ret, "</svg>\n", err);
}
