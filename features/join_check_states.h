/* features/join_check_states.h: brute force for views with aggregates or a change log. For
 * join_check.c. */
#ifndef FEATURES_JOIN_CHECK_STATES_H
#define FEATURES_JOIN_CHECK_STATES_H

#include "features/join_check.h"

struct sampled {
    int64_t number; /* of the spine, from 1 */
    struct batch row;
};
/* Reads the version, keeps the rows of the sampled row's entity and works out every column of the
 * view by trying them all, pair by pair. STATUS_FAILED names the row and column that differ. */
MUST_CHECK enum status join_check_states(const struct sampled *sampled,
                                         const struct checked_view *view, struct err *err);

#endif
