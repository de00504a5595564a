/* clean/mask_crypto.c: recognizers of addresses of crypto currencies. */
#include "clean/mask_find.h"

#include <ctype.h>
#include <sodium.h>
#include <strings.h>

#define ADDRESS_BYTES 25 /* version, 20 bytes of hash, 4 of check */

/* ---- base58check ---- */

static int value_58(char c)
{
    static const char places[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    const char *at = c == '\0' ? NULL : strchr(places, c);
    return at == NULL ? -1 : (int)(at - places);
}

/* The number of `size` places in base 58 as 25 bytes; false when it has more. */
static bool decode_58(struct str code, uint8_t bytes[ADDRESS_BYTES])
{
    memset(bytes, 0, ADDRESS_BYTES);
    for (size_t i = 0; i < code.size; i++) {
        int carry = value_58(code.data[i]);
        if (carry < 0) return false;
        for (size_t k = ADDRESS_BYTES; k-- > 0;) {
            carry += bytes[k] * 58;
            bytes[k] = (uint8_t)carry;
            carry >>= 8;
        }
        if (carry != 0) return false;
    }
    return true;
}

/* Bitcoin wiki, "Base58Check encoding": the first four bytes of SHA-256 twice. */
static bool is_base58_address(struct str code)
{
    uint8_t bytes[ADDRESS_BYTES], once[32], twice[32];
    if (code.size < 26 || code.size > 35 || !decode_58(code, bytes)) return false;
    crypto_hash_sha256(once, bytes, ADDRESS_BYTES - 4);
    crypto_hash_sha256(twice, once, sizeof once);
    return memcmp(twice, bytes + ADDRESS_BYTES - 4, 4) == 0;
}

/* ---- bech32 ---- */

static uint32_t step(uint32_t sum, uint32_t value)
{
    static const uint32_t generators[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                          0x2a1462b3};
    uint32_t top = sum >> 25;
    sum = (sum & 0x1ffffff) << 5 ^ value;
    for (int i = 0; i < 5; i++)
        if ((top >> i & 1) != 0) sum ^= generators[i];
    return sum;
}

/* BIP 173 and BIP 350 for "bc". */
static bool is_bech32_address(struct str code)
{
    static const char places[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    uint32_t sum = 1;
    if (code.size < 14 || code.size > 90 || strncasecmp(code.data, "bc1", 3) != 0) return false;
    sum = step(step(step(sum, 'b' >> 5), 'c' >> 5), 0);
    sum = step(step(sum, 'b' & 31), 'c' & 31);
    for (size_t i = 3; i < code.size; i++) {
        const char *at = strchr(places, tolower((unsigned char)code.data[i]));
        if (at == NULL) return false;
        sum = step(sum, (uint32_t)(at - places));
    }
    return sum == 1 || sum == 0x2bc830a3;
}

/* ---- Ethereum ---- */

static bool is_hex_address(struct str code)
{
    if (code.size != 42 || code.data[0] != '0' || (code.data[1] != 'x' && code.data[1] != 'X'))
        return false;
    for (size_t i = 2; i < code.size; i++)
        if (!isxdigit((unsigned char)code.data[i])) return false;
    return true;
}

bool crypto_at(struct str text, size_t first, size_t *ret_end)
{
    size_t end = first;
    while (is_letter(peek(text, end)) || is_digit(peek(text, end)))
        end++;
    struct str code = {text.data + first, end - first};
    *ret_end = end;
    if (code.size < 14 || is_word(peek(text, end))) return false;
    switch (code.data[0]) {
    case '1':
    case '3': return is_base58_address(code);
    case '0': return is_hex_address(code);
    default: return is_bech32_address(code);
    }
}
