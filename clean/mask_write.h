/* clean/mask_write.h: what stands in the place of a find. */
#ifndef CLEAN_MASK_WRITE_H
#define CLEAN_MASK_WRITE_H

#include "clean/mask_find.h"

enum mask_action {
    MASK_REDACT,
    MASK_REPLACE,
    MASK_PSEUDONYM,
    MASK_TRUNCATE,
    MASK_FORMAT,
    MASK_RESTORE,
    MASK_SHIFT,
    MASK_GENERALIZE,
    MASK_DROP, /* of whole columns */
};
#define MASK_ACTIONS "redact|replace|pseudonym|truncate|format|restore|shift|generalize|drop"

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
/* HMAC-SHA-256 (RFC 2104, FIPS 180-4) over a label, a zero byte and the bytes. */
void mask_key_digest(const struct mask_key *key, const char *label, struct str bytes,
                     uint8_t ret[32]);

/* How a step masks. */
struct mask_style {
    enum mask_action actions[MASK_KINDS]; /* by kind */
    const char *replacement;              /* of replace */
    int64_t keep;                         /* of truncate: last letters and digits; -1 = as usual */
    const struct mask_key *key;           /* of pseudonym, format, restore and shift */
};

/* Appends `text` with each hit replaced:
 * redact     [EMAIL]
 * replace    the replacement
 * pseudonym  EMAIL_ and 16 hexadecimal digits of HMAC-SHA-256 over the kind and the value in one
 *            spelling (addresses in lower case, numbers without separators): equal values give
 *            equal pseudonyms in every column, run and table with the same key
 * truncate   what says little about the person: j***@example.com, ************1111, 192.168.1.0,
 *            the scheme and host of a URL, the country of an IBAN, the last two digits of a phone;
 *            with `keep` the last letters and digits of any kind
 * format     mask_format.h; a pseudonym where the kind has no format
 * restore    the way back of format
 * shift      a date `days` later, written as it was; [DATE] where a day is missing
 * generalize a year, a decade of ages, 192.168.1.0, the domain of an address; else the label
 */
MUST_CHECK enum status mask_write(struct str text, const struct mask_hits *hits,
                                  const struct mask_style *style, int64_t days, struct bytes *ret,
                                  struct err *err);
/* The same for a text that is one find as a whole. */
MUST_CHECK enum status mask_write_one(struct str text, enum mask_kind kind,
                                      const struct mask_style *style, int64_t days,
                                      struct bytes *ret, struct err *err);

/* ---- dates (mask_shift.c) ---- */

/* Days by which the dates of `entity` move: 1 to `most`, forward or backward, by the key. */
int64_t mask_shift_days(const struct mask_key *key, struct str entity, int64_t most);
/* Appends a date as people write it, `days` later, in the same writing; *ret_done false and nothing
 * appended where no day, month and year are there. */
MUST_CHECK enum status mask_shift_text(struct str text, int64_t days, struct bytes *ret,
                                       bool *ret_done, struct err *err);
/* The year of a date as people write it; false where none is there. */
bool mask_year_of(struct str text, int *ret);

#endif
