/* ingest/below.c: files below a folder that strangers write into. */
#include "ingest/below.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NAME_ROOM 256 /* NAME_MAX and its end */

static int refuse(int number)
{
    errno = number;
    return -1;
}

/* Takes the first part off the path. 0, or why it may not be followed. */
static int take_part(const char **path, char ret[NAME_ROOM], bool *ret_last)
{
    size_t size = strcspn(*path, "/");
    if (size >= NAME_ROOM) return ENAMETOOLONG;
    memcpy(ret, *path, size);
    ret[size] = '\0';
    *path += size;
    *ret_last = **path == '\0';
    *path += strspn(*path, "/");
    return strcmp(ret, "..") == 0 || size == 0 ? EXDEV : 0;
}

int open_below_by_parts(int folder, const char *path, int flags)
{
    char name[NAME_ROOM];
    bool last = false;
    int at = folder;
    while (!last) {
        int why = take_part(&path, name, &last);
        int how = last ? flags | O_NOFOLLOW : O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
        int next = why != 0 ? -1 : openat(at, name, how);
        if (why == 0) why = errno;
        if (at != folder) close(at);
        if (next < 0) return refuse(why);
        at = next;
    }
    return at;
}

int open_below(int folder, const char *path, int flags)
{
    struct open_how how = {.flags = (unsigned)flags | O_NOFOLLOW,
                           .resolve =
                               RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    int opened = (int)syscall(SYS_openat2, folder, path, &how, sizeof how);
    bool absent = opened < 0 && (errno == ENOSYS || errno == EPERM); /* EPERM: containers */
    return absent ? open_below_by_parts(folder, path, flags) : opened;
}
