/* tests/fuzz/within.c: what every reader of hostile bytes promises; bytes as a file. */
#include "within.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int fuzz_within(enum status (*read)(const uint8_t *data, size_t size, struct err *err),
                const uint8_t *data, size_t size)
{
    static bool warm;
    struct err err = {0};
    if (memory_limit() == 0) memory_set_limit(256u << 20);
    size_t before = memory_in_use();
    enum status status = read(data, size, &err);
    if (status != STATUS_OK && err.message[0] == '\0') abort();
    if (warm && memory_in_use() != before) abort();
    warm = true;
    return 0;
}

static int file = -1;

static void fill(const uint8_t *data, size_t size)
{
    if (file < 0) file = memfd_create("fuzz", MFD_CLOEXEC);
    if (file < 0 || ftruncate(file, 0) != 0 || pwrite(file, data, size, 0) != (ssize_t)size)
        abort();
}

const char *fuzz_path(const uint8_t *data, size_t size)
{
    static char path[64];
    fill(data, size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    return path;
}

int fuzz_descriptor(const uint8_t *data, size_t size)
{
    fill(data, size);
    int copy = dup(file);
    if (copy < 0) abort();
    return copy;
}
