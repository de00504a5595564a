/* base/descriptor.c: whole reads and writes on file descriptors, and temporary files. */
#include "base/command.h"
#include "base/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define STEP_MAXIMUM (1u << 30) /* Linux moves at most 2 GiB a call */

static size_t step(size_t size)
{
    return size < STEP_MAXIMUM ? size : STEP_MAXIMUM;
}

enum status write_all(int descriptor, const void *data, size_t size, struct err *err)
{
    const char *at = data;
    while (size > 0) {
        ssize_t written = write(descriptor, at, step(size));
        if (written < 0 && errno == EINTR) {
            TRY(interrupted(err)); /* a signal while waiting for a pipe ends the run */
            continue;
        }
        if (written < 0) return fail_errno(err, errno, "write of %zu bytes", size);
        at += written;
        size -= (size_t)written;
    }
    return STATUS_OK;
}

enum status pwrite_all(int descriptor, const void *data, size_t size, uint64_t offset,
                       struct err *err)
{
    const char *at = data;
    while (size > 0) {
        ssize_t written = pwrite(descriptor, at, step(size), (off_t)offset);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return fail_errno(err, errno, "write of %zu bytes", size);
        at += written;
        size -= (size_t)written;
        offset += (uint64_t)written;
    }
    return STATUS_OK;
}

enum status pread_all(int descriptor, void *ret, size_t size, uint64_t offset, struct err *err)
{
    char *at = ret;
    while (size > 0) {
        ssize_t got = pread(descriptor, at, step(size), (off_t)offset);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_errno(err, errno, "read at byte %llu", (unsigned long long)offset);
        if (got == 0)
            return fail(err, STATUS_FAILED, "ends at byte %llu, %zu bytes early",
                        (unsigned long long)offset, size);
        at += got;
        size -= (size_t)got;
        offset += (uint64_t)got;
    }
    return STATUS_OK;
}

enum status temporary_open(int *ret_descriptor, struct err *err)
{
    const char *folder = getenv("TMPDIR");
    if (folder == NULL || folder[0] == '\0') folder = "/tmp";
    int descriptor = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT)) {
        char path[4096];
        if (snprintf(path, sizeof path, "%s/tamis-XXXXXX", folder) < (int)sizeof path) {
            descriptor = mkostemp(path, O_CLOEXEC);
            if (descriptor >= 0) unlink(path);
        }
    }
    if (descriptor < 0) {
        enum status status = fail_errno(err, errno, "temporary file in \"%s\"", folder);
        err_hint(err, "set TMPDIR to a folder with room");
        return status;
    }
    *ret_descriptor = descriptor;
    return STATUS_OK;
}

enum status directory_sync(const char *path, struct err *err)
{
    int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return fail_errno(err, errno, "folder \"%s\"", path);
    int failed = fsync(descriptor);
    int reason = errno;
    close(descriptor);
    if (failed != 0) return fail_errno(err, reason, "sync of folder \"%s\"", path);
    return STATUS_OK;
}

void descriptor_close(int *descriptor)
{
    if (*descriptor >= 0) close(*descriptor);
    *descriptor = -1;
}
