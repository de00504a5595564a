/* lineage/openlineage.h: one run as OpenLineage events (spec 2-0-2, https://openlineage.io/spec/),
 * made from the catalog alone: `tamis-features lineage --format openlineage` and --emit tell the
 * same.
 *
 * Datasets are in the namespace "tamis": a version is its dataset, the number a facet; sources,
 * models, files and pipes are named as in `edges`. Jobs are in $OPENLINEAGE_NAMESPACE, else
 * "tamis". Every facet names the schema it follows. */
#ifndef LINEAGE_OPENLINEAGE_H
#define LINEAGE_OPENLINEAGE_H

#include "base/str.h"
#include "lineage/store.h"

/* Appends one line of JSON: START, or with `end` COMPLETE, FAIL or ABORT. Nothing for a run that is
 * not known, or whose end has not come. */
MUST_CHECK enum status openlineage_event(struct store *store, const char *run_id, bool end,
                                         struct bytes *ret, struct err *err);

#endif
