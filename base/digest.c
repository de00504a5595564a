/* base/digest.c: BLAKE2b-256 through libsodium. */
#include "base/digest.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>

_Static_assert(sizeof(crypto_generichash_state) <= sizeof(struct digester),
               "libsodium's state has outgrown its place");

static crypto_generichash_state *state_of(struct digester *digester)
{
    return (crypto_generichash_state *)(void *)digester->state;
}

/* Without it libsodium keeps to its portable code. What it needs beyond that we do not use. */
static void choose_fastest(void)
{
    (void)!sodium_init();
}

void digester_begin(struct digester *digester)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, choose_fastest);
    crypto_generichash_init(state_of(digester), NULL, 0, DIGEST_BYTES);
}

void digester_add(struct digester *digester, const void *data, size_t size)
{
    if (size > 0) crypto_generichash_update(state_of(digester), data, size);
}

void digester_add_u64(struct digester *digester, uint64_t value)
{
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    digester_add(digester, bytes, sizeof bytes);
}

void digester_add_field(struct digester *digester, const void *data, size_t size)
{
    digester_add_u64(digester, size);
    digester_add(digester, data, size);
}

struct digest digester_end(struct digester *digester)
{
    struct digest digest;
    crypto_generichash_final(state_of(digester), digest.bytes, DIGEST_BYTES);
    return digest;
}

struct digest digest_of(const void *data, size_t size)
{
    struct digester digester;
    digester_begin(&digester);
    digester_add(&digester, data, size);
    return digester_end(&digester);
}

char *digest_text(const struct digest *digest, char ret[DIGEST_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < DIGEST_BYTES; i++) {
        ret[2 * i] = digits[digest->bytes[i] >> 4];
        ret[2 * i + 1] = digits[digest->bytes[i] & 15];
    }
    ret[2 * DIGEST_BYTES] = '\0';
    return ret;
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

enum status digest_parse(const char *text, struct digest *ret, struct err *err)
{
    if (strnlen(text, DIGEST_TEXT) != 2 * DIGEST_BYTES)
        return fail(err, STATUS_FAILED, "digest of %zu characters, expected %d",
                    strnlen(text, 4096), 2 * DIGEST_BYTES);
    for (int i = 0; i < DIGEST_BYTES; i++) {
        int high = digit_value(text[2 * i]), low = digit_value(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return fail(err, STATUS_FAILED, "digest with a character that is not 0-9 or a-f");
        ret->bytes[i] = (uint8_t)(high << 4 | low);
    }
    return STATUS_OK;
}
