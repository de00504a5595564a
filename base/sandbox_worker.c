/* base/sandbox_worker.c: the nursery, which forks workers, and their life: hear a question, do the
 * job, say so. Nothing here is told to the user: what goes wrong ends the process, and the asker
 * sees that. */
#include "base/memory.h"
#include "base/sandbox_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define MEMORY_STEP ((size_t)8 << 20)

extern char **environ;

bool sandbox_read_byte(int descriptor, char *ret)
{
    ssize_t got;
    do
        got = read(descriptor, ret, 1);
    while (got == -1 && errno == EINTR);
    return got == 1;
}

bool sandbox_write_byte(int descriptor, char byte)
{
    ssize_t put;
    do
        put = write(descriptor, &byte, 1);
    while (put == -1 && errno == EINTR);
    return put == 1;
}

/* ---- a worker ---- */

struct worker {
    struct sandbox_desk desk; /* first: the job knows only this */
    struct board *board;
    size_t board_bytes;
    void *input;
    size_t input_room;
    size_t memory; /* as it was last set; 0 = not */
};

static void map_board(struct worker *worker)
{
    size_t bytes = BOARD_BYTES + worker->board->room_bytes;
    if (bytes != worker->board_bytes) {
        void *moved = mremap(worker->board, worker->board_bytes, bytes, MREMAP_MAYMOVE);
        if (moved == MAP_FAILED) _exit(1);
        worker->board = moved;
        worker->board_bytes = bytes;
    }
    worker->desk.question = worker->board->question;
    worker->desk.answer = worker->board->answer;
    worker->desk.room = (uint8_t *)worker->board + BOARD_BYTES;
    worker->desk.room_bytes = bytes - BOARD_BYTES;
}

static void map_input(struct worker *worker)
{
    size_t room = worker->board->input_room;
    if (room != worker->input_room) {
        if (worker->input != NULL) munmap(worker->input, worker->input_room);
        worker->input = mmap(NULL, room, PROT_READ, MAP_SHARED, WORKER_INPUT, 0);
        if (worker->input == MAP_FAILED) _exit(1);
        worker->input_room = room;
    }
    worker->desk.input = (struct str){worker->input, worker->board->input_bytes};
}

/* Says a byte and waits for the answer. */
static char say(struct worker *worker, char byte)
{
    char heard;
    worker->board->used = worker->desk.used;
    if (!sandbox_write_byte(WORKER_SAYS, byte) || !sandbox_read_byte(WORKER_HEARS, &heard))
        _exit(0);
    map_board(worker);
    return heard;
}

bool sandbox_part(struct sandbox_desk *desk)
{
    char heard = say((struct worker *)desk, SAY_PART);
    desk->used = 0;
    return heard == SAY_GO_ON;
}

bool sandbox_grow(struct sandbox_desk *desk, size_t bytes)
{
    if (bytes <= desk->room_bytes) return true;
    ((struct worker *)desk)->board->wanted = bytes;
    return say((struct worker *)desk, SAY_MORE_ROOM) == SAY_GO_ON && bytes <= desk->room_bytes;
}

/* What the asker has left, in steps: a new limit is not free. */
static void bound_by(struct worker *worker)
{
    size_t left = worker->board->memory;
    if (left > MEMORY_STEP) left -= left % MEMORY_STEP;
    if (left == worker->memory) return;
    worker->memory = left;
    memory_set_limit(left == 0 ? 0 : memory_in_use() + left);
}

_Noreturn static void serve(sandbox_job *job)
{
    struct worker worker = {.board_bytes = BOARD_BYTES + ROOM_FIRST};
    char heard;
    worker.board =
        mmap(NULL, worker.board_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, WORKER_BOARD, 0);
    if (worker.board == MAP_FAILED || !sandbox_confine()) _exit(1);
    if (!sandbox_write_byte(WORKER_SAYS, SAY_READY)) _exit(0);
    while (sandbox_read_byte(WORKER_HEARS, &heard) && heard == SAY_QUESTION) {
        map_board(&worker);
        map_input(&worker);
        worker.desk.used = 0;
        memset(worker.board->answer, 0, sizeof worker.board->answer);
        bound_by(&worker);
        job(&worker.desk);
        worker.board->used = worker.desk.used;
        if (!sandbox_write_byte(WORKER_SAYS, SAY_DONE)) break;
    }
    _exit(0);
}

