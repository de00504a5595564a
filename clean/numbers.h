/* clean/numbers.h: a column as doubles, and back: what every numeric module begins and ends with.
 *
 * Integer columns stay integer columns: a value put into one is rounded to the nearest integer,
 * ties to even, and held within the type; into a decimal column, to its scale. */
#ifndef CLEAN_NUMBERS_H
#define CLEAN_NUMBERS_H

#include "clean/element_kernel.h"
#include "columnar/array.h"

/* Integers, float16/32/64 and decimal128, not dictionary-encoded. For module_columns. */
bool field_is_number(const struct field *field);
/* The numbers, and dates and timestamps, whose middle also means something. */
bool field_is_ordered_number(const struct field *field);

/* `ret` has room for array->length values; nulls become NaN. */
void numbers_read(const struct field *field, const struct array *array, double *ret);

/* The values where they lie, if they are float32 or float64 already (null slots hold anything);
 * NULL for other types. */
const void *numbers_elements(const struct field *field, const struct array *array,
                             enum element_type *ret);

/* A bool array without nulls; `values` is one byte a row. */
MUST_CHECK enum status flags_make(struct array **ret, const uint8_t *values, int64_t rows,
                                  struct err *err);

/* A changeable copy of a fixed-width column of field_is_ordered_number. The first change copies;
 * without one, patch_finish gives back the array itself. */
struct patch {
    const struct field *field;
    const struct array *array;
    struct buffer values, validity;
    int64_t cells; /* changed so far */
};
MUST_CHECK enum status patch_number(struct patch *patch, int64_t row, double value,
                                    struct err *err);
MUST_CHECK enum status patch_null(struct patch *patch, int64_t row, struct err *err);
MUST_CHECK enum status patch_finish(struct patch *patch, struct array **ret, struct err *err);
void patch_release(struct patch *patch);

#endif
