/* lock.c: flock(2) with a holder's line and a bounded wait. */
#include "lineage/lock.h"

#include "base/clock.h"
#include "base/command.h"
#include "base/output.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define HOLDER_ROOM  512
#define NAP_SHORTEST 200000L /* nanoseconds */
#define NAP_LONGEST  10000000L

static enum status fail_held(int descriptor, const char *what, struct err *err)
{
    char line[HOLDER_ROOM], shown[HOLDER_ROOM];
    ssize_t size = pread(descriptor, line, sizeof line - 1, 0);

    line[size > 0 ? size : 0] = '\0';
    line[strcspn(line, "\n")] = '\0';
    escape_for_terminal(str_of(line), shown, sizeof shown);
    fail(err, STATUS_BUSY, "%s is being written by %s", what,
         shown[0] == '\0' ? "another process" : shown);
    err_hint(err, "wait for it, or give --wait SECONDS a larger value");
    return STATUS_BUSY;
}

/* Naps of growing length: a kernel wait with a time limit does not exist for flock. */
static enum status wait_for(int descriptor, int operation, double wait, bool deaf, const char *what,
                            struct err *err)
{
    struct timespec nap = {.tv_nsec = NAP_SHORTEST};
    double until = clock_seconds() + wait;

    while (flock(descriptor, operation | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return fail_errno(err, errno, "locking of %s", what);
        if (!deaf) TRY(interrupted(err));
        if (clock_seconds() >= until) return fail_held(descriptor, what, err);
        nanosleep(&nap, NULL);
        if (nap.tv_nsec < NAP_LONGEST) nap.tv_nsec += nap.tv_nsec / 2;
    }
    return STATUS_OK;
}

static enum status open_file(int *ret, const char *path, struct err *err)
{
    *ret = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (*ret >= 0) return STATUS_OK;
    enum status status = fail_errno(err, errno, "lock file \"%s\"", path);
    err_hint(err, "the store must be writable: --store DIR names another, --no-store records "
                  "nothing");
    return status;
}

enum status lock_take(struct lock *ret, const char *path, double wait, bool deaf, const char *what,
                      const char *holder, struct err *err)
{
    size_t size = strlen(holder);
    OWNED(descriptor_close) int descriptor = -1;

    TRY(open_file(&descriptor, path, err));
    TRY(wait_for(descriptor, LOCK_EX, wait, deaf, what, err));
    /* The line is for people; a lock without it is still a lock. */
    if (ftruncate(descriptor, 0) == 0 && pwrite(descriptor, holder, size, 0) != (ssize_t)size)
        errno = 0;
    ret->descriptor = descriptor;
    descriptor = -1;
    return STATUS_OK;
}

enum status lock_share(struct lock *ret, const char *path, double wait, bool deaf, const char *what,
                       struct err *err)
{
    OWNED(descriptor_close) int descriptor = -1;

    TRY(open_file(&descriptor, path, err));
    TRY(wait_for(descriptor, LOCK_SH, wait, deaf, what, err));
    ret->descriptor = descriptor;
    descriptor = -1;
    return STATUS_OK;
}

void lock_release(struct lock *lock)
{
    if (lock == NULL || lock->descriptor < 0) return;
    close(lock->descriptor);
    lock->descriptor = -1;
}
