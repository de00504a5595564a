/* clean/mask_words.h: what is known of words: everyday English, names, places, and the words that
 * stand near them; and lists of one's own.
 *
 * The built-in lists are in clean/words (SOURCE.md says where from). Keys are in lower case, the
 * words of a phrase apart by one blank. Read-only once made, so threads share it. */
#ifndef CLEAN_MASK_WORDS_H
#define CLEAN_MASK_WORDS_H

#include "base/memory.h"
#include "base/setting.h"

enum word_class {
    WORD_ENGLISH = 1u << 0,
    WORD_GIVEN = 1u << 1,
    WORD_SURNAME = 1u << 2,
    WORD_PLACE = 1u << 3, /* countries too */
    WORD_NATIONALITY = 1u << 4,
    WORD_HONORIFIC = 1u << 5,
    WORD_PARTICLE = 1u << 6,
    WORD_ORGANIZATION = 1u << 7,
    WORD_STREET = 1u << 8,
    WORD_UNIT = 1u << 9,
    WORD_MILITARY = 1u << 10,
    WORD_ADDRESS_BEFORE = 1u << 11,
    WORD_PLACE_BEFORE = 1u << 12,
    WORD_PLACE_STRONG = 1u << 13, /* before a place, hardly ever before a person */
    WORD_NOT_PLACE = 1u << 14,
    WORD_JOB = 1u << 15,
    WORD_WEEKDAY = 1u << 16,
    WORD_STOP = 1u << 17,       /* has a capital and is no name */
    WORD_STREET_END = 1u << 18, /* how names of streets end; as a word of its own too */
    WORD_OWN_PERSON = 1u << 19, /* from here on: the user's lists */
    WORD_OWN_PLACE = 1u << 20,
    WORD_OWN_LISTED = 1u << 21,
    WORD_OWN_ALLOWED = 1u << 22,
    WORD_STARTS_PHRASE = 1u << 23, /* a longer key begins with this word */
};
#define WORD_OWN ((unsigned)WORD_OWN_PERSON | WORD_OWN_PLACE | WORD_OWN_LISTED | WORD_OWN_ALLOWED)

struct mask_words;

/* `built_in` false: the user's lists only. */
MUST_CHECK enum status mask_words_open(struct mask_words **ret, bool built_in, struct err *err);
/* Adds the lines of a file (blank ones and those with # in front left out), at most 64 MiB. */
MUST_CHECK enum status mask_words_add_file(struct mask_words *words, const char *path,
                                           unsigned class, struct err *err);
MUST_CHECK enum status mask_words_add(struct mask_words *words, struct str text, unsigned class,
                                      struct err *err);
/* Whether there are words of the user's in it. */
bool mask_words_has_own(const struct mask_words *words);
/* The classes of a key (in lower case); 0 = not known. */
unsigned mask_words_get(const struct mask_words *words, struct str key);
/* The same, with regular English endings taken off. */
unsigned mask_words_look_up(const struct mask_words *words, struct str key);
/* The longest WORD_STREET_END at the end of the key, in bytes. */
size_t mask_words_street_end(const struct mask_words *words, struct str key);
void mask_words_close(struct mask_words **words);

/* `text` in lower case, words apart by one blank, in `ret` (room bytes); its size, 0 when it does
 * not fit or holds no word. */
size_t mask_words_key(struct str text, char *ret, size_t room);

#endif
