/* clean/hide.c: masks what a step tells about itself. */
#include "clean/hide.h"

#include "base/yaml.h"

#include <stdio.h>

#define SHOWN_MAXIMUM ((size_t)256 << 20)

bool hides(const struct redactor *redactor)
{
    for (size_t i = 0; i < redactor->count; i++)
        if (redactor->steps[i].module->redact != NULL) return true;
    return false;
}

static bool is_column(const struct redactor *redactor, struct str text)
{
    for (size_t i = 0; i < redactor->count; i++) {
        const struct step *step = &redactor->steps[i];
        if (step->before != NULL && schema_find(step->before, text) >= 0) return true;
        if (step->after != NULL && schema_find(step->after, text) >= 0) return true;
    }
    return false;
}

/* ---- JSON ---- */

/* Behind the closing quote of the string that begins at `at`. */
static size_t string_end(struct str json, size_t at)
{
    for (at++; at < json.size && json.data[at] != '"'; at++)
        if (json.data[at] == '\\') at++;
    return at < json.size ? at + 1 : json.size;
}

static size_t number_end(struct str json, size_t at)
{
    while (at < json.size && strchr("+-.0123456789eE", json.data[at]) != NULL)
        at++;
    return at;
}

/* The text of a string with its escapes undone. */
static enum status plain_text(struct str quoted, struct yaml **ret, struct str *ret_text,
                              struct err *err)
{
    TRY(yaml_parse_within(ret, NULL, quoted, SHOWN_MAXIMUM, 16, err));
    const struct yaml_node *root = yaml_root(*ret);
    *ret_text = root == NULL ? (struct str){NULL, 0} : root->text;
    return STATUS_OK;
}

static enum status hide_string(const struct redactor *redactor, int position, struct str quoted,
                               struct bytes *ret, struct err *err)
{
    OWNED(yaml_close) struct yaml *yaml = NULL;
    OWNED(bytes_release) struct bytes scratch = bytes_limited(SHOWN_MAXIMUM);
    struct str text, shown;
    if (quoted.size < 6) return bytes_append(ret, quoted.data, quoted.size, err);
    TRY(plain_text(quoted, &yaml, &text, err));
    if (is_column(redactor, text)) return bytes_append(ret, quoted.data, quoted.size, err);
    TRY(redact(redactor, position, NULL, text, &scratch, &shown, err));
    if (str_equal(shown, text)) return bytes_append(ret, quoted.data, quoted.size, err);
    return bytes_append_json(ret, shown, err);
}

static enum status hide_number(const struct redactor *redactor, int position, struct str number,
                               struct bytes *ret, struct err *err)
{
    OWNED(bytes_release) struct bytes scratch = bytes_limited(1 << 16);
    struct str shown;
    if (number.size < 7) return bytes_append(ret, number.data, number.size, err);
    TRY(redact(redactor, position, NULL, number, &scratch, &shown, err));
    if (str_equal(shown, number)) return bytes_append(ret, number.data, number.size, err);
    return bytes_append_json(ret, shown, err);
}

enum status hide_json(const struct redactor *redactor, int position, struct bytes *json,
                      size_t from, struct err *err)
{
    OWNED(bytes_release) struct bytes shown = bytes_limited(json->limit);
    struct str text = {(const char *)json->data, json->size};
    if (!hides(redactor)) return STATUS_OK;
    for (size_t at = from, end; at < text.size; at = end) {
        char c = text.data[at];
        if (c == '"') {
            end = string_end(text, at);
            TRY(hide_string(redactor, position, (struct str){text.data + at, end - at}, &shown,
                            err));
        } else if (c == '-' || (c >= '0' && c <= '9')) {
            end = number_end(text, at);
            TRY(hide_number(redactor, position, (struct str){text.data + at, end - at}, &shown,
                            err));
        } else {
            end = at + 1;
            TRY(bytes_append(&shown, &c, 1, err));
        }
    }
    json->size = from;
    return bytes_append(json, shown.data, shown.size, err);
}

/* ---- lines ---- */

enum status hide_lines(const struct redactor *redactor, int position, struct bytes *lines,
                       struct err *err)
{
    OWNED(bytes_release) struct bytes scratch = bytes_limited(SHOWN_MAXIMUM);
    struct str shown, text = {(const char *)lines->data, lines->size};
    if (!hides(redactor) || lines->size == 0) return STATUS_OK;
    TRY(redact(redactor, position, NULL, text, &scratch, &shown, err));
    if (str_equal(shown, text)) return STATUS_OK;
    lines->size = 0;
    return bytes_append(lines, shown.data, shown.size, err);
}

enum status hide_checks(const struct redactor *redactor, int position,
                        struct check_results *results, struct err *err)
{
    OWNED(bytes_release) struct bytes scratch = bytes_limited(1 << 16);
    if (!hides(redactor)) return STATUS_OK;
    for (size_t i = 0; i < results->count; i++) {
        char *found = results->items[i].found;
        struct str shown;
        TRY(redact(redactor, position, NULL, str_of(found), &scratch, &shown, err));
        if (shown.data == found) continue;
        snprintf(found, sizeof results->items[i].found, "%.*s", (int)shown.size, shown.data);
    }
    return STATUS_OK;
}

/* ---- errors ---- */

void hide_error(const struct redactor *redactor, struct err *err)
{
    OWNED(bytes_release) struct bytes scratch = bytes_limited(1 << 16);
    struct str shown;
    if (err == NULL || redactor->not_opened || !hides(redactor)) return;
    char message[sizeof err->message];
    memcpy(message, err->message, sizeof message);
    if (redact(redactor, 0, NULL, str_of(message), &scratch, &shown, NULL) != STATUS_OK)
        shown = str_of("an error whose text cannot be shown masked");
    snprintf(err->message, sizeof err->message, "%.*s", (int)shown.size, shown.data);
}
