/* columnar/hyperloglog.h: how many different values there are, in 4 KiB (Flajolet et al. 2007,
 * "HyperLogLog"); standard error 1.6 %. Order never matters: registers are maxima. */
#ifndef COLUMNAR_HYPERLOGLOG_H
#define COLUMNAR_HYPERLOGLOG_H

#include <stdint.h>

#define HYPERLOGLOG_BITS      12
#define HYPERLOGLOG_REGISTERS (1 << HYPERLOGLOG_BITS)

static inline void hyperloglog_add(uint8_t *registers, uint64_t hash)
{
    uint8_t rank =
        (uint8_t)(__builtin_clzll(hash << HYPERLOGLOG_BITS | 1ull << (HYPERLOGLOG_BITS - 1)) + 1);
    uint8_t *known = &registers[hash >> (64 - HYPERLOGLOG_BITS)];
    if (rank > *known) *known = rank;
}
static inline void hyperloglog_merge(uint8_t *registers, const uint8_t *from)
{
    for (int i = 0; i < HYPERLOGLOG_REGISTERS; i++)
        if (from[i] > registers[i]) registers[i] = from[i];
}
int64_t hyperloglog_count(const uint8_t *registers);

#endif
