/* ingest/json_template.c: records like the one before, by comparison. */
#include "ingest/json_template.h"

#include <string.h>

enum { GIVE_UP = 16 }; /* records in a row without fit; then none is learned any more */

/* ---- learning ---- */

static enum status add_gap(struct json_template *template, const struct json *json, uint32_t token,
                           size_t from, size_t to, struct err *err)
{
    if (template->count == template->room) {
        size_t room = template->room == 0 ? 64 : template->room * 2;
        struct json_gap *gaps = memory_resize(template->gaps, room, sizeof *gaps);
        if (gaps == NULL) return fail_memory(err, room * sizeof *gaps);
        template->gaps = gaps;
        template->room = room;
    }
    uint32_t begin = (uint32_t) template->fixed.size;
    TRY(bytes_append(&template->fixed, json->text + from, to - from, err));
    template->gaps[template->count++] = (struct json_gap){begin, (uint32_t)(to - from), token};
    return STATUS_OK;
}

/* The number of an array's items may differ, and an escape needs unfolding: not here. */
static bool can_differ(const struct json *json)
{
    for (size_t i = 0; i < json->count; i++) {
        const struct json_token *token = &json->tokens[i];
        if (token->kind == JSON_ARRAY || (token->kind == JSON_STRING && token->escaped))
            return false;
    }
    return true;
}

enum status json_template_learn(struct json_template *template, const struct json *json,
                                size_t size, struct err *err)
{
    size_t at = 0;
    template->count = template->fixed.size = 0;
    if (template->missed >= GIVE_UP) return STATUS_OK;
    template->missed++;
    if (!can_differ(json)) return STATUS_OK;
    template->fixed.limit = SIZE_MAX;
    for (size_t i = 0; i < json->count; i++) {
        const struct json_token *token = &json->tokens[i];
        if (token->kind == JSON_KEY || token->kind == JSON_OBJECT) continue;
        size_t quote = token->kind == JSON_STRING;
        TRY(add_gap(template, json, (uint32_t)i, at, token->begin - quote, err));
        at = token->begin + token->size + quote;
    }
    template->tail = (uint32_t) template->fixed.size;
    return bytes_append(&template->fixed, json->text + at, size - at, err);
}

/* ---- values ---- */

#define EACH(byte) (0x0101010101010101u * (uint64_t)(byte))

/* Whether one of eight bytes ends a plain run of a string: a quote, a backslash, a control. The
 * lowest marked byte is right; those above it may be marked too much. */
static inline uint64_t string_ends(uint64_t bytes)
{
    uint64_t quote = bytes ^ EACH('"'), escape = bytes ^ EACH('\\');
    uint64_t found = ((quote - EACH(1)) & ~quote) | ((escape - EACH(1)) & ~escape) |
                     ((bytes - EACH(0x20)) & ~bytes);
    return found & EACH(0x80);
}

/* The end of the string whose first byte behind the quote is at `at`: of its closing quote, or
 * `size` where there is none or the string has an escape. */
static size_t string_end(const uint8_t *text, size_t size, size_t at)
{
    for (; at + 8 <= size; at += 8) {
        uint64_t bytes;
        memcpy(&bytes, text + at, sizeof bytes);
        uint64_t found = string_ends(bytes);
        if (found == 0) continue;
        at += (size_t)__builtin_ctzll(found) / 8;
        return text[at] == '"' ? at : size;
    }
    while (at < size && text[at] >= 0x20 && text[at] != '"' && text[at] != '\\')
        at++;
    return at < size && text[at] == '"' ? at : size;
}

static inline size_t digits_end(const uint8_t *text, size_t size, size_t at)
{
    while (at < size && text[at] >= '0' && text[at] <= '9')
        at++;
    return at;
}

/* The end of the number (RFC 8259 section 6) at `at`; `at` itself where there is none. */
static size_t number_end(const uint8_t *text, size_t size, size_t at)
{
    size_t first = at + (text[at] == '-'), end = digits_end(text, size, first), from;
    if (end == first || (text[first] == '0' && end > first + 1)) return at;
    if (end < size && text[end] == '.') {
        from = end + 1;
        end = digits_end(text, size, from);
        if (end == from) return at;
    }
    if (end == size || (text[end] != 'e' && text[end] != 'E')) return end;
    from = end + 1;
    from += from < size && (text[from] == '-' || text[from] == '+');
    end = digits_end(text, size, from);
    return end == from ? at : end;
}

static size_t word_end(const uint8_t *text, size_t size, size_t at, enum json_kind *ret)
{
    if (size - at >= 4 && memcmp(text + at, "null", 4) == 0) {
        *ret = JSON_NULL;
        return at + 4;
    }
    if (size - at >= 4 && memcmp(text + at, "true", 4) == 0) {
        *ret = JSON_TRUE;
        return at + 4;
    }
    if (size - at >= 5 && memcmp(text + at, "false", 5) == 0) {
        *ret = JSON_FALSE;
        return at + 5;
    }
    return at;
}

/* Moves *at behind the value there; false where there is none of those that may differ. */
static inline bool take_value(const uint8_t *text, size_t size, size_t *at,
                              struct json_token *token)
{
    size_t begin = *at, end;
    if (begin >= size) return false;
    if (text[begin] == '"') {
        end = string_end(text, size, ++begin);
        if (end == size) return false;
        token->kind = JSON_STRING;
        *at = end + 1;
    } else {
        token->kind = JSON_NUMBER;
        bool word = text[begin] >= 'a';
        end = word ? word_end(text, size, begin, &token->kind) : number_end(text, size, begin);
        if (end == begin) return false;
        *at = end;
    }
    token->begin = (uint32_t)begin;
    token->size = (uint32_t)(end - begin);
    return true;
}

static inline bool same(const uint8_t *left, const uint8_t *right, size_t size)
{
    return memcmp(left, right, size) == 0;
}

bool json_template_fits(struct json_template *template, struct json *json, const uint8_t *text,
                        size_t size)
{
    const uint8_t *fixed = template->fixed.data;
    size_t at = 0, tail = template->fixed.size - template->tail;
    if (template->count == 0) return false;
    for (size_t i = 0; i < template->count; i++) {
        const struct json_gap *gap = &template->gaps[i];
        if (size - at < gap->size || !same(text + at, fixed + gap->begin, gap->size)) return false;
        at += gap->size;
        if (!take_value(text, size, &at, &json->tokens[gap->token])) return false;
    }
    if (size - at != tail || !same(text + at, fixed + template->tail, tail)) return false;
    json->text = text;
    template->missed = 0;
    return true;
}

void json_template_release(struct json_template *template)
{
    memory_free(template->gaps);
    bytes_release(&template->fixed);
}
