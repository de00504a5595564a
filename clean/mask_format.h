/* clean/mask_format.h: values that keep their format under a key, and the way back.
 *
 * A Feistel network of ten rounds over the places of a value, as FF1 of NIST SP 800-38G has it,
 * with HMAC-SHA-256 as the function of a round and addition place by place modulo the radix: digits
 * become digits, letters letters of the same case, separators stay. The number of places and the
 * kind are the tweak; values walk the cycle until the first digit is zero where it was zero (so
 * that integers keep their length) and, for cards, until Luhn's check holds where it held. Equal
 * values become equal values; who has the key gets the value back, nobody else does. Values of few
 * places (under six digits) can be guessed by trying them all: that lies in their nature. */
#ifndef CLEAN_MASK_FORMAT_H
#define CLEAN_MASK_FORMAT_H

#include "clean/mask_write.h"

/* Whether values of the kind have a format to keep. */
bool mask_has_format(enum mask_kind kind);
/* Appends the value; `back` undoes. *ret_done false and nothing appended where it has no places or
 * more than 128. */
MUST_CHECK enum status mask_format(struct str value, enum mask_kind kind,
                                   const struct mask_key *key, bool back, struct bytes *ret,
                                   bool *ret_done, struct err *err);

#endif
