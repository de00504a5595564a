/* columnar/value_text.h: one value of any Arrow type as text, for people and for JSON.
 *
 * Numbers, dates and times read as array_value_text() writes them, binary values as base64
 * (RFC 4648). A nested value is JSON in both forms. */
#ifndef COLUMNAR_VALUE_TEXT_H
#define COLUMNAR_VALUE_TEXT_H

#include "columnar/array.h"

/* Whether `row` holds no value, run-end and union columns included. */
bool value_is_null(const struct field *field, const struct array *array, int64_t row);
/* Whether the plain form of this type is a number (tables align it to the right). */
bool value_is_numeric(const struct field *field);
/* Appends the bare value; nothing for null. */
MUST_CHECK enum status value_plain(const struct field *field, const struct array *array,
                                   int64_t row, struct bytes *ret, struct err *err);
/* Appends one JSON value (RFC 8259). Integers and decimals are written with every digit; NaN and
 * the infinities, which JSON has no number for, as the strings "NaN", "Infinity", "-Infinity". A
 * list is an array, a struct an object, a map an array of {"key", "value"} objects. */
MUST_CHECK enum status value_json(const struct field *field, const struct array *array, int64_t row,
                                  struct bytes *ret, struct err *err);

#endif
