/* clean/matrix.c: packing, and the kernels for this processor. */
#include "clean/matrix.h"

#include "base/cpu.h"
#include "clean/matrix_levels.h"

const struct matrix_kernels *matrix_kernels(void)
{
    switch (cpu_level()) {
    case CPU_V4: return &matrix_v4;
    case CPU_V3: return &matrix_v3;
    case CPU_V2: return &matrix_v2;
    case CPU_V1: break;
    }
    return &matrix_v1;
}

static void pack(const float *b, size_t row_stride, size_t column_stride, size_t inner,
                 size_t columns, float *ret)
{
    for (size_t panel = 0; panel < matrix_panels(columns); panel++)
        for (size_t k = 0; k < inner; k++)
            for (size_t lane = 0; lane < MATRIX_LANES; lane++) {
                size_t column = panel * MATRIX_LANES + lane;
                *ret++ = column < columns ? b[k * row_stride + column * column_stride] : 0;
            }
}

void matrix_pack(const float *b, size_t stride, size_t inner, size_t columns, float *ret)
{
    pack(b, stride, 1, inner, columns, ret);
}

void matrix_pack_transposed(const float *b, size_t stride, size_t inner, size_t columns, float *ret)
{
    pack(b, 1, stride, inner, columns, ret);
}
