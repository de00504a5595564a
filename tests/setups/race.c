/* What a thread sanitizer must report, and what it must not: with "race together" two threads that
 * have met add to one number; with "race apart" each to its own, and both are read when the threads
 * are through, which is no race to whoever knows OpenMP's barriers. */
#include "base/parallel.h"

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define THREADS 2
#define ROUNDS  200

struct sums {
    bool together;
    int present; /* changed without an order: who meets here knows nothing more of the other */
    long number[THREADS];
};

static enum status add(void *context, size_t index, struct err *err)
{
    struct sums *sums = context;

    (void)err;
    __atomic_fetch_add(&sums->present, 1, __ATOMIC_RELAXED);
    while (__atomic_load_n(&sums->present, __ATOMIC_RELAXED) % THREADS != 0)
        sched_yield();
    sums->number[sums->together ? 0 : index] += 1;
    return STATUS_OK;
}

int main(int argc, char **argv)
{
    struct sums sums = {.together = argc == 2 && strcmp(argv[1], "together") == 0};
    struct err err = {0};
    long sum = 0;

    for (int round = 0; round < ROUNDS; round++) {
        if (parallel_for(THREADS, THREADS, &sums, add, &err) != STATUS_OK) return 1;
        sum += sums.number[0] + sums.number[1]++;
    }
    printf("%ld\n", sum);
    return 0;
}
