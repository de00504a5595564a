/* watch.c: only what lies under $TAMIS_FAULTS_ROOT is looked at, and stdin and stdout; system files
 * that libraries read are not the program's. */
#include "shim.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MOST 1024

static bool numbers[MOST] = {[0] = true, [1] = true};

const char *path_of(int descriptor, char ret[4096])
{
    char link[64];

    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    long size = syscall(SYS_readlinkat, AT_FDCWD, link, ret, 4095);
    ret[size > 0 ? size : 0] = '\0';
    return ret;
}

const char *full_path(int folder, const char *path, char ret[4096])
{
    char base[4096];

    if (path[0] == '/') {
        snprintf(ret, 4096, "%s", path);
    } else {
        if (folder == AT_FDCWD) {
            long size = syscall(SYS_getcwd, base, sizeof base);
            if (size <= 0) base[0] = '\0';
        } else {
            path_of(folder, base);
        }
        snprintf(ret, 4096, "%.2000s/%.2000s", base, path);
    }
    return ret;
}

bool watched_path(int folder, const char *path)
{
    static const char *root;
    static size_t size;
    char full[4096];

    if (!plan.armed || path == NULL) return false;
    if (root == NULL) {
        root = getenv("TAMIS_FAULTS_ROOT");
        if (root == NULL) root = "/";
        size = strlen(root);
    }
    return strncmp(full_path(folder, path, full), root, size) == 0;
}

bool watched(int descriptor)
{
    return plan.armed && descriptor >= 0 && descriptor < MOST && numbers[descriptor];
}

void watch(int descriptor, int folder, const char *path)
{
    if (descriptor >= 0 && descriptor < MOST) numbers[descriptor] = watched_path(folder, path);
}

void unwatch(int descriptor)
{
    if (descriptor > 2 && descriptor < MOST) numbers[descriptor] = false;
}
