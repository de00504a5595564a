/* clean/types_role.h: what a column is for a model, beside how it is stored: a measure, a category
 * written as a number, an identifier, a constant ...
 *
 * A zip code, a year and a row number all read as integers and none of them is an amount. The role
 * comes from the values (distinct values, counting up by one, lengths) and the words of the name.
 * The classes follow Shah, Lacanlale, Kumar, Yang and Kumar, "Towards Benchmarking Feature Type
 * Inference for AutoML Platforms", SIGMOD 2021; the rules are ours. */
#ifndef CLEAN_TYPES_ROLE_H
#define CLEAN_TYPES_ROLE_H

#include "base/str.h"
#include "clean/numeral.h"

#include <stdbool.h>
#include <stdint.h>

#define ROLE_DISTINCT_MAXIMUM 32

enum types_role {
    ROLE_MEASURE,
    ROLE_CATEGORY,
    ROLE_IDENTIFIER,
    ROLE_CONSTANT,
    ROLE_TIME,
    ROLE_TEXT,
    ROLE_URL,
    ROLE_LIST,
    ROLE_EMBEDDED, /* a number with something around it */
};
const char *types_role_name(enum types_role role);

/* What roles are told from; windows merge in their order. Zero-initialize. */
struct role_profile {
    int64_t filled;
    uint64_t distinct[ROLE_DISTINCT_MAXIMUM]; /* hashes of the first values that differ */
    size_t distinct_count;
    bool many;                /* more than that many */
    bool uneven;              /* whole numbers do not go up by one */
    int64_t first, last;      /* whole numbers */
    int64_t wholes, years;    /* whole numbers, and those of 1900 to 2100 */
    int64_t small;            /* -1 to 2, and the codes -9, -99 and -999 for none */
    int64_t grouped;          /* numbers with marks between thousands */
    int64_t words, separated; /* words in all values; values with two or more of , ; | */
    int64_t urls, embedded;
};
/* The text occurs `times` times. Texts come in the order of their first rows. */
void role_profile_add(struct role_profile *profile, struct str text, int64_t times);
void role_profile_merge(struct role_profile *profile, const struct role_profile *more);
/* Whether a profile from elsewhere is one. */
bool role_profile_is_sound(const struct role_profile *profile);
/* `number`, `time`: how the column was decided to be read. */
enum types_role types_role_of(const struct role_profile *profile, const char *name, bool number,
                              bool time);

#endif
