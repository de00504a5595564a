/* features/lineage_draw.h: a lineage graph as an <svg> element, for the picture and the page.
 *
 * Layers from left to right; a box a node, its kind as a colored bar and a word, its state as the
 * border and in words, so that nothing is told by color alone; whole names as tooltips. With
 * columns each is a line of its box, DIRECT edges are solid, INDIRECT ones dashed. */
#ifndef FEATURES_LINEAGE_DRAW_H
#define FEATURES_LINEAGE_DRAW_H

#include "features/lineage_graph.h"

/* The rules it is drawn by, for <style>: light and dark. */
extern const char lineage_style[];
/* Appends the element. `links`: each node is a link to #n0, #n1 ... of the page, in the order of
 * the ranks; otherwise the style is inside. */
MUST_CHECK enum status lineage_draw(const struct lineage_graph *graph, bool links,
                                    struct bytes *ret, struct err *err);

#endif
