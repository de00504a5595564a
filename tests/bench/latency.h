/* tests/bench/latency.h: random keys, a clock and percentiles, for the lookups of ours and of
 * others.
 */
#ifndef TESTS_BENCH_LATENCY_H
#define TESTS_BENCH_LATENCY_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* splitmix64: all programs draw the same keys. */
static uint64_t random_state = 1;

static inline uint64_t next_random(void)
{
    uint64_t z = (random_state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline double now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec * 1e9 + (double)at.tv_nsec;
}

static inline int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static inline double at_share(double *times, size_t count, double share)
{
    qsort(times, count, sizeof *times, ascending);
    return times[(size_t)((double)(count - 1) * share)];
}

static inline double clock_cost(void)
{
    double times[1001];
    for (int i = 0; i < 1001; i++) {
        double before = now();
        times[i] = now() - before;
    }
    return at_share(times, 1001, 0.5);
}

/* The line every program prints. `first` from opening to the first answer; `batch` 0 = none. */
static inline void print_latencies(double *times, size_t count, double batch, double first,
                                   double sum)
{
    double cost = clock_cost();
    printf("{\"p50_ns\": %.0f, \"p99_ns\": %.0f, \"batch_ns\": %.0f, \"first_ns\": %.0f, \"sum\": "
           "%.17g}\n",
           at_share(times, count, 0.5) - cost, at_share(times, count, 0.99) - cost, batch, first,
           sum);
}

#endif
