/* clean/deduplicate_clusters.h: from judged pairs of records to what becomes one. */
#ifndef CLEAN_DEDUPLICATE_CLUSTERS_H
#define CLEAN_DEDUPLICATE_CLUSTERS_H

#include "clean/deduplicate_candidates.h"

struct judged {
    const struct candidate *pairs;
    const float *odds; /* logarithm of the odds of a match, one a pair */
    size_t pair_count, record_count;
    double threshold; /* of the odds */
    bool last;        /* the last record of a cluster represents it, not the first */
    int64_t largest;  /* records of a cluster */
};

/* One to one: the pair with the greatest odds first, both of its records are taken then.
 * into[record]: the record it merges into, itself where it stays. */
MUST_CHECK enum status pair_up(const struct judged *judged, uint32_t *into, struct err *err);
/* Clusters of average linkage (deduplicate_linkage.h). *ret_left: clusters larger than `largest`,
 * whose records all stay. */
MUST_CHECK enum status cluster_up(const struct judged *judged, uint32_t *into, size_t *ret_left,
                                  struct err *err);

#endif
