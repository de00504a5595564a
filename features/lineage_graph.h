/* features/lineage_graph.h: the part of the catalog's graph around one node, in memory.
 *
 * The walk goes along `edges`, breadth first: against their direction for what the node was made
 * from, along it for what was made from it. Every hop between two nodes that were met is kept. */
#ifndef FEATURES_LINEAGE_GRAPH_H
#define FEATURES_LINEAGE_GRAPH_H

#include "base/memory.h"
#include "base/str.h"
#include "lineage/store.h"

#include <stdint.h>

enum lineage_state {
    LINEAGE_FINE,
    LINEAGE_RUNNING,
    LINEAGE_FAILED, /* failed or aborted; a version whose checks failed */
    LINEAGE_LOST,   /* its process vanished, or it was never recorded */
};

/* "exit code": "1" */
struct lineage_fact {
    const char *name, *value;
};
struct lineage_node {
    const char *name;   /* as in `edges`: "version:raw/orders@3" */
    const char *kind;   /* "source", "stream", "version", "model", "external" */
    const char *title;  /* for people: "clean", "raw/orders@3" */
    const char *detail; /* "1,200 rows, 2026-11-24"; may be empty */
    const char *status; /* of a run or a version; "" otherwise */
    enum lineage_state state;
    int64_t distance; /* hops from the selected node */
    struct lineage_fact *facts;
    size_t fact_count;
    const char **columns; /* the first COLUMNS_SHOWN, where lineage_columns_read was asked */
    size_t column_count;
    size_t columns_more; /* that are not among them */
};
struct lineage_edge {
    size_t input, output; /* indices of nodes */
};
/* A column of a node, or one of those that are not shown. */
#define COLUMNS_SHOWN 24
#define COLUMN_MORE   ((int32_t)COLUMNS_SHOWN)
/* The node itself: as output every column, as input one of those its node does not know. */
#define COLUMN_ALL (-1)
struct lineage_column_edge {
    size_t edge; /* index */
    int32_t input, output;
    bool direct, masked;
    const char *subtype; /* in the arena */
};
struct lineage_graph {
    struct lineage_node *nodes; /* the selected node is the first */
    size_t node_count, node_room;
    struct lineage_edge *edges;
    size_t edge_count, edge_room;
    struct lineage_column_edge *column_edges; /* by edge, those DIRECT first */
    size_t column_edge_count, column_edge_room;
    uint32_t *slots; /* by hash of the name: index + 1 */
    size_t slot_count;
    struct arena *arena; /* borrowed, as is the store */
    struct store *store;
};
struct lineage_walk {
    bool up, down;
    int64_t depth; /* hops, 0 = all */
};

/* Reads the graph around `node`. Texts live in `arena`. STATUS_USAGE above 2,000 nodes. */
MUST_CHECK enum status lineage_graph_read(struct lineage_graph *ret, struct store *store,
                                          const char *node, const struct lineage_walk *walk,
                                          struct arena *arena, struct err *err);
/* The columns of each node and how they depend on each other (lineage_columns.c). Where a column
 * decides about every column of a run, that is one edge to COLUMN_ALL. */
MUST_CHECK enum status lineage_columns_read(struct lineage_graph *graph, struct err *err);
void lineage_graph_release(struct lineage_graph *graph);

#endif
