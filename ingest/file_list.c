/* ingest/file_list.c: the files of a folder, an archive, or one file. */
#include "ingest/file_list.h"

#include "base/output.h"
#include "ingest/below.h"
#include "ingest/members.h"
#include "ingest/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

void file_fault_set(struct file_fault *ret, const char *rule, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(ret->message, sizeof ret->message, format, arguments);
    va_end(arguments);
    ret->rule = rule;
}

struct str file_path_text(const char *path)
{
    struct str text = str_of(path);
    return utf8_valid(text.data, text.size) ? text : (struct str){NULL, 0};
}

/* Whether a failure is one of this file, which is then rejected. A disk that does not read, or
 * descriptors that ran out, say nothing about the file: the run fails. */
static bool is_of_the_file(int error)
{
    switch (error) {
    case ENOENT:
    case EACCES:
    case EPERM:
    case ELOOP:
    case ENAMETOOLONG:
    case ENOTDIR:
    case EISDIR:
    case ENXIO: return true;
    default: return false;
    }
}

/* What lies below the folder is opened from the folder that was listed, and through no link: who
 * fills it may put one in place of a file or of a folder in between after it was listed. */
static int open_listed(const struct file_list *files, const struct listed_file *file)
{
    int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
    return files->folder ? open_below(files->descriptor, file->path, flags)
                         : open(files->root, flags);
}

/* ---- listing ---- */

static enum status list_one(struct file_list *files, struct err *err)
{
    const char *slash = strrchr(files->root, '/');
    TRY(NEW(&files->items, 1, err));
    files->items[0] = (struct listed_file){
        .path = slash == NULL ? files->root : slash + 1,
        .bytes = files->info.st_size,
    };
    files->count = 1;
    return STATUS_OK;
}

static enum status list_folder(struct file_list *files, struct arena *arena, struct err *err)
{
    OWNED(members_release) struct members members = {0};
    TRY(members_list(files->root, arena, &members, &files->descriptor, err));
    TRY(NEW(&files->items, members.count, err));
    for (size_t i = 0; i < members.count; i++)
        files->items[i] = (struct listed_file){members.items[i].path, members.items[i].bytes, NULL};
    files->count = members.count;
    files->not_files = members.not_files;
    return STATUS_OK;
}

static enum status list_bundle(struct file_list *files, struct err *err)
{
    const struct bundle *bundle = files->bundle;
    TRY(NEW(&files->items, bundle->count, err));
    for (size_t i = 0; i < bundle->count; i++) {
        const struct bundle_member *member = &bundle->items[i];
        if (bundle_is_note(member)) continue;
        files->items[files->count++] =
            (struct listed_file){member->path, (int64_t)member->bytes, member};
    }
    return STATUS_OK;
}

enum status file_list_open(struct file_list *ret, const char *path, const struct bundle *bundle,
                           struct arena *arena, struct err *err)
{
    *ret = (struct file_list){.bundle = bundle, .descriptor = -1};
    if (bundle != NULL) return list_bundle(ret, err);
    ret->root = arena_text(arena, path, strlen(path));
    if (ret->root == NULL) return fail_memory(err, strlen(path));
    if (stat(path, &ret->info) != 0) return fail_errno(err, errno, "\"%s\"", path);
    ret->folder = S_ISDIR(ret->info.st_mode);
    return ret->folder ? list_folder(ret, arena, err) : list_one(ret, err);
}

/* ---- reading ---- */

enum status listed_file_head(const struct file_list *files, const struct listed_file *file,
                             void *ret, size_t room, size_t *ret_size, struct err *err)
{
    *ret_size = file->bytes < (int64_t)room ? (size_t)file->bytes : room;
    if (file->member != NULL)
        return bundle_read(files->bundle, file->member, ret, *ret_size, 0, err);
    OWNED(descriptor_close) int descriptor = open_listed(files, file);
    ssize_t got = descriptor < 0 ? -1 : pread(descriptor, ret, room, 0);
    if (got < 0 && !is_of_the_file(errno)) return fail_errno(err, errno, "\"%s\"", file->path);
    *ret_size = got < 0 ? 0 : (size_t)got;
    return STATUS_OK;
}

/* How much of a file of `size` bytes is wanted. */
static uint64_t check_size(uint64_t size, uint64_t limit, struct file_fault *fault)
{
    if (size == 0) file_fault_set(fault, "empty file", "found no byte");
    if (size <= limit) return size;
    file_fault_set(fault, "file size", "found %llu bytes, expected at most %llu",
                   (unsigned long long)size, (unsigned long long)limit);
    return RAW_BYTES_MAXIMUM < size ? RAW_BYTES_MAXIMUM : size;
}

static enum status read_member(const struct file_list *files, const struct bundle_member *member,
                               uint64_t limit, struct bytes *ret, struct file_fault *fault,
                               struct err *err)
{
    if (member->rule != NULL) {
        file_fault_set(fault, member->rule, "%s", member->message);
        return STATUS_OK;
    }
    uint64_t size = check_size(member->bytes, limit, fault);
    TRY(bytes_reserve(ret, size, err));
    TRY(bundle_read(files->bundle, member, ret->data + ret->size, size, 0, err));
    ret->size += size;
    return STATUS_OK;
}

enum status listed_file_read(const struct file_list *files, const struct listed_file *file,
                             uint64_t limit, struct bytes *ret, struct file_fault *fault,
                             struct err *err)
{
    if (file->member != NULL) return read_member(files, file->member, limit, ret, fault, err);
    OWNED(descriptor_close) int descriptor = open_listed(files, file);
    struct stat info;
    if (descriptor < 0 || fstat(descriptor, &info) != 0) {
        char reason[128];
        if (!is_of_the_file(errno)) return fail_errno(err, errno, "\"%s\"", file->path);
        file_fault_set(fault, "unreadable", "%s", strerror_r(errno, reason, sizeof reason));
        return STATUS_OK;
    }
    if (!S_ISREG(info.st_mode)) {
        file_fault_set(fault, "unreadable", "found no regular file");
        return STATUS_OK;
    }
    uint64_t size = check_size((uint64_t)info.st_size, limit, fault);
    TRY(bytes_reserve(ret, size, err));
    TRY(pread_all(descriptor, ret->data + ret->size, size, 0, err));
    ret->size += size;
    return STATUS_OK;
}

void file_list_release(struct file_list *files)
{
    memory_free(files->items);
    memory_free(files->chosen);
    if (files->folder) descriptor_close(&files->descriptor);
    *files = (struct file_list){.descriptor = -1};
}
