/* tests/faults/shim/shim.h: the parts of the preloaded library that makes calls fail.
 *
 * $TAMIS_FAULTS is one plan for one process, "word=number" with commas between
 * (calls count from 1: those on files under $TAMIS_FAULTS_ROOT and on stdin and stdout):
 *
 * alloc=N       the N-th allocation after main() began fails: ours and every library's
 *
 * request=N     the N-th request of base/memory.h fails (in programs with hook.c)
 *
 * paths=1       the first and last allocation of each chain of callers is told
 *
 * call=N        the N-th call on files does as `do` says
 *
 * change=N      the same, counting only calls that change files
 *
 * do=           error (errno `errno`), short (half), kill_before, kill_after
 *
 * lasting=1     an error stays: each later one of its kind fails (a full disk)
 *
 * record=1      each change is written down, for the replay of a power loss
 *
 * forget_sync=N the N-th sync is left out of that record
 *
 * clock=N       the clock of the day runs backwards by N seconds a look
 *
 * still=N       the time stands and nothing is random: see still.c
 *
 * $TAMIS_FAULTS_REPORT gets a line a call with `trace=1`, what was hit, and the counts at the end.
 * Nothing here allocates. */
#ifndef TESTS_FAULTS_SHIM_H
#define TESTS_FAULTS_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#define EXPORTED __attribute__((visibility("default")))

enum deed { DO_ERROR, DO_SHORT, DO_KILL_BEFORE, DO_KILL_AFTER };

struct plan {
    bool armed; /* main() began */
    long alloc, request, call, change, forget_sync, clock, still;
    enum deed deed;
    int error;
    bool lasting, trace, record, backtrace, paths;
};
extern struct plan plan;

/* ---- plan.c ---- */

/* One line into the report. */
void report(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The real function behind `name`. */
void *real(const char *name);
/* Counts, and says whether this allocation fails. */
bool allocation_fails(void);

/* ---- server.c, still.c, paths.c ---- */

/* Returns at once without $TAMIS_FAULTS_SERVER; else only in the child of a request. */
void serve(int *argc, char ***argv);
bool still_hides(const char *path);
bool still_time(clockid_t which, struct timespec *ret);
void paths_prepare(void);
void paths_note(long number);
void paths_tell(void);

/* ---- watch.c: which descriptors and paths are looked at ---- */

bool watched_path(int folder, const char *path);
bool watched(int descriptor);
void watch(int descriptor, int folder, const char *path);
void unwatch(int descriptor);
/* "/a/b" of a watched path, in `ret`. */
const char *full_path(int folder, const char *path, char ret[4096]);
const char *path_of(int descriptor, char ret[4096]);

/* ---- decide.c ---- */

/* What becomes of one call. */
struct decision {
    bool fails;
    bool halves;
    bool dies_after;
};
/* `changes`: the call changes files. Counts it; kills the process where the plan wants it before.
 */
struct decision decide(const char *name, const char *path, bool changes);
/* After the real call; kills the process where the plan wants it after. */
void decided(const struct decision *decision);

/* ---- record.c ---- */

/* `path` NULL: a file without a name (O_TMPFILE). */
void record_create(int descriptor, const char *path, bool existed, bool truncated);
void record_naming(int descriptor, const char *path);

void record_mapped(int descriptor);
void record_write(int descriptor, uint64_t offset, const void *data, size_t size);
void record_truncate(int descriptor, uint64_t size);
void record_sync(int descriptor);
void record_name(const char *word, const char *path, const char *second);

#endif
