/* tests/bench/random.h: the same numbers on every machine: splitmix64 (Steele, Lea, Flood 2014). */
#ifndef BENCH_RANDOM_H
#define BENCH_RANDOM_H

#include <stdint.h>

struct random {
    uint64_t state;
};

static inline uint64_t random_bits(struct random *random)
{
    uint64_t z = (random->state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* 0 ... below - 1 */
static inline uint32_t random_below(struct random *random, uint32_t below)
{
    return (uint32_t)(((random_bits(random) >> 32) * (uint64_t)below) >> 32);
}

/* Nearly normal, mean 0, deviation 1: the sum of twelve uniforms needs no libm. */
static inline double random_normal(struct random *random)
{
    double sum = 0;
    for (int i = 0; i < 12; i++)
        sum += (double)(random_bits(random) >> 11) * (1.0 / 9007199254740992.0);
    return sum - 6.0;
}

#endif
