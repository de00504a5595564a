/* record.c: what a power loss is replayed from: each change in order, with its bytes.
 *
 * $TAMIS_FAULTS_RECORD gets entries of a text line, then as many bytes as it says:
 *   create INODE PATH | unnamed INODE | name INODE PATH (of a file without one) | truncate INODE
 * SIZE | write INODE OFFSET BYTES\n<bytes> sync INODE | link OLD\tNEW | rename OLD\tNEW | unlink
 * PATH | mkdir PATH | rmdir PATH said TEXT (what the program told on stdout: from here on it must
 * be true) One lock: entries of threads do not mix, and come in the order in which the calls
 * returned. */
#include "shim.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int log_descriptor = -1;
static long syncs;
static unsigned long long mapped[64]; /* inodes that are written through memory */

static bool begin(void)
{
    if (!plan.record || !plan.armed) return false;
    pthread_mutex_lock(&lock);
    if (log_descriptor >= 0) return true;
    const char *path = getenv("TAMIS_FAULTS_RECORD");
    long opened = path == NULL
                      ? -1
                      : syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (opened >= 0) {
        log_descriptor = (int)syscall(SYS_fcntl, (int)opened, F_DUPFD_CLOEXEC, 910);
        syscall(SYS_close, (int)opened);
    }
    if (log_descriptor >= 0) return true;
    pthread_mutex_unlock(&lock);
    return false;
}

static void end(void)
{
    pthread_mutex_unlock(&lock);
}

static void put(const void *data, size_t size)
{
    const char *at = data;

    while (size > 0) {
        long written = syscall(SYS_write, log_descriptor, at, size);
        if (written <= 0) abort();
        at += written;
        size -= (size_t)written;
    }
}

static void __attribute__((format(printf, 1, 2))) put_line(const char *format, ...)
{
    char line[9000];
    va_list arguments;

    va_start(arguments, format);
    int size = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    put(line, (size_t)size);
}

static unsigned long long inode_of(int descriptor)
{
    struct stat status = {0};

    fstat(descriptor, &status);
    return status.st_ino;
}

void record_create(int descriptor, const char *path, bool existed, bool truncated)
{
    if ((existed && !truncated) || !begin()) return;
    unsigned long long inode = inode_of(descriptor);
    if (!existed && path == NULL)
        put_line("unnamed %llu\n", inode);
    else if (!existed)
        put_line("create %llu %s\n", inode, path);
    else
        put_line("truncate %llu 0\n", inode);
    end();
}

void record_naming(int descriptor, const char *path)
{
    if (!begin()) return;
    put_line("name %llu %s\n", inode_of(descriptor), path);
    end();
}

void record_mapped(int descriptor)
{
    if (!begin()) return;
    for (size_t i = 0; i < sizeof mapped / sizeof *mapped; i++) {
        if (mapped[i] != 0 && mapped[i] != inode_of(descriptor)) continue;
        mapped[i] = inode_of(descriptor);
        break;
    }
    end();
}

/* What was written through a mapping is told at the sync: all of the file, as it is then. */
static void put_mapped(int descriptor, unsigned long long inode)
{
    static char piece[1 << 16];
    long size;

    for (size_t i = 0; i < sizeof mapped / sizeof *mapped; i++) {
        if (mapped[i] != inode) continue;
        for (long at = 0; (size = syscall(SYS_pread64, descriptor, piece, sizeof piece, at)) > 0;
             at += size) {
            put_line("write %llu %ld %ld\n", inode, at, size);
            put(piece, (size_t)size);
        }
        return;
    }
}

void record_write(int descriptor, uint64_t offset, const void *data, size_t size)
{
    if (!begin()) return;
    if (descriptor == 1)
        put_line("said %zu\n", size);
    else
        put_line("write %llu %llu %zu\n", inode_of(descriptor), (unsigned long long)offset, size);
    if (descriptor != 1) put(data, size);
    end();
}

void record_truncate(int descriptor, uint64_t size)
{
    if (!begin()) return;
    put_line("truncate %llu %llu\n", inode_of(descriptor), (unsigned long long)size);
    end();
}

void record_sync(int descriptor)
{
    char path[4096];

    if (!begin()) return;
    put_mapped(descriptor, inode_of(descriptor));
    if (++syncs != plan.forget_sync)
        put_line("sync %llu %s\n", inode_of(descriptor), path_of(descriptor, path));
    end();
}

void record_name(const char *word, const char *path, const char *second)
{
    if (!begin()) return;
    put_line("%s %s%s%s\n", word, path, second == NULL ? "" : "\t", second == NULL ? "" : second);
    end();
}
