/* features/feature_table.h: one version of a view in memory, ready to be asked about points in
 * time. */
#ifndef FEATURES_FEATURE_TABLE_H
#define FEATURES_FEATURE_TABLE_H

#include "features/point_in_time.h"
#include "features/reference.h"

struct feature_table {
    struct view view;
    struct version version;
    struct timeline *timeline;
    struct point_in_time *point;
    struct schema *schema; /* of the version */
    size_t *columns;       /* of the version that are carried, in its order */
    size_t column_count;
    struct array **values; /* one array a carried column, rows as the timeline numbers them */
};

struct feature_table_options {
    bool strict_before, as_known;
    bool keys;       /* carry entity and time columns too */
    bool provenance; /* carry _source and _record too */
    enum timeline_order order;
    size_t threads;
};
/* Loads the version; names live in `arena`. STATUS_MEMORY when it does not fit into --memory. */
MUST_CHECK enum status feature_table_load(struct feature_table *ret, struct store *store,
                                          const char *operand,
                                          const struct feature_table_options *options,
                                          struct arena *arena, struct err *err);
void feature_table_release(struct feature_table *table);

#endif
