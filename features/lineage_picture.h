/* features/lineage_picture.h: the formats a lineage graph is written in, one file each. */
#ifndef FEATURES_LINEAGE_PICTURE_H
#define FEATURES_LINEAGE_PICTURE_H

#include "features/lineage_graph.h"

/* Appends the whole document. Names are escaped; nothing outside is referred to. */
MUST_CHECK enum status lineage_svg(const struct lineage_graph *graph, struct bytes *ret,
                                   struct err *err);
MUST_CHECK enum status lineage_html(const struct lineage_graph *graph, struct bytes *ret,
                                    struct err *err);
MUST_CHECK enum status lineage_dot(const struct lineage_graph *graph, struct bytes *ret,
                                   struct err *err);
MUST_CHECK enum status lineage_json(const struct lineage_graph *graph, struct bytes *ret,
                                    struct err *err);
MUST_CHECK enum status lineage_openlineage(const struct lineage_graph *graph, struct bytes *ret,
                                           struct err *err);

#endif
