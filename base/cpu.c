/* base/cpu.c: which x86-64 level the hot kernels run at. */
#include "base/cpu.h"

#include <stdlib.h>
#include <string.h>

/* By features, since not every compiler knows the levels by name. No processor has the ones asked
 * for without the rest of its level (System V psABI, x86-64 supplement, "micro-architecture
 * levels"). */
enum cpu_level cpu_level_available(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("sse4.2") || !__builtin_cpu_supports("popcnt")) return CPU_V1;
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi") ||
        !__builtin_cpu_supports("bmi2") || !__builtin_cpu_supports("fma"))
        return CPU_V2;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512cd") || !__builtin_cpu_supports("avx512dq") ||
        !__builtin_cpu_supports("avx512vl"))
        return CPU_V3;
    return CPU_V4;
#else
    return CPU_V1;
#endif
}

enum cpu_level cpu_level(void)
{
    enum cpu_level best = cpu_level_available();
    const char *wanted = getenv("TAMIS_CPU");
    if (wanted == NULL || strlen(wanted) != 2 || wanted[0] != 'v') return best;
    if (wanted[1] < '1' || wanted[1] > '4') return best;
    enum cpu_level asked = (enum cpu_level)(wanted[1] - '0');
    return asked < best ? asked : best;
}

const char *cpu_level_name(enum cpu_level level)
{
    switch (level) {
    case CPU_V1: return "x86-64";
    case CPU_V2: return "x86-64-v2";
    case CPU_V3: return "x86-64-v3";
    case CPU_V4: return "x86-64-v4";
    }
    return "x86-64";
}
