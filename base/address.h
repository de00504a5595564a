/* base/address.h: addresses of things that are no files: SCHEME://...
 *
 * An address may carry a user and a password; whatever is shown, logged or recorded goes through
 * address_shown(). */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include "base/str.h"

/* Whether `text` begins with a scheme (RFC 3986, section 3.1) and "://". */
bool is_address(const char *text);
/* Appends the address without what stands before an "@" and without the part behind "?", both of
 * which may hold credentials; any other text as it is. An address inside a text (an argument like
 * --source=...) is found too. */
MUST_CHECK enum status address_shown(struct bytes *bytes, const char *text, struct err *err);

#endif
