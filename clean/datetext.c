/* clean/datetext.c: takes a date apart with one pass over its text. */
#include "clean/datetext.h"

#include "base/clock.h"
#include "clean/datetext_words.h"

#define TEXT_MAXIMUM 80
#define MICROS       INT64_C(1000000)

struct scan {
    const char *at, *end;
    struct date_text *date;
    bool failed;
    bool has_hour; /* a number was taken as the hour */
    bool has_half; /* am or pm was read */
    int last_unit; /* 0 hours, 1 minutes, 2 seconds; -1 = none */
};

/* ---- characters ---- */

static bool is_digit_at(const struct scan *scan, size_t offset)
{
    return (size_t)(scan->end - scan->at) > offset && scan->at[offset] >= '0' &&
           scan->at[offset] <= '9';
}

static bool is_letter(char byte)
{
    unsigned char low = (unsigned char)(byte | 0x20);
    return (low >= 'a' && low <= 'z') || (unsigned char)byte >= 0x80;
}

static char peek(const struct scan *scan, size_t offset)
{
    return (size_t)(scan->end - scan->at) > offset ? scan->at[offset] : '\0';
}

static void skip_blanks(struct scan *scan)
{
    while (peek(scan, 0) == ' ')
        scan->at++;
}

/* A run of digits; its count is what the meaning hangs on. */
static int64_t take_number(struct scan *scan, int *ret_digits)
{
    int64_t value = 0;
    int digits = 0;
    while (is_digit_at(scan, 0)) {
        if (digits < 18) value = value * 10 + (*scan->at - '0');
        digits++;
        scan->at++;
    }
    *ret_digits = digits;
    return value;
}

/* Letters, with the dots of "a.m." and without those of "Aug.". */
static struct str take_word(struct scan *scan)
{
    const char *start = scan->at;
    char low = (char)(*start | 0x20);
    if ((low == 'a' || low == 'p') && peek(scan, 1) == '.' && (peek(scan, 2) | 0x20) == 'm') {
        scan->at += 3;
        if (peek(scan, 0) == '.') scan->at++;
        return str_of(low == 'a' ? "am" : "pm");
    }
    while (scan->at < scan->end && is_letter(*scan->at))
        scan->at++;
    return (struct str){start, (size_t)(scan->at - start)};
}

/* The word that follows, without taking it. */
static enum word_kind word_ahead(struct scan scan, int32_t *ret_value)
{
    skip_blanks(&scan);
    if (scan.at >= scan.end || !is_letter(*scan.at)) return WORD_UNKNOWN;
    return date_word(take_word(&scan), ret_value);
}

/* ---- times ---- */

static void take_fraction(struct scan *scan)
{
    int32_t unit = 100000, micros = 0;
    scan->at++;
    while (is_digit_at(scan, 0)) {
        micros += (*scan->at++ - '0') * unit;
        unit /= 10;
    }
    scan->date->reading.micros = micros;
}

static void set_time(struct scan *scan, int64_t hour, int64_t minute, int64_t second)
{
    struct date_reading *reading = &scan->date->reading;
    if (reading->has_time || hour > 24 || minute > 59 || second > 60) scan->failed = true;
    if (hour == 24 && (minute > 0 || second > 0)) scan->failed = true;
    reading->has_time = scan->has_hour = true;
    reading->hour = (int)hour;
    reading->minute = (int)minute;
    reading->second = (int)(second > 59 ? 59 : second);
}

/* Behind the hour: ":36:28.5", ":36", or ".36" where a date is complete. */
static void take_clock(struct scan *scan, int64_t hour)
{
    int digits = 0;
    int64_t minute = 0, second = 0;
    scan->at++;
    minute = take_number(scan, &digits);
    if (digits > 2) scan->failed = true;
    if (peek(scan, 0) == ':' && is_digit_at(scan, 1)) {
        scan->at++;
        second = take_number(scan, &digits);
        if (digits > 2) scan->failed = true;
    }
    set_time(scan, hour, minute, second);
    if ((peek(scan, 0) == '.' || peek(scan, 0) == ',') && is_digit_at(scan, 1)) take_fraction(scan);
}

/* "10h36m28s", "10 h 36", "7 hours 10 minutes". */
static void take_unit(struct scan *scan, int64_t value, int unit)
{
    struct date_reading *reading = &scan->date->reading;
    if (value > (unit == 0 ? 24 : 59) || unit <= scan->last_unit) scan->failed = true;
    if (unit == 0) reading->hour = (int)value;
    if (unit == 1) reading->minute = (int)value;
    if (unit == 2) reading->second = (int)value;
    reading->has_time = true;
    scan->has_hour |= unit == 0;
    scan->last_unit = unit;
}

