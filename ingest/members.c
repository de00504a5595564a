/* ingest/members.c: the regular files below a folder, in byte order of their paths. */
#include "ingest/members.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct listing {
    struct arena *arena;
    struct members *ret;
};

static enum status list_folder(struct listing *listing, int descriptor, const char *path,
                               size_t depth, struct err *err);

static void folder_close(DIR **folder)
{
    if (*folder != NULL) closedir(*folder);
    *folder = NULL;
}

static enum status add_member(struct listing *listing, const char *path, int64_t bytes,
                              struct err *err)
{
    struct members *members = listing->ret;
    if (members->count == MEMBERS_MAXIMUM)
        return fail(err, STATUS_FAILED, "found more than %d files in one folder", MEMBERS_MAXIMUM);
    if (members->count == members->room) {
        size_t room = members->room == 0 ? 256 : members->room * 2;
        struct member *items = memory_resize(members->items, room, sizeof *items);
        if (items == NULL) return fail_memory(err, room * sizeof *items);
        members->items = items;
        members->room = room;
    }
    members->items[members->count++] = (struct member){path, bytes};
    return STATUS_OK;
}

static enum status list_entry(struct listing *listing, int descriptor, const char *parent,
                              const char *name, size_t depth, struct err *err)
{
    char *path = arena_format(listing->arena, "%s%s%s", parent, *parent == '\0' ? "" : "/", name);
    if (path == NULL) return fail_memory(err, strlen(parent) + strlen(name));
    struct stat info;
    if (fstatat(descriptor, name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT) return STATUS_OK; /* gone since the folder was read */
        return fail_errno(err, errno, "\"%s\"", path);
    }
    if (S_ISREG(info.st_mode)) return add_member(listing, path, info.st_size, err);
    if (!S_ISDIR(info.st_mode)) {
        listing->ret->not_files++;
        return STATUS_OK;
    }
    int inner = openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (inner < 0 && (errno == ELOOP || errno == ENOTDIR || errno == ENOENT)) {
        listing->ret->not_files++; /* something else was put in its place meanwhile */
        return STATUS_OK;
    }
    if (inner < 0) return fail_errno(err, errno, "folder \"%s\"", path);
    return list_folder(listing, inner, path, depth + 1, err);
}

/* Takes the descriptor. */
static enum status list_folder(struct listing *listing, int descriptor, const char *path,
                               size_t depth, struct err *err)
{
    OWNED(folder_close) DIR *folder = fdopendir(descriptor);
    if (folder == NULL) {
        close(descriptor);
        return fail_errno(err, errno, "folder \"%s\"", path);
    }
    if (depth > FOLDERS_DEEP)
        return fail(err, STATUS_FAILED, "folder \"%s\" is more than %d folders deep", path,
                    FOLDERS_DEEP);
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (entry == NULL && errno != 0) return fail_errno(err, errno, "folder \"%s\"", path);
        if (entry == NULL) return STATUS_OK;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        TRY(list_entry(listing, dirfd(folder), path, entry->d_name, depth, err));
    }
}

static int compare_members(const void *a, const void *b)
{
    return strcmp(((const struct member *)a)->path, ((const struct member *)b)->path);
}

enum status members_list(const char *folder, struct arena *arena, struct members *ret,
                         int *ret_descriptor, struct err *err)
{
    struct listing listing = {arena, ret};
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return fail_errno(err, errno, "folder \"%s\"", folder);
    *ret_descriptor = descriptor;
    int listed = fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
    if (listed < 0) return fail_errno(err, errno, "folder \"%s\"", folder);
    TRY(list_folder(&listing, listed, "", 0, err));
    if (ret->count > 0) qsort(ret->items, ret->count, sizeof *ret->items, compare_members);
    return STATUS_OK;
}

void members_release(struct members *members)
{
    memory_free(members->items);
    *members = (struct members){0};
}
