/* clean/matrix_kernel.c: the inner loops of both products; compiled once a level. */
#include "clean/matrix_levels.h"

#include <string.h>

#if defined(__AVX512F__)
#define WIDTH 16
#elif defined(__AVX__)
#define WIDTH 8
#else
#define WIDTH 4
#endif
#define PARTS (MATRIX_LANES / WIDTH)
#define TILE  (WIDTH == 4 ? 2 : 4) /* rows whose sums stay in registers */

typedef float lanes __attribute__((vector_size(WIDTH * sizeof(float))));

static inline lanes load(const float *from)
{
    lanes ret;
    memcpy(&ret, from, sizeof ret);
    return ret;
}

static inline void store(float *to, lanes value)
{
    memcpy(to, &value, sizeof value);
}

/* `count` rows of a, at most TILE, by one panel. Steps in a: `stride` between rows, `step` between
 * terms. Steps in b and between rows of ret. */
static inline __attribute__((always_inline)) void tile(const float *a, size_t stride, size_t step,
                                                       size_t count, size_t terms, const float *b,
                                                       size_t b_step, float *ret, size_t ret_stride,
                                                       int adds)
{
    lanes sums[TILE][PARTS] = {{{0}}};
    for (size_t i = 0; adds && i < count; i++)
        for (int p = 0; p < PARTS; p++)
            sums[i][p] = load(ret + i * ret_stride + p * WIDTH);
    for (size_t k = 0; k < terms; k++) {
        lanes right[PARTS];
        for (int p = 0; p < PARTS; p++)
            right[p] = load(b + k * b_step + p * WIDTH);
        for (size_t i = 0; i < count; i++) {
            float left = a[i * stride + k * step];
            for (int p = 0; p < PARTS; p++)
                sums[i][p] += left * right[p];
        }
    }
    for (size_t i = 0; i < count; i++)
        for (int p = 0; p < PARTS; p++)
            store(ret + i * ret_stride + p * WIDTH, sums[i][p]);
}

static void product(const float *a, size_t stride, size_t rows, size_t inner, const float *packed,
                    size_t panels, float *ret)
{
    size_t columns = panels * MATRIX_LANES;
    for (size_t panel = 0; panel < panels; panel++) {
        const float *b = packed + panel * inner * MATRIX_LANES;
        float *to = ret + panel * MATRIX_LANES;
        size_t i = 0;
        for (; i + TILE <= rows; i += TILE)
            tile(a + i * stride, stride, 1, TILE, inner, b, MATRIX_LANES, to + i * columns, columns,
                 0);
        for (; i < rows; i++)
            tile(a + i * stride, stride, 1, 1, inner, b, MATRIX_LANES, to + i * columns, columns,
                 0);
    }
}

/* Sixteen columns of a lie in one line of the cache: copied together, they stay near. */
static void cross(const float *a, size_t stride, size_t rows, size_t count, const float *b,
                  size_t panels, float *ret)
{
    float near[MATRIX_ROWS * MATRIX_LANES];
    size_t columns = panels * MATRIX_LANES;
    for (size_t first = 0; first < count; first += MATRIX_LANES) {
        size_t wide = count - first < MATRIX_LANES ? count - first : MATRIX_LANES;
        for (size_t row = 0; row < rows; row++)
            memcpy(near + row * MATRIX_LANES, a + row * stride + first, wide * sizeof *near);
        for (size_t panel = 0; panel < panels; panel++) {
            const float *right = b + panel * MATRIX_LANES;
            float *to = ret + first * columns + panel * MATRIX_LANES;
            size_t i = 0;
            for (; i + TILE <= wide; i += TILE)
                tile(near + i, 1, MATRIX_LANES, TILE, rows, right, columns, to + i * columns,
                     columns, 1);
            for (; i < wide; i++)
                tile(near + i, 1, MATRIX_LANES, 1, rows, right, columns, to + i * columns, columns,
                     1);
        }
    }
}

const struct matrix_kernels MATRIX_TABLE = {.product = product, .cross = cross};