/* Compact times: "104941", "1049", "10". */
static void take_compact_time(struct scan *scan, int64_t value, int digits)
{
    if (digits <= 2)
        set_time(scan, value, 0, 0);
    else if (digits == 4)
        set_time(scan, value / 100, value % 100, 0);
    else if (digits == 6)
        set_time(scan, value / 10000, value / 100 % 100, value % 100);
    else
        scan->failed = true;
    if (digits == 6 && peek(scan, 0) == '.' && is_digit_at(scan, 1)) take_fraction(scan);
}

static void take_half(struct scan *scan, int32_t half)
{
    struct date_reading *reading = &scan->date->reading;
    if (!scan->has_hour || scan->has_half || reading->hour > 12) {
        scan->failed |= !scan->has_hour || scan->has_half;
        return; /* "13:20 pm" says the same twice */
    }
    scan->has_half = true;
    reading->hour = reading->hour % 12 + half;
}

static void take_offset(struct scan *scan)
{
    int sign = *scan->at++ == '-' ? -1 : 1, digits = 0, more = 0;
    int64_t hours = take_number(scan, &digits), minutes = 0;
    if (digits == 4) {
        minutes = hours % 100;
        hours /= 100;
    } else if (peek(scan, 0) == ':' && is_digit_at(scan, 1)) {
        scan->at++;
        minutes = take_number(scan, &more);
    }
    if (hours > 15 || minutes > 59 || digits > 4 || digits == 3) scan->failed = true;
    scan->date->reading.has_zone = true;
    scan->date->reading.offset = (int32_t)(sign * (hours * 3600 + minutes * 60));
}

/* ---- dates ---- */

static bool date_complete(const struct date_text *date)
{
    return date->reading.has_date || date->count + (date->month > 0) == 3;
}

static void push_number(struct scan *scan, int64_t value, int digits)
{
    struct date_text *date = scan->date;
    if (date_complete(date) || digits > 4 || digits == 3) {
        scan->failed = true;
        return;
    }
    date->numbers[date->count] = (int)value;
    date->digits[date->count++] = digits;
}

/* 19970902, 199709020908, 19970902090807 and, in the middle of nothing else, nothing shorter. */
static void take_compact_date(struct scan *scan, int64_t value, int digits)
{
    struct date_reading *reading = &scan->date->reading;
    int64_t time = 0;
    if (digits == 14) {
        time = value % 1000000;
        value /= 1000000;
    } else if (digits == 12) {
        time = value % 10000 * 100;
        value /= 10000;
    }
    reading->has_date = true;
    reading->year = value / 10000;
    reading->month = (int)(value / 100 % 100);
    reading->day = (int)(value % 100);
    if (digits > 8) set_time(scan, time / 10000, time / 100 % 100, time % 100);
}

/* ---- one token ---- */

static void take_digits(struct scan *scan, bool behind_apostrophe)
{
    struct date_text *date = scan->date;
    int digits = 0;
    int32_t value = 0;
    int64_t number = take_number(scan, &digits);
    bool fresh = date->count == 0 && date->month == 0 && !date->reading.has_date;
    bool free_time = !date->reading.has_time;
    enum word_kind ahead = word_ahead(*scan, &value);
    if (free_time && peek(scan, 0) == ':' && is_digit_at(scan, 1)) {
        take_clock(scan, number);
    } else if (ahead == WORD_UNIT && (free_time || scan->last_unit >= 0)) {
        skip_blanks(scan);
        take_word(scan);
        take_unit(scan, number, (int)value);
    } else if (scan->last_unit >= 0 && scan->last_unit < 2 && digits <= 2) {
        take_unit(scan, number, scan->last_unit + 1); /* 10h36 */
    } else if (free_time && ahead == WORD_HALF && digits <= 2) {
        set_time(scan, number, 0, 0);
    } else if (fresh && (digits == 8 || digits == 12 || digits == 14)) {
        take_compact_date(scan, number, digits);
    } else if (date_complete(date) && free_time && digits <= 2 && peek(scan, 0) == '.' &&
               is_digit_at(scan, 1)) {
        take_clock(scan, number);
    } else if (date_complete(date) && free_time) {
        take_compact_time(scan, number, digits);
    } else {
        push_number(scan, number, behind_apostrophe && digits == 2 ? 2 : digits);
        if (behind_apostrophe && date->count > 0) {
            date->numbers[date->count - 1] = (int)(number + (number < 69 ? 2000 : 1900));
            date->digits[date->count - 1] = 4;
        }
    }
}

