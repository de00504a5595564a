/* still.c: with `still=N` every run of a plan is the same one: the time stands, what is random and
 * the process' number are the same each time, and it took nothing. Two runs that do the same leave
 * the same bytes, so that what a fault left is looked at once. N sets runs apart that follow each
 * other. */
#include "shim.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOBODY 4194311 /* above the greatest number that Linux gives to a process */

static atomic_ulong drawn;

static bool is_still(void)
{
    return plan.armed && plan.still != 0;
}

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t draw(void)
{
    uint64_t z = (atomic_fetch_add(&drawn, 1) + 1) * 0x9e3779b97f4a7c15 + (uint64_t)plan.still;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

EXPORTED ssize_t getrandom(void *data, size_t size, unsigned flags)
{
    if (!is_still()) return syscall(SYS_getrandom, data, size, flags);
    for (size_t at = 0; at < size; at += 8) {
        uint64_t number = draw();
        memcpy((char *)data + at, &number, size - at < 8 ? size - at : 8);
    }
    return (ssize_t)size;
}

EXPORTED int getentropy(void *data, size_t size)
{
    return getrandom(data, size, 0) == (ssize_t)size ? 0 : -1;
}

EXPORTED pid_t getpid(void)
{
    return is_still() ? NOBODY : (pid_t)syscall(SYS_getpid);
}

EXPORTED int getrusage(__rusage_who_t who, struct rusage *ret)
{
    if (!is_still()) return (int)syscall(SYS_getrusage, who, ret);
    memset(ret, 0, sizeof *ret);
    return 0;
}

/* SQLite then makes its numbers of the time and the process. */
bool still_hides(const char *path)
{
    return is_still() && path != NULL && strcmp(path, "/dev/urandom") == 0;
}

/* The time of day stands; the other clocks go a microsecond a look, for who waits for a while. */
bool still_time(clockid_t which, struct timespec *ret)
{
    static atomic_long looks;

    if (!is_still()) return false;
    long micros = atomic_fetch_add(&looks, 1);
    bool day = which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE;
    *ret = day ? (struct timespec){.tv_sec = 1800000000 + plan.still * 60}
               : (struct timespec){.tv_sec = 1000 + micros / 1000000,
                                   .tv_nsec = micros % 1000000 * 1000};
    return true;
}
