/* ingest/members.h: the regular files below a folder, in byte order of their paths. */
#ifndef INGEST_MEMBERS_H
#define INGEST_MEMBERS_H

#include "base/memory.h"
#include "base/str.h"

#define MEMBERS_MAXIMUM 1000000
#define FOLDERS_DEEP    64

struct member {
    const char *path; /* below the folder, with "/" */
    int64_t bytes;    /* when it was listed */
};
struct members {
    struct member *items; /* memory_get */
    size_t count, room;
    int64_t not_files; /* links, pipes, sockets, devices: not followed, not read */
};
/* Symbolic links are not followed. Paths lie in the arena. *ret_descriptor, the folder itself, is
 * the caller's to close, also after a failure (-1 before = not opened). STATUS_FAILED for a folder
 * that cannot be read, more than MEMBERS_MAXIMUM files, or FOLDERS_DEEP folders in each other. */
MUST_CHECK enum status members_list(const char *folder, struct arena *arena, struct members *ret,
                                    int *ret_descriptor, struct err *err);
void members_release(struct members *members);

#endif
