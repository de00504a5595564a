/* features/cutter.h: where one chunk ends and the next begins, decided by the rows themselves.
 *
 * A chunk ends before a row whose key and event time hash to a multiple of 32,768, once it has
 * 16,384 rows; and in any case at BATCH_ROWS_MAXIMUM rows or 32 MiB. Rows added or changed
 * somewhere leave the cuts before and after as they were, so that a new version shares all other
 * chunks (content- defined chunking: Muthitacharoen, Chen, Mazieres, "A low-bandwidth network file
 * system", SOSP 2001, with whole rows for bytes). Memory and threads have no say. */
#ifndef FEATURES_CUTTER_H
#define FEATURES_CUTTER_H

#include "features/sorter.h"

struct cutter;
/* Cuts what the sorter gives (borrowed). */
MUST_CHECK enum status cutter_open(struct cutter **ret, struct sorter *sorter,
                                   const struct schema *schema,
                                   const struct timeline_columns *columns, struct err *err);
/* The rows of the next chunk. */
MUST_CHECK enum status cutter_next(struct cutter *cutter, struct batch *ret, bool *ret_end,
                                   struct err *err);
void cutter_close(struct cutter **cutter);

#endif
