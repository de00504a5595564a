/* ingest/json.h: one JSON text (RFC 8259) as a list of its tokens. Strict: what the grammar does
 * not allow is a fault, and so is what UTF-8 cannot hold (a lone surrogate). */
#ifndef INGEST_JSON_H
#define INGEST_JSON_H

#include "base/memory.h"
#include "base/str.h"

#define JSON_DEPTH         128 /* by default */
#define JSON_DEPTH_MAXIMUM 1000

enum json_kind {
    JSON_NULL,
    JSON_TRUE,
    JSON_FALSE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_OBJECT,
    JSON_ARRAY,
    JSON_KEY, /* its value is the next token */
};

struct json_token {
    enum json_kind kind;
    bool escaped;   /* a string or key with "\" in it */
    uint32_t begin; /* where it is in the text; a string without its quotes */
    uint32_t size;  /* of an object or array: with all that is in it */
    uint32_t next;  /* index of the token behind this value and all that is in it */
};

struct json {
    const uint8_t *text;
    struct json_token *tokens; /* memory_get; kept from one text to the next */
    size_t count, room;
    size_t depth_most; /* of containers in each other; 0 = JSON_DEPTH */
    char fault[128];   /* "" = none */
    size_t fault_at;
};

/* Takes the text apart (size below 4 GiB, borrowed). A fault is no failure: STATUS_MEMORY only. */
MUST_CHECK enum status json_parse(struct json *json, const uint8_t *text, size_t size,
                                  struct err *err);
/* The bytes of a token as they are written. */
static inline struct str json_raw(const struct json *json, const struct json_token *token)
{
    bool quoted = token->kind == JSON_STRING || token->kind == JSON_KEY;
    return (struct str){(const char *)json->text + token->begin - quoted,
                        token->size + (quoted ? 2u : 0u)};
}
/* A string or key without quotes and escapes; `scratch` holds it where there are escapes. */
MUST_CHECK enum status json_string(const struct json *json, const struct json_token *token,
                                   struct bytes *scratch, struct str *ret, struct err *err);
void json_release(struct json *json);

#endif
