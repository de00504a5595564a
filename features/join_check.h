/* features/join_check.h: `join --verify N`: random rows of the result answered again by trying
 * every row of the version, without index, order or search. */
#ifndef FEATURES_JOIN_CHECK_H
#define FEATURES_JOIN_CHECK_H

#include "features/feature_table.h"

struct join_check;
/* Keeps `rows` rows of what goes by (reservoir sampling: Vitter 1985, algorithm R), chosen by
 * `seed`. */
MUST_CHECK enum status join_check_open(struct join_check **ret, int64_t rows, int64_t seed,
                                       struct err *err);
/* The next rows of the result, in order. */
MUST_CHECK enum status join_check_see(struct join_check *check, const struct batch *joined,
                                      struct err *err);

struct checked_view {
    const struct feature_table *table;
    const struct key_layout *layout; /* of the entity in the result */
    int64_t time_column;             /* in the result, -1 = none */
    size_t first_column;             /* of the view's columns in the result */
};
/* Reads the version again and compares. STATUS_FAILED names the first row and column that differ.
 */
MUST_CHECK enum status join_check_view(const struct join_check *check,
                                       const struct checked_view *view, struct err *err);
int64_t join_check_rows(const struct join_check *check);
void join_check_close(struct join_check **check);

#endif
