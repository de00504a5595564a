/* features/pieces.h: versions written by several appends: each one sorted, one behind the other. */
#ifndef FEATURES_PIECES_H
#define FEATURES_PIECES_H

#include "columnar/schema.h"
#include "lineage/store.h"

/* How many sorted pieces a version with this schema has: `tamis:sorted_pieces`, 1 where absent. */
int64_t sorted_pieces(const struct schema *schema);
MUST_CHECK enum status set_sorted_pieces(struct schema *schema, int64_t pieces, struct err *err);
/* The latest version's number, 0 where there is none. */
MUST_CHECK enum status latest_number(struct store *store, const char *dataset, int64_t *ret,
                                     struct err *err);

#endif
