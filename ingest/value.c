/* ingest/value.c: what a text may be besides a text, and what it is then.
 *
 * A class is given only where nothing is lost: the value can be told from its text and written back
 * as the same number, day or moment. Dates and times follow RFC 3339 with "T" or a blank. Reals are
 * rounded as strtod rounds: exactly (Clinger 1990 for the short ones, the C library for the rest).
 */
#include "ingest/value.h"
#include "base/clock.h"

#include <math.h>
#include <stdlib.h>

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

bool value_bool(struct str value, bool *ret)
{
    static const char *const words[] = {"true", "True", "TRUE", "false", "False", "FALSE"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!str_is(value, words[i])) continue;
        *ret = i < 3;
        return true;
    }
    return false;
}

bool value_int(struct str value, int64_t *ret)
{
    size_t at = value.size > 0 && value.data[0] == '-';
    size_t digits = value.size - at;
    if (digits == 0 || digits > 19) return false;
    if (value.data[at] == '0' && (digits > 1 || at == 1)) return false; /* 007, -0 */
    uint64_t sum = 0;
    for (size_t i = at; i < value.size; i++) {
        if (!is_digit(value.data[i])) return false;
        sum = sum * 10 + (uint64_t)(value.data[i] - '0'); /* 19 digits stay below 2^64 */
    }
    uint64_t most = (uint64_t)INT64_MAX + at;
    if (sum > most) return false;
    *ret = at == 1 ? (int64_t)(0 - sum) : (int64_t)sum;
    return true;
}

/* ---- reals ---- */

/* Digits with perhaps a sign and a point, few enough that their number is an exact double, as most
 * numbers are written. */
struct plain {
    uint64_t digits;
    unsigned behind; /* digits behind the point */
    bool negative, point;
};
#define PLAIN_DIGITS 15

static inline bool scan_plain(struct str value, struct plain *ret)
{
    size_t at = value.size > 0 && value.data[0] == '-', first = at;
    uint64_t digits = 0;
    if (value.size - at > PLAIN_DIGITS + 1) return false;
    for (; at < value.size && is_digit(value.data[at]); at++)
        digits = digits * 10 + (uint64_t)(value.data[at] - '0');
    size_t before = at - first;
    if (before == 0 || (before > 1 && value.data[first] == '0')) return false;
    ret->negative = first != 0;
    ret->point = at < value.size;
    ret->behind = 0;
    if (ret->point) {
        if (value.data[at++] != '.') return false;
        size_t from = at;
        for (; at < value.size && is_digit(value.data[at]); at++)
            digits = digits * 10 + (uint64_t)(value.data[at] - '0');
        if (at < value.size) return false;
        ret->behind = (unsigned)(at - from);
    }
    ret->digits = digits;
    return before + ret->behind <= PLAIN_DIGITS;
}

static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

struct decimal { /* value = digits x 10^exponent */
    uint64_t digits;
    int exponent;
    bool negative;
    bool cut;   /* more digits than fit: leave it to strtod */
    bool whole; /* neither point nor exponent */
    bool zero;
};

static void take_digit(struct decimal *ret, char byte, bool behind_point)
{
    if (byte != '0') ret->zero = false;
    if (ret->digits >= UINT64_MAX / 10 - 1) {
        ret->cut = true;
        return;
    }
    ret->digits = ret->digits * 10 + (uint64_t)(byte - '0');
    if (behind_point) ret->exponent--;
}

/* "e-12" at value[at]: false when it is none. Exponents beyond 9999 are left to strtod. */
static bool scan_exponent(struct str value, size_t at, struct decimal *ret)
{
    bool negative = false;
    if (++at < value.size && (value.data[at] == '-' || value.data[at] == '+'))
        negative = value.data[at++] == '-';
    if (at == value.size) return false;
    int exponent = 0;
    for (; at < value.size; at++) {
        if (!is_digit(value.data[at])) return false;
        if (exponent > 9999)
            ret->cut = true;
        else
            exponent = exponent * 10 + (value.data[at] - '0');
    }
    ret->exponent += negative ? -exponent : exponent;
    return true;
}

