/* process.c: identity of processes from /proc (proc(5)). */
#include "lineage/process.h"

#include "base/output.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The text of a small file without its final newline; empty when it cannot be read. */
static void read_line(const char *path, char *ret, size_t room)
{
    OWNED(descriptor_close) int descriptor = open(path, O_RDONLY | O_CLOEXEC);

    ret[0] = '\0';
    if (descriptor < 0) return;
    ssize_t size = read(descriptor, ret, room - 1);
    ret[size > 0 ? size : 0] = '\0';
    ret[strcspn(ret, "\n")] = '\0';
}

/* State letter and start time of a process: fields 3 and 22 of stat. The command in field 2 may
 * hold blanks and parentheses, so counting starts behind its last one. */
static bool process_stat(int64_t pid, char *ret_state, int64_t *ret_start)
{
    char path[64], line[1024];

    snprintf(path, sizeof path, "/proc/%lld/stat", (long long)pid);
    read_line(path, line, sizeof line);
    char *place = strrchr(line, ')');
    if (place == NULL || place[1] != ' ') return false;
    place += 2;
    *ret_state = *place;
    for (int field = 3; field < 22 && place != NULL; field++) {
        place = strchr(place, ' ');
        if (place != NULL) place++;
    }
    *ret_start = place == NULL ? 0 : strtoll(place, NULL, 10);
    return true;
}

/* The name of a user in /etc/passwd, one byte at a time through a fixed buffer. */
static bool passwd_name(uid_t user, char *ret, size_t room)
{
    OWNED(descriptor_close) int descriptor = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    char piece[4096], fields[3][64] = {{0}}; /* name, password, number */
    size_t field = 0, length = 0;
    ssize_t size;

    while (descriptor >= 0 && (size = read(descriptor, piece, sizeof piece)) > 0)
        for (const char *at = piece; at < piece + size; at++) {
            if (*at == '\n') {
                memset(fields, 0, sizeof fields);
                field = length = 0;
            } else if (*at != ':') {
                if (field < 3 && length + 1 < sizeof fields[0]) fields[field][length++] = *at;
            } else if (++field == 3 && fields[2][0] != '\0' &&
                       strtoul(fields[2], NULL, 10) == user) {
                snprintf(ret, room, "%s", fields[0]);
                return true;
            } else {
                length = 0;
            }
        }
    return false;
}

/* The C library's own search (users of a directory service) aborts or crashes where it gets no
 * memory (glibc 2.36), so that it comes second. */
static void user_name(char *ret, size_t room)
{
    struct passwd entry, *found = NULL;
    char names[1024];

    if (passwd_name(geteuid(), ret, room)) return;
    if (getpwuid_r(geteuid(), &entry, names, sizeof names, &found) == 0 && found != NULL)
        snprintf(ret, room, "%s", entry.pw_name);
    else
        snprintf(ret, room, "uid %u", (unsigned)geteuid());
}

void process_self(struct process *ret)
{
    char state;

    *ret = (struct process){.pid = getpid()};
    if (gethostname(ret->host, sizeof ret->host - 1) != 0) ret->host[0] = '\0';
    user_name(ret->user, sizeof ret->user);
    read_line("/proc/sys/kernel/random/boot_id", ret->boot_id, sizeof ret->boot_id);
    ssize_t size = readlink("/proc/self/ns/pid", ret->pid_namespace, sizeof ret->pid_namespace - 1);
    if (size < 0) ret->pid_namespace[0] = '\0';
    if (!process_stat(ret->pid, &state, &ret->start)) ret->start = 0;
}

bool process_has_ended(const struct process *other, const struct process *self)
{
    char state = 0;
    int64_t start = 0;

    if (strcmp(other->host, self->host) != 0) return false;
    if (other->boot_id[0] == '\0' || self->boot_id[0] == '\0') return false;
    if (strcmp(other->boot_id, self->boot_id) != 0) return true;
    if (strcmp(other->pid_namespace, self->pid_namespace) != 0) return false;
    if (!process_stat(other->pid, &state, &start)) return access("/proc/self/stat", R_OK) == 0;
    if (state == 'Z' || state == 'X') return true;
    return other->start != 0 && start != other->start;
}
