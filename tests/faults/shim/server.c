/* server.c: one process that is loaded once and forked for each point, right before main().
 *
 * $TAMIS_FAULTS_SERVER "IN,OUT" are two descriptors. A request is four bytes of length, then texts
 * with a NUL behind each: plan, work folder, stdin, stdout, stderr, record, arguments from the
 * program's name on. The answer is a line "STATUS LOOKS": what waitpid() gave, and a number that
 * changes when anything in the work folder does (names, sizes, times, kinds; request plan "looks":
 * without a run). */
#include "shim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_ARGUMENTS 64
#define MOST_SECONDS   60 /* a run that takes longer hangs */

struct request {
    char *text;
    char *plan, *work, *input, *output, *errors, *record;
    int argc;
    char *argv[MOST_ARGUMENTS + 1];
};

/* ---- what a folder looks like ---- */

/* FNV-1a, 64 bits. */
static uint64_t mixed(uint64_t hash, const void *data, size_t size)
{
    const unsigned char *at = data;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ at[i]) * 0x100000001b3;
    return hash;
}

static uint64_t looks_of_file(const char *path, const struct stat *status)
{
    uint64_t hash = mixed(0xcbf29ce484222325, path, strlen(path));
    uint64_t numbers[] = {status->st_mode, (uint64_t)status->st_size,
                          (uint64_t)status->st_mtim.tv_sec, (uint64_t)status->st_mtim.tv_nsec};

    if (S_ISDIR(status->st_mode)) numbers[1] = numbers[2] = numbers[3] = 0;
    return mixed(hash, numbers, sizeof numbers);
}

/* A sum, so that the order of a folder does not matter. */
static uint64_t looks_of(const char *folder)
{
    uint64_t sum = 0;
    char path[4096];
    struct stat status;
    DIR *names = opendir(folder);

    for (struct dirent *entry; names != NULL && (entry = readdir(names)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (lstat(path, &status) != 0) continue;
        sum += looks_of_file(path, &status);
        if (S_ISDIR(status.st_mode)) sum += looks_of(path);
    }
    if (names != NULL) closedir(names);
    return sum;
}

/* ---- requests ---- */

static bool take(int descriptor, void *data, size_t size)
{
    for (char *at = data; size > 0;) {
        ssize_t got = read(descriptor, at, size);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        at += got;
        size -= (size_t)got;
    }
    return true;
}

static bool next_request(int descriptor, struct request *ret)
{
    uint32_t size;

    free(ret->text);
    *ret = (struct request){0};
    if (!take(descriptor, &size, sizeof size)) return false;
    ret->text = malloc(size + 1);
    if (ret->text == NULL || !take(descriptor, ret->text, size)) return false;
    ret->text[size] = '\0';
    char **const places[] = {&ret->plan,   &ret->work,   &ret->input,
                             &ret->output, &ret->errors, &ret->record};
    size_t place = 0;
    for (char *at = ret->text; at < ret->text + size; at += strlen(at) + 1) {
        if (place < sizeof places / sizeof *places)
            *places[place++] = at;
        else if (ret->argc < MOST_ARGUMENTS)
            ret->argv[ret->argc++] = at;
    }
    return place == sizeof places / sizeof *places;
}

/* ---- the child ---- */

static void stand_at(int number, const char *path, int flags)
{
    int descriptor = open(path, flags | O_CLOEXEC, 0666);

    if (descriptor < 0 || dup2(descriptor, number) < 0) _exit(126);
    close(descriptor);
}

static void become(const struct request *request)
{
    if (chdir(request->work) != 0) _exit(126);
    stand_at(0, request->input, O_RDONLY);
    stand_at(1, request->output, O_WRONLY | O_CREAT | O_TRUNC);
    stand_at(2, request->errors, O_WRONLY | O_CREAT | O_TRUNC);
    unsetenv("TAMIS_FAULTS_SERVER");
    setenv("TAMIS_FAULTS", request->plan, 1);
    setenv("TAMIS_FAULTS_RECORD", request->record, 1);
    signal(SIGALRM, SIG_DFL);
    alarm(MOST_SECONDS);
}

void serve(int *argc, char ***argv)
{
    static struct request request;
    const char *where = getenv("TAMIS_FAULTS_SERVER");
    int in, out, status;

    if (where == NULL || sscanf(where, "%d,%d", &in, &out) != 2) return;
    while (next_request(in, &request)) {
        status = 0;
        if (strcmp(request.plan, "looks") != 0) {
            pid_t child = fork();
            if (child == 0) {
                close(in);
                close(out);
                become(&request);
                *argc = request.argc;
                *argv = request.argv;
                return;
            }
            while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
                continue;
        }
        dprintf(out, "%d %llu\n", status, (unsigned long long)looks_of(request.work));
    }
    _exit(0);
}
