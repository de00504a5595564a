/* clean/outliers_tails.h: rows far out in the tails of single columns: how rare each value is,
 * added up over the columns.
 *
 * ecod   -log of the share of values at or beyond this one, on its rarer side (Li, Zhao, Hu, Botta,
 *        Ionescu and Chen 2022)
 * copod  the side to which the column is skewed, or the mean of both sides where that is more (Li,
 *        Zhao, Botta, Ionescu and Hu 2020)
 * hbos   -log of the height of the value's bar in a histogram of sqrt(rows) bars, over that of the
 *        tallest (Goldstein and Dengel 2012)
 * A value beyond all that were seen counts as half a row. */
#ifndef CLEAN_OUTLIERS_TAILS_H
#define CLEAN_OUTLIERS_TAILS_H

#include "base/err.h"

#include <stddef.h>

enum tails_kind { TAILS_ECOD, TAILS_COPOD, TAILS_HBOS };

struct tails;
/* rows  count x columns without NaN */
MUST_CHECK enum status tails_open(struct tails **ret, enum tails_kind kind, const double *rows,
                                  size_t count, size_t columns, struct err *err);
/* `ret_drive` gets the part of each column. Any thread. */
double tails_score(const struct tails *tails, const double *row, double *ret_drive);
void tails_close(struct tails **tails);

#endif
