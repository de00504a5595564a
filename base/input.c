/* base/input.c: where bytes come from: stdin, a file, a spool or a part of it, a stream, or memory.
 */
#include "base/input.h"

#include "base/command.h"
#include "base/memory.h"
#include "base/output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PEEK_MAXIMUM (64u << 10)

struct input {
    int descriptor; /* -1 for memory */
    bool owns_descriptor;
    bool is_private;
    bool is_part;
    uint64_t first; /* byte of the descriptor's file that is byte 0 here */
    const uint8_t *memory;
    const struct input_stream *stream; /* NULL = none */
    void *context;                     /* of the stream */
    int64_t size;                      /* -1 for a pipe or a stream */
    uint64_t position;                 /* of the next byte input_read hands out */
    char *name;
    uint8_t *ahead; /* peeked, not yet consumed */
    size_t ahead_size, ahead_at;
};

static bool in_memory(const struct input *input)
{
    return input->descriptor < 0 && input->stream == NULL;
}

static enum status input_new(struct input **ret, const char *name, struct err *err)
{
    struct input *input;
    TRY(NEW(&input, 1, err));
    input->descriptor = -1;
    input->size = -1;
    input->name = memory_copy_text(name, strlen(name));
    if (input->name == NULL) {
        memory_free(input);
        return fail_memory(err, strlen(name));
    }
    *ret = input;
    return STATUS_OK;
}

static enum status learn_size(struct input *input, struct err *err)
{
    struct stat info;
    if (fstat(input->descriptor, &info) != 0)
        return fail_errno(err, errno, "file \"%s\"", input->name);
    if (S_ISDIR(info.st_mode)) {
        enum status status =
            fail(err, STATUS_FAILED, "\"%s\" is a folder, expected a file", input->name);
        err_hint(err, "name a file in it, or ingest the folder with tamis-ingest");
        return status;
    }
    if (!S_ISREG(info.st_mode)) return STATUS_OK;
    off_t at = lseek(input->descriptor, 0, SEEK_CUR); /* stdin may begin in the middle */
    if (at == 0) input->size = info.st_size;
    return STATUS_OK;
}

enum status input_open(struct input **ret, const char *path, struct err *err)
{
    bool is_stdin = path == NULL || strcmp(path, "-") == 0;
    OWNED(input_close) struct input *input = NULL;
    TRY(input_new(&input, is_stdin ? "stdin" : path, err));
    input->descriptor = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (input->descriptor < 0) return fail_errno(err, errno, "file \"%s\"", path);
    input->owns_descriptor = !is_stdin;
    TRY(learn_size(input, err));
    *ret = input;
    input = NULL;
    return STATUS_OK;
}

enum status input_from_memory(struct input **ret, const void *data, size_t size, const char *name,
                              struct err *err)
{
    TRY(input_new(ret, name, err));
    (*ret)->memory = data;
    (*ret)->size = (int64_t)size;
    (*ret)->is_private = true;
    return STATUS_OK;
}

enum status input_from_part(struct input **ret, int descriptor, uint64_t offset, uint64_t size,
                            const char *name, struct err *err)
{
    TRY(input_new(ret, name, err));
    (*ret)->descriptor = descriptor;
    (*ret)->first = offset;
    (*ret)->size = (int64_t)size;
    (*ret)->is_part = (*ret)->is_private = true;
    return STATUS_OK;
}

enum status input_part(struct input **ret, const struct input *whole, uint64_t offset,
                       uint64_t size, const char *name, struct err *err)
{
    if (whole->size < 0 || offset > (uint64_t)whole->size || size > (uint64_t)whole->size - offset)
        return fail(err, STATUS_FAILED, "\"%s\" has no %llu bytes at byte %llu", whole->name,
                    (unsigned long long)size, (unsigned long long)offset);
    if (in_memory(whole))
        return input_from_memory(ret, whole->memory + offset, (size_t)size, name, err);
    TRY(input_from_part(ret, whole->descriptor, whole->first + offset, size, name, err));
    (*ret)->is_private = whole->is_private;
    return STATUS_OK;
}

enum status input_from_stream(struct input **ret, const struct input_stream *stream, void *context,
                              const char *name, struct err *err)
{
    enum status status = input_new(ret, name, err);
    if (status != STATUS_OK) {
        stream->close(context);
        return status;
    }
    (*ret)->stream = stream;
    (*ret)->context = context;
    return STATUS_OK;
}

enum status input_from_descriptor(struct input **ret, int descriptor, const char *name,
                                  struct err *err)
{
    OWNED(input_close) struct input *input = NULL;
    enum status status = input_new(&input, name, err);
    if (status != STATUS_OK) {
        close(descriptor);
        return status;
    }
    input->descriptor = descriptor;
    input->owns_descriptor = input->is_private = true;
    if (lseek(descriptor, 0, SEEK_SET) < 0 && errno != ESPIPE)
        return fail_errno(err, errno, "file \"%s\"", name);
    TRY(learn_size(input, err));
    *ret = input;
    input = NULL;
    return STATUS_OK;
}

