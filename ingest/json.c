/* ingest/json.c: one JSON text (RFC 8259) as a list of its tokens.
 *
 * A loop and a stack of open containers instead of recursion, so that nesting costs no C stack. */
#include "ingest/json.h"

#include <stdio.h>

struct parser {
    struct json *json;
    const uint8_t *text;
    size_t size, at;
    uint32_t open[JSON_DEPTH_MAXIMUM]; /* tokens of the containers around */
    size_t depth, most;
    struct err *err;
};

/* Notes what was found where and returns false. */
static bool fault(struct parser *parser, const char *format, ...) PRINTF_LIKE(2, 3);
static bool fault(struct parser *parser, const char *format, ...)
{
    struct json *json = parser->json;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(json->fault, sizeof json->fault, format, arguments);
    va_end(arguments);
    json->fault_at = parser->at;
    return false;
}

static bool fault_here(struct parser *parser, const char *expected)
{
    char shown[16];
    if (parser->at >= parser->size) return fault(parser, "found its end, expected %s", expected);
    struct str byte = {(const char *)parser->text + parser->at, 1};
    return fault(parser, "found \"%s\" at byte %zu, expected %s",
                 escape_for_terminal(byte, shown, sizeof shown), parser->at + 1, expected);
}

static void skip_blanks(struct parser *parser)
{
    while (parser->at < parser->size) {
        uint8_t byte = parser->text[parser->at];
        if (byte != ' ' && byte != '\t' && byte != '\n' && byte != '\r') return;
        parser->at++;
    }
}

static bool next_is(const struct parser *parser, uint8_t byte)
{
    return parser->at < parser->size && parser->text[parser->at] == byte;
}

static enum status add_token(struct parser *parser, enum json_kind kind, size_t begin, size_t size,
                             bool escaped)
{
    struct json *json = parser->json;
    if (json->count == json->room) {
        size_t room = json->room == 0 ? 256 : json->room * 2;
        struct json_token *tokens = memory_resize(json->tokens, room, sizeof *tokens);
        if (tokens == NULL) return fail_memory(parser->err, room * sizeof *tokens);
        json->tokens = tokens;
        json->room = room;
    }
    json->tokens[json->count] = (struct json_token){.kind = kind,
                                                    .escaped = escaped,
                                                    .begin = (uint32_t)begin,
                                                    .size = (uint32_t)size,
                                                    .next = (uint32_t)json->count + 1};
    json->count++;
    return STATUS_OK;
}

/* ---- strings ---- */

/* Four hexadecimal digits at text[at], -1 when there are others. */
static int32_t hex4(const uint8_t *text, size_t size, size_t at)
{
    int32_t code = 0;
    if (at + 4 > size) return -1;
    for (size_t i = at; i < at + 4; i++) {
        uint8_t byte = text[i];
        int digit = byte >= '0' && byte <= '9'   ? byte - '0'
                    : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10
                    : byte >= 'A' && byte <= 'F' ? byte - 'A' + 10
                                                 : -1;
        if (digit < 0) return -1;
        code = code * 16 + digit;
    }
    return code;
}

/* The character of the \u escape at text[at], with its second half; *ret_size bytes of text.
 * -1: no digits; -2: half a pair. */
static int32_t escaped_character(const uint8_t *text, size_t size, size_t at, size_t *ret_size)
{
    int32_t code = hex4(text, size, at + 2);
    *ret_size = 6;
    if (code < 0xd800 || code > 0xdfff) return code;
    if (code > 0xdbff || at + 8 > size || text[at + 6] != '\\' || text[at + 7] != 'u') return -2;
    int32_t low = hex4(text, size, at + 8);
    if (low < 0xdc00 || low > 0xdfff) return -2;
    *ret_size = 12;
    return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
}

static bool scan_escape(struct parser *parser)
{
    size_t size = 2;
    uint8_t byte = parser->at + 1 < parser->size ? parser->text[parser->at + 1] : 0;
    if (byte == 'u') {
        int32_t code = escaped_character(parser->text, parser->size, parser->at, &size);
        if (code == -1) return fault(parser, "found \\u without four hexadecimal digits");
        if (code == -2) return fault(parser, "found half of a surrogate pair");
    } else if (byte == 0 || strchr("\"\\/bfnrt", byte) == NULL) {
        parser->at += parser->at + 1 < parser->size;
        return fault_here(parser, "an escape");
    }
    parser->at += size;
    return true;
}

