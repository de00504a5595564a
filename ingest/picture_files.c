/* ingest/picture_files.c: the files that pictures come from: a folder, an archive, or one file. */
#include "ingest/picture_files.h"

#include "base/output.h"
#include "ingest/members.h"
#include "ingest/picture_header.h"
#include "ingest/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void picture_fault_set(struct picture_fault *ret, const char *rule, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(ret->message, sizeof ret->message, format, arguments);
    va_end(arguments);
    ret->rule = rule;
}

/* ---- which files are pictures ---- */

bool named_as_picture(const char *path)
{
    static const char *const ends[] = {".png", ".jpg", ".jpeg", ".jpe", ".jfif"};
    size_t size = strlen(path);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t end = strlen(ends[i]);
        if (size >= end && strcasecmp(path + size - end, ends[i]) == 0) return true;
    }
    return false;
}

static int open_picture(const struct picture_files *files, const struct picture_file *file)
{
    char path[4096];
    int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
    if (!files->folder) return open(files->root, flags);
    int size = snprintf(path, sizeof path, "%s/%s", files->root, file->path);
    if (size < 0 || (size_t)size >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return open(path, flags | O_NOFOLLOW);
}

static enum status begins_as_picture(const struct picture_files *files,
                                     const struct picture_file *file, bool *ret, struct err *err)
{
    char head[8];
    size_t size = file->bytes < (int64_t)sizeof head ? (size_t)file->bytes : sizeof head;
    if (file->member != NULL) {
        TRY(bundle_read(files->bundle, file->member, head, size, 0, err));
    } else {
        OWNED(descriptor_close) int descriptor = open_picture(files, file);
        ssize_t got = descriptor < 0 ? 0 : pread(descriptor, head, sizeof head, 0);
        size = got < 0 ? 0 : (size_t)got;
    }
    *ret = picture_signature((struct str){head, size}) != PICTURE_NONE;
    return STATUS_OK;
}

static enum status find_pictures(struct picture_files *files, struct err *err)
{
    TRY(NEW(&files->pictures, files->count, err));
    for (size_t i = 0; i < files->count; i++) {
        const struct picture_file *file = &files->items[i];
        bool found = (file->member != NULL && file->member->rule != NULL) ||
                     named_as_picture(file->path) || !(files->folder || files->bundle != NULL);
        if (!found) TRY(begins_as_picture(files, file, &found, err));
        if (found) files->pictures[files->picture_count++] = i;
    }
    return STATUS_OK;
}

/* ---- listing ---- */

static enum status list_one(struct picture_files *files, struct err *err)
{
    const char *slash = strrchr(files->root, '/');
    TRY(NEW(&files->items, 1, err));
    files->items[0] = (struct picture_file){
        .path = slash == NULL ? files->root : slash + 1,
        .bytes = files->info.st_size,
    };
    files->count = 1;
    return STATUS_OK;
}

static enum status list_folder(struct picture_files *files, struct arena *arena, struct err *err)
{
    OWNED(members_release) struct members members = {0};
    TRY(members_list(files->root, arena, &members, err));
    TRY(NEW(&files->items, members.count, err));
    for (size_t i = 0; i < members.count; i++)
        files->items[i] =
            (struct picture_file){members.items[i].path, members.items[i].bytes, NULL};
    files->count = members.count;
    files->not_files = members.not_files;
    return STATUS_OK;
}

static enum status list_bundle(struct picture_files *files, struct err *err)
{
    const struct bundle *bundle = files->bundle;
    TRY(NEW(&files->items, bundle->count, err));
    for (size_t i = 0; i < bundle->count; i++) {
        const struct bundle_member *member = &bundle->items[i];
        if (bundle_is_note(member)) continue;
        files->items[files->count++] =
            (struct picture_file){member->path, (int64_t)member->bytes, member};
    }
    return STATUS_OK;
}

static enum status list_files(struct picture_files *files, const char *path, struct arena *arena,
                              struct err *err)
{
    if (files->bundle != NULL) return list_bundle(files, err);
    files->root = arena_text(arena, path, strlen(path));
    if (files->root == NULL) return fail_memory(err, strlen(path));
    if (stat(path, &files->info) != 0) return fail_errno(err, errno, "\"%s\"", path);
    files->folder = S_ISDIR(files->info.st_mode);
    return files->folder ? list_folder(files, arena, err) : list_one(files, err);
}

enum status picture_files_open(struct picture_files *ret, const char *path,
                               const struct bundle *bundle, struct arena *arena, struct err *err)
{
    *ret = (struct picture_files){.bundle = bundle};
    TRY(list_files(ret, path, arena, err));
    TRY(find_pictures(ret, err));
    if (ret->picture_count > 0) return STATUS_OK;
    (void)fail(err, STATUS_FAILED, "found no picture among %zu files, expected PNG or JPEG",
               ret->count);
    if (ret->folder)
        err_hint(err, "name the files of other kinds one by one: tamis-ingest %s/*.csv", path);
    return STATUS_FAILED;
}

/* ---- sidecars ---- */

static int compare_paths(const void *key, const void *item)
{
    return strcmp(key, ((const struct picture_file *)item)->path);
}

const struct picture_file *picture_sidecar(const struct picture_files *files,
                                           const struct picture_file *picture, const char *ending)
{
    char path[4096];
    const char *slash = strrchr(picture->path, '/');
    const char *name = slash == NULL ? picture->path : slash + 1;
    size_t size = (size_t)(name - picture->path) + strcspn(name, ".");
    int written = snprintf(path, sizeof path, "%.*s.%s", (int)size, picture->path, ending);
    if (size > INT32_MAX || written < 0 || (size_t)written >= sizeof path) return NULL;
    return bsearch(path, files->items, files->count, sizeof *files->items, compare_paths);
}

/* ---- reading ---- */

/* How much of a file of `size` bytes is wanted. */
static uint64_t check_size(uint64_t size, uint64_t limit, struct picture_fault *fault)
{
    if (size == 0) picture_fault_set(fault, "empty file", "found no byte, expected a PNG or JPEG");
    if (size <= limit) return size;
    picture_fault_set(fault, "file size", "found %llu bytes, expected at most %llu",
                      (unsigned long long)size, (unsigned long long)limit);
    return RAW_BYTES_MAXIMUM < size ? RAW_BYTES_MAXIMUM : size;
}

static enum status read_member(const struct picture_files *files,
                               const struct bundle_member *member, uint64_t limit,
                               struct bytes *ret, struct picture_fault *fault, struct err *err)
{
    if (member->rule != NULL) {
        picture_fault_set(fault, member->rule, "%s", member->message);
        return STATUS_OK;
    }
    uint64_t size = check_size(member->bytes, limit, fault);
    TRY(bytes_reserve(ret, size, err));
    TRY(bundle_read(files->bundle, member, ret->data + ret->size, size, 0, err));
    ret->size += size;
    return STATUS_OK;
}

enum status picture_file_read(const struct picture_files *files, const struct picture_file *file,
                              uint64_t limit, struct bytes *ret, struct picture_fault *fault,
                              struct err *err)
{
    if (file->member != NULL) return read_member(files, file->member, limit, ret, fault, err);
    OWNED(descriptor_close) int descriptor = open_picture(files, file);
    struct stat info;
    if (descriptor < 0 || fstat(descriptor, &info) != 0) {
        char reason[128];
        picture_fault_set(fault, "unreadable", "%s", strerror_r(errno, reason, sizeof reason));
        return STATUS_OK;
    }
    if (!S_ISREG(info.st_mode)) {
        picture_fault_set(fault, "unreadable", "found no regular file");
        return STATUS_OK;
    }
    uint64_t size = check_size((uint64_t)info.st_size, limit, fault);
    TRY(bytes_reserve(ret, size, err));
    TRY(pread_all(descriptor, ret->data + ret->size, size, 0, err));
    ret->size += size;
    return STATUS_OK;
}

void picture_files_release(struct picture_files *files)
{
    memory_free(files->items);
    memory_free(files->pictures);
    *files = (struct picture_files){0};
}
