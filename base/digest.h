/* base/digest.h: BLAKE2b-256 (RFC 7693) through libsodium. */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include "base/err.h"

#include <stdint.h>

#define DIGEST_BYTES 32
#define DIGEST_TEXT  65 /* hexadecimal, with its NUL */

struct digest {
    uint8_t bytes[DIGEST_BYTES];
};
/* Room for libsodium's state without its header. */
struct digester {
    _Alignas(64) uint8_t state[384];
};
void digester_begin(struct digester *digester);
void digester_add(struct digester *digester, const void *data, size_t size);
/* Adds a length and the bytes, so that adjoining fields cannot be mistaken for one another. */
void digester_add_field(struct digester *digester, const void *data, size_t size);
void digester_add_u64(struct digester *digester, uint64_t value);
struct digest digester_end(struct digester *digester);
struct digest digest_of(const void *data, size_t size);
/* Lower-case hexadecimal with NUL. Returns ret. */
char *digest_text(const struct digest *digest, char ret[DIGEST_TEXT]);
/* STATUS_FAILED when `text` is not 64 hexadecimal digits. */
MUST_CHECK enum status digest_parse(const char *text, struct digest *ret, struct err *err);

#endif
