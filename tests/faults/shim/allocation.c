/* allocation.c: the C library's allocator with a failure in it. glibc's own callers (strdup, fopen,
 * opendir) come through here too. */
#include "shim.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static void *refuse(void)
{
    errno = ENOMEM;
    return NULL;
}

EXPORTED void *malloc(size_t size)
{
    return allocation_fails() ? refuse() : __libc_malloc(size);
}

EXPORTED void *calloc(size_t count, size_t size)
{
    return allocation_fails() ? refuse() : __libc_calloc(count, size);
}

EXPORTED void *realloc(void *old, size_t size)
{
    return allocation_fails() ? refuse() : __libc_realloc(old, size);
}

EXPORTED void *reallocarray(void *old, size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes) || allocation_fails()) return refuse();
    return __libc_realloc(old, bytes);
}

EXPORTED void *memalign(size_t alignment, size_t size)
{
    return allocation_fails() ? refuse() : __libc_memalign(alignment, size);
}

EXPORTED void *aligned_alloc(size_t alignment, size_t size)
{
    return allocation_fails() ? refuse() : __libc_memalign(alignment, size);
}

EXPORTED int posix_memalign(void **ret, size_t alignment, size_t size)
{
    void *made = allocation_fails() ? NULL : __libc_memalign(alignment, size);

    if (made == NULL) return ENOMEM;
    *ret = made;
    return 0;
}
