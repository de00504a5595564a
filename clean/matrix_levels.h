/* clean/matrix_levels.h: one table of kernels a level. Private to the kernels and their chooser. */
#ifndef CLEAN_MATRIX_LEVELS_H
#define CLEAN_MATRIX_LEVELS_H

#include "clean/matrix.h"

extern const struct matrix_kernels matrix_v1, matrix_v2, matrix_v3, matrix_v4;

#if defined(KERNEL_LEVEL) && KERNEL_LEVEL == 1
#define MATRIX_TABLE matrix_v1
#elif defined(KERNEL_LEVEL) && KERNEL_LEVEL == 2
#define MATRIX_TABLE matrix_v2
#elif defined(KERNEL_LEVEL) && KERNEL_LEVEL == 3
#define MATRIX_TABLE matrix_v3
#elif defined(KERNEL_LEVEL) && KERNEL_LEVEL == 4
#define MATRIX_TABLE matrix_v4
#endif

#endif
