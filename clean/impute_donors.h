/* clean/impute_donors.h: what similar rows hold where a row has a gap. */
#ifndef CLEAN_IMPUTE_DONORS_H
#define CLEAN_IMPUTE_DONORS_H

#include "clean/impute_joint.h"

#include <stdint.h>

#define DONORS_NEAREST_MOST 64
/* What a difference counts where one of both values is itself an estimate. */
#define DONORS_ESTIMATED_WEIGHT 0.5
/* Standard deviations beyond which a value says no more to a regression: few far values would bend
 * it everywhere. */
#define DONORS_FAR 3

struct donors {
    const double *rows;   /* count x columns, standardized, gaps NaN */
    const double *filled; /* the same without gaps (rows_fill) */
    size_t count, columns;
    size_t neighbors; /* how many are asked, at most DONORS_NEAREST_MOST */
};

/* Squared Euclidean distance of each donor to a row (`row` with gaps, `filled` without). Where one
 * of both values is an estimate, their difference counts less. */
void donors_measure(const struct donors *donors, const double *row, const double *filled,
                    double *distances);

struct donated {
    double value;    /* the mean over the nearest donors that know the column */
    double distance; /* the mean of their distances */
    size_t count;    /* 0 = no donor knows it */
    uint32_t places[DONORS_NEAREST_MOST]; /* of the donors, the nearest first */
};
/* Of equal distances the earlier donor counts; one at an infinite distance does not. */
void donors_ask(const struct donors *donors, const double *distances, size_t column,
                struct donated *ret);

/* Holds known values within DONORS_FAR. */
void rows_hold(double *rows, size_t cells);
/* A copy of the rows, held, with their gaps filled by the distribution. Free with memory_free. */
MUST_CHECK enum status rows_fill(const struct joint *joint, const double *rows, size_t count,
                                 double **ret, struct err *err);

#endif
