/* clean/text_entities.h: "&eacute;" and "&#233;" as the characters they mean. */
#ifndef CLEAN_TEXT_ENTITIES_H
#define CLEAN_TEXT_ENTITIES_H

#include "base/str.h"

/* Appends `text` with the references of HTML 4.01 and numeric ones, each ended by ";", replaced. */
MUST_CHECK enum status text_entities(struct str text, struct bytes *ret, struct err *err);

#endif
