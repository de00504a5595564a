/* tests/unit/base/test_sandbox.c: what a worker may not do, what becomes of its question then, and
 * what it knows. */
#include "check.h"

#include "base/memory.h"
#include "base/parallel.h"
#include "base/sandbox.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define LONG_ROOM ((size_t)1 << 20)

static char *secret; /* where the environment holds one */

/* ---- the work of the workers: the input names it ---- */

static void say(struct sandbox_desk *desk, const char *text)
{
    snprintf(desk->answer, SANDBOX_ANSWER, "%s", text);
}

static void read_file(struct sandbox_desk *desk)
{
    say(desk, open("/etc/passwd", O_RDONLY) >= 0 ? "read" : "refused");
}

static void write_file(struct sandbox_desk *desk)
{
    say(desk, open("owned", O_WRONLY | O_CREAT, 0600) >= 0 ? "written" : "refused");
}

static void connect_out(struct sandbox_desk *desk)
{
    say(desk, socket(AF_INET, SOCK_STREAM, 0) >= 0 ? "connected" : "refused");
}

static void fork_child(struct sandbox_desk *desk)
{
    pid_t process = fork();
    if (process == 0) _exit(0);
    say(desk, process > 0 ? "forked" : "refused");
}

static void run_program(struct sandbox_desk *desk)
{
    char *const arguments[] = {(char *)(uintptr_t) "true", NULL};
    execve("/bin/true", arguments, arguments + 1);
    say(desk, "refused");
}

static void signal_parent(struct sandbox_desk *desk)
{
    say(desk, kill(getpid(), 0) == 0 ? "signalled" : "refused");
}

static void make_code(struct sandbox_desk *desk)
{
    void *code =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    say(desk, code != MAP_FAILED ? "made" : "refused");
}

static void turn_to_code(struct sandbox_desk *desk)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    say(desk, mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0 ? "made" : "refused");
}

static void read_elsewhere(struct sandbox_desk *desk)
{
    char byte;
    say(desk, read(3, &byte, 1) >= 0 ? "read" : "refused");
}

static void write_elsewhere(struct sandbox_desk *desk)
{
    say(desk, write(2, "x", 1) == 1 ? "written" : "refused");
}

static void read_other_process(struct sandbox_desk *desk)
{
    char bytes[8];
    struct iovec here = {bytes, sizeof bytes}, there = {secret, sizeof bytes};
    say(desk, process_vm_readv(1, &here, 1, &there, 1, 0) > 0 ? "read" : "refused");
}

static void allow_more(struct sandbox_desk *desk)
{
    say(desk, prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0 ? "allowed" : "refused");
}

static const struct {
    const char *name;
    sandbox_job *work;
} forbidden[] = {
    {"read a file", read_file},
    {"write a file", write_file},
    {"connect", connect_out},
    {"fork", fork_child},
    {"run a program", run_program},
    {"send a signal", signal_parent},
    {"make code", make_code},
    {"turn memory to code", turn_to_code},
    {"read another descriptor", read_elsewhere},
    {"write another descriptor", write_elsewhere},
    {"read another process", read_other_process},
    {"allow itself more", allow_more},
};
#define FORBIDDEN (sizeof forbidden / sizeof *forbidden)

static void crash(struct sandbox_desk *desk)
{
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(page, 4096, PROT_NONE);
    *(volatile char *)page = 1; /* a sanitizer that wants to tell about it is stopped for that */
    say(desk, "alive");
}

/* LONG_ROOM bytes in parts as large as the room. */
static void many_parts(struct sandbox_desk *desk)
{
    for (size_t i = 0; i < LONG_ROOM; i++) {
        if (desk->used == desk->room_bytes && !sandbox_part(desk)) return;
        desk->room[desk->used++] = (uint8_t)(i % 251);
    }
}

static void large_room(struct sandbox_desk *desk)
{
    desk->used = 7; /* what is in it stays */
    memcpy(desk->room, "before!", 7);
    if (!sandbox_grow(desk, LONG_ROOM)) {
        say(desk, "too small");
        return;
    }
    memset(desk->room + 7, 'x', LONG_ROOM - 7);
    desk->used = LONG_ROOM;
}

static void lie(struct sandbox_desk *desk)
{
    desk->used = (size_t)1 << 40;
}

