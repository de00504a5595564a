/* features/columns.h: some columns of a table, in another order. */
#ifndef FEATURES_COLUMNS_H
#define FEATURES_COLUMNS_H

#include "base/setting.h"
#include "columnar/array.h"

/* The positions of the columns that `--columns` names. *ret is freed with memory_free, also after a
 * failure. */
MUST_CHECK enum status columns_choose(size_t **ret, size_t *ret_count, const struct schema *schema,
                                      const struct text_list *names, struct err *err);
/* The fields at `columns`, with the schema's metadata. */
MUST_CHECK enum status columns_schema(struct schema **ret, const struct schema *schema,
                                      const size_t *columns, size_t count, struct err *err);
/* Adds one schema's metadata to another's. */
MUST_CHECK enum status columns_metadata(struct schema *to, const struct schema *from,
                                        struct err *err);
/* The same columns of a batch, shared. `schema` has the fields columns_schema() gave. */
MUST_CHECK enum status columns_batch(struct batch *ret, const struct schema *schema,
                                     const struct batch *batch, const size_t *columns,
                                     struct err *err);

#endif