/* ---- the nursery ---- */

/* Interrupting the command is the command's business; its end closes the pipes. */
static void leave_signals_alone(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaction(numbers[i], &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
}

/* Passwords are handed to commands in the environment. */
static void wipe_environment(void)
{
    for (char **one = environ; one != NULL && *one != NULL; one++)
        explicit_bzero(*one, strlen(*one));
    if (environ != NULL) environ[0] = NULL;
}

/* Nothing stays open but the channel, on `ret`: who waits for the end of a pipe would wait for us.
 */
static int keep_only(int channel)
{
    int kept = fcntl(channel, F_DUPFD, 10), none = open("/dev/null", O_RDWR);
    if (kept < 0 || none < 0) _exit(1);
    for (int descriptor = 0; descriptor < 3; descriptor++)
        if (none != descriptor) dup2(none, descriptor);
    close_range(3, (unsigned)kept - 1, 0);
    close_range((unsigned)kept + 1, ~0u, 0);
    return kept;
}

_Noreturn static void become_worker(int channel, const int received[WORKER_DESCRIPTORS],
                                    sandbox_job *job)
{
    static const int places[] = {WORKER_HEARS, WORKER_SAYS, WORKER_INPUT, WORKER_BOARD};
    int moved[WORKER_DESCRIPTORS];
    close(channel);
    for (int i = 0; i < WORKER_DESCRIPTORS; i++)
        if ((moved[i] = fcntl(received[i], F_DUPFD, 10)) < 0) _exit(1);
    for (int i = 0; i < WORKER_DESCRIPTORS; i++)
        if (dup2(moved[i], places[i]) < 0) _exit(1);
    close_range(WORKER_BOARD + 1, ~0u, 0);
    serve(job);
}

/* False at the end of the command. */
static bool next_wish(int channel, struct wish *ret, int received[WORKER_DESCRIPTORS])
{
    union {
        char bytes[CMSG_SPACE(sizeof(int) * WORKER_DESCRIPTORS)];
        struct cmsghdr aligned;
    } along = {{0}};
    struct iovec body = {ret, sizeof *ret};
    struct msghdr message = {.msg_iov = &body,
                             .msg_iovlen = 1,
                             .msg_control = along.bytes,
                             .msg_controllen = sizeof along.bytes};
    if (recvmsg(channel, &message, 0) != sizeof *ret) return false;
    if (ret->wish != SAY_FORK) return true;
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    if (head == NULL || head->cmsg_len != CMSG_LEN(sizeof(int) * WORKER_DESCRIPTORS)) return false;
    memcpy(received, CMSG_DATA(head), sizeof(int) * WORKER_DESCRIPTORS);
    return true;
}

static int32_t fork_worker(int channel, int received[WORKER_DESCRIPTORS], sandbox_job *job)
{
    pid_t process = fork();
    if (process == 0) become_worker(channel, received, job);
    int32_t result = process < 0 ? -errno : process;
    for (int i = 0; i < WORKER_DESCRIPTORS; i++)
        close(received[i]);
    return result;
}

/* Whether a worker can be confined here: in a process of its own, as it is for good. */
static bool try_confining(void)
{
    int status = 0;
    pid_t process = fork();
    if (process == 0) _exit(sandbox_confine() ? 0 : 1);
    return process > 0 && waitpid(process, &status, 0) == process && status == 0;
}

void sandbox_nursery(int channel, sandbox_job *job)
{
    int received[WORKER_DESCRIPTORS];
    struct wish wish;
    leave_signals_alone();
    wipe_environment();
    channel = keep_only(channel);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    sandbox_hide_files();
    int32_t confined = try_confining();
    if (send(channel, &confined, sizeof confined, 0) != sizeof confined || !confined) _exit(1);
    while (next_wish(channel, &wish, received)) {
        int32_t result = 0;
        if (wish.wish == SAY_FORK)
            result = fork_worker(channel, received, job);
        else if (waitpid(wish.process, &result, 0) < 0)
            result = 0;
        if (send(channel, &result, sizeof result, 0) != sizeof result) break;
    }
    close(channel);
    while (wait(NULL) > 0) { /* the time they took is the command's */
    }
    _exit(0);
}
