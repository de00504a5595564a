/* clean/validate_profile.h: how the values of columns are distributed, kept in a file, and how far
 * other data lie from it.
 *
 * A number is described by the shares of values at or below its percentiles, a text by the shares
 * of its most frequent values. Two measures: PSI, the population stability index (Siddiqi 2006: sum
 * of (p - q) ln(p / q) over about ten bins of the stored data), and the Kolmogorov-Smirnov
 * distance, the largest difference of the two distribution functions at the stored percentiles; for
 * texts half the sum of the differences of shares (total variation). */
#ifndef CLEAN_VALIDATE_PROFILE_H
#define CLEAN_VALIDATE_PROFILE_H

#include "base/input.h"
#include "clean/counts.h"
#include "columnar/array.h"

#include <stdatomic.h>

#define PROFILE_EDGES  51
#define PROFILE_VALUES 100

struct profile_column {
    bool number;
    int64_t rows, nulls;
    size_t edge_count; /* numbers: rising, distinct */
    double edges[PROFILE_EDGES];
    struct counts values; /* texts: the most frequent, by place */
    double *shares;       /* numbers: of values <= the edge; texts: by place in values */
};

/* The columns of a profile file by name. STATUS_USAGE for a file that is none. */
struct profile;
MUST_CHECK enum status profile_load(struct profile **ret, const char *path, struct err *err);
/* Borrowed; NULL when it is not described. */
struct profile_column *profile_find(const struct profile *profile, const char *column);
void profile_close(struct profile **profile);

/* Values of the data at hand by the bins of a profile; added up by any thread. */
struct profile_counts {
    _Atomic int64_t values; /* not null */
    _Atomic int64_t bins[PROFILE_VALUES + 1];
};
void profile_count(const struct profile_column *profile, const struct field *field,
                   const struct array *array, struct profile_counts *counts);
double profile_psi(const struct profile_column *profile, const struct profile_counts *counts);
double profile_distance(const struct profile_column *profile, const struct profile_counts *counts);

/* Appends `"NAME": {...}` of a column as it was counted with edges or values set and no shares. */
MUST_CHECK enum status profile_write(const struct profile_column *column, const char *name,
                                     const struct profile_counts *counts, struct bytes *ret,
                                     struct err *err);

#endif
