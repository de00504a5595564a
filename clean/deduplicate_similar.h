/* clean/deduplicate_similar.h: how alike two short strings are.
 *
 * Winkler 1990, "String Comparator Metrics and Enhanced Decision Rules in the Fellegi-Sunter Model
 * of Record Linkage": Jaro's measure, raised by a common prefix of up to four characters where it
 * is above 0.7. On code points. */
#ifndef CLEAN_DEDUPLICATE_SIMILAR_H
#define CLEAN_DEDUPLICATE_SIMILAR_H

#include "base/str.h"

/* 0 ... 1. Only the first 256 characters are looked at. */
double jaro_winkler(struct str a, struct str b);
/* No pair of strings of these sizes in characters is more alike. */
double jaro_winkler_bound(size_t a_size, size_t b_size);

/* 0 ... 1 of two dates or moments whose text begins with year, month and day without marks between
 * them ("20161231"): day and month exchanged, or one of the three mistaken, is likely a slip; else
 * by the days between them, 0 from four years on. Other texts: jaro_winkler. */
double dates_similarity(struct str a, struct str b);

#endif
