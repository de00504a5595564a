/* tests/fuzz/fuzz_json.c: any bytes as a JSON text: a fault with a place, or tokens that lie in it
 * and in each other, and strings that are UTF-8. */
#include "ingest/json.h"
#include "ingest/source.h"
#include "within.h"

#include <stdlib.h>

static enum status use_token(const struct json *json, size_t i, size_t size, struct err *err)
{
    OWNED(bytes_release) struct bytes scratch = bytes_limited(16u << 20);
    const struct json_token *token = &json->tokens[i];
    struct str text;
    if ((uint64_t)token->begin + token->size > size) abort();
    if (token->next <= i || token->next > json->count) abort();
    if (token->kind != JSON_STRING && token->kind != JSON_KEY) return STATUS_OK;
    struct str raw = json_raw(json, token);
    if (raw.data[0] != '"' || raw.data[raw.size - 1] != '"') abort();
    TRY(json_string(json, token, &scratch, &text, err));
    /* callers check the encoding of the whole */
    if (utf8_valid(json->text, size) && !utf8_valid(text.data, text.size)) abort();
    return STATUS_OK;
}

static enum status read_json(const uint8_t *data, size_t size, struct err *err)
{
    OWNED(json_release) struct json json = {.depth_most = size % 3 == 0 ? JSON_DEPTH_MAXIMUM : 0};
    TRY(json_parse(&json, data, size, err));
    if (json.fault[0] != '\0') {
        if (json.fault_at > size) abort();
        return fail(err, STATUS_FAILED, "%s", json.fault);
    }
    for (size_t i = 0; i < json.count; i++)
        TRY(use_token(&json, i, size, err));
    return STATUS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_within(read_json, data, size);
}
