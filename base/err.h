/* base/err.h: errors as values.
 *
 * Every function that can fail returns an `enum status` and takes a `struct err *` last (NULL is
 * allowed: the caller wants the status only). The innermost place says what was found and what was
 * expected; each caller that knows a place puts it in front with fail_within(). Only main prints.
 *
 * Message style: lower case, no full stop, names in double quotes, no function names. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdarg.h>
#include <stddef.h>

#define MUST_CHECK                       __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_index, first) __attribute__((format(printf, format_index, first)))

/* Runs `release(&variable)` on every way out of the scope. Each release function takes a pointer to
 * the handle, accepts NULL and half-built handles, and leaves NULL behind. */
#define OWNED(release) __attribute__((cleanup(release)))

enum status {
    STATUS_OK = 0,
    STATUS_FAILED,      /* I/O, corrupt or truncated input, full disk, lost peer; exit 1 */
    STATUS_MEMORY,      /* no memory, or more than --memory; exit 1 */
    STATUS_USAGE,       /* command line or configuration; exit 2 */
    STATUS_VERDICT,     /* work done, data failed its checks; exit 3 */
    STATUS_BUSY,        /* a lock is held; names the holder; exit 75 */
    STATUS_DOWNSTREAM,  /* the reader of stdout is gone; quiet; exit 141 */
    STATUS_INTERRUPTED, /* SIGINT; exit 130 */
    STATUS_TERMINATED,  /* SIGTERM; exit 143 */
};

struct err {
    char message[2048];
    char hint[512];
};

/* Writes the message and returns `status`, so that `return fail(...)` reads well. */
enum status fail(struct err *err, enum status status, const char *format, ...) PRINTF_LIKE(3, 4);

/* Puts "place: " in front of a message that an inner call wrote. Returns `status`. */
enum status fail_within(struct err *err, enum status status, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* fail() with ": " and the text of `errno_value` behind; EPIPE becomes STATUS_DOWNSTREAM,
 * ENOMEM STATUS_MEMORY, everything else STATUS_FAILED. */
enum status fail_errno(struct err *err, int errno_value, const char *format, ...) PRINTF_LIKE(3, 4);

/* Sets the one line that tells the user what to do next. Keeps an earlier, inner hint. */
void err_hint(struct err *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* The process exit code of design section 4. */
int status_exit_code(enum status status);

/* "ok", "failed", "usage", ...: the word used in logs and the catalog. */
const char *status_name(enum status status);

/* Returns from the calling function with the status of a failed expression. */
#define TRY(expression)                                                                            \
    do {                                                                                           \
        enum status try_status_ = (expression);                                                    \
        if (try_status_ != STATUS_OK) return try_status_;                                          \
    } while (0)

#endif
