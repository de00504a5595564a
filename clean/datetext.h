/* clean/datetext.h: dates and times as people write them.
 *
 * Numeric dates ("03/04/2016"), ISO 8601 and its compact form, month names in sixteen languages,
 * clock times with am and pm or units, zone offsets and the North American zone names. A date needs
 * a year (two or four digits), a month and a day; a two-digit year is 1969-2068 (POSIX). Any word
 * that is not part of a date makes the text no date. */
#ifndef CLEAN_DATETEXT_H
#define CLEAN_DATETEXT_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* How three numbers without a name or a four-digit year in front are read; one for a column. */
enum date_order { ORDER_DAY_FIRST, ORDER_MONTH_FIRST, ORDER_YEAR_FIRST, ORDER_COUNT };
#define DATE_ORDERS "day-first|month-first|year-first"

struct date_reading {
    bool has_date, has_time, has_zone;
    int64_t year;
    int month, day, hour, minute, second;
    int32_t micros;
    int32_t offset; /* seconds east of UTC */
};

/* A text taken apart once; how its numbers are read is settled by an order later. */
struct date_text {
    struct date_reading reading; /* the time, and the date where no order is needed */
    int numbers[3];
    int digits[3]; /* written digits of each; 4 = surely a year */
    int count;     /* numbers found outside the time */
    int month;     /* from a name, 0 = none */
    int month_at;  /* how many numbers stood in front of the name */
    bool needs_order;
};

/* False when the text holds anything that is not part of a date or time. */
bool date_scan(struct str text, struct date_text *ret);
/* The date and time under an order; false when there is none ("30/02/2016", month 13). */
bool date_read(const struct date_text *text, enum date_order order, struct date_reading *ret);

int32_t date_days(const struct date_reading *reading);        /* since 1970-01-01 */
int64_t date_time_of_day(const struct date_reading *reading); /* microseconds */
/* Microseconds since 1970-01-01T00:00Z; the offset is applied if `zones`. */
int64_t date_micros(const struct date_reading *reading, bool zones);

#endif
