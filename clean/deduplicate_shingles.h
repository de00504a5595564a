/* clean/deduplicate_shingles.h: a text as the set of its shingles. */
#ifndef CLEAN_DEDUPLICATE_SHINGLES_H
#define CLEAN_DEDUPLICATE_SHINGLES_H

#include "base/str.h"

/* A word: letters and digits of ASCII and everything beyond it, ASCII letters in lower case.
 * Appends the words of `text`, one blank between any two. */
MUST_CHECK enum status words_append(struct bytes *ret, struct str text, struct err *err);

/* Hashes (XXH3-64) of every run of `size` words, or characters (code points, blanks included), of
 * what words_append wrote; one of the whole where it is shorter. ret: room for `words.size` of
 * them. Gives their number: rising, without repeats. */
size_t shingles_of(struct str words, bool characters, size_t size, uint64_t *ret);

#endif
