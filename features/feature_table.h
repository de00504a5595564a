/* features/feature_table.h: a version of a view in memory, whole or one range of entities after the
 * other, ready to be asked about points in time. */
#ifndef FEATURES_FEATURE_TABLE_H
#define FEATURES_FEATURE_TABLE_H

#include "features/change_log.h"
#include "features/served_rows.h"
#include "features/sorter.h"
#include "features/window_set.h"

#include <stdatomic.h>

struct feature_options {
    bool strict_before, as_known;
    bool keys;       /* carry entity and time columns too */
    bool provenance; /* carry _source and _record too */
    bool leaks;      /* count the values that would be others without, or with, as_known */
    enum timeline_order order;
    size_t threads;
};

struct feature_table {
    struct view view;
    struct served served;   /* the version, or those behind a weighted tag */
    struct version version; /* the first of them */
    struct schema *schema;  /* of the version */
    size_t *columns;        /* of the version that are carried, in its order */
    size_t column_count;
    struct schema *answers;      /* the carried columns, then the view's aggregates; all nullable */
    atomic_int_fast64_t *leaked; /* by column of `answers`; NULL unless options.leaks counts */
    /* The range in memory: */
    struct timeline *timeline;
    struct point_in_time *point;
    struct window_set *windows; /* NULL without aggregates */
    struct array **values;      /* one array a column read, rows as the timeline numbers them */
    /* private: where rows come from */
    struct feature_options options;
    struct timeline_columns key_columns;
    size_t read_count; /* of `columns`: those carried, then those only aggregates read */
    struct change_log *log;
    struct point_in_time *other; /* the other as_known rule; options.leaks */
    struct store *store;
    struct version_reader *reader;
    int64_t next_chunk;          /* of the reader: the first one that is in no range yet */
    struct placement *placement; /* NULL: the version may not be one range */
    struct sorter *sorter;       /* several appends that do not fit at once are sorted first */
    struct batch pending;        /* first rows of the next range */
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
/* What a spine asks the range in memory; a view without times has no use for the spine's. */
MUST_CHECK enum status feature_table_asked(const struct feature_table *table,
                                           const struct key_layout *layout, int64_t time_column,
                                           const struct batch *spine, struct asked *ret,
                                           struct err *err);
/* One array a column of `answers`, as new references; *ret_found: rows of the spine that have a row
 * of features. Any thread. */
MUST_CHECK enum status feature_table_answer(const struct feature_table *table,
                                            const struct asked *asked, struct array **ret,
                                            int64_t *ret_found, struct err *err);
void feature_table_release(struct feature_table *table);

#endif