static bool scan_decimal(struct str value, struct decimal *ret)
{
    *ret = (struct decimal){.whole = true, .zero = true};
    size_t at = 0;
    if (value.size > 0 && value.data[0] == '-') ret->negative = at++ == 0;
    size_t first = at;
    for (; at < value.size && is_digit(value.data[at]); at++)
        take_digit(ret, value.data[at], false);
    size_t before = at - first, behind = 0;
    if (before > 1 && value.data[first] == '0') return false; /* 007.5 */
    if (at < value.size && value.data[at] == '.') {
        ret->whole = false;
        for (at++; at < value.size && is_digit(value.data[at]); at++, behind++)
            take_digit(ret, value.data[at], true);
    }
    if (before + behind == 0) return false;
    if (at == value.size) return true;
    if (value.data[at] != 'e' && value.data[at] != 'E') return false;
    ret->whole = false;
    return scan_exponent(value, at, ret);
}

/* Both factors are exact doubles, so that the one rounding of the product is the right one. */
static bool real_short(const struct decimal *decimal, double *ret)
{
    if (decimal->cut || decimal->digits > (1ull << 53)) return false;
    if (decimal->exponent < -22 || decimal->exponent > 22) return false;
    double digits = (double)decimal->digits;
    double value = decimal->exponent < 0 ? digits / powers[-decimal->exponent]
                                         : digits * powers[decimal->exponent];
    *ret = decimal->negative ? -value : value;
    return true;
}

static bool real_long(struct str value, double *ret)
{
    char text[1100]; /* 767 digits decide any double */
    if (value.size >= sizeof text) return false;
    memcpy(text, value.data, value.size);
    text[value.size] = '\0';
    *ret = strtod(text, NULL); /* no program here leaves the "C" locale */
    return true;
}

bool value_real(struct str value, double *ret)
{
    struct plain plain;
    if (scan_plain(value, &plain)) {
        double size = (double)plain.digits / powers[plain.behind];
        *ret = plain.negative ? -size : size;
        return true;
    }
    struct decimal decimal;
    if (!scan_decimal(value, &decimal)) return false;
    if (decimal.whole && (decimal.cut || decimal.digits > (1ull << 53))) return false;
    if (decimal.whole && decimal.zero && decimal.negative) {
        *ret = -0.0;
        return true;
    }
    if (!real_short(&decimal, ret) && !real_long(value, ret)) return false;
    return isfinite(*ret) && (*ret != 0 || decimal.zero);
}

/* ---- days and moments ---- */

/* `count` digits at text[at] as a number, -1 when there are others. */
static int number_at(struct str text, size_t at, size_t count)
{
    int number = 0;
    if (at + count > text.size) return -1;
    for (size_t i = at; i < at + count; i++) {
        if (!is_digit(text.data[i])) return -1;
        number = number * 10 + (text.data[i] - '0');
    }
    return number;
}

static bool byte_at(struct str text, size_t at, char byte)
{
    return at < text.size && text.data[at] == byte;
}

static bool day_at_start(struct str value, struct value_day *day)
{
    if (day->known && memcmp(value.data, day->text, sizeof day->text) == 0) return true;
    if (!byte_at(value, 4, '-') || !byte_at(value, 7, '-')) return false;
    int year = number_at(value, 0, 4), month = number_at(value, 5, 2),
        number = number_at(value, 8, 2);
    if (year < 1 || month < 0 || number < 0 || !civil_exists(year, month, number)) return false;
    memcpy(day->text, value.data, sizeof day->text);
    day->days = days_from_civil(year, month, number);
    day->known = true;
    return true;
}

bool value_date(struct str value, struct value_day *day, int32_t *ret_days)
{
    if (value.size != 10 || !day_at_start(value, day)) return false;
    *ret_days = (int32_t)day->days;
    return true;
}

