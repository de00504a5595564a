/* ingest/value.h: what a text may be besides a text, and what it is then. */
#ifndef INGEST_VALUE_H
#define INGEST_VALUE_H

#include "base/str.h"

enum value_class { /* what a value, and so far a column, may be */
                   VALUE_BOOL = 1,
                   VALUE_INT = 2,
                   VALUE_REAL = 4,
                   VALUE_DATE = 8,
                   VALUE_TIME = 16,       /* without a zone */
                   VALUE_TIME_ZONED = 32, /* with "Z" or an offset */
                   VALUE_ANY = 63,
};
/* The day that was read last: the next value often has the same. Starts zeroed. */
struct value_day {
    char text[10];
    bool known;
    int64_t days;
};
/* Which of the classes in `among` the value belongs to; size > 0. */
unsigned value_classes(struct str value, unsigned among, struct value_day *day);
/* The value of a class; false when it is not of that class. Values come out exactly: an integer
 * that a double cannot hold is no real, one with a leading zero or a plus sign is no number, a
 * real that would become infinite or zero is none. */
bool value_bool(struct str value, bool *ret);
bool value_int(struct str value, int64_t *ret);
bool value_real(struct str value, double *ret);
bool value_date(struct str value, struct value_day *day, int32_t *ret_days);
bool value_time(struct str value, struct value_day *day, int64_t *ret_microseconds,
                bool *ret_zoned);

#endif
