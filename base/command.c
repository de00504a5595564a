/* base/command.c: the life of a process: descriptors, signals, parse, run, flush, report, exit
 * code. */
#include "base/command.h"
#include "base/clock.h"
#include "base/complete.h"
#include "base/help.h"
#include "base/metrics_file.h"
#include "base/option.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "base/terminal.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define SCREEN_ROWS    24 /* where no terminal tells */
#define SCREEN_COLUMNS 80
#define LINE_TEXT      4096 /* an escaped message; longer ones are cut with "..." */

static const char *program_name = "tamis";

const char *tamis_version(void)
{
    return TAMIS_VERSION;
}

/* ---- signals and descriptors ---- */

static volatile sig_atomic_t signal_seen;

static void note_signal(int number)
{
    signal_seen = number;
}

/* No SA_RESTART: a read that waits for a pipe returns and asks. SA_RESETHAND: a second Ctrl-C ends
 * a process that does not ask. */
static void install_signals(void)
{
    struct sigaction note = {.sa_handler = note_signal, .sa_flags = (int)SA_RESETHAND};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    signal_seen = 0;
    sigaction(SIGINT, &note, NULL);
    sigaction(SIGTERM, &note, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGXFSZ, &ignore, NULL); /* a file size limit is a full disk: an error, no death */
}

enum status interrupted(struct err *err)
{
    if (signal_seen == SIGINT) return fail(err, STATUS_INTERRUPTED, "interrupted");
    if (signal_seen == SIGTERM) return fail(err, STATUS_TERMINATED, "terminated");
    return STATUS_OK;
}

/* A file must never get number 0, 1 or 2. A closed one is opened the wrong way round, so that using
 * it is an error instead of silence. */
static void occupy_descriptors(void)
{
    static const int modes[] = {O_WRONLY, O_RDONLY, O_WRONLY};
    for (int descriptor = 0; descriptor < 3; descriptor++)
        if (fcntl(descriptor, F_GETFD) == -1 && errno == EBADF)
            if (open("/dev/null", modes[descriptor]) != descriptor) return;
}

/* ---- stderr ---- */

static void print_json_line(const char *level, const char *status, const char *message,
                            const char *hint)
{
    OWNED(bytes_release) struct bytes line = bytes_limited((size_t)64 << 10);
    char time[TIME_TEXT];
    time_text(clock_now(), time);
    enum status made =
        bytes_format(&line, NULL, "{\"time\":\"%s\",\"level\":\"%s\",\"program\":", time, level);
    if (made == STATUS_OK) made = bytes_append_json(&line, str_of(program_name), NULL);
    if (made == STATUS_OK && status != NULL)
        made = bytes_format(&line, NULL, ",\"status\":\"%s\"", status);
    if (made == STATUS_OK) made = bytes_append_text(&line, ",\"message\":", NULL);
    if (made == STATUS_OK) made = bytes_append_json(&line, str_of(message), NULL);
    if (made == STATUS_OK && hint[0] != '\0') made = bytes_append_text(&line, ",\"hint\":", NULL);
    if (made == STATUS_OK && hint[0] != '\0') made = bytes_append_json(&line, str_of(hint), NULL);
    if (made == STATUS_OK) made = bytes_append_text(&line, "}\n", NULL);
    if (made == STATUS_OK) fwrite(line.data, 1, line.size, stderr);
}

static void print_text_line(enum style style, const char *message, const char *hint)
{
    char escaped[LINE_TEXT];
    const char *plain = style == STYLE_PLAIN ? "" : terminal_style(STDERR_FILENO, STYLE_PLAIN);
    const char *begin = style == STYLE_PLAIN ? "" : terminal_style(STDERR_FILENO, style);
    fprintf(stderr, "%s%s:%s %s\n", begin, program_name, plain,
            escape_for_terminal(str_of(message), escaped, sizeof escaped));
    if (hint[0] == '\0') return;
    fprintf(stderr, "  %shint:%s %s\n", terminal_style(STDERR_FILENO, STYLE_HINT),
            terminal_style(STDERR_FILENO, STYLE_PLAIN),
            escape_for_terminal(str_of(hint), escaped, sizeof escaped));
}

