/* clean/rowkey.h: the values of some columns of a row as one string of bytes: equal bytes mean
 * equal values. For grouping, uniqueness and duplicates.
 *
 * Null and the empty text differ, a dictionary's text equals the same plain text, -0.0 equals 0.0
 * and all NaN are one. Each value carries its length, so that neighbors cannot run together. */
#ifndef CLEAN_ROWKEY_H
#define CLEAN_ROWKEY_H

#include "columnar/array.h"

#define ROWKEY_BYTES_MAXIMUM ((size_t)1 << 31)

/* Whether the values of a column can be compared: all but unions and run-end encoding. For
 * module_columns. */
bool field_has_key(const struct field *field);
/* Appends the value of one column. */
MUST_CHECK enum status rowkey_add(struct bytes *key, const struct field *field,
                                  const struct array *array, int64_t row, struct err *err);

#endif
