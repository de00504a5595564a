/* clean/element_kernel_levels.h: one table a level. Private to the kernels and their chooser. */
#ifndef CLEAN_ELEMENT_KERNEL_LEVELS_H
#define CLEAN_ELEMENT_KERNEL_LEVELS_H

#include "clean/element_kernel.h"

extern const struct element_kernels element_kernels_v1, element_kernels_v2, element_kernels_v3,
    element_kernels_v4;

#if defined(KERNEL_LEVEL) && KERNEL_LEVEL == 1
#define ELEMENT_TABLE element_kernels_v1
#elif defined(KERNEL_LEVEL) && KERNEL_LEVEL == 2
#define ELEMENT_TABLE element_kernels_v2
#elif defined(KERNEL_LEVEL) && KERNEL_LEVEL == 3
#define ELEMENT_TABLE element_kernels_v3
#elif defined(KERNEL_LEVEL) && KERNEL_LEVEL == 4
#define ELEMENT_TABLE element_kernels_v4
#endif

#endif
