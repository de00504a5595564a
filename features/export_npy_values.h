/* features/export_npy_values.h: what NumPy calls the values of a column, and their bytes. */
#ifndef FEATURES_EXPORT_NPY_VALUES_H
#define FEATURES_EXPORT_NPY_VALUES_H

#include "columnar/array.h"

#define NPY_DIMENSIONS 32

/* One column of numbers; the shape is that of one row. */
struct npy_column {
    struct field field;       /* as in the schema; borrowed */
    const struct field *leaf; /* behind the fixed-size lists; borrowed */
    char descr[16];           /* "<f8", "|b1", "<M8[us]" */
    size_t width;             /* bytes of a value in the file */
    int64_t dimensions[NPY_DIMENSIONS];
    size_t dimension_count;
    int64_t values; /* a row: the product of the dimensions */
};
/* STATUS_USAGE with a hint where NumPy has no such type. `field` must outlive the column. */
MUST_CHECK enum status npy_column_of(struct npy_column *ret, const struct field *field,
                                     struct err *err);
/* Appends the values of all rows in C order. A null is NaN in floats and NaT in dates and times;
 * STATUS_FAILED names its row (first_row is the number of the first, from 1) elsewhere. */
MUST_CHECK enum status npy_values(const struct npy_column *column, const struct array *array,
                                  int64_t first_row, struct bytes *ret, struct err *err);

#endif
