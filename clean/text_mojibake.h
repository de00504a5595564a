/* clean/text_mojibake.h: undoes "mojibake": UTF-8 that was read as another code page, once or more.
 *
 * Method, ours: every code page that text is commonly misread with is tried; where characters spell
 * the bytes of a UTF-8 sequence they are read as it. A reading is taken when it removes at least
 * two points of doubt (text_doubt.h) and leaves hardly any character that fits neither; the best
 * reading, read again in the same way, wins. So "É…" stays as it is, and "Ã©" does not. */
#ifndef CLEAN_TEXT_MOJIBAKE_H
#define CLEAN_TEXT_MOJIBAKE_H

#include "base/memory.h"
#include "base/str.h"

struct text_codes; /* the code pages by character */
MUST_CHECK enum status text_codes_make(struct text_codes **ret, struct arena *arena,
                                       struct err *err);
/* Appends the repaired text to `ret`, or leaves *ret_changed false. `text` is valid UTF-8. Texts of
 * more than 64 KiB are left as they are. `scratch` is kept by the caller from text to text. */
MUST_CHECK enum status text_mojibake(const struct text_codes *codes, struct str text,
                                     struct bytes *scratch, struct bytes *ret, bool *ret_changed,
                                     struct err *err);

#endif
