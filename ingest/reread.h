/* ingest/reread.h: an input that can be read twice: a regular file as it is, anything else through
 * an unlinked temporary file. */
#ifndef INGEST_REREAD_H
#define INGEST_REREAD_H

#include "base/input.h"
#include "lineage/run.h"

#include <sys/stat.h>

struct reread {
    struct input *input;
    char *path; /* NULL = spooled */
    struct stat info;
};
/* path NULL: takes *standard_input. */
MUST_CHECK enum status reread_open(struct reread *ret, const char *path,
                                   struct input **standard_input, struct err *err);
/* STATUS_FAILED when the file is not what it was when it was opened. */
MUST_CHECK enum status reread_check(const struct reread *reread, struct err *err);
/* Fills bytes and modified. */
void reread_describe(const struct reread *reread, struct source_record *ret);
/* The digest of all its bytes. */
MUST_CHECK enum status reread_digest(const struct reread *reread, struct digest *ret,
                                     struct err *err);
void reread_close(struct reread *reread);

#endif
