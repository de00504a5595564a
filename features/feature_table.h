/* features/feature_table.h: a version of a view in memory, whole or one range of entities after the
 * other, ready to be asked about points in time. */
#ifndef FEATURES_FEATURE_TABLE_H
#define FEATURES_FEATURE_TABLE_H

#include "features/point_in_time.h"
#include "features/reference.h"
#include "features/sorter.h"

struct feature_options {
    bool strict_before, as_known;
    bool keys;       /* carry entity and time columns too */
    bool provenance; /* carry _source and _record too */
    enum timeline_order order;
    size_t threads;
};

struct feature_table {
    struct view view;
    struct version version;
    struct schema *schema; /* of the version */
    size_t *columns;       /* of the version that are carried, in its order */
    size_t column_count;
    /* The range in memory: */
    struct timeline *timeline;
    struct point_in_time *point;
    struct array **values; /* one array a carried column, rows as the timeline numbers them */
    /* private: where rows come from */
    struct feature_options options;
    struct timeline_columns key_columns;
    struct store *store;
    struct version_reader *reader;
    struct sorter *sorter; /* several appends that do not fit at once are sorted first */
    struct batch pending;  /* first rows of the next range */
};

/* Finds the version; loads nothing yet. Names live in `arena`. Do not move the table afterwards. */
MUST_CHECK enum status feature_table_open(struct feature_table *ret, struct store *store,
                                          const char *operand,
                                          const struct feature_options *options,
                                          struct arena *arena, struct err *err);
/* Loads the next entities, about `budget` bytes of them and never a part of one, in place of those
 * before. *ret_more: there are further ones. */
MUST_CHECK enum status feature_table_next(struct feature_table *table, uint64_t budget,
                                          bool *ret_more, struct err *err);
/* point_in_time_match for the range in memory; a view without times has no use for the spine's. */
MUST_CHECK enum status feature_table_match(const struct feature_table *table,
                                           const struct key_layout *layout, int64_t time_column,
                                           const struct batch *spine, int64_t *ret_rows,
                                           struct err *err);
void feature_table_release(struct feature_table *table);

#endif
