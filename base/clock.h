/* base/clock.h: UTC time and run identifiers. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

#define TIME_TEXT 48 /* room for 2026-11-24T04:53:23.123456Z and years far away */
#define UUID_TEXT 37

/* Microseconds since 1970-01-01T00:00:00Z. */
int64_t clock_now(void);
/* Seconds that only go forward; for durations. */
double clock_seconds(void);
/* RFC 3339 with microseconds. Returns ret. */
char *time_text(int64_t microseconds, char ret[TIME_TEXT]);
/* Accepts RFC 3339 with "T" or a blank, an optional fraction, "Z" or an offset (none = UTC), or a
 * date alone (midnight). STATUS_USAGE with what was found otherwise. */
MUST_CHECK enum status time_parse(struct str text, int64_t *ret_microseconds, struct err *err);
/* Days since 1970-01-01 of a proleptic Gregorian date, and back. */
int64_t days_from_civil(int64_t year, int month, int day);
void civil_from_days(int64_t days, int64_t *ret_year, int *ret_month, int *ret_day);
/* Whether year-month-day exists (month 1-12, day within the month, leap years). */
bool civil_exists(int64_t year, int month, int day);
/* A UUID version 7 (RFC 9562): sorts by time. Returns ret. */
char *uuid7(char ret[UUID_TEXT]);
/* Whether `text` is a UUID of any version, as 8-4-4-4-12 hexadecimal digits. */
bool uuid_is(const char *text);

#endif