/* The string at the opening quote; moves behind the closing one. */
static bool scan_string(struct parser *parser, size_t *ret_begin, size_t *ret_size,
                        bool *ret_escaped)
{
    *ret_begin = ++parser->at;
    *ret_escaped = false;
    for (;;) {
        while (parser->at < parser->size && parser->text[parser->at] >= 0x20 &&
               parser->text[parser->at] != '"' && parser->text[parser->at] != '\\')
            parser->at++;
        if (next_is(parser, '"')) break;
        if (!next_is(parser, '\\')) return fault_here(parser, "the end of a string");
        *ret_escaped = true;
        if (!scan_escape(parser)) return false;
    }
    *ret_size = parser->at++ - *ret_begin;
    return true;
}

/* ---- numbers and words ---- */

static size_t skip_digits(struct parser *parser)
{
    size_t from = parser->at;
    while (parser->at < parser->size && parser->text[parser->at] >= '0' &&
           parser->text[parser->at] <= '9')
        parser->at++;
    return parser->at - from;
}

static bool scan_number(struct parser *parser)
{
    parser->at += next_is(parser, '-');
    bool zero = next_is(parser, '0');
    size_t digits = skip_digits(parser);
    if (digits == 0) return fault_here(parser, "a digit");
    if (zero && digits > 1) return fault(parser, "found a number with a leading zero");
    if (next_is(parser, '.')) {
        parser->at++;
        if (skip_digits(parser) == 0) return fault_here(parser, "a digit");
    }
    if (!next_is(parser, 'e') && !next_is(parser, 'E')) return true;
    parser->at++;
    parser->at += next_is(parser, '-') || next_is(parser, '+');
    return skip_digits(parser) > 0 || fault_here(parser, "a digit");
}

static bool scan_word(struct parser *parser, enum json_kind *ret)
{
    static const struct {
        const char *word;
        enum json_kind kind;
    } words[] = {{"null", JSON_NULL}, {"true", JSON_TRUE}, {"false", JSON_FALSE}};
    for (size_t i = 0; i < 3; i++) {
        size_t size = strlen(words[i].word);
        if (parser->size - parser->at < size ||
            memcmp(parser->text + parser->at, words[i].word, size) != 0)
            continue;
        parser->at += size;
        *ret = words[i].kind;
        return true;
    }
    return fault_here(parser, "a value");
}

/* ---- structure ---- */

static bool open_container(struct parser *parser, enum json_kind kind, enum status *status)
{
    if (parser->depth == parser->most)
        return fault(parser, "found more than %zu levels", parser->most);
    parser->open[parser->depth++] = (uint32_t)parser->json->count;
    *status = add_token(parser, kind, parser->at++, 0, false);
    return *status == STATUS_OK;
}

static void close_container(struct parser *parser)
{
    struct json *json = parser->json;
    struct json_token *token = &json->tokens[parser->open[--parser->depth]];
    parser->at++;
    token->size = (uint32_t)parser->at - token->begin;
    token->next = (uint32_t)json->count;
}

static bool scan_key(struct parser *parser, enum status *status)
{
    size_t begin, size;
    bool escaped;
    skip_blanks(parser);
    if (!next_is(parser, '"')) return fault_here(parser, "a key");
    if (!scan_string(parser, &begin, &size, &escaped)) return false;
    *status = add_token(parser, JSON_KEY, begin, size, escaped);
    skip_blanks(parser);
    if (!next_is(parser, ':')) return fault_here(parser, "\":\"");
    parser->at++;
    return *status == STATUS_OK;
}

/* One value that is no container, or the opening of one. */
static bool scan_value(struct parser *parser, enum status *status)
{
    enum json_kind kind = JSON_NUMBER;
    size_t begin = parser->at, size;
    bool escaped = false;
    if (parser->at >= parser->size) return fault_here(parser, "a value");
    switch (parser->text[parser->at]) {
    case '{': return open_container(parser, JSON_OBJECT, status);
    case '[': return open_container(parser, JSON_ARRAY, status);
    case '"':
        if (!scan_string(parser, &begin, &size, &escaped)) return false;
        *status = add_token(parser, JSON_STRING, begin, size, escaped);
        return *status == STATUS_OK;
    }
    bool number =
        next_is(parser, '-') || (parser->text[begin] >= '0' && parser->text[begin] <= '9');
    if (number ? !scan_number(parser) : !scan_word(parser, &kind)) return false;
    *status = add_token(parser, kind, begin, parser->at - begin, false);
    return *status == STATUS_OK;
}

