/* base/secret.c: keys and passwords stay out of cores. */
#include "base/secret.h"

#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

void secret_held(void)
{
    struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void secret_hide(const void *bytes, size_t size)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), at = (uintptr_t)bytes;
    uintptr_t first = at / page * page, end = (at + size + page - 1) / page * page;
    secret_held();
    (void)madvise((void *)first, end - first, MADV_DONTDUMP);
}
