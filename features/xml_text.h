/* features/xml_text.h: text in XML and HTML documents. */
#ifndef FEATURES_XML_TEXT_H
#define FEATURES_XML_TEXT_H

#include "base/str.h"

/* Appends it, escaped for elements and attributes; control characters, and those that turn the
 * direction of writing, as \xNN or \uNNNN. Cut with "..." at 4 KiB. */
MUST_CHECK enum status xml_text(struct bytes *ret, const char *text, struct err *err);
/* The same where there is room for `width` times the size of the letters, as far as that can be
 * known without the font: they are taken to be as wide as those of DejaVu Sans Bold. Of what is
 * longer the middle is left out, since the end of a name has the version's number. */
MUST_CHECK enum status xml_text_within(struct bytes *ret, const char *text, double width,
                                       struct err *err);

#endif
