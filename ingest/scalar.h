/* ingest/scalar.h: one value of a type, from its text or from an array, and arrays of one type as
 * arrays of another where no value is changed. */
#ifndef INGEST_SCALAR_H
#define INGEST_SCALAR_H

#include "columnar/array.h"
#include "ingest/value.h"

/* A number, day or moment in the unit of its type (a decimal: unscaled), or a text. */
__extension__ typedef __int128 wide_int;
struct scalar {
    wide_int whole;
    double real;
    struct str text;
};

/* Whether values can be read as this type: bool, integers, floats, decimal128, date32, timestamps,
 * utf8, binary, dictionary<int32, utf8>. */
bool scalar_knows(const struct field *field);
/* Whether the values of a type have an order that minimum and maximum can speak of. */
bool scalar_has_order(const struct field *field);
/* The value that a text is, as ingest/value.h reads texts, and further: 0 and 1 are booleans, a day
 * is a moment at midnight, a decimal has at most the digits of its type. False when the text is no
 * value of this type or would be changed. */
bool scalar_read(struct str text, const struct field *field, struct value_day *day,
                 struct scalar *ret);
/* The value at `row`, which is not null, of a type that has an order. */
void scalar_at(const struct field *field, const struct array *array, int64_t row,
               struct scalar *ret);
/* -1, 0, 1 by the order of the type. NaN is above all. */
int scalar_compare(const struct field *field, const struct scalar *a, const struct scalar *b);

/* The array as values of `to`. A value that is none there sets failed[row] and becomes null.
 * `empty_is_null`: an empty text is null in every type but text. */
MUST_CHECK enum status recast_array(const struct field *from, const struct array *array,
                                    const struct field *to, bool empty_is_null, uint8_t *failed,
                                    struct array **ret, struct err *err);

#endif
