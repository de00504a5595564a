/* columnar/distinct.h: a column of texts as its distinct values and, for each row, which of them it
 * is: work once a value, not once a row.
 *
 * A view beside a utf8 array, never instead of it: columns of few distinct texts get one when they
 * are asked for it, and keep it as long as the array lives. Whether a column gets one depends on
 * its rows alone. */
#ifndef COLUMNAR_DISTINCT_H
#define COLUMNAR_DISTINCT_H

#include "columnar/array.h"

#define DISTINCT_MAXIMUM 4096 /* values */

struct distinct {
    /* At most DISTINCT_MAXIMUM, in the order of their first rows; null where a row is null. What
     * was made by distinct_map may hold a text more than once. */
    struct array *values;
    const uint16_t *codes;  /* by row: position in values */
    const uint32_t *counts; /* by value: rows */
    struct buffer memory;   /* of both; shared by the arrays that were mapped */
};

/* NULL where the array is not plain utf8, is short, or has too many distinct texts for its length;
 * also where memory is short. Any thread; lives as long as the array. */
const struct distinct *array_distinct(const struct field *field, const struct array *array);
/* The array whose row i is values[codes[i]], with `values` (as many as in `distinct`) beside it. */
MUST_CHECK enum status distinct_map(struct array **ret, const struct distinct *distinct,
                                    const struct array *values, struct err *err);
/* The most memory that a view beside a column can take. */
size_t distinct_bytes_most(const struct field *field, int64_t rows);

#endif
