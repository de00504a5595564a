/* clean/text_doubt.h: how little a text looks like something a person wrote. */
#ifndef CLEAN_TEXT_DOUBT_H
#define CLEAN_TEXT_DOUBT_H

#include <stddef.h>
#include <stdint.h>

/* The sum of what is odd in a row of code points: 0 for ordinary text of any one language; control
 * characters, unassigned and rare characters, symbols inside words, capitals after small letters,
 * scripts mixed within a word count. ASCII never counts by itself.
 * The classes are those of the Unicode Character Database; the weights are ours. */
int64_t text_doubt(const int32_t *points, size_t count);

#endif
