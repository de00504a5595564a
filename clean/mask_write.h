/* clean/mask_write.h: what stands in the place of a find. */
#ifndef CLEAN_MASK_WRITE_H
#define CLEAN_MASK_WRITE_H

#include "clean/mask_find.h"

enum mask_action { MASK_REDACT, MASK_PSEUDONYM, MASK_TRUNCATE };

#define MASK_KEY_LEAST   16
#define MASK_KEY_MAXIMUM 4096

struct mask_key {
    uint8_t bytes[MASK_KEY_MAXIMUM];
    size_t size;
};
/* Reads the key of the pseudonyms: 16 to 4096 bytes, a line end behind them left out. STATUS_USAGE
 * unless the file is a regular one that only its owner may read (mode 0600 or 0400). */
MUST_CHECK enum status mask_key_read(struct mask_key *ret, const char *path, struct err *err);
/* Overwrites the key. */
void mask_key_forget(struct mask_key *key);

/* Appends `text` with each hit replaced:
 * redact     [EMAIL]
 * pseudonym  EMAIL_ and 16 hexadecimal digits of HMAC-SHA-256 (RFC 2104, FIPS 180-4) over the kind
 *            and the value in one spelling (addresses in lower case, numbers without separators):
 *            equal values give equal pseudonyms in every column, run and table with the same key
 * truncate   what says little about the person: j***@example.com, ************1111, 192.168.1.0,
 *            the scheme and host of a URL, the country of an IBAN, the last two digits of a phone
 */
MUST_CHECK enum status mask_write(struct str text, const struct mask_hits *hits,
                                  enum mask_action action, const struct mask_key *key,
                                  struct bytes *ret, struct err *err);

#endif
