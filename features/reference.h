/* features/reference.h: what people write for a view's versions: VIEW[@REF] or DATASET[@REF], a
 * dataset being a name with a "/". */
#ifndef FEATURES_REFERENCE_H
#define FEATURES_REFERENCE_H

#include "features/view.h"
#include "lineage/version.h"

/* The dataset of a view's name, or the dataset itself. *ret in `arena`. */
MUST_CHECK enum status reference_dataset(struct store *store, const char *name, const char **ret,
                                         struct arena *arena, struct err *err);
/* The view and version of VIEW[@REF]. */
MUST_CHECK enum status reference_view(struct store *store, const char *operand, struct view *ret,
                                      struct version *ret_version, struct arena *arena,
                                      struct err *err);
/* The version of VIEW[@REF] or DATASET[@REF]. */
MUST_CHECK enum status reference_version(struct store *store, const char *operand,
                                         struct version *ret, struct arena *arena, struct err *err);
/* "version:DATASET@N" */
#define VERSION_NODE 300
char *version_node(const struct version *version, char ret[VERSION_NODE]);

#endif
