/* base/html.h: texts inside a page. */
#ifndef BASE_HTML_H
#define BASE_HTML_H

#include "base/str.h"

/* Appends `text` for an element or a quoted attribute of HTML or SVG: the five characters of markup
 * as references, control and bidirectional characters and invalid UTF-8 spelled out (\x1b, \u202e),
 * as escape_for_terminal does. */
MUST_CHECK enum status bytes_append_html(struct bytes *bytes, struct str text, struct err *err);
/* The same, at most `most` characters of it, with an ellipsis where something was cut. */
MUST_CHECK enum status bytes_append_html_cut(struct bytes *bytes, struct str text, size_t most,
                                             struct err *err);
/* Appends RFC 4648 base64 with padding. */
MUST_CHECK enum status bytes_append_base64(struct bytes *bytes, const void *data, size_t size,
                                           struct err *err);

#endif
