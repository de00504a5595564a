/* features/lineage_lines.h: the boxes of a lineage picture and the lines between them. */
#ifndef FEATURES_LINEAGE_LINES_H
#define FEATURES_LINEAGE_LINES_H

#include "features/lineage_layout.h"

#define NODE_WIDTH    232.0
#define NODE_HEIGHT   46.0 /* without columns */
#define COLUMN_HEIGHT 16.0
#define RANK_GAP      84.0

static inline double left_of(const struct lineage_point *point)
{
    return (double)point->rank * (NODE_WIDTH + RANK_GAP);
}
static inline double node_height(const struct lineage_node *node)
{
    size_t lines = node->column_count + (node->columns_more > 0);
    return NODE_HEIGHT + (lines == 0 ? 0 : (double)lines * COLUMN_HEIGHT + 6);
}
/* The middle of a column's line, from the top of the box; COLUMN_ALL: of the title. */
static inline double column_line_y(int32_t column)
{
    return column == COLUMN_ALL ? NODE_HEIGHT / 2
                                : NODE_HEIGHT + 3 + ((double)column + 0.5) * COLUMN_HEIGHT;
}

/* Appends every line: where the columns of a hop are known theirs, else its own. */
MUST_CHECK enum status lineage_lines(const struct lineage_graph *graph,
                                     const struct lineage_layout *layout, struct bytes *ret,
                                     struct err *err);

#endif
