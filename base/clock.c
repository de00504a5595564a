/* base/clock.c: UTC time and run identifiers. */
#include "base/clock.h"

#include <sodium.h>
#include <stdio.h>
#include <time.h>

#define MICROS 1000000

int64_t clock_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * MICROS + now.tv_nsec / 1000;
}

double clock_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": years begin in March, so that the
 * leap day is the last one; eras of 400 years. */
int64_t days_from_civil(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

void civil_from_days(int64_t days, int64_t *ret_year, int *ret_month, int *ret_day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;
    *ret_day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    *ret_month = (int)(month < 10 ? month + 3 : month - 9);
    *ret_year = year_of_era + era * 400 + (*ret_month <= 2);
}

bool civil_exists(int64_t year, int month, int day)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12 || day < 1) return false;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return day <= lengths[month - 1] + (month == 2 && leap);
}

char *time_text(int64_t microseconds, char ret[TIME_TEXT])
{
    int64_t days = microseconds / (86400LL * MICROS), rest = microseconds % (86400LL * MICROS);
    if (rest < 0) {
        rest += 86400LL * MICROS;
        days--;
    }
    int64_t year;
    int month, day;
    civil_from_days(days, &year, &month, &day);
    int seconds = (int)(rest / MICROS);
    snprintf(ret, TIME_TEXT, "%04lld-%02d-%02dT%02d:%02d:%02d.%06dZ", (long long)year, month, day,
             seconds / 3600, seconds / 60 % 60, seconds % 60, (int)(rest % MICROS));
    return ret;
}

/* Exactly `digits` digits at the front of `text`, taken off it. */
static bool take_number(struct str *text, int digits, int *ret)
{
    if (text->size < (size_t)digits) return false;
    int value = 0;
    for (int i = 0; i < digits; i++) {
        if (text->data[i] < '0' || text->data[i] > '9') return false;
        value = value * 10 + (text->data[i] - '0');
    }
    text->data += digits;
    text->size -= (size_t)digits;
    *ret = value;
    return true;
}

static bool take_char(struct str *text, const char *any)
{
    if (text->size == 0 || strchr(any, text->data[0]) == NULL || text->data[0] == '\0')
        return false;
    text->data++;
    text->size--;
    return true;
}

static bool take_fraction(struct str *text, int64_t *ret_micros)
{
    *ret_micros = 0;
    if (!take_char(text, ".,")) return true;
    int64_t scale = MICROS / 10;
    size_t digits = 0;
    while (text->size > 0 && text->data[0] >= '0' && text->data[0] <= '9') {
        *ret_micros += (text->data[0] - '0') * scale;
        scale /= 10;
        text->data++;
        text->size--;
        digits++;
    }
    return digits > 0;
}

static bool take_zone(struct str *text, int64_t *ret_seconds)
{
    *ret_seconds = 0;
    if (text->size == 0) return true;
    if (take_char(text, "Zz")) return text->size == 0;
    bool west = text->data[0] == '-';
    int hours, minutes;
    if (!take_char(text, "+-") || !take_number(text, 2, &hours)) return false;
    take_char(text, ":");
    if (!take_number(text, 2, &minutes) || hours > 23 || minutes > 59) return false;
    *ret_seconds = (west ? -1 : 1) * (hours * 3600 + minutes * 60);
    return text->size == 0;
}

static bool parse_time(struct str text, int64_t *ret)
{
    int year, month, day, hour, minute, second = 0;
    int64_t micros = 0, zone = 0;
    if (!take_number(&text, 4, &year) || !take_char(&text, "-") || !take_number(&text, 2, &month) ||
        !take_char(&text, "-") || !take_number(&text, 2, &day) || !civil_exists(year, month, day))
        return false;
    int64_t days = days_from_civil(year, month, day);
    *ret = days * 86400 * MICROS;
    if (text.size == 0) return true;
    if (!take_char(&text, "Tt ") || !take_number(&text, 2, &hour) || !take_char(&text, ":") ||
        !take_number(&text, 2, &minute))
        return false;
    if (take_char(&text, ":") &&
        (!take_number(&text, 2, &second) || !take_fraction(&text, &micros)))
        return false;
    if (hour > 23 || minute > 59 || second > 59 || !take_zone(&text, &zone)) return false;
    *ret += (hour * 3600LL + minute * 60 + second - zone) * MICROS + micros;
    return true;
}

enum status time_parse(struct str text, int64_t *ret_microseconds, struct err *err)
{
    if (parse_time(str_trim(text), ret_microseconds)) return STATUS_OK;
    char shown[64];
    enum status status = fail(err, STATUS_USAGE, "\"%s\" is not a time",
                              escape_for_terminal(text, shown, sizeof shown));
    err_hint(err, "write it like 2026-11-24T04:53:23Z or 2026-11-24");
    return status;
}

char *uuid7(char ret[UUID_TEXT])
{
    uint8_t bytes[16];
    randombytes_buf(bytes, sizeof bytes);
    uint64_t millis = (uint64_t)(clock_now() / 1000);
    for (int i = 0; i < 6; i++)
        bytes[i] = (uint8_t)(millis >> (40 - 8 * i));
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x70);
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
    static const char digits[] = "0123456789abcdef";
    char *at = ret;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *at++ = '-';
        *at++ = digits[bytes[i] >> 4];
        *at++ = digits[bytes[i] & 15];
    }
    *at = '\0';
    return ret;
}

bool uuid_is(const char *text)
{
    static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    for (size_t i = 0; i < sizeof shape; i++) {
        bool digit = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f') ||
                     (text[i] >= 'A' && text[i] <= 'F');
        if (shape[i] == 'x' ? !digit : text[i] != shape[i]) return false;
    }
    return true;
}
