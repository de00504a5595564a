/* base/sandbox_parts.h: what asker, nursery and worker agree on. The nursery is the process that
 * forks workers when it is told to. */
#ifndef BASE_SANDBOX_PARTS_H
#define BASE_SANDBOX_PARTS_H

#include "base/sandbox.h"

#include <sys/types.h>

/* The first page of the memory that both write; the room begins behind it. */
#define BOARD_BYTES 4096
#define ROOM_FIRST  ((size_t)256 << 10)
struct board {
    /* the asker's */
    uint64_t input_bytes, input_room, room_bytes, memory;
    char question[SANDBOX_QUESTION];
    /* the worker's */
    uint64_t used, wanted;
    char answer[SANDBOX_ANSWER];
};
_Static_assert(sizeof(struct board) <= BOARD_BYTES, "a board fits on its page");

/* Single bytes on the two pipes. */
enum said_to_worker { SAY_QUESTION = 'q', SAY_GO_ON = 'g', SAY_STOP = 's' };
enum said_by_worker { SAY_READY = 'r', SAY_PART = 'p', SAY_MORE_ROOM = 'm', SAY_DONE = 'd' };

/* Where a worker finds its descriptors. */
enum worker_descriptor { WORKER_HEARS, WORKER_SAYS, WORKER_NULL, WORKER_INPUT, WORKER_BOARD };
#define WORKER_DESCRIPTORS 4 /* sent with SAY_FORK, in this order without WORKER_NULL */

/* To the nursery: fork a worker with the descriptors that come along; wait for one that is dead.
 * Both are answered by a number: a process or -errno; a status as wait(2) gives it. */
enum nursery_wish { SAY_FORK = 1, SAY_WAIT };
struct wish {
    int32_t wish, process;
};

/* One byte; false where the other side is gone. */
bool sandbox_read_byte(int descriptor, char *ret);
bool sandbox_write_byte(int descriptor, char byte);

/* Takes from this process all but what a worker needs, for good. False where the system refuses a
 * part that keeps anybody out. */
bool sandbox_confine(void);
/* As far as the system has it: no file can be opened from now on. */
void sandbox_hide_files(void);
/* Whether the system has seccomp filters; else why not. */
bool sandbox_there(char *ret_reason, size_t room);

/* The nursery's life; `channel` is its end of a socket pair. */
_Noreturn void sandbox_nursery(int channel, sandbox_job *job);

#endif