/* Seconds and up to six digits behind them, at text[*at]; moves it behind. */
static bool seconds_at(struct str value, size_t *at, int64_t *ret_microseconds)
{
    int second = number_at(value, *at, 2);
    if (second < 0 || second > 59) return false;
    *at += 2;
    int64_t fraction = 0;
    if (byte_at(value, *at, '.')) {
        size_t digits = 0;
        int64_t unit = 100000;
        for (++*at; *at < value.size && is_digit(value.data[*at]); ++*at, digits++) {
            if (digits >= 6 && value.data[*at] != '0') return false; /* finer than microseconds */
            fraction += unit * (value.data[*at] - '0');
            unit /= 10;
        }
        if (digits == 0) return false;
    }
    *ret_microseconds = second * INT64_C(1000000) + fraction;
    return true;
}

/* "", "Z", "+02:00", "+0200" or "+02" up to the end. */
static bool zone_at(struct str value, size_t at, int64_t *ret_minutes, bool *ret_zoned)
{
    *ret_minutes = 0;
    *ret_zoned = at < value.size;
    if (!*ret_zoned) return true;
    if (value.data[at] == 'Z') return at + 1 == value.size;
    if (value.data[at] != '+' && value.data[at] != '-') return false;
    bool colon = byte_at(value, at + 3, ':');
    size_t rest = value.size - at;
    if (rest != 3 && rest != (colon ? 6u : 5u)) return false;
    int hours = number_at(value, at + 1, 2);
    int minutes = rest == 3 ? 0 : number_at(value, at + (colon ? 4 : 3), 2);
    if (hours < 0 || hours > 15 || minutes < 0 || minutes > 59) return false;
    *ret_minutes = (value.data[at] == '-' ? -1 : 1) * (hours * 60 + minutes);
    return true;
}

bool value_time(struct str value, struct value_day *day, int64_t *ret_microseconds, bool *ret_zoned)
{
    int64_t seconds = 0, zone;
    if (value.size < 16 || !day_at_start(value, day)) return false;
    if (value.data[10] != 'T' && value.data[10] != ' ') return false;
    int hour = number_at(value, 11, 2), minute = number_at(value, 14, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || value.data[13] != ':') return false;
    size_t at = 16;
    if (byte_at(value, at, ':')) {
        at++;
        if (!seconds_at(value, &at, &seconds)) return false;
    }
    if (!zone_at(value, at, &zone, ret_zoned)) return false;
    int64_t minutes = day->days * 1440 + hour * 60 + minute - zone;
    *ret_microseconds = minutes * 60000000 + seconds;
    return true;
}

/* ---- classes ---- */

/* Of a value that begins like a number, a day or a moment and is no plain number. */
static unsigned other_classes(struct str value, unsigned among, struct value_day *day)
{
    unsigned classes = 0;
    int64_t integer, moment;
    double real;
    int32_t days;
    bool zoned;
    if ((among & VALUE_INT) != 0 && value_int(value, &integer)) classes |= VALUE_INT;
    if ((classes & VALUE_INT) != 0 && integer >= -(1ll << 53) && integer <= 1ll << 53)
        classes |= among & VALUE_REAL;
    else if ((among & VALUE_REAL) != 0 && value_real(value, &real))
        classes |= VALUE_REAL;
    if ((among & VALUE_DATE) != 0 && value_date(value, day, &days)) classes |= VALUE_DATE;
    if ((among & (VALUE_TIME | VALUE_TIME_ZONED)) != 0 && value_time(value, day, &moment, &zoned))
        classes |= among & (zoned ? VALUE_TIME_ZONED : VALUE_TIME);
    return classes;
}

unsigned value_classes(struct str value, unsigned among, struct value_day *day)
{
    char first = value.data[0];
    if (!is_digit(first) && first != '-' && first != '.') {
        bool truth;
        return (among & VALUE_BOOL) != 0 && value_bool(value, &truth) ? VALUE_BOOL : 0u;
    }
    struct plain plain;
    if ((among & (VALUE_INT | VALUE_REAL)) == 0 || !scan_plain(value, &plain))
        return other_classes(value, among, day);
    bool minus_zero = plain.negative && plain.digits == 0;
    return among & (plain.point || minus_zero ? VALUE_REAL : VALUE_INT | VALUE_REAL);
}
