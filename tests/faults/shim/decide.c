/* decide.c: counts calls on files and says what becomes of each. */
#include "shim.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_long calls, changes_seen;
static atomic_bool hit;
static char hit_kind; /* first letters of what failed, for `lasting` */

static void die(void)
{
    syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
}

/* A full disk refuses what needs room and lets the rest be. */
static char kind_of(const char *name)
{
    static const char *const room[] = {"write", "pwrite", "ftruncate", "posix_fallocate", "mkdir",
                                       "open",  "link",   "fsync",     "fdatasync"};

    if (plan.error != ENOSPC) return name[0];
    for (size_t i = 0; i < sizeof room / sizeof *room; i++)
        if (strcmp(name, room[i]) == 0) return 'R';
    return name[0];
}

static bool is_the_one(bool changes)
{
    long call = atomic_fetch_add(&calls, 1) + 1;
    long change = changes ? atomic_fetch_add(&changes_seen, 1) + 1 : 0;

    return (plan.call != 0 && call == plan.call) || (plan.change != 0 && change == plan.change);
}

struct decision decide(const char *name, const char *path, bool changes)
{
    struct decision decision = {0};
    bool now = is_the_one(changes);

    if (plan.trace) report("%s %s %s\n", changes ? "change" : "call", name, path);
    if (now) {
        report("hit %s %s\n", name, path);
        if (plan.deed == DO_KILL_BEFORE) die();
        decision.fails = plan.deed == DO_ERROR;
        decision.halves = plan.deed == DO_SHORT;
        decision.dies_after = plan.deed == DO_KILL_AFTER;
        hit_kind = kind_of(name);
        atomic_store(&hit, true);
    } else if (plan.lasting && atomic_load(&hit) && kind_of(name) == hit_kind &&
               (changes || plan.error != ENOSPC)) {
        decision.fails = plan.deed == DO_ERROR;
    }
    if (decision.fails) errno = plan.error;
    return decision;
}

void decided(const struct decision *decision)
{
    if (decision->dies_after) die();
}