static void leave(struct sandbox_desk *desk)
{
    (void)desk;
    _exit(1);
}

static void tell_environment(struct sandbox_desk *desk)
{
    say(desk, getenv("TAMIS_TEST_SECRET") == NULL && secret[0] == '\0' ? "nothing" : "a secret");
}

static void work(struct sandbox_desk *desk)
{
    static const struct {
        const char *name;
        sandbox_job *work;
    } others[] = {{"crash", crash}, {"parts", many_parts}, {"large room", large_room},
                  {"lie", lie},     {"leave", leave},      {"environment", tell_environment}};
    for (size_t i = 0; i < FORBIDDEN; i++)
        if (str_is(desk->input, forbidden[i].name)) forbidden[i].work(desk);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (str_is(desk->input, others[i].name)) others[i].work(desk);
    if (str_is(desk->input, "echo"))
        snprintf(desk->answer, SANDBOX_ANSWER, "%s", (const char *)desk->question);
}

/* ---- asking ---- */

static void ask(const char *input, size_t room_most, struct sandbox_said *ret)
{
    struct sandbox_talk *talk = NULL;
    struct err err = {0};
    CHECK_OK(sandbox_ask("question", 9, str_of(input), room_most, &talk, &err), &err);
    CHECK_OK(sandbox_hear(talk, ret, &err), &err);
    sandbox_end(&talk);
}

static int open_sandbox(void **state)
{
    (void)state;
    char reason[160];
    struct err err = {0};
    signal(SIGPIPE, SIG_IGN);
    setenv("TAMIS_TEST_SECRET", "hunter2", 1);
    secret = getenv("TAMIS_TEST_SECRET");
    CHECK_OK(sandbox_open(SANDBOX_REQUIRE, work, reason, &err), &err);
    assert_string_equal(reason, "");
    return 0;
}

static int close_sandbox(void **state)
{
    (void)state;
    sandbox_close();
    assert_false(sandbox_is_open());
    return 0;
}

static void questions_are_answered(void **state)
{
    (void)state;
    struct sandbox_said said;
    for (int i = 0; i < 3; i++) {
        ask("echo", 0, &said);
        assert_true(said.last);
        assert_false(said.killed);
        assert_string_equal(said.answer, "question");
    }
}

static void what_is_forbidden_kills_the_worker_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < FORBIDDEN; i++) {
        struct sandbox_said said = {.answer = ""};
        ask(forbidden[i].name, 0, &said);
        if (!said.killed) print_message("%s: %s\n", forbidden[i].name, said.answer);
        assert_true(said.killed);
        assert_string_equal(said.reason,
                            "its decoder was stopped: it made a call that decoders never make");
        ask("echo", 0, &said); /* the next one is another worker's */
        assert_string_equal(said.answer, "question");
    }
    assert_int_equal(access("owned", F_OK), -1);
}

static void a_crash_is_told(void **state)
{
    (void)state;
    struct sandbox_said said;
    ask("crash", 0, &said);
    assert_true(said.killed);
    assert_true(strlen(said.reason) > 0);
}

static void parts_come_in_order(void **state)
{
    (void)state;
    struct sandbox_talk *talk = NULL;
    struct sandbox_said said = {0};
    struct err err = {0};
    size_t total = 0, parts = 0;
    CHECK_OK(sandbox_ask("", 0, str_of("parts"), 0, &talk, &err), &err);
    while (!said.last) {
        CHECK_OK(sandbox_hear(talk, &said, &err), &err);
        for (size_t i = 0; i < said.used; i++)
            assert_int_equal(said.room[i], (total + i) % 251);
        total += said.used;
        parts++;
    }
    sandbox_end(&talk);
    assert_int_equal(total, LONG_ROOM);
    assert_true(parts > 1);
}

/* Who stops in the middle gets a worker that knows nothing of it. */
static void a_talk_may_end_early(void **state)
{
    (void)state;
    struct sandbox_talk *talk = NULL;
    struct sandbox_said said;
    struct err err = {0};
    CHECK_OK(sandbox_ask("", 0, str_of("parts"), 0, &talk, &err), &err);
    CHECK_OK(sandbox_hear(talk, &said, &err), &err);
    assert_false(said.last);
    sandbox_end(&talk);
    CHECK_OK(sandbox_ask("", 0, str_of("parts"), 0, &talk, &err), &err);
    sandbox_end(&talk);
    ask("echo", 0, &said);
    assert_true(said.last);
    assert_string_equal(said.answer, "question");
}

