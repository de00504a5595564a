/* without_filters.c: runs a program as on a kernel without seccomp filters: asking for one more
 * fails with EINVAL. With --late first, as where they are known, but a process cannot be kept from
 * leaving a core. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOAD(member)   BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define UNLESS(n, far) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, n, 0, far)

int main(int argc, char **argv)
{
    bool late = argc > 1 && strcmp(argv[1], "--late") == 0;
    argv += late;
    argc -= late;
    struct sock_filter rules[] = {
        LOAD(nr),
        UNLESS(__NR_prctl, 3),
        LOAD(args[0]),
        UNLESS(late ? PR_SET_DUMPABLE : PR_SET_SECCOMP, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {sizeof rules / sizeof *rules, rules};
    if (argc < 2 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) != 0)
        return 77;
    execv(argv[1], argv + 1);
    perror(argv[1]);
    return 127;
}
