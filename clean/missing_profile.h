/* clean/missing_profile.h: what a column looks like, as far as it tells disguised nulls from
 * values.
 *
 * Sums that can be added window by window, so that the profile is the same for any cut. */
#ifndef CLEAN_MISSING_PROFILE_H
#define CLEAN_MISSING_PROFILE_H

#include "base/memory.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

#define PROFILE_EXTREMES 4  /* distinct values kept at either end */
#define PROFILE_TOKENS   24 /* distinct texts without a digit that are counted by name */
#define TOKEN_BYTES      32

/* How a text is written; for words that may be values or markers. */
enum shape { SHAPE_UPPER, SHAPE_LOWER, SHAPE_TITLE, SHAPE_OTHER, SHAPE_COUNT };
enum shape shape_of(struct str text);

struct token {
    char text[TOKEN_BYTES];
    size_t size;
    int64_t count;
};
struct extreme {
    double value;
    int64_t count;
};
struct column_profile {
    int64_t texts;                       /* not empty, not null */
    int64_t numbers;                     /* of them: read as a number; in a number column: all */
    int64_t numerals;                    /* of them: with a digit: numbers, dates, codes */
    int64_t signs;                       /* of them: no letter and no digit */
    int64_t shapes[SHAPE_COUNT];         /* of texts with letters, words of doubt left out */
    int64_t shortest, longest;           /* likewise, in bytes; 0 = none seen */
    struct token tokens[PROFILE_TOKENS]; /* no digit; in the order of their first use */
    size_t token_count;
    bool more_tokens;                                             /* others were left out */
    struct extreme low[PROFILE_EXTREMES], high[PROFILE_EXTREMES]; /* outermost first */
    size_t low_count, high_count;
};

/* A text without blanks at its ends, not empty. */
void profile_text(struct column_profile *profile, struct str text);
void profile_number(struct column_profile *profile, double value);
/* Adds what came later. */
void profile_add(struct column_profile *profile, const struct column_profile *later);

/* Whether a profile from elsewhere is one: no count is beyond what there is room for. */
bool profile_is_sound(const struct column_profile *profile);

/* ---- what it means ---- */

/* Words for "not known". Sure ones are never values; the others are values where they fit in (NA
 * among country codes, Null among names). */
enum doubt { DOUBT_NONE, DOUBT_FITTING, DOUBT_SURE };
enum doubt word_doubt(struct str text);

/* How far the evidence may reach. SURE: words for "not known", signs, and nines (-999, 9999) far
 * from all other values. LIKELY: also one word again and again among numbers, and 0 and -1 where
 * all other values are far; days without sales look the same. */
enum evidence { EVIDENCE_SURE, EVIDENCE_LIKELY };
/* Whether a text without digits stands for null in this column. */
bool profile_token_is_null(const struct column_profile *profile, const struct token *token,
                           enum evidence evidence);
/* Numbers at the ends that stand for null; at most `room`. */
size_t profile_null_numbers(const struct column_profile *profile, enum evidence evidence,
                            double *ret, size_t room);

#endif
