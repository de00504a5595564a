/* clock.c: a clock that runs backwards: each look finds it `clock` seconds earlier than the last.
 * The monotonic clocks stay as they are: the kernel promises that. */
#include "shim.h"

#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static atomic_long looks;

static long back(void)
{
    return plan.armed && plan.clock != 0 ? plan.clock * (atomic_fetch_add(&looks, 1) + 1) : 0;
}

EXPORTED int clock_gettime(clockid_t which, struct timespec *ret)
{
    int code = still_time(which, ret) ? 0 : (int)syscall(SYS_clock_gettime, which, ret);

    if (code == 0 && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE))
        ret->tv_sec -= back();
    return code;
}

EXPORTED int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
    struct timespec now;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    *ret = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    return 0;
}

EXPORTED time_t time(time_t *ret)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (ret != NULL) *ret = now.tv_sec;
    return now.tv_sec;
}
