/* features/dependence.h: column edges of what is done with entities and times: rows are found by
 * them, sorted by them and left out because of them. */
#ifndef FEATURES_DEPENDENCE_H
#define FEATURES_DEPENDENCE_H

#include "features/served.h"
#include "lineage/run.h"

/* The edge, from each version that is served; edge->input is ignored. */
MUST_CHECK enum status depends_on_versions(struct run *run, const struct served *served,
                                           const struct column_edge *edge, struct err *err);

/* How rows of a view come to be chosen: OpenLineage's words, NULL where a column has no part. */
struct choice {
    const char *entity, *event_time, *created_time, *log;
};
/* `output_column` is INDIRECTly from the key columns of the view's versions. */
MUST_CHECK enum status depends_on_choice(struct run *run, const struct served *served,
                                         const struct choice *choice, const char *output_column,
                                         struct err *err);
/* Each of `columns` is INDIRECTly from the key columns of `view`, which were in `input`. */
MUST_CHECK enum status depends_on_keys(struct run *run, const struct view *view, const char *input,
                                       const char *subtype, const struct schema *columns,
                                       struct err *err);

#endif
