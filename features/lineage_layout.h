/* features/lineage_layout.h: where the nodes of a graph are drawn: layers from left to right.
 *
 * Method: Sugiyama, Tagawa, Toda 1981: ranks by longest path, points in between for edges over
 * several ranks, order by barycenters, then positions by least squares that keep the order. */
#ifndef FEATURES_LINEAGE_LAYOUT_H
#define FEATURES_LINEAGE_LAYOUT_H

#include "features/lineage_graph.h"

struct lineage_point {
    int64_t rank;
    size_t place;       /* in its rank, from the top */
    double y;           /* of its middle; 0 = the topmost middle there can be */
    double height;      /* room it takes, with the gap */
    double sum, weight; /* of its neighbours while it is being placed */
};
struct lineage_layout {
    struct lineage_point *points; /* the graph's nodes, then the points in between */
    size_t point_count, point_room;
    size_t *chain_first; /* by edge: its first point in between ... */
    size_t *chain_count; /* ... and how many, from lower to higher rank */
    int64_t rank_count;
    double height;              /* of everything */
    size_t *order;              /* points by rank and place */
    size_t *starts;             /* by rank: where it begins in `order`; rank_count + 1 of them */
    struct lineage_edge *links; /* between neighbouring ranks, lower rank first */
    size_t link_count, link_room;
};

/* `node_height` and `line_height`: the room of a node and of an edge that passes by. */
MUST_CHECK enum status lineage_layout_make(struct lineage_layout *ret,
                                           const struct lineage_graph *graph, double node_height,
                                           double line_height, struct err *err);
void lineage_layout_release(struct lineage_layout *layout);

#endif
