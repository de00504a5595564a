/* base/sandbox_confine.c: what a worker can no longer do. The filter is a list of what it may: the
 * default is death. */
#include "base/memory.h"
#include "base/sandbox_parts.h"
#include "base/sanitizer.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#define ARCHITECTURE 0 /* none: sandbox_there() says so */
#endif

/* Steps of the filter: `number` is loaded; each rule that does not fit falls through to the next.
 * Arguments are compared in their low words: these are int and unsigned to the system too. */
#define LOAD(member)  BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define ANSWER(value) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_##value)
#define MAY(call)     BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##call, 0, 1), ANSWER(ALLOW)
#define MAY_ON(call, descriptor)                                                                   \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##call, 0, 4), LOAD(args[0]),                         \
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, descriptor, 0, 1), ANSWER(ALLOW), ANSWER(KILL_PROCESS)
#define MAY_WITHOUT_CODE(call)                                                                     \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##call, 0, 4), LOAD(args[2]),                         \
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 1, 0), ANSWER(ALLOW), ANSWER(KILL_PROCESS)

static const struct sock_filter rules[] = {
    LOAD(arch),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
    ANSWER(KILL_PROCESS),
    LOAD(nr), /* the numbers of x32 are others and fit no rule */
    MAY_ON(read, WORKER_HEARS),
    MAY_ON(write, WORKER_SAYS),
    MAY_WITHOUT_CODE(mmap),
    MAY_WITHOUT_CODE(mprotect),
    MAY(munmap),
    MAY(mremap),
    MAY(madvise),
    MAY(brk),
    MAY(clock_gettime),
    MAY(rt_sigreturn),
    MAY(restart_syscall),
    MAY(exit_group),
#if defined(WITH_THREAD_SANITIZER) /* its runtime has a thread of its own */
    MAY(getpid),
    MAY(gettid),
    MAY(nanosleep),
    MAY(sched_yield),
    MAY(futex),
#endif
    ANSWER(KILL_PROCESS),
};

bool sandbox_there(char *ret_reason, size_t room)
{
    /* A filter at no address is refused for its address where filters are known. */
    if (ARCHITECTURE != 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0) == -1 &&
        errno == EFAULT)
        return true;
    snprintf(ret_reason, room, "%s",
             ARCHITECTURE == 0 ? "no filter is written for this processor"
                               : "the system has no seccomp filters");
    return false;
}

void sandbox_hide_files(void)
{
    struct landlock_ruleset_attr every = {.handled_access_fs =
                                              (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return;
    int rules_descriptor = (int)syscall(__NR_landlock_create_ruleset, &every, sizeof every, 0);
    if (rules_descriptor < 0) return;
    (void)syscall(__NR_landlock_restrict_self, rules_descriptor, 0);
    close(rules_descriptor);
}

static bool at_most(__rlimit_resource_t resource, rlim_t most)
{
    return setrlimit(resource, &(struct rlimit){most, most}) == 0;
}

/* What libjpeg takes beside our own memory, stack and libraries come on top of --memory. */
static bool bound_memory(void)
{
#if defined(WITH_ADDRESS_SANITIZER) || defined(WITH_THREAD_SANITIZER)
    return true;
#else
    return memory_limit() == 0 || at_most(RLIMIT_DATA, memory_limit() + ((rlim_t)256 << 20));
#endif
}

bool sandbox_confine(void)
{
    struct sock_fprog filter = {sizeof rules / sizeof *rules,
                                (struct sock_filter *)(uintptr_t)rules};
    bool bounded = at_most(RLIMIT_CORE, 0) && at_most(RLIMIT_FSIZE, 0) &&
                   at_most(RLIMIT_NOFILE, 0) && bound_memory();
    return bounded && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 &&
           prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
}