static void room_grows_as_far_as_it_may(void **state)
{
    (void)state;
    struct sandbox_said said;
    ask("large room", LONG_ROOM, &said);
    assert_int_equal(said.used, LONG_ROOM);
    ask("large room", LONG_ROOM - 1, &said); /* it has that room from before */
    assert_int_equal(said.used, LONG_ROOM);
    sandbox_close();
    open_sandbox(NULL);
    ask("large room", LONG_ROOM - 1, &said);
    assert_string_equal(said.answer, "too small");
}

static void large_inputs_go_over(void **state)
{
    (void)state;
    size_t bytes = (size_t)9 << 20;
    char *input = memory_get(bytes, 1);
    struct sandbox_talk *talk = NULL;
    struct sandbox_said said;
    struct err err = {0};
    assert_non_null(input);
    CHECK_OK(sandbox_ask("", 0, (struct str){input, bytes}, 0, &talk, &err), &err);
    CHECK_OK(sandbox_hear(talk, &said, &err), &err);
    sandbox_end(&talk);
    memory_free(input);
    ask("echo", 0, &said);
    assert_string_equal(said.answer, "question");
}

static void lies_are_seen(void **state)
{
    (void)state;
    struct sandbox_talk *talk = NULL;
    struct sandbox_said said;
    struct err err = {0};
    CHECK_OK(sandbox_ask("", 0, str_of("lie"), 0, &talk, &err), &err);
    assert_int_equal(sandbox_hear(talk, &said, &err), STATUS_FAILED);
    assert_non_null(strstr(err.message, "does not keep to the rules"));
    sandbox_end(&talk);
}

/* As one does that cannot map what it is given: an error, not a bad picture. */
static void a_worker_that_leaves_is_an_error(void **state)
{
    (void)state;
    struct sandbox_talk *talk = NULL;
    struct sandbox_said said;
    struct err err = {0};
    CHECK_OK(sandbox_ask("", 0, str_of("leave"), 0, &talk, &err), &err);
    assert_int_equal(sandbox_hear(talk, &said, &err), STATUS_FAILED);
    assert_non_null(strstr(err.message, "ended before it was done"));
    sandbox_end(&talk);
}

static void workers_know_no_environment(void **state)
{
    (void)state;
    struct sandbox_said said;
    ask("environment", 0, &said);
    assert_string_equal(said.answer, "nothing");
    assert_string_equal(getenv("TAMIS_TEST_SECRET"), "hunter2"); /* ours is as it was */
}

static enum status ask_often(void *context, size_t index, struct err *err)
{
    (void)context;
    struct sandbox_talk *talk = NULL;
    struct sandbox_said said;
    TRY(sandbox_ask("question", 9, str_of(index % 5 == 0 ? "crash" : "echo"), 0, &talk, err));
    enum status status = sandbox_hear(talk, &said, err);
    sandbox_end(&talk);
    TRY(status);
    bool right = index % 5 == 0 ? said.killed : strcmp(said.answer, "question") == 0;
    return right ? STATUS_OK : fail(err, STATUS_FAILED, "question %zu", index);
}

static void threads_do_not_disturb_each_other(void **state)
{
    (void)state;
    struct err err = {0};
    CHECK_OK(parallel_for(4, 200, NULL, ask_often, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions_are_answered),
        cmocka_unit_test(what_is_forbidden_kills_the_worker_alone),
        cmocka_unit_test(a_crash_is_told),
        cmocka_unit_test(parts_come_in_order),
        cmocka_unit_test(a_talk_may_end_early),
        cmocka_unit_test(room_grows_as_far_as_it_may),
        cmocka_unit_test(large_inputs_go_over),
        cmocka_unit_test(lies_are_seen),
        cmocka_unit_test(a_worker_that_leaves_is_an_error),
        cmocka_unit_test(workers_know_no_environment),
        cmocka_unit_test(threads_do_not_disturb_each_other),
    };
    return cmocka_run_group_tests(tests, open_sandbox, close_sandbox);
}
