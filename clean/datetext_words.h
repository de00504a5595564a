/* clean/datetext_words.h: the words that may stand in a date. */
#ifndef CLEAN_DATETEXT_WORDS_H
#define CLEAN_DATETEXT_WORDS_H

#include "base/str.h"

#include <stdint.h>

enum word_kind {
    WORD_UNKNOWN,
    WORD_MONTH,    /* value 1 ... 12 */
    WORD_FILLER,   /* weekdays, "of", "at", "the" ... */
    WORD_HALF,     /* value 0 am, 12 pm */
    WORD_ZONE,     /* value = seconds east of UTC */
    WORD_UNIT,     /* value 0 hours, 1 minutes, 2 seconds */
    WORD_ORDINAL,  /* st, nd, rd, th */
    WORD_TIME,     /* "T" between date and time */
    WORD_MIDNIGHT, /* value = hour */
};
/* Any case, without dots at its end. */
enum word_kind date_word(struct str word, int32_t *ret_value);

#endif
