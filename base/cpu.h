/* base/cpu.h: which x86-64 level the hot kernels run at.
 *
 * Hot kernels are compiled once per level; the table is chosen at start by what the processor has,
 * or lower by TAMIS_CPU=v1|v2|v3|v4 (tests force each level and compare digests). */
#ifndef BASE_CPU_H
#define BASE_CPU_H

enum cpu_level { CPU_V1 = 1, CPU_V2, CPU_V3, CPU_V4 };

/* The best level the processor has. */
enum cpu_level cpu_level_available(void);
/* The level in use: the best, or TAMIS_CPU where that is lower. */
enum cpu_level cpu_level(void);
/* "x86-64-v3" */
const char *cpu_level_name(enum cpu_level level);

#endif
