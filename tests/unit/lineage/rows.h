/* rows.h: batches with known values, for the unit tests of lineage/. */
#ifndef TESTS_UNIT_LINEAGE_ROWS_H
#define TESTS_UNIT_LINEAGE_ROWS_H

#include "columnar/array.h"

/* id int64, name utf8 (every seventh null), price float64: rows `first` ... `first` + count - 1.
 * The caller releases. Fails the test on any error. */
struct batch make_rows(int64_t first, int64_t count);

#endif
