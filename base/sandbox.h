/* base/sandbox.h: work over bytes from strangers, done in processes that can do nothing else.
 *
 * A worker reads a question and its input from memory it shares with the asker and leaves answers
 * there. It may read one pipe, write another, take memory and end; every other call of the system
 * kills it (seccomp, Kerrisk, "Seccomp", seccomp(2)), it sees no file (Landlock, landlock(7)),
 * leaves no core, and holds neither the environment nor anything the command learned after its
 * options. What it says is checked like any other input.
 *
 * Workers come from a process that is forked before the command reads anything, one for each thread
 * that asks at the same time, and are kept for the next question. One that dies takes its question
 * with it, nothing else. */
#ifndef BASE_SANDBOX_H
#define BASE_SANDBOX_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum sandbox_mode { SANDBOX_AUTO, SANDBOX_REQUIRE, SANDBOX_OFF };
#define SANDBOX_MODES "auto|require|off"

#define SANDBOX_QUESTION 128 /* bytes at most */
#define SANDBOX_ANSWER   512

/* ---- the worker's side ---- */

struct sandbox_desk {
    const void *question; /* as it was asked */
    struct str input;
    void *answer;  /* SANDBOX_ANSWER bytes, zero at first, kept from part to part */
    uint8_t *room; /* for what is longer than an answer */
    size_t room_bytes, used;
};
/* Does one piece of work; what is on the desk at the end is the last part. */
typedef void sandbox_job(struct sandbox_desk *desk);
/* Hands over what is on the desk and goes on with an empty room; false = nobody wants more. */
bool sandbox_part(struct sandbox_desk *desk);
/* Makes the room at least so large; what is in it stays. False = it does not get larger. */
bool sandbox_grow(struct sandbox_desk *desk, size_t bytes);

/* ---- the asker's side ---- */

/* Called once, before threads start and before anything secret is read. SANDBOX_OFF does nothing.
 * Where the system has no sandbox, SANDBOX_AUTO leaves it off and writes why into ret_reason (at
 * least 160 bytes, else ""), SANDBOX_REQUIRE is STATUS_FAILED with a hint. */
MUST_CHECK enum status sandbox_open(enum sandbox_mode mode, sandbox_job *job, char *ret_reason,
                                    struct err *err);
/* Whether questions can be asked. */
bool sandbox_is_open(void);
/* Ends and waits for the workers. */
void sandbox_close(void);

struct sandbox_talk;
struct sandbox_said {
    bool last;   /* nothing comes behind it */
    bool killed; /* the worker is dead, and by its own doing: `reason` says how */
    char reason[120];
    char answer[SANDBOX_ANSWER]; /* a copy: it does not change while it is checked */
    const uint8_t *room; /* may change while it is read, if the worker was taken over: use it as
                            values, never as sizes or places */
    size_t used;
};
/* Any thread. The input is copied. The room grows to room_most bytes at most, and --memory. */
MUST_CHECK enum status sandbox_ask(const void *question, size_t size, struct str input,
                                   size_t room_most, struct sandbox_talk **ret, struct err *err);
/* Waits for the next part. STATUS_FAILED where the worker was killed from outside (no memory
 * left in the system) and where it does not keep to the rules. */
MUST_CHECK enum status sandbox_hear(struct sandbox_talk *talk, struct sandbox_said *ret,
                                    struct err *err);
/* Ends the talk wherever it is. Accepts NULL. */
void sandbox_end(struct sandbox_talk **talk);

#endif
