/* names.c: the calls on files that move names: open, link, rename, unlink, make and remove. */
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NEXT(type, name, ...)                                                                      \
    static type (*next)(__VA_ARGS__);                                                              \
    if (next == NULL) next = (type(*)(__VA_ARGS__))real(name)

/* ---- opening ---- */

static bool is_there(int folder, const char *path)
{
    struct stat status;

    return fstatat(folder, path, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

static int open_watched(int folder, const char *path, int flags, mode_t mode)
{
    char full[4096];
    bool unnamed = (flags & O_TMPFILE) == O_TMPFILE;
    bool existed = !unnamed && is_there(folder, path);
    bool changes = unnamed || ((flags & O_CREAT) && !existed) || (flags & O_TRUNC);
    struct decision decision = decide("open", full_path(folder, path, full), changes);
    if (decision.fails) return -1;
    int descriptor = (int)syscall(SYS_openat, folder, path, flags, mode);
    if (descriptor >= 0 && changes)
        record_create(descriptor, unnamed ? NULL : full, existed, (flags & O_TRUNC) != 0);
    decided(&decision);
    return descriptor;
}

static int open_any(int folder, const char *path, int flags, mode_t mode)
{
    if (still_hides(path)) {
        errno = ENOENT;
        return -1;
    }
    int descriptor = watched_path(folder, path)
                         ? open_watched(folder, path, flags, mode)
                         : (int)syscall(SYS_openat, folder, path, flags, mode);
    watch(descriptor, folder, path);
    return descriptor;
}

static mode_t mode_of(int flags, va_list arguments)
{
    bool given = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;

    return given ? va_arg(arguments, mode_t) : 0;
}

#define OPEN(name)                                                                                 \
    EXPORTED int name(const char *path, int flags, ...)                                            \
    {                                                                                              \
        va_list arguments;                                                                         \
        va_start(arguments, flags);                                                                \
        mode_t mode = mode_of(flags, arguments);                                                   \
        va_end(arguments);                                                                         \
        return open_any(AT_FDCWD, path, flags, mode);                                              \
    }
#define OPENAT(name)                                                                               \
    EXPORTED int name(int folder, const char *path, int flags, ...)                                \
    {                                                                                              \
        va_list arguments;                                                                         \
        va_start(arguments, flags);                                                                \
        mode_t mode = mode_of(flags, arguments);                                                   \
        va_end(arguments);                                                                         \
        return open_any(folder, path, flags, mode);                                                \
    }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

/* What FORTIFY makes of a call without a mode. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int folder, const char *path, int flags);
int __openat64_2(int folder, const char *path, int flags);

EXPORTED int __open_2(const char *path, int flags)
{
    return open_any(AT_FDCWD, path, flags, 0);
}

EXPORTED int __open64_2(const char *path, int flags)
{
    return open_any(AT_FDCWD, path, flags, 0);
}

EXPORTED int __openat_2(int folder, const char *path, int flags)
{
    return open_any(folder, path, flags, 0);
}

EXPORTED int __openat64_2(int folder, const char *path, int flags)
{
    return open_any(folder, path, flags, 0);
}

/* openat2() has no function of its own in the C library. */
EXPORTED long syscall(long number, ...)
{
    NEXT(long, "syscall", long, ...);
    va_list arguments;
    long word[6];
    char full[4096];

    va_start(arguments, number);
    for (size_t i = 0; i < 6; i++)
        word[i] = va_arg(arguments, long);
    va_end(arguments);
    const char *path = (const char *)word[1];
    bool looked_at = number == SYS_openat2 && watched_path((int)word[0], path);
    if (looked_at && decide("open", full_path((int)word[0], path, full), false).fails) return -1;
    long result = next(number, word[0], word[1], word[2], word[3], word[4], word[5]);
    if (looked_at && result >= 0) watch((int)result, (int)word[0], path);
    return result;
}

/* ---- two names ---- */

EXPORTED int renameat(int old_folder, const char *old, int new_folder, const char *new)
{
    NEXT(int, "renameat", int, const char *, int, const char *);
    char from[4096], to[4096];
    if (!watched_path(new_folder, new)) return next(old_folder, old, new_folder, new);
    full_path(old_folder, old, from);
    struct decision decision = decide("rename", full_path(new_folder, new, to), true);
    if (decision.fails) return -1;
    int code = next(old_folder, old, new_folder, new);
    if (code == 0) record_name("rename", from, to);
    decided(&decision);
    return code;
}

EXPORTED int rename(const char *old, const char *new)
{
    return renameat(AT_FDCWD, old, AT_FDCWD, new);
}

/* The number of a descriptor in "/proc/self/fd/7", else -1. */
static int descriptor_in(const char *path)
{
    int descriptor = -1;

    return sscanf(path, "/proc/self/fd/%d", &descriptor) == 1 ? descriptor : -1;
}

EXPORTED int linkat(int old_folder, const char *old, int new_folder, const char *new, int flags)
{
    NEXT(int, "linkat", int, const char *, int, const char *, int);
    char from[4096], to[4096];
    if (!watched_path(new_folder, new)) return next(old_folder, old, new_folder, new, flags);
    full_path(old_folder, old, from);
    struct decision decision = decide("link", full_path(new_folder, new, to), true);
    if (decision.fails) return -1;
    int code = next(old_folder, old, new_folder, new, flags);
    if (code == 0 && descriptor_in(from) >= 0)
        record_naming(descriptor_in(from), to);
    else if (code == 0)
        record_name("link", from, to);
    decided(&decision);
    return code;
}

EXPORTED int link(const char *old, const char *new)
{
    return linkat(AT_FDCWD, old, AT_FDCWD, new, 0);
}

/* ---- one name ---- */

EXPORTED int unlinkat(int folder, const char *path, int flags)
{
    NEXT(int, "unlinkat", int, const char *, int);
    char full[4096];
    const char *word = flags & AT_REMOVEDIR ? "rmdir" : "unlink";
    if (!watched_path(folder, path)) return next(folder, path, flags);
    struct decision decision = decide(word, full_path(folder, path, full), true);
    if (decision.fails) return -1;
    int code = next(folder, path, flags);
    if (code == 0) record_name(word, full, NULL);
    decided(&decision);
    return code;
}

EXPORTED int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

EXPORTED int rmdir(const char *path)
{
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

EXPORTED int remove(const char *path)
{
    struct stat status;

    if (lstat(path, &status) != 0) return -1;
    return unlinkat(AT_FDCWD, path, S_ISDIR(status.st_mode) ? AT_REMOVEDIR : 0);
}

EXPORTED int mkdirat(int folder, const char *path, mode_t mode)
{
    NEXT(int, "mkdirat", int, const char *, mode_t);
    char full[4096];
    if (!watched_path(folder, path)) return next(folder, path, mode);
    struct decision decision = decide("mkdir", full_path(folder, path, full), true);
    if (decision.fails) return -1;
    int code = next(folder, path, mode);
    if (code == 0) record_name("mkdir", full, NULL);
    decided(&decision);
    return code;
}

EXPORTED int mkdir(const char *path, mode_t mode)
{
    return mkdirat(AT_FDCWD, path, mode);
}
