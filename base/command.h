/* base/command.h: what every executable is made of: a table of options, perhaps subcommands, a run
 * function; parsing, help, man page, signals, exit codes and the one place that prints errors. */
#ifndef BASE_COMMAND_H
#define BASE_COMMAND_H

#include "base/err.h"
#include "base/measures.h"
#include "base/memory.h"
#include "base/sandbox.h"
#include "base/setting.h"

#include <stdbool.h>

/* Options every command has (design section 4). */
struct common {
    bool help, help_all, version, quiet, no_store, json, explain, man;
    const char *output; /* -o */
    int64_t threads;    /* 0 = all */
    uint64_t memory;    /* bytes */
    const char *store;  /* --store */
    int64_t seed;
    struct maybe_time as_of;
    int64_t wait;             /* seconds */
    int log_format;           /* enum log_format */
    int progress;             /* enum progress_mode */
    const char *metrics_file; /* --metrics-file, NULL = none */
    const char *emit;         /* --emit, NULL = nowhere */
    int completion;           /* enum completion_shell */
    int sandbox;              /* enum sandbox_mode */
};
enum log_format { LOG_TEXT, LOG_JSON };
enum progress_mode { PROGRESS_AUTO, PROGRESS_ALWAYS, PROGRESS_NEVER };
enum completion_shell { COMPLETION_NONE, COMPLETION_BASH, COMPLETION_ZSH };

struct invocation {
    const struct command *command; /* the subcommand that runs */
    const struct command *top;     /* the program's own table */
    const char *program;           /* "tamis-clean" */
    const char *path;              /* "tamis-features lineage record", in the arena */
    struct common common;
    void *args; /* command->args_bytes, filled from command->options */
    char **operands;
    size_t operand_count;
    char **argv; /* as the process got it, for the run record */
    int argc;
    struct arena *arena;       /* lives as long as the invocation */
    struct measures *measures; /* what --metrics-file gets; may be NULL */
};

struct command {
    const char *name;              /* "tamis-features", or "put" */
    const char *operands;          /* "VIEW [FILE]" in the usage line */
    const char *summary;           /* one line */
    const char *details;           /* paragraphs for --help and the man page; may be NULL */
    const char *examples;          /* lines; may be NULL */
    const struct setting *options; /* may be NULL */
    size_t args_bytes;
    const struct command *const *subcommands;  /* NULL-terminated; may be NULL */
    size_t operands_minimum, operands_maximum; /* maximum 0 = none, SIZE_MAX = any */
    enum status (*run)(struct invocation *invocation,
                       struct err *err); /* NULL: subcommand needed */
    const char *common_without; /* common options it refuses: "json|explain"; may be NULL */
    sandbox_job *decode;        /* what it lets workers do (--sandbox); NULL = it needs none */
};

/* Parses, runs, prints the error and hint, returns the exit code. SIGPIPE is ignored (writes report
 * EPIPE), SIGINT and SIGTERM set a flag that interrupted() shows. --man prints the man page. */
int command_main(const struct command *command, int argc, char **argv);

/* STATUS_OK, or STATUS_INTERRUPTED / STATUS_TERMINATED after the signal. Long loops ask. */
enum status interrupted(struct err *err);

/* "0.1.0", from the build. */
const char *tamis_version(void);

/* One line on stderr, escaped, as text or JSON by --log-format, silent with --quiet unless
 * `important`. For summaries and warnings of mains and stages; library code does not call it. */
void log_line(const struct common *common, bool important, const char *format, ...)
    PRINTF_LIKE(3, 4);

#endif
