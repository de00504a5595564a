/* features/view.h: a view: which columns are the entity, the times and the features.
 *
 *   view: user_activity
 *   entity: [user_id]
 *   event_time: ts
 *   created_time: ingested_at
 *   ttl: 30d
 *   features:
 *     clicks_7d: {type: int64, doc: clicks in 7 days}
 *   aggregates:
 *     clicks_30d: {function: sum, of: clicks_7d, window: 30d}
 *   change_log: {key: [click_id], deleted: withdrawn}
 *   owner: growth
 *   personal: [user_id]
 *
 * Without `features` every other column of what is put is one. Without `event_time` a row holds for
 * all time, the one written last counts. */
#ifndef FEATURES_VIEW_H
#define FEATURES_VIEW_H

#include "base/digest.h"
#include "base/setting.h"
#include "columnar/schema.h"
#include "features/window.h"
#include "lineage/store.h"

struct view_feature {
    const char *name;
    struct field type; /* of the values; a dictionary of them fits too */
    const char *doc;   /* NULL = none */
};

/* A value over a span of time before the point in time that is asked about (window.h). */
struct view_aggregate {
    const char *name;
    enum window_function function;
    const char *of; /* a column; NULL = rows are counted */
    int64_t window; /* microseconds, NO_TTL = since ever */
    const char *doc;
};

/* Rows may correct or delete others (change_log.h). */
struct view_log {
    bool given;
    struct text_list key;            /* none = the event time */
    const char *deleted;             /* NULL = rows are never deleted */
    struct text_list deleted_values; /* none = true, or a number that is not 0 */
};

struct view {
    const char *name, *dataset; /* dataset is feature/NAME unless the file says otherwise */
    struct text_list entity;
    const char *event_time, *created_time; /* NULL = none */
    int64_t ttl;                           /* microseconds, NO_TTL = none */
    struct view_feature *features;
    size_t feature_count; /* 0 = every other column */
    struct view_aggregate *aggregates;
    size_t aggregate_count;
    struct view_log log;
    const char *doc, *owner;
    struct text_list tags, personal;
    struct digest digest;   /* of the meaning: layout and comments do not count */
    const char *definition; /* as JSON */
    int64_t revision;       /* in the catalog; 0 = not there */
};

/* Checks a document and keeps everything in `arena`. STATUS_USAGE with line and column. */
MUST_CHECK enum status view_parse(struct view *ret, const struct yaml_node *root,
                                  struct arena *arena, struct err *err);
/* The newest revision in the catalog; STATUS_USAGE with the nearest name when there is none. */
MUST_CHECK enum status view_find(struct view *ret, struct store *store, const char *name,
                                 struct arena *arena, struct err *err);
bool view_is_personal(const struct view *view, const char *column);
/* Splits "NAME@REF"; *ret_reference is "latest" without one. In `arena`. */
MUST_CHECK enum status view_split(const char *operand, const char **ret_name,
                                  const char **ret_reference, struct arena *arena, struct err *err);
/* Entity and time columns, for a timeline. Borrowed. */
struct timeline_columns view_columns(const struct view *view);
/* Whether the column is the entity, a time, of the change log or provenance (_source, _record), not
 * a feature. */
bool view_is_key(const struct view *view, const char *column);
/* Which columns of `schema` a version keeps, in order: entity, event time, created time, change
 * log, features, provenance. *ret in `arena`. STATUS_FAILED when a column is absent or of another
 * type. */
MUST_CHECK enum status view_select(const struct view *view, const struct schema *schema,
                                   size_t **ret, size_t *ret_count, struct arena *arena,
                                   struct err *err);

#endif
