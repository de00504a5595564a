/* base/err.c: errors as values. */
#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum status fail(struct err *err, enum status status, const char *format, ...)
{
    if (err == NULL) return status;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(err->message, sizeof err->message, format, arguments);
    va_end(arguments);
    err->hint[0] = '\0';
    return status;
}

enum status fail_within(struct err *err, enum status status, const char *format, ...)
{
    if (err == NULL) return status;
    char inner[sizeof err->message];
    memcpy(inner, err->message, sizeof inner);
    va_list arguments;
    va_start(arguments, format);
    int place = vsnprintf(err->message, sizeof err->message, format, arguments);
    va_end(arguments);
    if (place < 0 || (size_t)place >= sizeof err->message) return status;
    snprintf(err->message + place, sizeof err->message - (size_t)place, ": %s", inner);
    return status;
}

enum status fail_errno(struct err *err, int errno_value, const char *format, ...)
{
    enum status status = errno_value == EPIPE    ? STATUS_DOWNSTREAM
                         : errno_value == ENOMEM ? STATUS_MEMORY
                                                 : STATUS_FAILED;
    if (err == NULL) return status;
    va_list arguments;
    va_start(arguments, format);
    int place = vsnprintf(err->message, sizeof err->message, format, arguments);
    va_end(arguments);
    err->hint[0] = '\0';
    if (place < 0 || (size_t)place >= sizeof err->message) return status;
    char reason[128];
    const char *text = strerror_r(errno_value, reason, sizeof reason);
    snprintf(err->message + place, sizeof err->message - (size_t)place, ": %s", text);
    return status;
}

void err_hint(struct err *err, const char *format, ...)
{
    if (err == NULL || err->hint[0] != '\0') return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(err->hint, sizeof err->hint, format, arguments);
    va_end(arguments);
}

int status_exit_code(enum status status)
{
    switch (status) {
    case STATUS_OK: return 0;
    case STATUS_FAILED: return 1;
    case STATUS_MEMORY: return 1;
    case STATUS_USAGE: return 2;
    case STATUS_VERDICT: return 3;
    case STATUS_BUSY: return 75;
    case STATUS_DOWNSTREAM: return 141;
    case STATUS_INTERRUPTED: return 130;
    case STATUS_TERMINATED: return 143;
    }
    return 1;
}

const char *status_name(enum status status)
{
    switch (status) {
    case STATUS_OK: return "ok";
    case STATUS_FAILED: return "failed";
    case STATUS_MEMORY: return "out of memory";
    case STATUS_USAGE: return "usage";
    case STATUS_VERDICT: return "data failed its checks";
    case STATUS_BUSY: return "busy";
    case STATUS_DOWNSTREAM: return "downstream closed";
    case STATUS_INTERRUPTED: return "interrupted";
    case STATUS_TERMINATED: return "terminated";
    }
    return "failed";
}
