/* clean/impute_shift.h: whether a column is missing where other columns are large or small, so that
 * its gaps lie where little is known of it.
 *
 * Known cells then say little of how well a regression or trees do on the gaps: both reach beyond
 * what they saw. The farther a gap's row is from the rows in which the column is known, the more is
 * left to its nearest rows. */
#ifndef CLEAN_IMPUTE_SHIFT_H
#define CLEAN_IMPUTE_SHIFT_H

#include "clean/impute_donors.h"

/* By column: whether another column's mean differs between rows with and without a gap by more than
 * 3.5 standard errors and a quarter of its deviation (rows standardized, gaps NaN). */
void shift_find(const double *rows, size_t count, size_t columns, bool *ret);
/* The median distance of donors that know `column` to the nearest others that do; 0 with fewer than
 * two. */
MUST_CHECK enum status shift_reference(const struct donors *donors, size_t column, double *ret,
                                       struct err *err);
/* The share that regression and trees keep at `distance` from the nearest donors. `lead`: the
 * squared error of the neighbors over theirs on known cells; where it is 1.5 and more, they keep
 * all. */
double shift_trust(double distance, double reference, double lead);

#endif
