/* features/rows.h: rows to look at, from an Arrow file or stream or from the store, without leaving
 * a trace: no run is recorded and no store is made. Commands that write use lineage/stage.h. */
#ifndef FEATURES_ROWS_H
#define FEATURES_ROWS_H

#include "columnar/array.h"
#include "lineage/store.h"
#include "lineage/version.h"

struct rows;
/* "-" or NULL is stdin, tamis:DATASET[@REF] a version, everything else a path. */
MUST_CHECK enum status rows_open(struct rows **ret, const char *operand,
                                 const struct common *common, struct err *err);
const struct schema *rows_schema(const struct rows *rows);
/* The next batch of at least one row; *ret_end true and no batch at the end. */
MUST_CHECK enum status rows_next(struct rows *rows, struct batch *ret, bool *ret_end,
                                 struct err *err);
/* What the last batches said about the data: "tamis:verdict=failed" came along. */
bool rows_verdict_failed(const struct rows *rows);
void rows_close(struct rows **rows);

#endif
