/* clean/thumbnail.h: a picture made small, for a contact sheet. */
#ifndef CLEAN_THUMBNAIL_H
#define CLEAN_THUMBNAIL_H

#include "base/str.h"

#define THUMBNAIL_SIDE 96

/* Appends a JPEG of THUMBNAIL_SIDE x THUMBNAIL_SIDE, the whole picture on gray; nothing where it
 * cannot be decoded within the usual limits. The same bytes on every CPU. Any thread. */
MUST_CHECK enum status thumbnail_make(struct str picture, struct bytes *ret, struct err *err);

#endif
