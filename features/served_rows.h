/* features/served_rows.h: the rows behind VIEW[@REF]: those of its version, or behind a weighted
 * tag of each entity the rows of the version it gets. */
#ifndef FEATURES_SERVED_ROWS_H
#define FEATURES_SERVED_ROWS_H

#include "features/served.h"
#include "lineage/run.h"

struct served_rows;
/* `served` is borrowed. STATUS_USAGE where the versions have other columns or types. */
MUST_CHECK enum status served_rows_open(struct served_rows **ret, struct store *store,
                                        const struct served *served, size_t threads,
                                        struct err *err);
const struct schema *served_rows_schema(const struct served_rows *rows);
/* Sorted runs of rows, one behind the other: 1 = all of them in order. */
int64_t served_rows_pieces(const struct served_rows *rows);
/* Version after version; batches of no row are left out. */
MUST_CHECK enum status served_rows_next(struct served_rows *rows, struct batch *ret, bool *ret_end,
                                        struct err *err);
void served_rows_close(struct served_rows **rows);

/* An edge from each version to the run. */
MUST_CHECK enum status served_edges(const struct served *served, struct run *run, struct err *err);
/* "3", or "3:90,4:10". Returns ret. */
char *served_text(const struct served *served, char ret[TAG_STATE_TEXT]);

#endif
