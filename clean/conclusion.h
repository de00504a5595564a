/* clean/conclusion.h: the verdict of a step over the rows of all shards, kept with what it
 * learned. */
#ifndef CLEAN_CONCLUSION_H
#define CLEAN_CONCLUSION_H

#include "base/memory.h"
#include "clean/checks.h"
#include "clean/wire.h"

struct conclusion {
    bool failed;
    struct bytes report; /* lines for people */
    struct check_results checks;
    struct arena *arena; /* the words of the checks, where they were read */
};
MUST_CHECK enum status conclusion_write(struct conclusion *conclusion, struct bytes *ret,
                                        struct err *err);
MUST_CHECK enum status conclusion_read(struct conclusion *ret, const void *data, size_t size,
                                       struct err *err);
void conclusion_release(struct conclusion *conclusion);

#endif
