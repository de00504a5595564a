/* features/profile.h: how the values of a version are distributed, column by column, and how far
 * two versions lie apart.
 *
 * Counts, means and extremes are of all rows, in row order. Distributions are of all rows up to
 * 131,072 (fewer where there are more than 128 columns), above that of a sample that a hash of the
 * row's place chooses: the same rows whatever threads or memory there are.
 * How drift of a column is measured: columnar/drift.h. */
#ifndef FEATURES_PROFILE_H
#define FEATURES_PROFILE_H

#include "base/command.h"
#include "columnar/drift.h"
#include "lineage/version.h"

struct column_profile {
    const struct field *field; /* of profile->schema */
    bool ordered;              /* numbers, dates, times */
    int64_t nulls, numbers;    /* over all rows; `numbers` may be averaged, NaN left out */
    double mean, deviation, minimum, maximum;
    /* The sample: values that are not null, as words in their order, or as hashes; sorted. */
    uint64_t *values;
    size_t count, room;
    size_t sampled_nulls;
};
struct profile {
    struct schema *schema;
    struct column_profile *columns; /* schema->count */
    int64_t rows, sampled;
};
/* Zero-initialize. Reads the version once. */
MUST_CHECK enum status profile_version(struct profile *ret, struct store *store,
                                       const struct version *version, const struct common *common,
                                       struct err *err);
void profile_release(struct profile *profile);
/* NULL where there is none. */
const struct column_profile *profile_column(const struct profile *profile, const char *name);

/* Of one column, or of two of the same kind; false where they cannot be compared (an ordered one
 * and one that is not, or no row on one side). */
bool drift_between(const struct column_profile *before, const struct column_profile *after,
                   struct drift *ret);

#endif
