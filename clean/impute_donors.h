/* clean/impute_donors.h: what similar rows hold where a row has a gap. */
#ifndef CLEAN_IMPUTE_DONORS_H
#define CLEAN_IMPUTE_DONORS_H

#include "clean/impute_joint.h"

#define DONORS_NEAREST_MOST 64

struct donors {
    const double *rows;   /* count x columns, standardized, gaps NaN */
    const double *filled; /* the same without gaps */
    size_t count, columns;
    size_t neighbors; /* how many are asked, at most DONORS_NEAREST_MOST */
};

/* Squared Euclidean distance of each donor to a row (`row` with gaps, `filled` without). Where one
 * of both values is an estimate, their difference counts less. */
void donors_measure(const struct donors *donors, const double *row, const double *filled,
                    double *distances);
/* The mean of the column over the nearest donors that know it; `otherwise` where none does. Of
 * equal distances the earlier donor counts. */
double donors_ask(const struct donors *donors, const double *distances, size_t column,
                  double otherwise);
/* A copy of the rows with their gaps filled by the distribution. Free with memory_free. */
MUST_CHECK enum status rows_fill(const struct joint *joint, const double *rows, size_t count,
                                 double **ret, struct err *err);

#endif
