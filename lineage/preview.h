/* lineage/preview.h: what a terminal gets instead of Arrow bytes: the first rows as a table, then
 * how many there are. Every value is escaped. */
#ifndef LINEAGE_PREVIEW_H
#define LINEAGE_PREVIEW_H

#include "base/output.h"
#include "columnar/array.h"

struct preview;
/* Borrows the output, which must outlive the preview. */
MUST_CHECK enum status preview_open(struct preview **ret, struct output *output,
                                    const struct schema *schema, struct err *err);
/* Keeps the first rows, counts the rest. */
MUST_CHECK enum status preview_add(struct preview *preview, const struct batch *batch,
                                   struct err *err);
/* Writes the table. */
MUST_CHECK enum status preview_finish(struct preview *preview, struct err *err);
void preview_close(struct preview **preview);

#endif
