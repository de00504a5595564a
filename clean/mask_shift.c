/* clean/mask_shift.c: dates moved by days that a key decides, in the writing they had. */
#include "base/clock.h"
#include "clean/mask_write.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

static const char *const months[] = {"January",   "February", "March",    "April",
                                     "May",       "June",     "July",     "August",
                                     "September", "October",  "November", "December"};

/* ---- days ---- */

int64_t mask_shift_days(const struct mask_key *key, struct str entity, int64_t most)
{
    uint8_t digest[32];
    uint64_t value = 0;
    mask_key_digest(key, "SHIFT", entity, digest);
    for (size_t i = 0; i < 8; i++)
        value = value << 8 | digest[i];
    int64_t days = (int64_t)(value % ((uint64_t)most * 2)) + 1;
    return days <= most ? days : most - days;
}

/* ---- reading ---- */

enum part_kind { PART_NUMBER, PART_MONTH };
struct part {
    size_t first, end;
    enum part_kind kind;
    int value;
};
struct written {
    struct part parts[3];
    size_t count;
    size_t year, month, day; /* places in parts */
};

/* 1 to 12 for a month's name or its first letters, 0 for another word. */
static int month_of(struct str word)
{
    for (int i = 0; word.size >= 3 && i < 12; i++)
        if (word.size <= strlen(months[i]) && strncasecmp(months[i], word.data, word.size) == 0)
            return i + 1;
    return 0;
}

/* The first three numbers or months; "st", "of" and separators go by. */
static void read_parts(struct str text, struct written *ret)
{
    ret->count = 0;
    for (size_t at = 0; at < text.size && ret->count < 3;) {
        struct part part = {.first = at};
        if (is_digit(text.data[at])) {
            while (is_digit(peek(text, at)) && at - part.first < 4)
                part.value = part.value * 10 + text.data[at++] - '0';
        } else if (is_letter(text.data[at])) {
            while (is_letter(peek(text, at)))
                at++;
            part.kind = PART_MONTH;
            part.value = month_of((struct str){text.data + part.first, at - part.first});
            if (part.value == 0) continue;
        } else {
            at++;
            continue;
        }
        part.end = at;
        ret->parts[ret->count++] = part;
    }
}

/* Which part is what: a name is the month, four digits are the year; where both orders are
 * possible, / means month first and . or - day first. */
static bool decide(struct str text, struct written *w)
{
    if (w->count < 3) return false;
    const struct part *p = w->parts;
    if (p[0].kind == PART_MONTH || p[1].kind == PART_MONTH) {
        w->month = p[0].kind == PART_MONTH ? 0 : 1;
        w->day = 1 - w->month;
        w->year = 2;
    } else if (p[0].end - p[0].first == 4) {
        w->year = 0, w->month = 1, w->day = 2;
    } else {
        bool month_first = p[1].value > 12 || (p[0].value <= 12 && peek(text, p[0].end) == '/');
        w->month = month_first ? 0 : 1;
        w->day = month_first ? 1 : 0;
        w->year = 2;
    }
    return p[w->year].kind == PART_NUMBER && p[w->day].kind == PART_NUMBER;
}

static int full_year(const struct part *part)
{
    if (part->end - part->first > 2) return part->value;
    return part->value < 70 ? 2000 + part->value : 1900 + part->value;
}

bool mask_year_of(struct str text, int *ret)
{
    struct written w = {0};
    read_parts(text, &w);
    for (size_t i = 0; i < w.count; i++)
        if (w.parts[i].kind == PART_NUMBER && w.parts[i].end - w.parts[i].first == 4) {
            *ret = w.parts[i].value;
            return true;
        }
    if (!decide(text, &w)) return false;
    *ret = full_year(&w.parts[w.year]);
    return true;
}

/* ---- writing ---- */

static enum status write_month(struct str before, int month, struct bytes *ret, struct err *err)
{
    char name[16];
    bool whole = before.size > 4 || (before.size == 3 && strncasecmp(before.data, "may", 3) == 0);
    snprintf(name, sizeof name, "%.*s", whole ? 15 : 3, months[month - 1]);
    for (size_t i = 0; name[i] != '\0'; i++)
        if (before.data[i == 0 ? 0 : 1] >= 'a') {
            if (i > 0 || before.data[0] >= 'a') name[i] = (char)tolower((unsigned char)name[i]);
        } else {
            name[i] = (char)toupper((unsigned char)name[i]);
        }
    return bytes_append_text(ret, name, err);
}

/* Days and months below ten have a zero in front, as far as what was written tells. */
static bool is_padded(const struct written *w)
{
    for (size_t i = 0; i < w->count; i++)
        if (w->parts[i].kind == PART_NUMBER && w->parts[i].end - w->parts[i].first == 1)
            return false;
    return true;
}

static enum status write_part(struct str text, const struct part *part, int value, bool padded,
                              struct bytes *ret, struct err *err)
{
    struct str before = {text.data + part->first, part->end - part->first};
    if (part->kind == PART_MONTH) return write_month(before, value, ret, err);
    if (before.size == 4) return bytes_format(ret, err, "%04d", value);
    return bytes_format(ret, err, padded ? "%02d" : "%d", value % 100);
}

enum status mask_shift_text(struct str text, int64_t days, struct bytes *ret, bool *ret_done,
                            struct err *err)
{
    struct written w = {0};
    int64_t year;
    int month, day;
    size_t at = 0;
    *ret_done = false;
    read_parts(text, &w);
    if (!decide(text, &w)) return STATUS_OK;
    year = full_year(&w.parts[w.year]);
    if (!civil_exists(year, w.parts[w.month].value, w.parts[w.day].value)) return STATUS_OK;
    days += days_from_civil(year, w.parts[w.month].value, w.parts[w.day].value);
    civil_from_days(days, &year, &month, &day);
    for (size_t i = 0; i < 3; i++) {
        int value = i == w.year ? (int)year : i == w.month ? month : day;
        TRY(bytes_append(ret, text.data + at, w.parts[i].first - at, err));
        bool padded = i == w.year || is_padded(&w);
        TRY(write_part(text, &w.parts[i], value, padded, ret, err));
        at = w.parts[i].end;
    }
    *ret_done = true;
    return bytes_append(ret, text.data + at, text.size - at, err);
}
