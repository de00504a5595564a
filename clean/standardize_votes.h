/* clean/standardize_votes.h: what several sources say about the same thing, and whom to believe.
 *
 * Each source has one vote a key: the value it gives most often. Votes weigh by how often their
 * source agrees with the winners, found round by round: Dong, Berti-Equille and Srivastava,
 * "Integrating conflicting data: the role of source dependence" (VLDB 2009), section 3 (accuracy of
 * sources; copying between them is not looked for). */
#ifndef CLEAN_STANDARDIZE_VOTES_H
#define CLEAN_STANDARDIZE_VOTES_H

#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

struct ballot {
    struct str key, source, value;
    int64_t count; /* rows of the source that say so */
};

/* Sorts and thins the ballots to one winner a key; `ret_count` of them are left at the front, in
 * the order of their keys. A key whose best values weigh the same, or where the winner has less
 * than `agree` of the weight, has none. The same result for any order of the ballots. */
MUST_CHECK enum status votes_count(struct ballot *ballots, size_t count, double agree,
                                   size_t *ret_count, struct err *err);

#endif
