/* lineage/process.h: who runs, in terms that still identify a process after it is gone: a pid alone
 * is given to the next one. Linux: boot id, pid namespace and start time from /proc. */
#ifndef LINEAGE_PROCESS_H
#define LINEAGE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

struct process {
    char host[256];
    char user[64];
    char boot_id[64];       /* empty where unknown */
    char pid_namespace[64]; /* "pid:[4026531836]"; empty where unknown */
    int64_t pid;
    int64_t start; /* clock ticks after boot, 0 = unknown */
};

void process_self(struct process *ret);
/* Whether `other` has certainly ended, seen from `self`. A process on another host or in another
 * pid namespace of the same boot cannot be judged: false. */
bool process_has_ended(const struct process *other, const struct process *self);

#endif
