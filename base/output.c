/* base/output.c: checked stdout, and files that appear whole or not at all. */
#include "base/output.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_BYTES (256u << 10)
/* A file goes to the disk in parts of so many bytes while the next ones are made, or else the fsync
 * of a commit would wait for all of it. */
#define PART_BYTES (8u << 20)
#define PAGE_BYTES 4096u

struct output {
    int descriptor;
    bool is_stdout;
    struct bytes *memory; /* instead of a descriptor; borrowed */
    bool committed;
    bool direct;     /* a device or FIFO: written in place, never renamed over */
    char *path;      /* NULL for stdout */
    char *temporary; /* name until the rename; NULL once it is gone */
    uint8_t *buffer;
    size_t filled;
    uint64_t position;
    uint64_t handed;  /* to the system */
    uint64_t started; /* on their way to the disk */
};

static enum status within(const struct output *output, enum status status, struct err *err)
{
    return fail_within(err, status, "output \"%s\"", output->is_stdout ? "stdout" : output->path);
}

static void forget_temporary(struct output *output)
{
    memory_free(output->temporary);
    output->temporary = NULL;
}

/* -o /dev/null must not replace the device by a file. */
static enum status open_direct(struct output *output, const char *path, struct err *err)
{
    forget_temporary(output);
    output->direct = true;
    output->descriptor = open(path, O_WRONLY | O_CLOEXEC);
    return output->descriptor >= 0 ? STATUS_OK : fail_errno(err, errno, "output \"%s\"", path);
}

/* The temporary name lies beside the target, so that rename stays on one file system. */
static enum status open_file(struct output *output, const char *path, struct err *err)
{
    size_t size = strlen(path);
    output->path = memory_copy_text(path, size);
    output->temporary = memory_get(size + 32, 1);
    if (output->path == NULL || output->temporary == NULL) return fail_memory(err, size + 32);
    struct stat info;
    bool exists = stat(path, &info) == 0;
    if (exists && S_ISDIR(info.st_mode)) forget_temporary(output);
    if (exists && S_ISDIR(info.st_mode)) return fail_errno(err, EISDIR, "output \"%s\"", path);
    if (exists && !S_ISREG(info.st_mode)) return open_direct(output, path, err);
    for (unsigned attempt = 0; attempt < 100; attempt++) {
        snprintf(output->temporary, size + 32, "%s.%ld-%u.part", path, (long)getpid(), attempt);
        output->descriptor = open(output->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (output->descriptor >= 0) return STATUS_OK;
        if (errno != EEXIST) break;
    }
    int reason = errno;
    forget_temporary(output);
    enum status status = fail_errno(err, reason, "output \"%s\"", path);
    err_hint(err, "the folder must exist and be writable");
    return status;
}

enum status output_open(struct output **ret, const char *path, struct err *err)
{
    OWNED(output_close) struct output *output = NULL;
    TRY(NEW(&output, 1, err));
    output->descriptor = -1;
    output->buffer = memory_get_raw(BUFFER_BYTES, 1);
    if (output->buffer == NULL) return fail_memory(err, BUFFER_BYTES);
    if (path == NULL || strcmp(path, "-") == 0) {
        output->is_stdout = true;
        output->descriptor = STDOUT_FILENO;
    } else {
        TRY(open_file(output, path, err));
    }
    *ret = output;
    output = NULL;
    return STATUS_OK;
}

enum status output_to_memory(struct output **ret, struct bytes *bytes, struct err *err)
{
    TRY(NEW(ret, 1, err));
    (*ret)->descriptor = -1;
    (*ret)->memory = bytes;
    return STATUS_OK;
}

/* Does not wait, and it is no matter if it fails: fsync tells. */
static void start_writing(struct output *output)
{
    if (output->temporary == NULL || output->handed - output->started < PART_BYTES) return;
    uint64_t until = output->handed - output->handed % PAGE_BYTES; /* the last page is written to */
    (void)sync_file_range(output->descriptor, (off_t)output->started,
                          (off_t)(until - output->started), SYNC_FILE_RANGE_WRITE);
    output->started = until;
}

static enum status hand_over(struct output *output, const uint8_t *data, size_t size,
                             struct err *err)
{
    for (size_t part; size > 0; data += part, size -= part) {
        part = size < PART_BYTES ? size : PART_BYTES;
        enum status status = write_all(output->descriptor, data, part, err);
        if (status != STATUS_OK) return within(output, status, err);
        output->handed += part;
        start_writing(output);
    }
    return STATUS_OK;
}

enum status output_flush(struct output *output, struct err *err)
{
    if (output->memory != NULL) return STATUS_OK;
    size_t filled = output->filled;
    output->filled = 0; /* bytes that could not be written once are not tried again */
    return hand_over(output, output->buffer, filled, err);
}

enum status output_write(struct output *output, const void *data, size_t size, struct err *err)
{
    if (output->memory != NULL) {
        output->position += size;
        return bytes_append(output->memory, data, size, err);
    }
    if (size > BUFFER_BYTES - output->filled) TRY(output_flush(output, err));
    if (size >= BUFFER_BYTES) {
        TRY(hand_over(output, data, size, err));
    } else if (size > 0) {
        memcpy(output->buffer + output->filled, data, size);
        output->filled += size;
    }
    output->position += size;
    return STATUS_OK;
}

uint64_t output_position(const struct output *output)
{
    return output->position;
}

bool output_is_terminal(const struct output *output)
{
    return output->is_stdout && isatty(output->descriptor) == 1;
}

static enum status sync_folder_of(const char *path, struct err *err)
{
    char copy[4096];
    if (snprintf(copy, sizeof copy, "%s", path) >= (int)sizeof copy)
        return fail(err, STATUS_FAILED, "path of more than %zu bytes", sizeof copy);
    return directory_sync(dirname(copy), err);
}

static enum status commit_file(struct output *output, struct err *err)
{
    if (fsync(output->descriptor) != 0) return fail_errno(err, errno, "sync to disk");
    int descriptor = output->descriptor;
    output->descriptor = -1;
    if (close(descriptor) != 0) return fail_errno(err, errno, "close");
    if (rename(output->temporary, output->path) != 0) return fail_errno(err, errno, "rename");
    forget_temporary(output);
    return sync_folder_of(output->path, err);
}

enum status output_commit(struct output *output, struct err *err)
{
    TRY(output_flush(output, err));
    output->committed = true;
    if (output->is_stdout || output->direct || output->memory != NULL) return STATUS_OK;
    enum status status = commit_file(output, err);
    return status == STATUS_OK ? STATUS_OK : within(output, status, err);
}

void output_close(struct output **output)
{
    struct output *o = *output;
    if (o == NULL) return;
    if (!o->is_stdout) descriptor_close(&o->descriptor);
    if (o->temporary != NULL) unlink(o->temporary);
    memory_free(o->path);
    memory_free(o->temporary);
    memory_free(o->buffer);
    memory_free(o);
    *output = NULL;
}
