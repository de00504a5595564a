/* base/shell.h: a command as somebody would type it. */
#ifndef BASE_SHELL_H
#define BASE_SHELL_H

#include "base/str.h"

/* Appends one argument as POSIX sh reads it back (IEEE 1003.1, 2.2.2), in single quotes where it
 * holds more than harmless characters. */
MUST_CHECK enum status bytes_append_shell(struct bytes *bytes, struct str argument,
                                          struct err *err);

#endif
