/* clean/outliers_cut.h: from which score on a row is unusual, found from the scores themselves.
 *
 * spread  2.5 deviations above the median (Leys, Ley, Klein, Bernard and Licata 2013)
 * split   where two groups of scores differ most (Otsu 1979), in the upper half
 * knee    where the sorted scores bend away most from a straight line (Zack, Rogers and Latt 1977),
 *         in the upper half
 * share   above all but a share of the rows */
#ifndef CLEAN_OUTLIERS_CUT_H
#define CLEAN_OUTLIERS_CUT_H

#include <stddef.h>

enum cut { CUT_SPREAD, CUT_SPLIT, CUT_KNEE, CUT_SHARE };
#define CUT_WORDS "spread|split|knee|share"

/* `scores` rise, on a scale with median 0 and deviation 1. Rows with a larger score than the result
 * are unusual. */
double cut_find(enum cut cut, double share, const double *scores, size_t count);

#endif
