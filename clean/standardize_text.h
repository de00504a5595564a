/* clean/standardize_text.h: spelling of one value: case, punctuation, spaces, and the keys that
 * make different spellings of one thing equal (OpenRefine, "Clustering methods in depth"). */
#ifndef CLEAN_STANDARDIZE_TEXT_H
#define CLEAN_STANDARDIZE_TEXT_H

#include "base/str.h"

#include <stdbool.h>

enum spelling {
    SPELLING_LOWER,
    SPELLING_UPPER,
    SPELLING_TITLE,       /* first letter of each word large, the others small */
    SPELLING_PUNCTUATION, /* removed */
    SPELLING_SPACES,      /* one blank between words, none at the ends */
};
/* Replaces what `ret` holds with `text` spelled so. Text that is not UTF-8 stays as it is. */
MUST_CHECK enum status spell(enum spelling spelling, struct str text, struct bytes *ret,
                             struct err *err);

enum key_method {
    KEY_FINGERPRINT, /* folded words without accents and punctuation, sorted, each once */
    KEY_NGRAM,       /* folded runs of `gram` characters, sorted, each once */
    KEY_METAPHONE,   /* the words as they sound in English (clean/standardize_phonetic.h), sorted */
    KEY_COLOGNE,     /* the words as they sound in German, sorted */
};
/* Replaces what `ret` holds with the key; empty for a text that has nothing to compare. */
MUST_CHECK enum status spelling_key(enum key_method method, size_t gram, struct str text,
                                    struct bytes *ret, struct err *err);

#endif