void log_line(const struct common *common, bool important, const char *format, ...)
{
    if (common->quiet && !important) return;
    char message[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    progress_hide();
    if (common->log_format == LOG_JSON)
        print_json_line(important ? "warning" : "info", NULL, message, "");
    else
        print_text_line(important ? STYLE_WARNING : STYLE_PLAIN, message, "");
}

static void report(const struct common *common, enum status status, const struct err *err)
{
    if (status == STATUS_OK || status == STATUS_DOWNSTREAM) return;
    if (status == STATUS_VERDICT && err->message[0] == '\0') return;
    progress_hide();
    const char *message = err->message[0] == '\0' ? status_name(status) : err->message;
    if (common->log_format == LOG_JSON)
        print_json_line("error", status_name(status), message, err->hint);
    else
        print_text_line(STYLE_ERROR, message, err->hint);
}

/* An error in the options themselves comes before all of them have been read. The value of `name`
 * ("--log-format"), or NULL. */
static const char *asked(int argc, char **argv, const char *name)
{
    size_t size = strlen(name);
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strncmp(argv[i], name, size) != 0) continue;
        if (argv[i][size] == '=') return argv[i] + size + 1;
        if (argv[i][size] == '\0' && i + 1 < argc) return argv[i + 1];
    }
    return NULL;
}

static void look_for_options(struct common *common, int argc, char **argv)
{
    const char *format = asked(argc, argv, "--log-format");
    common->log_format = format != NULL && strcmp(format, "json") == 0 ? LOG_JSON : LOG_TEXT;
    common->metrics_file = asked(argc, argv, "--metrics-file");
}

/* ---- stdout ---- */

/* What an option that only shows something asks for. */
static enum status make_page(const struct invocation *invocation, struct bytes *ret,
                             struct err *err)
{
    const struct common *common = &invocation->common;
    const struct command *command = invocation->command;
    if (common->help)
        return help_screen(command, invocation->path, terminal_rows(STDOUT_FILENO, SCREEN_ROWS),
                           terminal_columns(STDOUT_FILENO, SCREEN_COLUMNS), ret, err);
    if (common->help_all) return help_text(command, invocation->path, ret, err);
    if (common->man) return help_man(command, invocation->path, ret, err);
    if (common->completion == COMPLETION_BASH) return complete_bash(invocation->top, ret, err);
    if (common->completion == COMPLETION_ZSH) return complete_zsh(invocation->top, ret, err);
    return bytes_format(ret, err, "%s %s\n", invocation->program, tamis_version());
}

/* Headings are bold where colors are. */
static void print_page(struct str text)
{
    for (size_t i = 0; i < text.size;) {
        const char *line = text.data + i, *end = memchr(line, '\n', text.size - i);
        size_t size = end == NULL ? text.size - i : (size_t)(end - line) + 1;
        bool heading = size > 2 && isupper((unsigned char)line[0]) && line[size - 2] == ':';
        fputs(heading ? terminal_style(STDOUT_FILENO, STYLE_BOLD) : "", stdout);
        fwrite(line, 1, size, stdout); /* flush_stdout() tells whether it got out */
        fputs(heading ? terminal_style(STDOUT_FILENO, STYLE_PLAIN) : "", stdout);
        i += size;
    }
}

static bool shows_only(const struct common *common)
{
    return common->help || common->help_all || common->man || common->version ||
           common->completion != COMPLETION_NONE;
}

static enum status show(const struct invocation *invocation, struct err *err)
{
    OWNED(bytes_release) struct bytes text = bytes_limited((size_t)1 << 20);
    TRY(make_page(invocation, &text, err));
    print_page((struct str){(const char *)text.data, text.size});
    return STATUS_OK;
}

