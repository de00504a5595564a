/* ingest/csv_pattern.c: what a cell looks like, for guesses about tables.
 *
 * value.c decides what a column is and is strict; here a cell only has to look like what people
 * write: "1,234.50", "12 %", "$74.69", "28/01/2018", "14-Jan-13", "10:45 pm". The patterns are
 * ours; van den Burg, Nazabal and Sutton (2019), section 4.3, list the kinds. */
#include "ingest/csv_sample.h"

#include <strings.h>

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static struct str trimmed(struct str text)
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text.data++;
        text.size--;
    }
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t'))
        text.size--;
    return text;
}

static bool starts(struct str text, const char *with)
{
    size_t size = strlen(with);
    return text.size >= size && memcmp(text.data, with, size) == 0;
}

static struct str without(struct str text, size_t front, size_t back)
{
    return (struct str){text.data + front, text.size - front - back};
}

/* Drops a sign, a currency sign or code, brackets of a negative amount, a percent sign. */
static struct str bare_number(struct str text)
{
    static const char *const currencies[] = {"$", "£", "€", "¥", "EUR", "USD", "GBP"};
    if (text.size > 2 && text.data[0] == '(' && text.data[text.size - 1] == ')')
        text = without(text, 1, 1);
    for (int times = 0; times < 2; times++) {
        if (text.size > 1 && (text.data[0] == '-' || text.data[0] == '+'))
            text = without(text, 1, 0);
        for (size_t i = 0; i < sizeof currencies / sizeof *currencies; i++)
            if (starts(text, currencies[i]))
                text = trimmed(without(text, strlen(currencies[i]), 0));
    }
    if (text.size > 1 && text.data[text.size - 1] == '%') text = trimmed(without(text, 0, 1));
    return text;
}

/* Digits with one kind of mark between thousands, another in front of decimals, an exponent. */
static bool is_number(struct str text)
{
    text = bare_number(text);
    size_t at = 0, group = 0, marks = 0;
    char mark = 0, last = 0;
    if (text.size == 0 || !(is_digit(text.data[0]) || text.data[0] == '.')) return false;
    for (; at < text.size; at++) {
        char byte = text.data[at];
        if (is_digit(byte)) {
            group++;
            continue;
        }
        if (byte != '.' && byte != ',') break;
        if (marks > 0 && (last != mark || (byte == mark && group != 3))) return false;
        if (marks == 0) mark = byte;
        if (marks > 0 && byte != mark && group != 3) return false;
        last = byte;
        marks++;
        group = 0;
    }
    if (at == text.size) return group > 0 || (marks == 1 && at > 1);
    if ((text.data[at] | 0x20) != 'e') return false;
    at++;
    if (at < text.size && (text.data[at] == '-' || text.data[at] == '+')) at++;
    size_t digits = at;
    while (at < text.size && is_digit(text.data[at]))
        at++;
    return at == text.size && at > digits;
}

/* 10:45, 10:45:03.5, with am, pm, Z or an offset behind it. */
static bool is_time(struct str text)
{
    size_t at = 0, colons = 0, digits = 0;
    for (; at < text.size && (is_digit(text.data[at]) || text.data[at] == ':' ||
                              (text.data[at] == '.' && colons == 2));
         at++) {
        if (text.data[at] == ':' && (digits == 0 || digits > 2)) return false;
        colons += text.data[at] == ':';
        digits = is_digit(text.data[at]) ? digits + 1 : 0;
    }
    if (colons == 0 || colons > 2 || digits == 0) return false;
    struct str rest = trimmed(without(text, at, 0));
    if (rest.size == 0 || str_is(rest, "Z")) return true;
    if (rest.size == 2 && (rest.data[1] | 0x20) == 'm')
        return (rest.data[0] | 0x20) == 'a' || (rest.data[0] | 0x20) == 'p';
    return (rest.data[0] == '+' || rest.data[0] == '-') && rest.size <= 6 && is_digit(rest.data[1]);
}

static bool is_month(const char *letters)
{
    static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    for (size_t i = 0; i < sizeof months - 1; i += 3)
        if (strncasecmp(months + i, letters, 3) == 0) return true;
    return false;
}

/* One part of a date: up to four digits or the name of a month; returns its bytes. */
static size_t date_part(struct str text, size_t at, bool *ret_month)
{
    size_t from = at;
    while (at < text.size && is_digit(text.data[at]))
        at++;
    if (at > from) return at - from <= 4 ? at - from : 0;
    while (at < text.size && is_letter(text.data[at]))
        at++;
    *ret_month = at - from >= 3 && is_month(text.data + from);
    return *ret_month ? at - from : 0;
}

/* Two or three parts with the same mark between them (two: one is a month), and perhaps a time. */
static bool is_date(struct str text)
{
    size_t parts = 0, at = 0;
    char mark = 0;
    bool month = false;
    while (parts < 3) {
        size_t size = date_part(text, at, &month);
        if (size == 0) break;
        at += size;
        parts++;
        if (parts == 3 || at >= text.size) break;
        char byte = text.data[at];
        if (byte != '-' && byte != '/' && byte != '.' && byte != ' ') break;
        if (mark != 0 && byte != mark) break;
        mark = byte;
        at++;
    }
    if (parts < 2 || (!month && (parts < 3 || mark == ' '))) return false;
    if (at >= text.size) return true;
    if (parts < 3 || (text.data[at] != ' ' && text.data[at] != 'T')) return false;
    return is_time(without(text, at + 1, 0));
}

bool csv_looks_like_value(struct str text)
{
    text = trimmed(text);
    if (text.size == 0 || text.size > 64) return false;
    struct value_day day = {.known = false};
    return value_classes(text, VALUE_ANY, &day) != 0 || is_number(text) || is_time(text) ||
           is_date(text);
}

/* A scheme and no blank, or something like name@host. */
static bool is_address(struct str text)
{
    if (memchr(text.data, ' ', text.size) != NULL) return false;
    if (starts(text, "http://") || starts(text, "https://") || starts(text, "www.")) return true;
    const char *at = memchr(text.data, '@', text.size);
    return at != NULL && memchr(at, '.', text.size - (size_t)(at - text.data)) != NULL;
}

bool csv_looks_known(struct str text)
{
    if (text.size == 0 || csv_looks_like_value(text)) return true;
    if (text.data[0] == '\'' || text.data[text.size - 1] == '\'') return false;
    bool words = true;
    for (size_t i = 0; i < text.size && words; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        words = byte >= 0x20 && strchr("\",;|^~", byte) == NULL;
    }
    return words || is_address(text);
}

bool csv_looks_missing(struct str text)
{
    static const char *const words[] = {"na",  "n/a",     "nan",     "null",          "none",
                                        "nil", "missing", "unknown", "not available", "tbc",
                                        "tbd", "x",       "inf",     "-inf"};
    text = trimmed(text);
    bool letters = false;
    for (size_t i = 0; i < text.size; i++)
        letters = letters || is_letter(text.data[i]) || is_digit(text.data[i]) ||
                  (unsigned char)text.data[i] >= 0x80;
    if (!letters) return true; /* "", "-", "..", "?" */
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i]) == text.size && strncasecmp(words[i], text.data, text.size) == 0)
            return true;
    return false;
}
