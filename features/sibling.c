/* features/sibling.c: runs another of the three programs to its end. */
#include "features/sibling.h"

#include "base/command.h"
#include "base/output.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

#define ARGUMENTS 4096

/* ---- where it is ---- */

/* "DIR/tamis-clean", "DIR/../clean/tamis-clean", or the bare name for PATH. */
static void find_program(const char *name, char *ret, size_t room)
{
    char self[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
    const char *stage = strchr(name, '-');
    self[size > 0 ? size : 0] = '\0';
    char *slash = strrchr(self, '/');
    if (slash != NULL && stage != NULL) {
        *slash = '\0';
        snprintf(ret, room, "%s/%s", self, name);
        if (access(ret, X_OK) == 0) return;
        snprintf(ret, room, "%s/../%s/%s", self, stage + 1, name);
        if (access(ret, X_OK) == 0) return;
    }
    snprintf(ret, room, "%s", name);
}

/* ---- running ---- */

static int set_up(posix_spawn_file_actions_t *actions, const struct sibling *sibling, int said)
{
    const char *input = sibling->input == NULL ? "/dev/null" : sibling->input;
    const char *output = sibling->output == NULL ? "/dev/null" : sibling->output;
    int code = posix_spawn_file_actions_addopen(actions, 0, input, O_RDONLY, 0);
    if (code == 0)
        code = posix_spawn_file_actions_addopen(actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC,
                                                0600);
    if (code == 0) code = posix_spawn_file_actions_adddup2(actions, said, 2);
    if (code == 0 && sibling->folder != NULL)
        code = posix_spawn_file_actions_addchdir_np(actions, sibling->folder);
    return code;
}

static enum status start(const struct sibling *sibling, const char *program, int said, pid_t *ret,
                         struct err *err)
{
    posix_spawn_file_actions_t actions;
    char *arguments[ARGUMENTS] = {(char *)(uintptr_t)sibling->program};
    size_t count = 1;
    for (const char **next = sibling->arguments; *next != NULL; next++) {
        if (count == ARGUMENTS - 1)
            return fail(err, STATUS_USAGE, "more than %d arguments", ARGUMENTS);
        arguments[count++] = (char *)(uintptr_t)*next;
    }
    if (posix_spawn_file_actions_init(&actions) != 0) return fail_memory(err, sizeof actions);
    int code = set_up(&actions, sibling, said);
    if (code == 0) code = posix_spawnp(ret, program, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (code == 0) return STATUS_OK;
    fail_errno(err, code, "starting \"%s\"", program);
    err_hint(err, "the three programs belong into one folder, or on PATH");
    return STATUS_FAILED;
}

/* A signal for us is one for it. */
static enum status wait_for(pid_t child, int *ret_code, struct err *err)
{
    const struct timespec nap = {.tv_nsec = 2000000};
    enum status status = STATUS_OK;
    int how = 0;
    for (;;) {
        pid_t ended = waitpid(child, &how, WNOHANG);
        if (ended == child) break;
        if (ended < 0 && errno != EINTR) return fail_errno(err, errno, "waiting for a program");
        if (status == STATUS_OK && (status = interrupted(err)) != STATUS_OK) kill(child, SIGTERM);
        nanosleep(&nap, NULL);
    }
    *ret_code = WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
    return status;
}

static enum status read_said(int descriptor, struct bytes *said, struct err *err)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0) return fail_errno(err, errno, "reading messages");
    size_t size = (size_t)status.st_size < (1u << 20) ? (size_t)status.st_size : 1u << 20;
    TRY(bytes_reserve(said, size, err));
    TRY(pread_all(descriptor, said->data + said->size, size, 0, err));
    said->size += size;
    return STATUS_OK;
}

enum status sibling_run(const struct sibling *sibling, int *ret_code, struct bytes *said,
                        struct err *err)
{
    OWNED(descriptor_close) int messages = -1;
    char program[PATH_MAX + 64];
    pid_t child = 0;
    find_program(sibling->program, program, sizeof program);
    TRY(temporary_open(&messages, err));
    TRY(start(sibling, program, messages, &child, err));
    TRY(wait_for(child, ret_code, err));
    return read_said(messages, said, err);
}

enum status fail_sibling(const struct sibling *sibling, int code, const struct bytes *said,
                         struct err *err)
{
    struct str text = str_trim((struct str){(const char *)said->data, said->size});
    char shown[1024];
    for (size_t i = 0; i < text.size; i++) /* the first error line; hints come behind it */
        if (text.data[i] == '\n' && text.size - i > 1 && text.data[i + 1] == ' ') text.size = i;
    for (size_t i = text.size; i > 0; i--)
        if (text.data[i - 1] == '\n') {
            text = (struct str){text.data + i, text.size - i};
            break;
        }
    escape_for_terminal(text, shown, sizeof shown);
    return fail(err, code == 2 ? STATUS_USAGE : STATUS_FAILED, "%s ended with %d%s%s",
                sibling->program, code, shown[0] == '\0' ? "" : ": ", shown);
}

/* ---- folders ---- */

enum status folder_make(char *ret, size_t room, struct err *err)
{
    const char *parent = getenv("TMPDIR");
    snprintf(ret, room, "%s/tamis-XXXXXX", parent == NULL || parent[0] == '\0' ? "/tmp" : parent);
    if (mkdtemp(ret) != NULL) return STATUS_OK;
    enum status status = fail_errno(err, errno, "temporary folder \"%s\"", ret);
    ret[0] = '\0';
    return status;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

void folder_remove(const char *folder)
{
    if (folder[0] == '\0') return;
    /* Once more where it failed on the way: what is gone by then is in nobody's way. */
    if (nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0)
        nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}
