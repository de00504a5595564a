/* ingest/feed_date.c: moments as feeds write them. */
#include "ingest/feed_parts.h"

#include "base/clock.h"

#include <ctype.h>

#define SECOND 1000000ll
#define MINUTE (60 * SECOND)

struct scan {
    const char *at, *end;
};

static void skip_blanks(struct scan *scan)
{
    while (scan->at < scan->end && isspace((unsigned char)*scan->at))
        scan->at++;
}

static bool take(struct scan *scan, char byte)
{
    if (scan->at == scan->end || *scan->at != byte) return false;
    scan->at++;
    return true;
}

/* least to most digits */
static bool number(struct scan *scan, int least, int most, int *ret, int *ret_digits)
{
    int digits = 0;
    *ret = 0;
    for (; digits < most && scan->at < scan->end && isdigit((unsigned char)*scan->at); digits++)
        *ret = *ret * 10 + (*scan->at++ - '0');
    if (ret_digits != NULL) *ret_digits = digits;
    return digits >= least && (scan->at == scan->end || !isdigit((unsigned char)*scan->at));
}

static struct str word(struct scan *scan)
{
    const char *begin = scan->at;
    while (scan->at < scan->end && isalpha((unsigned char)*scan->at))
        scan->at++;
    return (struct str){begin, (size_t)(scan->at - begin)};
}

/* The first three letters count: Sep, Sept, September. */
static bool month_of(struct str name, int *ret)
{
    static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    for (int i = 0; name.size >= 3 && i < 12; i++)
        if (strncasecmp(name.data, months + (size_t)i * 3, 3) == 0) {
            *ret = i + 1;
            return true;
        }
    return false;
}

/* +hhmm, +hh:mm, Z, or a name of RFC 822; minutes east of Greenwich. */
static bool zone(struct scan *scan, int *ret)
{
    static const struct {
        const char *name;
        int hours;
    } names[] = {{"GMT", 0},  {"UT", 0},   {"UTC", 0},  {"Z", 0},    {"EST", -5}, {"EDT", -4},
                 {"CST", -6}, {"CDT", -5}, {"MST", -7}, {"MDT", -6}, {"PST", -8}, {"PDT", -7}};
    *ret = 0;
    if (scan->at == scan->end) return true;
    char sign = *scan->at;
    if (sign == '+' || sign == '-') {
        int hours, minutes = 0, digits;
        scan->at++;
        if (!number(scan, 2, 4, &hours, &digits) || digits == 3) return false;
        if (digits == 4) {
            minutes = hours % 100;
            hours /= 100;
        } else if (take(scan, ':') && !number(scan, 2, 2, &minutes, NULL)) {
            return false;
        }
        *ret = (hours * 60 + minutes) * (sign == '-' ? -1 : 1);
        return hours < 24 && minutes < 60;
    }
    struct str name = word(scan);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (name.size == strlen(names[i].name) &&
            strncasecmp(name.data, names[i].name, name.size) == 0) {
            *ret = names[i].hours * 60;
            return true;
        }
    return false;
}

struct civil {
    int year, month, day, hour, minute, second, zone;
    int64_t fraction; /* microseconds; more digits are dropped */
};

static bool clock_time(struct scan *scan, struct civil *ret)
{
    if (!number(scan, 1, 2, &ret->hour, NULL) || !take(scan, ':') ||
        !number(scan, 2, 2, &ret->minute, NULL))
        return false;
    if (take(scan, ':') && !number(scan, 2, 2, &ret->second, NULL)) return false;
    if (take(scan, '.')) {
        int64_t unit = SECOND / 10;
        const char *begin = scan->at;
        for (; scan->at < scan->end && isdigit((unsigned char)*scan->at); unit /= 10)
            ret->fraction += (*scan->at++ - '0') * unit;
        if (scan->at == begin) return false;
    }
    return ret->hour < 24 && ret->minute < 60 && ret->second < 60;
}

static bool to_microseconds(const struct civil *civil, int64_t *ret)
{
    if (!civil_exists(civil->year, civil->month, civil->day)) return false;
    int64_t days = days_from_civil(civil->year, civil->month, civil->day);
    int64_t minutes = days * 1440 + civil->hour * 60 + civil->minute - civil->zone;
    *ret = minutes * MINUTE + civil->second * SECOND + civil->fraction;
    return true;
}

/* 2003-12-13T18:30:02.25+01:00, and 2003-12-13 */
static bool by_iso(struct scan scan, struct civil *ret)
{
    if (!number(&scan, 4, 4, &ret->year, NULL) || !take(&scan, '-') ||
        !number(&scan, 2, 2, &ret->month, NULL) || !take(&scan, '-') ||
        !number(&scan, 2, 2, &ret->day, NULL))
        return false;
    if (scan.at == scan.end) return true;
    if (!take(&scan, 'T') && !take(&scan, 't') && !take(&scan, ' ')) return false;
    if (!clock_time(&scan, ret)) return false;
    skip_blanks(&scan);
    return zone(&scan, &ret->zone) && scan.at == scan.end;
}

/* Two digits: 50 to 99 are of the last century, 00 to 49 of this one (RFC 2822, section 4.3). */
static bool rfc_year(struct scan *scan, int *ret)
{
    int digits;
    if (!number(scan, 2, 4, ret, &digits)) return false;
    if (digits == 2) *ret += *ret < 50 ? 2000 : 1900;
    if (digits == 3) *ret += 1900;
    return true;
}

/* Sat, 07 Sep 2002 00:00:01 GMT */
static bool by_rfc822(struct scan scan, struct civil *ret)
{
    (void)word(&scan); /* the day of the week says nothing new */
    (void)take(&scan, '.');
    (void)take(&scan, ',');
    skip_blanks(&scan);
    if (!number(&scan, 1, 2, &ret->day, NULL)) return false;
    if (!take(&scan, '-')) skip_blanks(&scan);
    if (!month_of(word(&scan), &ret->month)) return false;
    if (!take(&scan, '-')) skip_blanks(&scan);
    if (!rfc_year(&scan, &ret->year)) return false;
    skip_blanks(&scan);
    if (scan.at == scan.end) return true;
    if (!clock_time(&scan, ret)) return false;
    skip_blanks(&scan);
    return zone(&scan, &ret->zone) && scan.at == scan.end;
}

bool feed_time(struct str text, int64_t *ret)
{
    if (text.size == 0) return false;
    text = str_trim(text);
    struct scan scan = {text.data, text.data + text.size};
    struct civil iso = {0}, rfc = {0};
    if (text.size == 0) return false;
    if (by_iso(scan, &iso)) return to_microseconds(&iso, ret);
    return by_rfc822(scan, &rfc) && to_microseconds(&rfc, ret);
}
