/* clean/standardize_cluster.h: which values of a column are spellings of one thing, and which of
 * them the others become.
 *
 * Key collision (OpenRefine): values with the same key; the most frequent one wins, the smaller one
 * in byte order on a tie. Nearest neighbor: a rare value becomes the nearest frequent one
 * (spelling), or all values that are joined by steps of a few edits are one cluster, whose most
 * frequent wins (levenshtein, as OpenRefine does). A digit is never exchanged for another digit,
 * added or dropped: numbers that differ are different things.
 */
#ifndef CLEAN_STANDARDIZE_CLUSTER_H
#define CLEAN_STANDARDIZE_CLUSTER_H

#include "clean/standardize_map.h"

enum cluster_method {
    CLUSTER_FINGERPRINT,
    CLUSTER_NGRAM,
    CLUSTER_METAPHONE,
    CLUSTER_COLOGNE,
    CLUSTER_SPELLING,
    CLUSTER_LEVENSHTEIN,
};

struct cluster_options {
    enum cluster_method method;
    size_t gram; /* CLUSTER_NGRAM: characters */
    /* CLUSTER_SPELLING */
    double radius;  /* edits by the letters of the rare value, at least one edit */
    double ratio;   /* the frequent value occurs at least so many times as often */
    double rare;    /* share of all rows above which a value is not rare */
    size_t edits;   /* CLUSTER_LEVENSHTEIN */
    size_t threads; /* the result does not depend on it */
};
/* Adds what changes to `ret`, texts in `arena`. Spellings are compared pair by pair: distinct
 * values squared by a cheap filter. */
MUST_CHECK enum status cluster_values(const struct counts *counts,
                                      const struct cluster_options *options,
                                      struct spelling_map *ret, struct arena *arena,
                                      struct err *err);

#endif