/* Behind what was peeked: a part is read at its place, as others read the same file. */
static enum status read_part(struct input *input, void *ret, size_t room, size_t *ret_size,
                             struct err *err)
{
    uint64_t at = input->position + (input->ahead_size - input->ahead_at);
    uint64_t left = (uint64_t)input->size - at;
    *ret_size = room < left ? room : (size_t)left;
    return input_read_at(input, ret, *ret_size, at, err);
}

static enum status read_some(struct input *input, void *ret, size_t room, size_t *ret_size,
                             struct err *err)
{
    if (input->stream != NULL) return input->stream->read(input->context, ret, room, ret_size, err);
    if (input->is_part) return read_part(input, ret, room, ret_size, err);
    for (;;) {
        ssize_t got = read(input->descriptor, ret, room);
        if (got < 0 && errno == EINTR) {
            TRY(interrupted(err)); /* a signal while waiting for a pipe ends the run */
            continue;
        }
        if (got < 0)
            return fail_errno(err, errno, "file \"%s\": read at byte %llu", input->name,
                              (unsigned long long)input->position);
        *ret_size = (size_t)got;
        return STATUS_OK;
    }
}

static size_t read_memory(const struct input *input, void *ret, size_t room)
{
    size_t left = (size_t)input->size - (size_t)input->position;
    size_t size = room < left ? room : left;
    if (size > 0) memcpy(ret, input->memory + input->position, size);
    return size;
}

enum status input_read(struct input *input, void *ret, size_t room, size_t *ret_size,
                       struct err *err)
{
    size_t ahead = input->ahead_size - input->ahead_at;
    if (in_memory(input)) {
        *ret_size = read_memory(input, ret, room);
    } else if (ahead > 0) {
        *ret_size = room < ahead ? room : ahead;
        memcpy(ret, input->ahead + input->ahead_at, *ret_size);
        input->ahead_at += *ret_size;
    } else {
        TRY(read_some(input, ret, room, ret_size, err));
    }
    input->position += *ret_size;
    return STATUS_OK;
}

enum status input_read_exact(struct input *input, void *ret, size_t size, struct err *err)
{
    size_t had = 0;
    while (had < size) {
        size_t got = 0;
        TRY(input_read(input, (char *)ret + had, size - had, &got, err));
        if (got == 0)
            return fail(err, STATUS_FAILED, "\"%s\" ends after %zu of %zu bytes", input->name, had,
                        size);
        had += got;
    }
    return STATUS_OK;
}

enum status input_peek(struct input *input, void *ret, size_t room, size_t *ret_size,
                       struct err *err)
{
    if (room > PEEK_MAXIMUM) room = PEEK_MAXIMUM;
    if (in_memory(input)) {
        *ret_size = read_memory(input, ret, room);
        return STATUS_OK;
    }
    if (input->ahead == NULL) {
        input->ahead = memory_get_raw(PEEK_MAXIMUM, 1);
        if (input->ahead == NULL) return fail_memory(err, PEEK_MAXIMUM);
    }
    size_t ahead = input->ahead_size - input->ahead_at;
    if (input->ahead_at > 0) memmove(input->ahead, input->ahead + input->ahead_at, ahead);
    input->ahead_at = 0;
    input->ahead_size = ahead;
    while (input->ahead_size < room) {
        size_t got = 0;
        TRY(read_some(input, input->ahead + input->ahead_size, room - input->ahead_size, &got,
                      err));
        if (got == 0) break;
        input->ahead_size += got;
    }
    *ret_size = input->ahead_size < room ? input->ahead_size : room;
    if (*ret_size > 0) memcpy(ret, input->ahead, *ret_size);
    return STATUS_OK;
}

enum status input_read_at(struct input *input, void *ret, size_t size, uint64_t offset,
                          struct err *err)
{
    if (input->size < 0)
        return fail(err, STATUS_FAILED, "\"%s\" is a pipe and cannot be read at a place",
                    input->name);
    if (offset > (uint64_t)input->size || size > (uint64_t)input->size - offset)
        return fail(err, STATUS_FAILED, "\"%s\": bytes %llu to %llu lie behind its end at %lld",
                    input->name, (unsigned long long)offset, (unsigned long long)(offset + size),
                    (long long)input->size);
    if (in_memory(input)) {
        if (size > 0) memcpy(ret, input->memory + offset, size);
        return STATUS_OK;
    }
    enum status status = pread_all(input->descriptor, ret, size, input->first + offset, err);
    return status == STATUS_OK ? STATUS_OK : fail_within(err, status, "file \"%s\"", input->name);
}

int64_t input_size(const struct input *input)
{
    return input->size;
}

uint64_t input_position(const struct input *input)
{
    return input->position;
}

bool input_is_private(const struct input *input)
{
    return input->is_private;
}

int input_descriptor(const struct input *input)
{
    return input->is_part ? -1 : input->descriptor;
}

const char *input_name(const struct input *input)
{
    return input->name;
}

void input_close(struct input **input)
{
    struct input *i = *input;
    if (i == NULL) return;
    if (i->stream != NULL) i->stream->close(i->context);
    if (i->owns_descriptor) descriptor_close(&i->descriptor);
    memory_free(i->ahead);
    memory_free(i->name);
    memory_free(i);
    *input = NULL;
}
