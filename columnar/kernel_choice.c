/* columnar/kernel_choice.c: which table of kernels runs on this processor. */
#include "base/cpu.h"
#include "columnar/kernel_levels.h"

const struct kernels *kernels(void)
{
    switch (cpu_level()) {
    case CPU_V4: return &kernels_v4;
    case CPU_V3: return &kernels_v3;
    case CPU_V2: return &kernels_v2;
    case CPU_V1: return &kernels_v1;
    }
    return &kernels_v1;
}
