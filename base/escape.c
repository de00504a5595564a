/* base/escape.c: text made safe for a terminal, a log line, JSON, or a page. */
#include "base/html.h"

#include <stdio.h>

/* Decodes one UTF-8 sequence strictly (RFC 3629). Returns its bytes, 0 when it is not valid. */
static size_t decode(const unsigned char *at, size_t room, uint32_t *ret)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t size = at[0] < 0x80   ? 1
                  : at[0] < 0xc2 ? 0
                  : at[0] < 0xe0 ? 2
                  : at[0] < 0xf0 ? 3
                  : at[0] < 0xf5 ? 4
                                 : 0;
    if (size == 0 || size > room) return 0;
    uint32_t code = size == 1 ? at[0] : at[0] & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if ((at[i] & 0xc0) != 0x80) return 0;
        code = code << 6 | (at[i] & 0x3fu);
    }
    if (code < smallest[size] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return 0;
    *ret = code;
    return size;
}

/* Control characters, and those that turn the writing direction round or hide text. */
static bool is_unsafe(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x61c || code == 0x200e ||
           code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

static int spell_unsafe(uint32_t code, char *ret, size_t room)
{
    switch (code) {
    case '\n': return snprintf(ret, room, "\\n");
    case '\r': return snprintf(ret, room, "\\r");
    case '\t': return snprintf(ret, room, "\\t");
    default: return snprintf(ret, room, code < 0x100 ? "\\x%02x" : "\\u%04x", code);
    }
}

char *escape_for_terminal(struct str text, char *ret, size_t room)
{
    const unsigned char *bytes = (const unsigned char *)text.data;
    size_t out = 0, at = 0;
    if (room == 0) return ret;
    while (at < text.size) {
        char piece[16];
        uint32_t code = 0;
        size_t size = decode(bytes + at, text.size - at, &code);
        size_t written;
        if (size == 0) {
            written = (size_t)snprintf(piece, sizeof piece, "\\x%02x", bytes[at]);
            size = 1;
        } else if (is_unsafe(code)) {
            written = (size_t)spell_unsafe(code, piece, sizeof piece);
        } else {
            memcpy(piece, bytes + at, size);
            written = size;
        }
        size_t kept = at + size < text.size ? 4 : 1; /* room for "..." and the NUL */
        if (out + written + kept > room) {
            size_t dots = room - out - 1 < 3 ? room - out - 1 : 3;
            memcpy(ret + out, "...", dots);
            out += dots;
            break;
        }
        memcpy(ret + out, piece, written);
        out += written;
        at += size;
    }
    ret[out] = '\0';
    return ret;
}

static enum status append_json_code(struct bytes *bytes, uint32_t code, const unsigned char *at,
                                    size_t size, struct err *err)
{
    switch (code) {
    case '"': return bytes_append_text(bytes, "\\\"", err);
    case '\\': return bytes_append_text(bytes, "\\\\", err);
    case '\n': return bytes_append_text(bytes, "\\n", err);
    case '\r': return bytes_append_text(bytes, "\\r", err);
    case '\t': return bytes_append_text(bytes, "\\t", err);
    default: break;
    }
    if (code < 0x20 || code == 0x7f) return bytes_format(bytes, err, "\\u%04x", code);
    return bytes_append(bytes, at, size, err);
}

enum status bytes_append_json(struct bytes *bytes, struct str text, struct err *err)
{
    const unsigned char *at = (const unsigned char *)text.data;
    size_t left = text.size;
    TRY(bytes_append_text(bytes, "\"", err));
    while (left > 0) {
        size_t plain = 0;
        while (plain < left && at[plain] >= 0x20 && at[plain] < 0x7f && at[plain] != '"' &&
               at[plain] != '\\')
            plain++;
        TRY(bytes_append(bytes, at, plain, err));
        at += plain;
        left -= plain;
        if (left == 0) break;
        uint32_t code = 0;
        size_t size = decode(at, left, &code);
        if (size == 0) {
            TRY(bytes_append_text(bytes, "\xef\xbf\xbd", err));
            size = 1;
        } else {
            TRY(append_json_code(bytes, code, at, size, err));
        }
        at += size;
        left -= size;
    }
    return bytes_append_text(bytes, "\"", err);
}

/* ---- pages ---- */

static const char *reference_of(uint32_t code)
{
    switch (code) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return NULL;
    }
}

/* One character, or one byte that is none. Returns what was read of `room` bytes. */
static enum status append_html_code(struct bytes *bytes, const unsigned char *at, size_t room,
                                    size_t *ret_read, struct err *err)
{
    char piece[16];
    uint32_t code = 0;
    size_t size = decode(at, room, &code);
    *ret_read = size == 0 ? 1 : size;
    if (size == 0) return bytes_format(bytes, err, "\\x%02x", at[0]);
    if (reference_of(code) != NULL) return bytes_append_text(bytes, reference_of(code), err);
    if (!is_unsafe(code)) return bytes_append(bytes, at, size, err);
    spell_unsafe(code, piece, sizeof piece);
    return bytes_append_text(bytes, piece, err);
}

enum status bytes_append_html_cut(struct bytes *bytes, struct str text, size_t most,
                                  struct err *err)
{
    size_t characters = 0;
    for (size_t at = 0, read; at < text.size; at += read) {
        if (characters++ == most) return bytes_append_text(bytes, "\xe2\x80\xa6", err);
        TRY(append_html_code(bytes, (const unsigned char *)text.data + at, text.size - at, &read,
                             err));
    }
    return STATUS_OK;
}

enum status bytes_append_html(struct bytes *bytes, struct str text, struct err *err)
{
    return bytes_append_html_cut(bytes, text, SIZE_MAX, err);
}
