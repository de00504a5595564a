/* columnar/content.h: content digests: the same values give the same digest, however they were
 * encoded, compressed or cut.
 *
 * Canonical form of a column: field (name, type, nullable, zone, children; no metadata), then per
 * column the validity bits (present or not by null count), values with null slots zero, offsets
 * from 0, dictionary values in first-use order and renumbered indices; views and large types as
 * their plain forms. */
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
