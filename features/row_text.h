/* features/row_text.h: rows as CSV (RFC 4180), as JSON Lines, and as a table for people. */
#ifndef FEATURES_ROW_TEXT_H
#define FEATURES_ROW_TEXT_H

#include "columnar/array.h"

/* The names of the columns as one CSV record. Records end with LF, which every reader of RFC 4180
 * files takes; a value with a comma, a quote, CR or LF is quoted. Null is nothing, empty text is
 * "". A single column's null is "" too: an empty line would be no record. `source_names`: what the
 * source called a column ("tamis:name" of the field) where that is not its name. */
MUST_CHECK enum status csv_header(const struct schema *schema, bool source_names, struct bytes *ret,
                                  struct err *err);
/* Rows first ... first + count - 1, one record each. */
MUST_CHECK enum status csv_rows(const struct batch *batch, int64_t first, int64_t count,
                                struct bytes *ret, struct err *err);
/* The same for spreadsheets: an apostrophe stands in front of a text, or name, that they would take
 * for a formula: one that begins with = + - @ tab or CR (OWASP, "CSV Injection"). Numbers stay. */
MUST_CHECK enum status csv_header_inert(const struct schema *schema, bool source_names,
                                        struct bytes *ret, struct err *err);
MUST_CHECK enum status csv_rows_inert(const struct batch *batch, int64_t first, int64_t count,
                                      struct bytes *ret, struct err *err);
/* Choices of the setting `formulas`. */
#define CSV_FORMULAS "keep|mark"
enum csv_formulas { FORMULAS_KEEP, FORMULAS_MARK };

/* Appends lines of text for a terminal: all but their LF is escaped as by escape_for_terminal(). */
MUST_CHECK enum status lines_for_terminal(struct str lines, struct bytes *ret, struct err *err);

/* The same rows, one JSON object a line (value_json). */
MUST_CHECK enum status json_rows(const struct batch *batch, int64_t first, int64_t count,
                                 struct bytes *ret, struct err *err);
/* All rows as one JSON array and a newline. */
MUST_CHECK enum status json_array(const struct batch *batch, struct bytes *ret, struct err *err);

/* A table is laid out in blocks of at most TABLE_BLOCK rows; the first block decides the widths and
 * prints the heading. Cells are escaped for the terminal and cut at TABLE_CELL characters. */
#define TABLE_BLOCK 1000
#define TABLE_CELL  40
struct text_table;
MUST_CHECK enum status text_table_open(struct text_table **ret, const struct schema *schema,
                                       struct err *err);
MUST_CHECK enum status text_table_rows(struct text_table *table, const struct batch *batch,
                                       int64_t first, int64_t count, struct bytes *ret,
                                       struct err *err);
/* Rows still waiting for their widths. */
MUST_CHECK enum status text_table_end(struct text_table *table, struct bytes *ret, struct err *err);
void text_table_close(struct text_table **table);

#endif
