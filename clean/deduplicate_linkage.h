/* clean/deduplicate_linkage.h: clusters of average linkage over a sparse list of pairs.
 *
 * Two clusters join while the mean odds of all pairs between them, those not in the list counting
 * as ODDS_ABSENT, is at least the threshold (Sokal and Michener 1958), found through chains of
 * nearest neighbors (Murtagh 1983). So one chance agreement does not chain two entities together.
 */
#ifndef CLEAN_DEDUPLICATE_LINKAGE_H
#define CLEAN_DEDUPLICATE_LINKAGE_H

#include "base/memory.h"

#include <stdint.h>

#define ODDS_MOST   10.0f /* odds count for no more than this, either way */
#define ODDS_ABSENT -ODDS_MOST
/* Records that hang together by pairs above the threshold and are looked at together; more are
 * first cut at higher thresholds. */
#define LINKAGE_MOST 2048

struct link {
    uint32_t a, b; /* places of the records in the group */
    float odds;
};
/* cluster[i]: the smallest place of the cluster that record i is in. count <= LINKAGE_MOST. */
MUST_CHECK enum status linkage_clusters(const struct link *links, size_t link_count, size_t count,
                                        double threshold, uint32_t *cluster, struct err *err);

#endif
