/* ingest/json_template.h: records that differ only in their values, as a program writes them: what
 * stands between the values is compared with the record before instead of being taken apart.
 * Private to the reader of JSON records. */
#ifndef INGEST_JSON_TEMPLATE_H
#define INGEST_JSON_TEMPLATE_H

#include "ingest/json.h"

struct json_template {
    struct json_gap { /* bytes that stand in front of a value */
        uint32_t begin, size;
        uint32_t token; /* of the value */
    } * gaps;
    size_t count, room; /* 0 = there is no template */
    struct bytes fixed; /* the bytes of all gaps, and what stands behind the last value */
    uint32_t tail;      /* begin of the latter */
    unsigned missed;    /* records in a row that did not fit */
};

/* Takes the gaps of a text that was just parsed. There is no template where an array has items or a
 * value is empty of them: only numbers, words and strings without escapes may differ.
 * STATUS_MEMORY. */
MUST_CHECK enum status json_template_learn(struct json_template *template, const struct json *json,
                                           size_t size, struct err *err);
/* True where the text has these gaps and between them values (RFC 8259) of any such kind; then
 * json->text and the tokens of those values are those of this text, and nothing else of `json` may
 * be used. The json is the one that the template was learned from. */
bool json_template_fits(struct json_template *template, struct json *json, const uint8_t *text,
                        size_t size);
void json_template_release(struct json_template *template);

#endif
