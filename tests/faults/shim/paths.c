/* paths.c: with `paths=1` each allocation is put down by the chain of its callers: the first and
 * the last one of each chain are told at the end. */
#include "shim.h"

#include <execinfo.h>
#include <pthread.h>

#define DEPTH      48
#define MOST_PATHS (1 << 16)

static struct {
    uint64_t callers;
    long first, last;
} seen[MOST_PATHS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void paths_prepare(void)
{
    void *frames[4];

    backtrace(frames, 4); /* loads what it needs */
}

static uint64_t callers(void)
{
    void *frames[DEPTH];
    uint64_t hash = 0xcbf29ce484222325;

    for (int i = 0, count = backtrace(frames, DEPTH); i < count; i++)
        hash = (hash ^ (uintptr_t)frames[i]) * 0x100000001b3;
    return hash | 1;
}

void paths_note(long number)
{
    static _Thread_local bool within;

    if (within) return;
    within = true;
    uint64_t chain = callers();
    pthread_mutex_lock(&lock);
    size_t at = (chain >> 20) % MOST_PATHS;
    for (size_t tried = 0; tried < MOST_PATHS && seen[at].callers != 0 && seen[at].callers != chain;
         tried++)
        at = (at + 1) % MOST_PATHS;
    if (seen[at].callers == 0) {
        seen[at].callers = chain;
        seen[at].first = number;
    }
    seen[at].last = number;
    pthread_mutex_unlock(&lock);
    within = false;
}

void paths_tell(void)
{
    for (size_t i = 0; i < MOST_PATHS; i++)
        if (seen[i].callers != 0)
            report("path %llx %ld %ld\n", (unsigned long long)seen[i].callers, seen[i].first,
                   seen[i].last);
}
