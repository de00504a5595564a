/* clean/element_kernel.h: the loops over elements on this processor, chosen by its level.
 *
 * The same bits at every level and on a GPU (clean/device.h). */
#ifndef CLEAN_ELEMENT_KERNEL_H
#define CLEAN_ELEMENT_KERNEL_H

#include "clean/element.h"
#include "clean/moments.h"

#include <stdbool.h>

enum element_type { ELEMENT_FLOAT32, ELEMENT_FLOAT64 };

struct element_kernels {
    /* Moments of one window of at most MOMENT_WINDOW values. */
    struct moments (*moments)(enum element_type type, const void *values, int64_t count);
    /* Scales `count` values; ret may be `values` where both types are the same. */
    void (*scale)(enum element_type from, const void *values, int64_t count,
                  const struct scaling *scaling, enum element_type to, void *ret);
};

const struct element_kernels *element_kernels(void);

#endif
