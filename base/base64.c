/* base/base64.c: bytes as text (RFC 4648, section 4). */
#include "base/html.h"

enum status bytes_append_base64(struct bytes *bytes, const void *data, size_t size, struct err *err)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *in = data;
    TRY(bytes_reserve(bytes, size / 3 * 4 + 4, err));
    uint8_t *out = bytes->data + bytes->size;
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        unsigned group = (unsigned)in[i] << 16;
        if (left > 1) group |= (unsigned)in[i + 1] << 8;
        if (left > 2) group |= in[i + 2];
        *out++ = (uint8_t)digits[group >> 18];
        *out++ = (uint8_t)digits[(group >> 12) & 63];
        *out++ = left > 1 ? (uint8_t)digits[(group >> 6) & 63] : '=';
        *out++ = left > 2 ? (uint8_t)digits[group & 63] : '=';
    }
    bytes->size = (size_t)(out - bytes->data);
    return STATUS_OK;
}
