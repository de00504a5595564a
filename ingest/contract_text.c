/* ingest/contract_text.c: rules about values as text: patterns and lengths. */
#include "ingest/contract_fit_state.h"

#include "columnar/value_text.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

#define MATCH_LIMIT    1000000
#define MATCH_HEAP_KIB 20000

struct contract_pattern {
    pcre2_code *code;
};

/* ---- reading ---- */

enum status contract_pattern_open(struct contract_pattern **ret, const char *text, struct err *err)
{
    OWNED(contract_pattern_close) struct contract_pattern *pattern = NULL;
    int code;
    PCRE2_SIZE at;
    uint32_t options = PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_NEVER_BACKSLASH_C;
    TRY(NEW(&pattern, 1, err));
    pattern->code =
        pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, options, &code, &at, NULL);
    if (pattern->code == NULL) {
        PCRE2_UCHAR reason[128];
        pcre2_get_error_message(code, reason, sizeof reason);
        return fail(err, STATUS_USAGE, "pattern \"%s\", character %zu: %s", text, (size_t)at + 1,
                    (const char *)reason);
    }
    (void)pcre2_jit_compile(pattern->code, PCRE2_JIT_COMPLETE); /* slower without */
    *ret = pattern;
    pattern = NULL;
    return STATUS_OK;
}

void contract_pattern_close(struct contract_pattern **pattern)
{
    if (*pattern == NULL) return;
    pcre2_code_free((*pattern)->code);
    memory_free(*pattern);
    *pattern = NULL;
}

static bool read_length(const char *text, int64_t *ret)
{
    char *end;
    *ret = strtoll(text, &end, 10);
    return end != text && *end == '\0' && *ret >= 0;
}

enum status contract_length_read(const struct text_list *list, int64_t *ret_least,
                                 int64_t *ret_most, struct err *err)
{
    bool good = list->count == 1 || list->count == 2;
    *ret_least = 0;
    *ret_most = INT64_MAX;
    if (list->count == 0) return STATUS_OK;
    good = good && read_length(list->items[0], ret_least) &&
           read_length(list->items[list->count - 1], ret_most) && *ret_least <= *ret_most;
    return good ? STATUS_OK
                : fail(err, STATUS_USAGE, "length is a number of characters, or [LEAST, MOST]");
}

/* ---- checking ---- */

struct matching {
    pcre2_match_data *data;
    pcre2_match_context *context;
    struct bytes text;
};

static void matching_close(struct matching *matching)
{
    pcre2_match_data_free(matching->data);
    pcre2_match_context_free(matching->context);
    bytes_release(&matching->text);
}

static enum status matching_open(struct matching *matching, const struct contract_pattern *pattern,
                                 struct err *err)
{
    matching->text = bytes_limited(INT32_MAX);
    if (pattern == NULL) return STATUS_OK;
    matching->data = pcre2_match_data_create_from_pattern(pattern->code, NULL);
    matching->context = pcre2_match_context_create(NULL);
    if (matching->data == NULL || matching->context == NULL) return fail_memory(err, 256);
    pcre2_set_match_limit(matching->context, MATCH_LIMIT);
    pcre2_set_heap_limit(matching->context, MATCH_HEAP_KIB);
    return STATUS_OK;
}

/* Code points; of bytes that are no UTF-8, bytes but those that continue one. */
static int64_t count_characters(struct str text)
{
    int64_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += ((uint8_t)text.data[i] & 0xc0) != 0x80;
    return count;
}

/* A pattern that needs too many steps does not match. */
static bool matches(const struct matching *matching, const struct contract_pattern *pattern,
                    struct str text)
{
    return pcre2_match(pattern->code, (PCRE2_SPTR)(text.size == 0 ? "" : text.data), text.size, 0,
                       0, matching->data, matching->context) >= 0;
}

enum status fit_texts(const struct contract_column *rule, const struct field *field,
                      const struct array *array, uint8_t *ret, struct err *err)
{
    OWNED(matching_close) struct matching matching = {0};
    bool limited = rule->length_least > 0 || rule->length_most < INT64_MAX;
    memset(ret, FIT_FINE, (size_t)array->length);
    if (rule->pattern == NULL && !limited) return STATUS_OK;
    TRY(matching_open(&matching, rule->pattern, err));
    for (int64_t row = 0; row < array->length; row++) {
        if (value_is_null(field, array, row)) continue;
        matching.text.size = 0;
        TRY(value_plain(field, array, row, &matching.text, err));
        struct str text = {(const char *)matching.text.data, matching.text.size};
        int64_t characters = limited ? count_characters(text) : 0;
        if (limited && (characters < rule->length_least || characters > rule->length_most))
            ret[row] = FIT_LENGTH;
        else if (rule->pattern != NULL && !matches(&matching, rule->pattern, text))
            ret[row] = FIT_PATTERN;
    }
    return STATUS_OK;
}