/* Closes what ends behind a value and goes on to the next one; *ret_done behind the whole text. */
static bool scan_behind(struct parser *parser, bool *ret_done, enum status *status)
{
    for (;;) {
        skip_blanks(parser);
        *ret_done = parser->depth == 0;
        if (*ret_done) return parser->at == parser->size || fault_here(parser, "nothing more");
        const struct json_token *around = &parser->json->tokens[parser->open[parser->depth - 1]];
        bool object = around->kind == JSON_OBJECT;
        if (next_is(parser, object ? '}' : ']')) {
            close_container(parser);
            continue;
        }
        if (!next_is(parser, ','))
            return fault_here(parser, object ? "\",\" or \"}\"" : "\",\" or \"]\"");
        parser->at++;
        return !object || scan_key(parser, status);
    }
}

/* Behind the opening of a container: its first key, or its end at once. */
static bool scan_inside(struct parser *parser, bool *ret_empty, enum status *status)
{
    const struct json_token *last = &parser->json->tokens[parser->json->count - 1];
    bool object = last->kind == JSON_OBJECT;
    *ret_empty = true;
    if (!object && last->kind != JSON_ARRAY) return true;
    skip_blanks(parser);
    if (next_is(parser, object ? '}' : ']')) {
        close_container(parser);
        return true;
    }
    *ret_empty = false;
    return !object || scan_key(parser, status);
}

enum status json_parse(struct json *json, const uint8_t *text, size_t size, struct err *err)
{
    struct parser parser = {.json = json, .text = text, .size = size, .err = err};
    enum status status = STATUS_OK;
    bool done = false;
    parser.most = json->depth_most == 0 ? JSON_DEPTH : json->depth_most;
    json->text = text;
    json->count = 0;
    json->fault[0] = '\0';
    while (!done) {
        bool complete = true;
        skip_blanks(&parser);
        if (!scan_value(&parser, &status) || !scan_inside(&parser, &complete, &status)) break;
        if (complete && !scan_behind(&parser, &done, &status)) break;
    }
    return status;
}

/* ---- texts ---- */

static size_t put_utf8(int32_t code, uint8_t *ret)
{
    if (code < 0x80) {
        ret[0] = (uint8_t)code;
        return 1;
    }
    size_t more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const uint8_t leads[] = {0, 0xc0, 0xe0, 0xf0};
    ret[0] = (uint8_t)(leads[more] | code >> (6 * more));
    for (size_t i = 1; i <= more; i++)
        ret[i] = (uint8_t)(0x80 | ((code >> (6 * (more - i))) & 0x3f));
    return more + 1;
}

enum status json_string(const struct json *json, const struct json_token *token,
                        struct bytes *scratch, struct str *ret, struct err *err)
{
    const uint8_t *text = json->text + token->begin;
    *ret = (struct str){(const char *)text, token->size};
    if (!token->escaped) return STATUS_OK;
    scratch->size = 0;
    TRY(bytes_reserve(scratch, token->size, err)); /* an escape is longer than what it means */
    size_t to = 0;
    for (size_t at = 0; at < token->size;) {
        if (text[at] != '\\') {
            scratch->data[to++] = text[at++];
        } else if (text[at + 1] == 'u') {
            size_t size;
            to += put_utf8(escaped_character(text, token->size, at, &size), scratch->data + to);
            at += size;
        } else {
            static const char names[] = "bfnrt", means[] = "\b\f\n\r\t";
            const char *name = strchr(names, text[at + 1]);
            scratch->data[to++] = name == NULL ? text[at + 1] : (uint8_t)means[name - names];
            at += 2;
        }
    }
    scratch->size = to;
    *ret = (struct str){(const char *)scratch->data, to};
    return STATUS_OK;
}

void json_release(struct json *json)
{
    memory_free(json->tokens);
    *json = (struct json){0};
}
