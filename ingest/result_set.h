/* ingest/result_set.h: what the kinds share that read tables and queries of databases. */
#ifndef INGEST_RESULT_SET_H
#define INGEST_RESULT_SET_H

#include "ingest/source.h"

/* The name of column `index` in a schema that has the columns before it: `name`, "columnN" where it
 * is empty, with _2, _3 ... where it is there already (as for CSV). In the arena. STATUS_FAILED
 * when it is not UTF-8. */
MUST_CHECK enum status result_column_name(const struct schema *schema, struct arena *arena,
                                          const char *name, size_t index, const char **ret,
                                          struct err *err);

/* The raw bytes of a rejected row: a CSV record of its values as they came, cut at
 * RAW_BYTES_MAXIMUM. A null is empty, an empty text is "". */
MUST_CHECK enum status result_line_add(struct bytes *line, bool first, bool null, struct str value,
                                       struct err *err);
#define RESULT_LINE_LIMIT (RAW_BYTES_MAXIMUM * 3u)

/* Adds a reject for row `record`; message and line are copied into the rows' arena. */
MUST_CHECK enum status result_reject(struct source_rows *rows, int64_t record, const char *rule,
                                     const char *message, const struct bytes *line,
                                     struct err *err);

/* Fails with the names of the tables to choose from; `names` of a database that has `count`. */
enum status result_which_table(const char *const *names, size_t count, struct err *err);

#endif
