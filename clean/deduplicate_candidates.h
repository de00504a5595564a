/* clean/deduplicate_candidates.h: pairs of records worth comparing.
 *
 * Blocking by rare words (Papadakis et al. 2020, "Blocking and Filtering Techniques for Entity
 * Resolution: A Survey", token blocking with meta-blocking): two records are a pair when the
 * squared inverse document frequencies of the words they share, over all columns, reach a share of
 * both records' own (cosine). Words of too many records are no reason to look at a pair; how many
 * is too many follows from the number of comparisons that costs. Of a record's pairs the best
 * CANDIDATES_MOST stay.
 *
 * Words are counted in a table of fixed size by their hash; two words of one cell count as one,
 * which costs candidates, never correctness. */
#ifndef CLEAN_DEDUPLICATE_CANDIDATES_H
#define CLEAN_DEDUPLICATE_CANDIDATES_H

#include "clean/deduplicate_records.h"

#define CANDIDATES_MOST 300
#define COSINE_LEAST    0.15

/* In how many records each word is; by column where the hash was seeded with it. */
struct word_counts {
    uint32_t *counts;
    unsigned bits;
};
MUST_CHECK enum status word_counts_open(struct word_counts *ret, size_t records, struct err *err);
void word_counts_release(struct word_counts *counts);
static inline uint32_t *word_count(const struct word_counts *counts, uint64_t hash)
{
    return &counts->counts[hash >> (64 - counts->bits)];
}

struct candidate {
    uint32_t a, b; /* records, a < b */
    float cosine;
};
/* Calls take(context, candidates, count) with all pairs, ordered by a, then b; across: only pairs
 * of different sources. */
MUST_CHECK enum status
candidates_find(const struct records *records, bool across, size_t threads, void *context,
                enum status (*take)(void *context, const struct candidate *candidates, size_t count,
                                    struct err *err),
                struct err *err);

#endif
