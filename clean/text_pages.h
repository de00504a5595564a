/* clean/text_pages.h: the upper halves of the code pages that UTF-8 is most often read as. */
#ifndef CLEAN_TEXT_PAGES_H
#define CLEAN_TEXT_PAGES_H

#include <stdint.h>

#define TEXT_PAGES 9

/* [page][byte - 128] = code point, 0 = none. Page 0 is windows-1252. */
extern const uint16_t text_pages[TEXT_PAGES][128];

#endif
