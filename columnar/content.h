/* columnar/content.h: content digests: the same values give the same digest, however they were
 * encoded, compressed or cut.
 *
 * Canonical form: fields (name, type, nullable, zone, children; no metadata, no index type), then a
 * window of 65,536 rows at a time and column by column the validity bits (only where there are
 * nulls), values with null slots zero, lengths of texts and lists, their bytes and items; a
 * dictionary as numbers of its values in first-use order and these values. Views, large types and
 * list views count as their plain forms, run-end encoding as its values, children of null rows as
 * null. */
#ifndef COLUMNAR_CONTENT_H
#define COLUMNAR_CONTENT_H

#include "base/digest.h"
#include "columnar/array.h"

/* Digest of one batch: names a chunk. */
MUST_CHECK enum status content_digest(const struct batch *batch, struct digest *ret,
                                      struct err *err);

/* Digest of a whole row-ordered table in windows of 65,536 rows: does not depend on how the rows
 * were cut into batches. */
struct content_digester;
MUST_CHECK enum status content_digester_open(struct content_digester **ret,
                                             const struct schema *schema, struct err *err);
MUST_CHECK enum status content_digester_add(struct content_digester *digester,
                                            const struct batch *batch, struct err *err);
MUST_CHECK enum status content_digester_end(struct content_digester *digester, struct digest *ret,
                                            struct err *err);
void content_digester_close(struct content_digester **digester);

#endif
