/* tests/unit/base/test_command.c: the life of a process, seen from inside. */
#include "folder.h"

#include "sample.h"

#include <signal.h>

/* What the last run saw, and what it shall do. */
static struct {
    const char *command;
    size_t limit;
    enum status status;
    int raise;
} sample_seen;

enum status sample_run(struct invocation *invocation, struct err *err)
{
    sample_seen.command = invocation->command->name;
    sample_seen.limit = memory_limit();
    if (sample_seen.raise != 0) {
        raise(sample_seen.raise);
        TRY(interrupted(err));
    }
    if (sample_seen.status == STATUS_OK) return STATUS_OK;
    enum status status = fail(err, sample_seen.status, "place: \x1b[31mred");
    err_hint(err, "do this");
    return status;
}

/* Runs with stderr and stdout in files "err" and "out"; the exit code. */
static int run(int argc, const char *const *words)
{
    char *argv[16];
    for (int i = 0; i < argc; i++)
        argv[i] = (char *)(uintptr_t)words[i];
    argv[argc] = NULL;
    fflush(NULL);
    int old_out = dup(STDOUT_FILENO), old_err = dup(STDERR_FILENO);
    assert_non_null(freopen("out", "w", stdout));
    assert_non_null(freopen("err", "w", stderr));
    int code = command_main(&sample_clean, argc, argv);
    fflush(NULL);
    dup2(old_out, STDOUT_FILENO);
    dup2(old_err, STDERR_FILENO);
    close(old_out);
    close(old_err);
    return code;
}
#define RUN(...)                                                                                   \
    run((int)(sizeof(const char *const[]){"tamis-sample", __VA_ARGS__} / sizeof(char *)),          \
        (const char *const[]){"tamis-sample", __VA_ARGS__})

static int reset(void **state)
{
    (void)state;
    memset(&sample_seen, 0, sizeof sample_seen);
    memory_set_limit(0);
    return 0;
}

static void runs_and_sets_the_limit(void **state)
{
    (void)state;
    assert_int_equal(RUN("--memory", "1G", "x"), 0);
    assert_string_equal(sample_seen.command, "tamis-sample");
    /* a tenth and 24 MiB are left to the libraries */
    assert_true(sample_seen.limit < (size_t)920 << 20);
    assert_true(sample_seen.limit > (size_t)850 << 20);
    assert_int_equal(RUN("--memory", "32M", "x"), 0);
    assert_int_equal(sample_seen.limit, 16 << 20);
    assert_string_equal(file_read("err"), "");
}

static void errors_are_one_escaped_line_and_a_hint(void **state)
{
    (void)state;
    sample_seen.status = STATUS_FAILED;
    assert_int_equal(RUN("x"), 1);
    assert_string_equal(file_read("err"), "tamis-sample: place: \\x1b[31mred\n  hint: do this\n");
    sample_seen.status = STATUS_BUSY;
    assert_int_equal(RUN("x"), 75);
    sample_seen.status = STATUS_VERDICT;
    assert_int_equal(RUN("x"), 3);
}

static void errors_as_json(void **state)
{
    (void)state;
    sample_seen.status = STATUS_FAILED;
    assert_int_equal(RUN("--log-format", "json", "x"), 1);
    const char *line = file_read("err");
    assert_non_null(strstr(line, "\"level\":\"error\",\"program\":\"tamis-sample\","
                                 "\"status\":\"failed\",\"message\":\"place: \\u001b[31mred\","
                                 "\"hint\":\"do this\"}\n"));
    assert_int_equal(RUN("--bad", "--log-format=json"), 2); /* known before it is parsed */
    assert_int_equal(file_read("err")[0], '{');
}

static void a_closed_reader_is_quiet(void **state)
{
    (void)state;
    sample_seen.status = STATUS_DOWNSTREAM;
    assert_int_equal(RUN("x"), 141);
    assert_string_equal(file_read("err"), "");
}

static void signals_end_the_run(void **state)
{
    (void)state;
    sample_seen.raise = SIGINT;
    assert_int_equal(RUN("x"), 130);
    sample_seen.raise = SIGTERM;
    assert_int_equal(RUN("x"), 143);
    sample_seen.raise = SIGPIPE; /* ignored */
    assert_int_equal(RUN("x"), 0);
}

static void version_and_help_go_to_stdout(void **state)
{
    (void)state;
    assert_int_equal(RUN("--version"), 0);
    char expected[64];
    snprintf(expected, sizeof expected, "tamis-sample %s\n", tamis_version());
    assert_string_equal(file_read("out"), expected);
    assert_int_equal(RUN("put", "--help"), 0);
    assert_memory_equal(file_read("out"), "Usage: tamis-sample put [OPTION...] VIEW [FILE]\n", 48);
    assert_int_equal(RUN("--man"), 0);
    assert_memory_equal(file_read("out"), ".Dd ", 4);
    assert_null(sample_seen.command);
}

static void a_full_disk_is_an_error(void **state)
{
    (void)state;
    assert_int_equal(unlink("out"), 0);
    assert_int_equal(symlink("/dev/full", "out"), 0);
    assert_int_equal(RUN("--help"), 1);
    assert_non_null(strstr(file_read("err"), "stdout: No space left"));
    assert_int_equal(unlink("out"), 0);
}

static void logs_obey_quiet(void **state)
{
    (void)state;
    struct common loud = {0}, quiet = {.quiet = true};
    fflush(NULL);
    int old_err = dup(STDERR_FILENO);
    assert_non_null(freopen("err", "w", stderr));
    log_line(&quiet, false, "not shown");
    log_line(&quiet, true, "warning %d", 1);
    log_line(&loud, false, "two\nlines");
    fflush(NULL);
    dup2(old_err, STDERR_FILENO);
    close(old_err);
    assert_string_equal(file_read("err"), "tamis-sample: warning 1\ntamis-sample: two\\nlines\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(runs_and_sets_the_limit, reset),
        cmocka_unit_test_setup(errors_are_one_escaped_line_and_a_hint, reset),
        cmocka_unit_test_setup(errors_as_json, reset),
        cmocka_unit_test_setup(a_closed_reader_is_quiet, reset),
        cmocka_unit_test_setup(signals_end_the_run, reset),
        cmocka_unit_test_setup(version_and_help_go_to_stdout, reset),
        cmocka_unit_test_setup(a_full_disk_is_an_error, reset),
        cmocka_unit_test_setup(logs_obey_quiet, reset),
    };
    return cmocka_run_group_tests_name("base command", tests, folder_enter, folder_leave);
}