/* Whatever went through stdio must really have been taken. */
static enum status flush_stdout(enum status status, struct err *err)
{
    if (fflush(stdout) == 0 && ferror(stdout) == 0) return status;
    int reason = errno;
    clearerr(stdout);
    if (status != STATUS_OK && status != STATUS_VERDICT) return status;
    return fail_errno(err, reason == 0 ? EIO : reason, "stdout");
}

/* ---- running ---- */

/* What --memory leaves to our own allocations: libraries (SQLite's page cache, zstd, libpng, the C
 * library, thread stacks) allocate beside them, measured below 24 MiB plus a part that grows with
 * the buffers they are handed. The promise is about the process, so that part is set aside. */
static size_t memory_share(uint64_t memory)
{
    uint64_t headroom = memory / 10 + ((uint64_t)24 << 20);
    return memory > 2 * headroom ? (size_t)(memory - headroom) : (size_t)(memory / 2);
}

/* Before anything else is known to the process: what it does not know its workers do not. */
static enum status open_sandbox(const struct invocation *invocation, struct err *err)
{
    const struct common *common = &invocation->common;
    sandbox_job *job = invocation->command->decode;
    char reason[160];
    if (job == NULL || common->explain) return STATUS_OK;
    TRY(sandbox_open((enum sandbox_mode)common->sandbox, job, reason, err));
    if (reason[0] != '\0')
        log_line(common, true, "warning: pictures are decoded without a sandbox: %s", reason);
    return STATUS_OK;
}

static enum status run(const struct command *command, struct invocation *invocation,
                       struct err *err)
{
    TRY(options_parse(invocation, command, err));
    const struct common *common = &invocation->common;
    memory_set_limit(memory_share(common->memory));
    if (shows_only(common)) return show(invocation, err);
    if (common->metrics_file != NULL) TRY(metrics_file_check(common->metrics_file, err));
    TRY(open_sandbox(invocation, err));
    enum status status = invocation->command->run(invocation, err);
    sandbox_close();
    return status;
}

/* ---- metrics ---- */

static enum status measure(const struct invocation *invocation, const struct metrics_end *end,
                           double began, struct err *err)
{
    const struct common *common = &invocation->common;
    struct measures *measures = invocation->measures;
    struct measure taken[RESOURCES];
    resources_measure(taken, began, parallel_threads((size_t)common->threads));
    for (size_t i = 0; i < RESOURCES; i++)
        TRY(measures_set(measures, taken[i].name, taken[i].value, taken[i].unit, err));
    return metrics_file_write(common->metrics_file, measures, end, err);
}

/* On every way out. What cannot be written is said, and changes nothing else: the data is fine. */
static void write_metrics(const struct invocation *invocation, int exit_code, int64_t start,
                          double began)
{
    const struct common *common = &invocation->common;
    struct err err = {0};
    bool shows = shows_only(common) || common->explain;
    if (common->metrics_file == NULL || shows || invocation->measures == NULL ||
        metrics_file_check(common->metrics_file, NULL) != STATUS_OK)
        return;
    struct metrics_end end = {.command = invocation->path == NULL ? program_name : invocation->path,
                              .exit_code = exit_code,
                              .began = start,
                              .ended = clock_now()};
    if (measure(invocation, &end, began, &err) != STATUS_OK)
        log_line(common, true, "warning: %s", err.message);
}

int command_main(const struct command *command, int argc, char **argv)
{
    OWNED(arena_close) struct arena *arena = NULL;
    struct err err = {0};
    struct measures measures = {0};
    struct invocation invocation = {
        .command = command, .argv = argv, .argc = argc, .measures = &measures};
    int64_t start = clock_now();
    double began = clock_seconds();

    occupy_descriptors();
    install_signals();
    program_name = command->name;
    enum status status = arena_open(&arena, &err);
    invocation.arena = measures.arena = arena;
    if (status == STATUS_OK) status = run(command, &invocation, &err);
    status = flush_stdout(status, &err);
    if (status == STATUS_USAGE) look_for_options(&invocation.common, argc, argv);
    report(&invocation.common, status, &err);
    if (arena != NULL) write_metrics(&invocation, status_exit_code(status), start, began);
    return status_exit_code(status);
}
