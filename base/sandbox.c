/* base/sandbox.c: the asker: opens and closes the nursery, keeps idle workers, talks. */
#include "base/sandbox.h"

#include "base/memory.h"
#include "base/sandbox_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define INPUT_FIRST ((size_t)256 << 10)
#define KEPT_MOST   ((size_t)4 << 20) /* shared memory an idle worker holds on to */

struct sandbox_talk {
    struct sandbox_talk *next; /* idle */
    pid_t process;
    int says, hears; /* our ends of the pipes */
    int input_file, board_file;
    char *input;
    struct board *board;
    size_t input_room, room_bytes, room_most;
    enum { TALK_IDLE, TALK_ASKED, TALK_PAUSED } state; /* paused: it waits for us */
    bool broken;                                       /* dead, or not to be asked again */
};

static struct {
    pthread_mutex_t lock;
    int channel; /* to the nursery; -1 = closed */
    pid_t nursery;
    struct sandbox_talk *idle;
} sandbox = {.lock = PTHREAD_MUTEX_INITIALIZER, .channel = -1};

/* ---- opening ---- */

static void wait_for(pid_t process)
{
    while (waitpid(process, NULL, 0) == -1 && errno == EINTR) {
    }
}

/* What the nursery says; false where it is gone. */
static bool hear_number(int channel, int32_t *ret)
{
    ssize_t got;
    do
        got = recv(channel, ret, sizeof *ret, 0);
    while (got == -1 && errno == EINTR);
    return got == sizeof *ret;
}

static bool start_nursery(sandbox_job *job, char *ret_reason, size_t room)
{
    int32_t confined = 0;
    int pair[2];
    if (!sandbox_there(ret_reason, room)) return false;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        snprintf(ret_reason, room, "no socket pair: %s", strerror(errno));
        return false;
    }
    pid_t process = fork();
    if (process == 0) sandbox_nursery(pair[1], job);
    close(pair[1]);
    if (process < 0) {
        snprintf(ret_reason, room, "no process: %s", strerror(errno));
        close(pair[0]);
        return false;
    }
    if (!hear_number(pair[0], &confined) || !confined) {
        snprintf(ret_reason, room, "the system refuses to confine a process");
        close(pair[0]);
        wait_for(process);
        return false;
    }
    sandbox.channel = pair[0];
    sandbox.nursery = process;
    return true;
}

enum status sandbox_open(enum sandbox_mode mode, sandbox_job *job, char *ret_reason,
                         struct err *err)
{
    ret_reason[0] = '\0';
    if (mode == SANDBOX_OFF || start_nursery(job, ret_reason, 160) || mode == SANDBOX_AUTO)
        return STATUS_OK;
    (void)fail(err, STATUS_FAILED, "--sandbox require: %s", ret_reason);
    err_hint(err, "--sandbox off reads pictures in the command itself: only for files you trust");
    return STATUS_FAILED;
}

bool sandbox_is_open(void)
{
    return sandbox.channel >= 0;
}

/* ---- workers ---- */

static void worker_release(struct sandbox_talk *talk)
{
    if (talk->says >= 0) close(talk->says);
    if (talk->hears >= 0) close(talk->hears);
    if (talk->input != NULL) munmap(talk->input, talk->input_room);
    if (talk->board != NULL) munmap(talk->board, BOARD_BYTES + talk->room_bytes);
    if (talk->input_file >= 0) close(talk->input_file);
    if (talk->board_file >= 0) close(talk->board_file);
    memory_free(talk);
}

void sandbox_close(void)
{
    if (!sandbox_is_open()) return;
    close(sandbox.channel);
    sandbox.channel = -1;
    while (sandbox.idle != NULL) {
        struct sandbox_talk *talk = sandbox.idle;
        sandbox.idle = talk->next;
        worker_release(talk);
    }
    wait_for(sandbox.nursery);
}

/* Shared memory of `bytes`, mapped; nobody can make it shorter under our feet. */
static enum status share_memory(const char *name, size_t bytes, int *ret_file, void *ret,
                                struct err *err)
{
    int file = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0) return fail_errno(err, errno, "shared memory");
    *ret_file = file;
    if (ftruncate(file, (off_t)bytes) != 0 || fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK) != 0)
        return fail_errno(err, errno, "shared memory of %zu bytes", bytes);
    void *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (map == MAP_FAILED) return fail_errno(err, errno, "shared memory of %zu bytes", bytes);
    *(void **)ret = map;
    return STATUS_OK;
}

static bool send_wish(struct wish wish, const int *along)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int) * WORKER_DESCRIPTORS)];
        struct cmsghdr aligned;
    } control = {{0}};
    struct iovec body = {&wish, sizeof wish};
    struct msghdr message = {.msg_iov = &body, .msg_iovlen = 1};
    if (along != NULL) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(int) * WORKER_DESCRIPTORS);
        memcpy(CMSG_DATA(head), along, sizeof(int) * WORKER_DESCRIPTORS);
    }
    ssize_t sent;
    do
        sent = sendmsg(sandbox.channel, &message, MSG_NOSIGNAL);
    while (sent == -1 && errno == EINTR);
    return sent == sizeof wish;
}

