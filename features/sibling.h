/* features/sibling.h: runs another of the three programs to its end: what it does is not repeated
 * here. Found beside this one (installed), in the folder of its room (build tree), or on PATH. */
#ifndef FEATURES_SIBLING_H
#define FEATURES_SIBLING_H

#include "base/err.h"
#include "base/str.h"

struct sibling {
    const char *program;    /* "tamis-clean" */
    const char **arguments; /* without the program's name; NULL-terminated */
    const char *folder;     /* where it starts; NULL = here */
    const char *input;      /* file for its stdin; NULL = nothing */
    const char *output;     /* file for its stdout; NULL = nowhere */
};
/* *ret_code as a shell shows it: 128 + N after signal N. What it said on stderr is appended to
 * `said`. STATUS_FAILED when it could not be started. SIGINT and SIGTERM end it too. */
MUST_CHECK enum status sibling_run(const struct sibling *sibling, int *ret_code, struct bytes *said,
                                   struct err *err);
/* An error of what a sibling said: "tamis-clean ended with 1: ...", its last line; STATUS_USAGE
 * where it ended with 2. */
enum status fail_sibling(const struct sibling *sibling, int code, const struct bytes *said,
                         struct err *err);

/* A private temporary folder, and its removal with the files in it. */
MUST_CHECK enum status folder_make(char *ret, size_t room, struct err *err);
void folder_remove(const char *folder);

#endif
