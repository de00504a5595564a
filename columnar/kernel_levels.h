/* columnar/kernel_levels.h: one table of kernels a level. Private to kernels.c and its chooser. */
#ifndef COLUMNAR_KERNEL_LEVELS_H
#define COLUMNAR_KERNEL_LEVELS_H

#include "columnar/kernels.h"

extern const struct kernels kernels_v1, kernels_v2, kernels_v3, kernels_v4;

#if defined(KERNEL_LEVEL) && KERNEL_LEVEL == 1
#define KERNEL_TABLE kernels_v1
#elif defined(KERNEL_LEVEL) && KERNEL_LEVEL == 2
#define KERNEL_TABLE kernels_v2
#elif defined(KERNEL_LEVEL) && KERNEL_LEVEL == 3
#define KERNEL_TABLE kernels_v3
#elif defined(KERNEL_LEVEL) && KERNEL_LEVEL == 4
#define KERNEL_TABLE kernels_v4
#endif

#endif
