/* features/lineage_layout.h: where the nodes of a graph are drawn: layers from left to right.
 *
 * Method: Sugiyama, Tagawa, Toda 1981: ranks by longest path, points in between for edges over
 * several ranks, order by barycenters (lineage_order.c), then positions by least squares that keep
 * the order, with the weights of Gansner et al. 1993 that make long edges straight. */
#ifndef FEATURES_LINEAGE_LAYOUT_H
#define FEATURES_LINEAGE_LAYOUT_H

#include "features/lineage_graph.h"

struct lineage_point {
    int64_t rank;
    size_t place;       /* in its rank, from the top */
    double y;           /* of its middle; 0 = the topmost edge there is */
    double height;      /* room it takes, with the gap */
    double sum, weight; /* of its neighbours while it is being placed */
};
struct lineage_layout {
    struct lineage_point *points; /* the graph's nodes, then the points in between */
    size_t node_count;
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

/* `heights`: the room of each node; `line_height`: that of an edge that passes by. The same graph
 * gives the same layout. STATUS_USAGE where it is too large for a picture. */
MUST_CHECK enum status lineage_layout_make(struct lineage_layout *ret,
                                           const struct lineage_graph *graph, const double *heights,
                                           double line_height, struct err *err);
void lineage_layout_release(struct lineage_layout *layout);

/* ---- lineage_order.c ---- */

/* Changes the order within ranks so that few links cross. */
MUST_CHECK enum status lineage_order(struct lineage_layout *layout, struct err *err);
/* Pairs of links that cross. */
MUST_CHECK enum status lineage_crossings(const struct lineage_layout *layout, int64_t *ret,
                                         struct err *err);

#endif
