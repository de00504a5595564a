/* clean/deduplicate_compare.h: how far two records agree, column by column, in levels.
 *
 * Words: cosine of their inverse document frequencies in the column, where a word without an equal
 * one counts with the most similar other word if Jaro-Winkler is at least 0.9 (SoftTFIDF, Cohen,
 * Ravikumar, Fienberg 2003); columns of mostly one word and codes: Jaro-Winkler. Numbers: one minus
 * the relative difference. The last level is that of the whole records' cosine. */
#ifndef CLEAN_DEDUPLICATE_COMPARE_H
#define CLEAN_DEDUPLICATE_COMPARE_H

#include "clean/deduplicate_candidates.h"

#define LEVELS        9 /* 0 = one of both is empty; 8 = equal */
#define COMPARED_MOST (RECORD_COLUMNS_MOST + 1)

/* The similarity in the middle of each level. */
extern const double level_similarity[LEVELS];

struct comparison {
    const struct records *records;
    struct word_counts counts;        /* seeded by column */
    bool single[RECORD_COLUMNS_MOST]; /* of mostly one word */
};
/* Counts the words of all records. */
MUST_CHECK enum status comparison_open(struct comparison *ret, const struct records *records,
                                       size_t threads, struct err *err);
void comparison_release(struct comparison *comparison);
/* ret: a level a column, then that of the cosine. Any thread. */
void comparison_levels(const struct comparison *comparison, const struct candidate *candidate,
                       uint8_t ret[COMPARED_MOST]);

#endif