static void take_letters(struct scan *scan)
{
    struct date_text *date = scan->date;
    int32_t value = 0;
    switch (date_word(take_word(scan), &value)) {
    case WORD_MONTH:
        if (date->month > 0 || date->reading.has_date || date->count > 2) scan->failed = true;
        date->month = (int)value;
        date->month_at = date->count;
        break;
    case WORD_HALF: take_half(scan, value); break;
    case WORD_ZONE:
        if (!date->reading.has_time || date->reading.has_zone) scan->failed = true;
        date->reading.has_zone = true;
        date->reading.offset = value;
        break;
    case WORD_MIDNIGHT: set_time(scan, value, 0, 0); break;
    case WORD_ORDINAL: scan->failed |= date->count == 0; break;
    case WORD_TIME: scan->failed |= !date_complete(date); break;
    case WORD_FILLER: break;
    case WORD_UNIT:
    case WORD_UNKNOWN: scan->failed = true; break;
    }
}

static void take_token(struct scan *scan)
{
    char byte = *scan->at;
    if (byte >= '0' && byte <= '9') {
        take_digits(scan, false);
    } else if (byte == '\'' && is_digit_at(scan, 1)) {
        scan->at++;
        take_digits(scan, true);
    } else if ((byte == '+' || byte == '-') && scan->date->reading.has_time &&
               !scan->date->reading.has_zone && is_digit_at(scan, 1) && date_complete(scan->date)) {
        take_offset(scan);
    } else if (is_letter(byte)) {
        take_letters(scan);
    } else if (byte != '\0' && strchr(" ,.-/;[]()|@", byte) != NULL) {
        scan->at++;
    } else {
        scan->failed = true;
    }
}

static bool has_digit(struct str text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] >= '0' && text.data[i] <= '9') return true;
    return false;
}

bool date_scan(struct str text, struct date_text *ret)
{
    *ret = (struct date_text){0};
    text = str_trim(text);
    if (text.size < 3 || text.size >= TEXT_MAXIMUM || !has_digit(text)) return false;
    struct scan scan = {text.data, text.data + text.size, ret, .last_unit = -1};
    while (scan.at < scan.end && !scan.failed)
        take_token(&scan);
    if (scan.failed) return false;
    if (ret->count + (ret->month > 0) != 0 && !date_complete(ret)) return false;
    ret->needs_order = ret->count == 3 && ret->month == 0 && ret->digits[0] != 4;
    return date_complete(ret) || ret->reading.has_time;
}

/* ---- meaning ---- */

static int64_t whole_year(int value, int digits)
{
    return digits > 2 ? value : value + (value < 69 ? 2000 : 1900);
}

static bool is_year(const struct date_text *text, int i)
{
    return text->digits[i] == 4 || text->numbers[i] > 31;
}

/* Day and year beside a month name: what can be no day is the year; else by where they stand. */
static bool read_named(const struct date_text *text, struct date_reading *ret)
{
    int year = text->month_at == 2 ? 0 : 1;
    if (is_year(text, 0)) year = 0;
    if (is_year(text, 1)) year = is_year(text, 0) ? -1 : 1;
    if (year < 0 || text->digits[year] < 2) return false;
    ret->year = whole_year(text->numbers[year], text->digits[year]);
    ret->month = text->month;
    ret->day = text->numbers[1 - year];
    return true;
}

static bool read_numbers(const struct date_text *text, enum date_order order,
                         struct date_reading *ret)
{
    static const int slots[ORDER_COUNT][3] = {{2, 1, 0}, {2, 0, 1}, {0, 1, 2}};
    if (text->digits[0] == 4) order = ORDER_YEAR_FIRST;
    const int *slot = slots[order];
    if (text->digits[slot[0]] < 2 || text->digits[slot[1]] > 2 || text->digits[slot[2]] > 2)
        return false;
    ret->year = whole_year(text->numbers[slot[0]], text->digits[slot[0]]);
    ret->month = text->numbers[slot[1]];
    ret->day = text->numbers[slot[2]];
    return true;
}

bool date_read(const struct date_text *text, enum date_order order, struct date_reading *ret)
{
    *ret = text->reading;
    if (!ret->has_date && text->count == 0 && text->month == 0) return true; /* a time alone */
    if (!ret->has_date) {
        bool read = text->month > 0 ? read_named(text, ret) : read_numbers(text, order, ret);
        if (!read) return false;
        ret->has_date = true;
    }
    return ret->month >= 1 && ret->month <= 12 && civil_exists(ret->year, ret->month, ret->day);
}

int32_t date_days(const struct date_reading *reading)
{
    return (int32_t)days_from_civil(reading->year, reading->month, reading->day);
}

int64_t date_time_of_day(const struct date_reading *reading)
{
    int64_t seconds =
        (int64_t)reading->hour * 3600 + (int64_t)reading->minute * 60 + reading->second;
    return seconds * MICROS + reading->micros;
}

int64_t date_micros(const struct date_reading *reading, bool zones)
{
    int64_t micros = date_days(reading) * (86400 * MICROS) + date_time_of_day(reading);
    return zones && reading->has_zone ? micros - reading->offset * MICROS : micros;
}
