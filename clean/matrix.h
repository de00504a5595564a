/* clean/matrix.h: products of float matrices in an order that never changes.
 *
 * Each value of a result is one sum, taken from the first term to the last; sixteen values lie side
 * by side in a register, so neither the width of the registers nor the number of threads touches a
 * bit of it. (The blocked product with packed panels of Goto and van de Geijn 2008, without its
 * blocking of the inner dimension.) Functions run on the calling thread and any number of them at
 * once. */
#ifndef CLEAN_MATRIX_H
#define CLEAN_MATRIX_H

#include <stddef.h>

#define MATRIX_LANES 16  /* columns of a panel */
#define MATRIX_ROWS  256 /* the most rows of one matrix_cross */

static inline size_t matrix_panels(size_t columns)
{
    return (columns + MATRIX_LANES - 1) / MATRIX_LANES;
}
/* Columns with those that fill the last panel. */
static inline size_t matrix_padded(size_t columns)
{
    return matrix_panels(columns) * MATRIX_LANES;
}

struct matrix_kernels {
    /* ret (rows x panels * 16) = a (rows x inner, `stride` values from row to row) b.
     * packed   b as panels: inner x 16 values each, one behind the other (matrix_pack) */
    void (*product)(const float *a, size_t stride, size_t rows, size_t inner, const float *packed,
                    size_t panels, float *ret);
    /* ret (count x panels * 16) += the transpose of a (rows x count) times b (rows x panels * 16).
     * rows     at most MATRIX_ROWS */
    void (*cross)(const float *a, size_t stride, size_t rows, size_t count, const float *b,
                  size_t panels, float *ret);
};
/* Those for this processor. */
const struct matrix_kernels *matrix_kernels(void);

/* Packs b (inner x columns, `stride` from row to row); columns behind the last are zero. `ret` has
 * room for inner x matrix_padded(columns). */
void matrix_pack(const float *b, size_t stride, size_t inner, size_t columns, float *ret);
/* The same of the transpose: b is columns x inner. */
void matrix_pack_transposed(const float *b, size_t stride, size_t inner, size_t columns,
                            float *ret);

#endif