/* One wish at a time; what the nursery says to it. */
static enum status wish_for(struct wish wish, const int *along, int32_t *ret, struct err *err)
{
    pthread_mutex_lock(&sandbox.lock);
    bool heard = send_wish(wish, along) && hear_number(sandbox.channel, ret);
    pthread_mutex_unlock(&sandbox.lock);
    if (heard) return STATUS_OK;
    return fail(err, STATUS_FAILED, "the process that starts picture decoders is gone");
}

static enum status fork_worker(struct sandbox_talk *talk, struct err *err)
{
    int to[2], from[2];
    int32_t process = 0;
    char heard = 0;
    if (pipe2(to, O_CLOEXEC) != 0) return fail_errno(err, errno, "pipe to a picture decoder");
    if (pipe2(from, O_CLOEXEC) != 0) {
        enum status status = fail_errno(err, errno, "pipe from a picture decoder");
        close(to[0]), close(to[1]);
        return status;
    }
    talk->says = to[1];
    talk->hears = from[0];
    int along[WORKER_DESCRIPTORS] = {to[0], from[1], talk->input_file, talk->board_file};
    enum status status = wish_for((struct wish){SAY_FORK, 0}, along, &process, err);
    close(to[0]), close(from[1]);
    TRY(status);
    if (process < 0) return fail_errno(err, -process, "a process for a picture decoder");
    talk->process = process;
    if (sandbox_read_byte(talk->hears, &heard) && heard == SAY_READY) return STATUS_OK;
    (void)fail(err, STATUS_FAILED, "a picture decoder could not be confined");
    err_hint(err, "--sandbox off reads pictures in the command itself: only for files you trust");
    return STATUS_FAILED;
}

static enum status make_worker(struct sandbox_talk **ret, struct err *err)
{
    struct sandbox_talk *talk;
    TRY(NEW(&talk, 1, err));
    talk->says = talk->hears = talk->input_file = talk->board_file = -1;
    talk->input_room = INPUT_FIRST;
    talk->room_bytes = ROOM_FIRST;
    enum status status =
        share_memory("input", talk->input_room, &talk->input_file, &talk->input, err);
    if (status == STATUS_OK)
        status = share_memory("board", BOARD_BYTES + talk->room_bytes, &talk->board_file,
                              &talk->board, err);
    if (status == STATUS_OK) status = fork_worker(talk, err);
    if (status != STATUS_OK)
        worker_release(talk);
    else
        *ret = talk;
    return status;
}

static enum status get_worker(struct sandbox_talk **ret, struct err *err)
{
    pthread_mutex_lock(&sandbox.lock);
    struct sandbox_talk *talk = sandbox.idle;
    if (talk != NULL) sandbox.idle = talk->next;
    pthread_mutex_unlock(&sandbox.lock);
    if (talk == NULL) return make_worker(ret, err);
    *ret = talk;
    return STATUS_OK;
}

/* ---- talking ---- */

/* What --memory leaves; SIZE_MAX = there is no limit. */
static size_t memory_left(void)
{
    size_t limit = memory_limit(), used = memory_in_use();
    if (limit == 0) return SIZE_MAX;
    return used < limit ? limit - used : 1;
}

/* Larger shared memory, at the address it is at or another. */
static enum status extend(int file, void *map, size_t from, size_t to, struct err *err)
{
    if (to - from > memory_left()) return fail_memory(err, to);
    if (ftruncate(file, (off_t)to) != 0)
        return fail_errno(err, errno, "shared memory of %zu bytes", to);
    void *moved = mremap(*(void **)map, from, to, MREMAP_MAYMOVE);
    if (moved == MAP_FAILED) return fail_errno(err, errno, "shared memory of %zu bytes", to);
    *(void **)map = moved;
    return STATUS_OK;
}

static size_t whole_pages(size_t bytes)
{
    return (bytes + BOARD_BYTES - 1) / BOARD_BYTES * BOARD_BYTES;
}

static enum status put_question(struct sandbox_talk *talk, const void *question, size_t size,
                                struct str input, struct err *err)
{
    struct board *board = talk->board;
    if (size > SANDBOX_QUESTION || input.size > SIZE_MAX / 2)
        return fail(err, STATUS_FAILED, "a question of %zu bytes", size);
    if (input.size > talk->input_room) {
        size_t room = whole_pages(input.size);
        TRY(extend(talk->input_file, &talk->input, talk->input_room, room, err));
        talk->input_room = room;
    }
    if (input.size > 0) memcpy(talk->input, input.data, input.size);
    memcpy(board->question, question, size);
    board->input_bytes = input.size;
    board->input_room = talk->input_room;
    board->room_bytes = talk->room_bytes;
    board->memory = memory_left() == SIZE_MAX ? 0 : memory_left();
    return STATUS_OK;
}

