/* features/lineage_svg.c: a lineage graph as one SVG file that needs nothing else. */
#include "features/lineage_picture.h"

#include "features/lineage_draw.h"

enum status lineage_svg(const struct lineage_graph *graph, struct bytes *ret, struct err *err)
{
    return lineage_draw(graph, false, ret, err);
}
