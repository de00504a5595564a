/* clean/suggest_words.h: names, texts and numbers as a person writes them in a recipe. */
#ifndef CLEAN_SUGGEST_WORDS_H
#define CLEAN_SUGGEST_WORDS_H

#include "base/str.h"

/* A YAML scalar that reads back as this text: plain where that is safe, else in double quotes. */
MUST_CHECK enum status word_text(struct bytes *ret, struct str text, struct err *err);
/* The shortest spelling of a number that reads back the same. */
MUST_CHECK enum status word_number(struct bytes *ret, double value, struct err *err);
/* The next rounder number outside: 93 is 100 upwards and 90 downwards, 0 stays 0. */
double round_outward(double value, bool upward);

#endif