enum status sandbox_ask(const void *question, size_t size, struct str input, size_t room_most,
                        struct sandbox_talk **ret, struct err *err)
{
    struct sandbox_talk *talk;
    TRY(get_worker(&talk, err));
    talk->room_most = room_most < ROOM_FIRST ? ROOM_FIRST : room_most;
    enum status status = put_question(talk, question, size, input, err);
    if (status != STATUS_OK) {
        sandbox_end(&talk);
        return status;
    }
    /* A worker that is gone is found out when it is heard. */
    talk->broken = !sandbox_write_byte(talk->says, SAY_QUESTION);
    talk->state = TALK_ASKED;
    *ret = talk;
    return STATUS_OK;
}

/* A word for how a process ended. */
static void say_end(int status, char *ret, size_t room)
{
    int number = WTERMSIG(status);
    const char *name = sigabbrev_np(number);
    if (number == SIGSYS)
        snprintf(ret, room, "its decoder was stopped: it made a call that decoders never make");
    else
        snprintf(ret, room, "its decoder crashed (SIG%s)", name == NULL ? "?" : name);
}

static enum status hear_death(struct sandbox_talk *talk, struct sandbox_said *ret, struct err *err)
{
    int32_t ended = 0;
    talk->broken = true;
    TRY(wish_for((struct wish){SAY_WAIT, talk->process}, NULL, &ended, err));
    if (!WIFSIGNALED(ended)) /* of its own will, for want of something: no fault of the picture */
        return fail(err, STATUS_FAILED, "a picture decoder ended before it was done (%d)",
                    WEXITSTATUS(ended));
    if (WTERMSIG(ended) == SIGKILL) {
        (void)fail(err, STATUS_FAILED, "a picture decoder was killed from outside");
        err_hint(err, "the system may be out of memory: fewer --threads or less --memory");
        return STATUS_FAILED;
    }
    ret->last = ret->killed = true;
    say_end(ended, ret->reason, sizeof ret->reason);
    return STATUS_OK;
}

/* The byte that follows; room is made on the way. 0 = the worker is gone. */
static enum status hear_byte(struct sandbox_talk *talk, char *ret, struct err *err)
{
    for (*ret = 0; sandbox_read_byte(talk->hears, ret) && *ret == SAY_MORE_ROOM; *ret = 0) {
        uint64_t wanted = __atomic_load_n(&talk->board->wanted, __ATOMIC_RELAXED);
        bool give = wanted > talk->room_bytes && wanted <= talk->room_most;
        if (give) {
            size_t room = whole_pages(wanted);
            TRY(extend(talk->board_file, &talk->board, BOARD_BYTES + talk->room_bytes,
                       BOARD_BYTES + room, err));
            talk->room_bytes = talk->board->room_bytes = room;
        }
        if (!sandbox_write_byte(talk->says, give ? SAY_GO_ON : SAY_STOP)) return STATUS_OK;
    }
    return STATUS_OK;
}

enum status sandbox_hear(struct sandbox_talk *talk, struct sandbox_said *ret, struct err *err)
{
    char heard;
    ret->last = ret->killed = false;
    if (talk->state == TALK_PAUSED) talk->broken |= !sandbox_write_byte(talk->says, SAY_GO_ON);
    if (talk->broken) return hear_death(talk, ret, err);
    TRY(hear_byte(talk, &heard, err));
    if (heard == 0) return hear_death(talk, ret, err);
    uint64_t used = __atomic_load_n(&talk->board->used, __ATOMIC_RELAXED);
    talk->broken = used > talk->room_bytes || (heard != SAY_PART && heard != SAY_DONE);
    if (talk->broken)
        return fail(err, STATUS_FAILED, "a picture decoder does not keep to the rules");
    talk->state = heard == SAY_PART ? TALK_PAUSED : TALK_IDLE;
    ret->last = heard == SAY_DONE;
    memcpy(ret->answer, talk->board->answer, sizeof ret->answer);
    ret->room = (const uint8_t *)talk->board + BOARD_BYTES;
    ret->used = used;
    return STATUS_OK;
}

/* What an unusually large question took is given back. */
static void keep_little(int file, size_t bytes)
{
    if (bytes > KEPT_MOST)
        (void)fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, KEPT_MOST,
                        (off_t)(bytes - KEPT_MOST));
}

/* A worker in the middle of something is told to stop; one that does not is left behind. */
static bool can_be_kept(struct sandbox_talk *talk)
{
    char heard = 0;
    if (talk->broken || talk->state == TALK_ASKED) return false;
    if (talk->state == TALK_IDLE) return true;
    talk->room_most = 0;
    return sandbox_write_byte(talk->says, SAY_STOP) && hear_byte(talk, &heard, NULL) == STATUS_OK &&
           heard == SAY_DONE;
}

void sandbox_end(struct sandbox_talk **talk)
{
    struct sandbox_talk *ended = *talk;
    *talk = NULL;
    if (ended == NULL) return;
    if (!can_be_kept(ended)) {
        worker_release(ended);
        return;
    }
    ended->state = TALK_IDLE;
    keep_little(ended->input_file, ended->input_room);
    keep_little(ended->board_file, BOARD_BYTES + ended->room_bytes);
    pthread_mutex_lock(&sandbox.lock);
    ended->next = sandbox.idle;
    sandbox.idle = ended;
    pthread_mutex_unlock(&sandbox.lock);
}
