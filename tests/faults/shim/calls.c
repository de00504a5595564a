/* calls.c: the calls on files that move bytes: read, write, sync, cut, map. */
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The shim is one set of names over the C library's 64-bit ones. */
#define NEXT(type, name, ...)                                                                      \
    static type (*next)(__VA_ARGS__);                                                              \
    if (next == NULL) next = (type(*)(__VA_ARGS__))real(name)

static struct decision ask(const char *name, int descriptor, bool changes)
{
    char path[4096];

    return decide(name, path_of(descriptor, path), changes);
}

/* ---- reading ---- */

EXPORTED ssize_t read(int descriptor, void *data, size_t size)
{
    NEXT(ssize_t, "read", int, void *, size_t);
    if (!watched(descriptor)) return next(descriptor, data, size);
    struct decision decision = ask("read", descriptor, false);
    if (decision.fails) return -1;
    return next(descriptor, data, decision.halves ? (size + 1) / 2 : size);
}

EXPORTED ssize_t pread64(int descriptor, void *data, size_t size, off64_t offset)
{
    NEXT(ssize_t, "pread64", int, void *, size_t, off64_t);
    if (!watched(descriptor)) return next(descriptor, data, size, offset);
    struct decision decision = ask("pread", descriptor, false);
    if (decision.fails) return -1;
    return next(descriptor, data, decision.halves ? (size + 1) / 2 : size, offset);
}

EXPORTED ssize_t pread(int descriptor, void *data, size_t size, off_t offset)
{
    return pread64(descriptor, data, size, offset);
}

/* ---- writing ---- */

EXPORTED ssize_t write(int descriptor, const void *data, size_t size)
{
    NEXT(ssize_t, "write", int, const void *, size_t);
    if (!watched(descriptor)) return next(descriptor, data, size);
    struct decision decision = ask("write", descriptor, descriptor != STDOUT_FILENO);
    if (decision.fails) return -1;
    long offset = syscall(SYS_lseek, descriptor, 0, SEEK_CUR);
    ssize_t written = next(descriptor, data, decision.halves ? (size + 1) / 2 : size);
    if (written > 0) record_write(descriptor, (uint64_t)offset, data, (size_t)written);
    decided(&decision);
    return written;
}

EXPORTED ssize_t pwrite64(int descriptor, const void *data, size_t size, off64_t offset)
{
    NEXT(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
    if (!watched(descriptor)) return next(descriptor, data, size, offset);
    struct decision decision = ask("pwrite", descriptor, true);
    if (decision.fails) return -1;
    ssize_t written = next(descriptor, data, decision.halves ? (size + 1) / 2 : size, offset);
    if (written > 0) record_write(descriptor, (uint64_t)offset, data, (size_t)written);
    decided(&decision);
    return written;
}

EXPORTED ssize_t pwrite(int descriptor, const void *data, size_t size, off_t offset)
{
    return pwrite64(descriptor, data, size, offset);
}

EXPORTED int ftruncate64(int descriptor, off64_t size)
{
    NEXT(int, "ftruncate64", int, off64_t);
    if (!watched(descriptor)) return next(descriptor, size);
    struct decision decision = ask("ftruncate", descriptor, true);
    if (decision.fails) return -1;
    int code = next(descriptor, size);
    if (code == 0) record_truncate(descriptor, (uint64_t)size);
    decided(&decision);
    return code;
}

EXPORTED int ftruncate(int descriptor, off_t size)
{
    return ftruncate64(descriptor, size);
}

EXPORTED int posix_fallocate64(int descriptor, off64_t offset, off64_t size)
{
    NEXT(int, "posix_fallocate64", int, off64_t, off64_t);
    if (!watched(descriptor)) return next(descriptor, offset, size);
    struct decision decision = ask("posix_fallocate", descriptor, true);
    if (decision.fails) return plan.error; /* this one returns the number */
    int code = next(descriptor, offset, size);
    decided(&decision);
    return code;
}

/* ---- syncing ---- */

static int sync_with(const char *name, int (*next)(int), int descriptor)
{
    if (!watched(descriptor)) return next(descriptor);
    struct decision decision = ask(name, descriptor, true);
    if (decision.fails) return -1;
    int code = next(descriptor);
    if (code == 0) record_sync(descriptor);
    decided(&decision);
    return code;
}

EXPORTED int fsync(int descriptor)
{
    NEXT(int, "fsync", int);
    return sync_with("fsync", next, descriptor);
}

EXPORTED int fdatasync(int descriptor)
{
    NEXT(int, "fdatasync", int);
    return sync_with("fdatasync", next, descriptor);
}

/* ---- descriptors, maps and locks ---- */

/* Linux has released the number even where it says that closing failed. */
EXPORTED int close(int descriptor)
{
    NEXT(int, "close", int);
    if (!watched(descriptor)) return next(descriptor);
    struct decision decision = ask("close", descriptor, false);
    unwatch(descriptor);
    int code = next(descriptor);
    if (decision.fails) errno = plan.error;
    return decision.fails ? -1 : code;
}

EXPORTED void *mmap64(void *place, size_t size, int protection, int flags, int descriptor,
                      off64_t offset)
{
    NEXT(void *, "mmap64", void *, size_t, int, int, int, off64_t);
    if (!watched(descriptor)) return next(place, size, protection, flags, descriptor, offset);
    struct decision decision = ask("mmap", descriptor, false);
    if (decision.fails) return MAP_FAILED;
    void *map = next(place, size, protection, flags, descriptor, offset);
    if (map != MAP_FAILED && (flags & MAP_SHARED) && (protection & PROT_WRITE))
        record_mapped(descriptor);
    return map;
}

EXPORTED void *mmap(void *place, size_t size, int protection, int flags, int descriptor,
                    off_t offset)
{
    return mmap64(place, size, protection, flags, descriptor, offset);
}

EXPORTED int flock(int descriptor, int operation)
{
    NEXT(int, "flock", int, int);
    if (!watched(descriptor)) return next(descriptor, operation);
    struct decision decision = ask("flock", descriptor, false);
    return decision.fails ? -1 : next(descriptor, operation);
}
