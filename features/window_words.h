/* features/window_words.h: the values of a column as 64-bit words in a timeline's order, so that a
 * window reads them one behind the other whatever their type. */
#ifndef FEATURES_WINDOW_WORDS_H
#define FEATURES_WINDOW_WORDS_H

#include "features/window.h"

/* How words of this column are read by `function`; false where it has no meaning for the type. */
bool word_kind_of(const struct field *field, enum window_function function, enum word_kind *ret);

struct window_words {
    enum word_kind kind;
    uint64_t *words; /* NULL where only validity counts */
    uint8_t *valid;  /* a byte a position, 0 = null; NULL = no nulls */
};
/* `array` has a value for each row of the (settled) timeline. */
MUST_CHECK enum status window_words_make(struct window_words *ret, const struct field *field,
                                         const struct array *array, enum window_function function,
                                         const struct timeline *timeline, struct err *err);
void window_words_release(struct window_words *words);

#endif
