/* features/diff_stats.h: two versions side by side, column by column. */
#ifndef FEATURES_DIFF_STATS_H
#define FEATURES_DIFF_STATS_H

#include "features/profile.h"
#include "features/view.h"

/* A column of one version or both. */
struct diff_line {
    const char *name;
    int64_t changed; /* rows with the same key and another value; -1 = rows were not compared */
};
/* One row a line: types, nulls, mean, deviation, extremes (not of personal columns), PSI and KS.
 * PSI and KS are null for the key and the provenance of `view` (NULL = none is known). */
MUST_CHECK enum status diff_stats(struct batch *ret, const struct diff_line *lines, size_t count,
                                  const struct profile *before, const struct profile *after,
                                  const struct view *view, struct err *err);

#endif
