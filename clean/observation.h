/* clean/observation.h: what --report notes while a chain runs: the rows that enter and leave, how
 * many rows each step changed, why rows did not stay, and the first bad pictures, made small.
 *
 * Each window is looked at by the thread that works on it; what it saw is added in window order.
 * Memory does not grow with the rows. */
#ifndef CLEAN_OBSERVATION_H
#define CLEAN_OBSERVATION_H

#include "clean/change.h"
#include "clean/record.h"
#include "columnar/survey.h"
#include "lineage/reasons.h"

#define PICTURES_MOST 24

struct seen_picture {
    struct str path, why;
    struct bytes jpeg; /* empty where it cannot be decoded */
};
struct seen_pictures {
    struct seen_picture items[PICTURES_MOST];
    size_t count;
    int64_t bad; /* in all */
    struct arena *texts;
};

struct observation {
    struct survey *before, *after; /* `after` from the last pass on */
    int64_t *changed;              /* rows, by step */
    size_t steps;
    bool *personal; /* columns of the input that are marked */
    const struct schema *input;
    struct reasons reasons;
    struct seen_pictures pictures;
};

/* Of one window. Zero-initialize. */
struct observed {
    struct survey_tally *before, *after;
    int64_t *changed; /* by step of the chain */
    struct seen_pictures *pictures;
};

MUST_CHECK enum status observation_open(struct observation **ret, const struct schema *input,
                                        size_t steps, struct err *err);
/* The schema that leaves is known. */
MUST_CHECK enum status observation_leaves(struct observation *observation,
                                          const struct schema *schema, struct err *err);
/* Any thread: a window as it came in, what a step makes of it, and as it leaves. `first_row` as in
 * struct window; `ordinals` NULL with provenance. */
MUST_CHECK enum status observe_input(const struct observation *observation,
                                     const struct batch *batch, int64_t first_row,
                                     const int64_t *ordinals, struct observed *ret,
                                     struct err *err);
MUST_CHECK enum status observe_change(const struct observation *observation,
                                      const struct step *step, const struct change *change,
                                      struct observed *ret, struct err *err);
MUST_CHECK enum status observe_output(const struct observation *observation,
                                      const struct batch *batch, int64_t first_row,
                                      const int64_t *ordinals, struct observed *ret,
                                      struct err *err);
/* In window order; `records` are those of the window. Empties `seen`. */
MUST_CHECK enum status observation_add(struct observation *observation, struct observed *seen,
                                       const struct row_records *records, struct err *err);
void observed_release(struct observed *seen);
void observation_close(struct observation **observation);

#endif
