/* features/view_aggregates.h: the parts of a view that say how rows of a log are put together. For
 * view.c. */
#ifndef FEATURES_VIEW_AGGREGATES_H
#define FEATURES_VIEW_AGGREGATES_H

#include "features/view.h"

/* `aggregates`: after the features. NULL = none. */
MUST_CHECK enum status view_parse_aggregates(struct view *view, const struct yaml_node *aggregates,
                                             struct arena *arena, struct err *err);
/* `change_log`: before the features, which its columns are not. NULL = none. */
MUST_CHECK enum status view_parse_log(struct view *view, const struct yaml_node *log,
                                      struct arena *arena, struct err *err);
bool view_is_of_log(const struct view *view, const char *column);
/* Whether rows have this column; without declared features any column may be there. */
bool view_has(const struct view *view, const char *column);
/* What an aggregate gives where its column is `of` (ignored where rows are counted): name, type and
 * documentation in `ret`, borrowed. STATUS_USAGE where the function has no meaning for the type. */
MUST_CHECK enum status view_aggregate_field(const struct view_aggregate *aggregate,
                                            const struct field *of, struct field *ret,
                                            struct err *err);

#endif
