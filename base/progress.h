/* base/progress.h: progress on stderr: done, rate, time left; only on a terminal that can redraw a
 * line, unless asked. */
#ifndef BASE_PROGRESS_H
#define BASE_PROGRESS_H

#include "base/command.h"

#include <stdint.h>

struct progress; /* any thread may add */
/* total < 0 = not known. `unit` is "rows" or "bytes". */
MUST_CHECK enum status progress_open(struct progress **ret, const struct common *common,
                                     const char *label, const char *unit, int64_t total,
                                     struct err *err);
void progress_add(struct progress *progress, int64_t amount); /* NULL allowed */
/* Where the amount is not known beforehand and the share of it is: 0 to 1, below 0 = not known. */
void progress_share(struct progress *progress, double share); /* NULL allowed */
void progress_close(struct progress **progress);
/* Clears the line on the terminal, so that a message can take its place. */
void progress_hide(void);

#endif
