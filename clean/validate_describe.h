/* clean/validate_describe.h: writes the profile that later runs are held against (drift). */
#ifndef CLEAN_VALIDATE_DESCRIBE_H
#define CLEAN_VALIDATE_DESCRIBE_H

#include "clean/summary.h"
#include "clean/validate_profile.h"

struct describe;

/* Every column of `columns` (none listed = all but provenance); `path` and the setup's schema
 * outlive it. `memory` is for what is learned. */
MUST_CHECK enum status describe_open(struct describe **ret, const char *path,
                                     const struct text_list *columns,
                                     const struct module_setup *setup, size_t memory,
                                     struct err *err);

/* The fit, as in clean/module.h. Zero-initialize a tally. */
struct describe_tally {
    struct summary_tally summary;
    struct counts *counts; /* by text column */
    size_t count;
};
MUST_CHECK enum status describe_observe(const struct describe *describe, int pass,
                                        const struct window *window, struct describe_tally *tally,
                                        struct err *err);
MUST_CHECK enum status describe_absorb(struct describe *describe, struct describe_tally *tally,
                                       struct err *err);
void describe_tally_release(struct describe_tally *tally);
MUST_CHECK enum status describe_settle(struct describe *describe, bool *ret_more, struct err *err);

/* One window while rows are applied; any thread. */
void describe_count(const struct describe *describe, const struct window *window);
/* Writes the file, whole or not at all. */
MUST_CHECK enum status describe_finish(struct describe *describe, struct err *err);
void describe_close(struct describe **describe);

#endif
