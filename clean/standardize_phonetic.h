/* clean/standardize_phonetic.h: what a word sounds like.
 *
 * Metaphone for English (Philips, "Hanging on the Metaphone", Computer Language 7(12), 1990) and
 * Cologne phonetics for German (Postel, "Die Koelner Phonetik", IBM-Nachrichten 19, 1969). */
#ifndef CLEAN_STANDARDIZE_PHONETIC_H
#define CLEAN_STANDARDIZE_PHONETIC_H

#include <stddef.h>

/* `word`: `count` letters a to z. `ret` has room for 2 x count characters; the number written is
 * given back: letters for Metaphone ('0' is the th of "thing", 'X' the sh of "ship"), digits for
 * Cologne. */
size_t phonetic_metaphone(const char *word, size_t count, char *ret);
size_t phonetic_cologne(const char *word, size_t count, char *ret);

#endif
