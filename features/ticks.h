/* features/ticks.h: points in time as whole ticks of a column's own unit, and bounds between units.
 *
 * Days count from 1970-01-01; a date is its midnight, UTC. A timestamp without a zone is read as
 * UTC. Nothing is rounded: a bound in another unit is the last (or first) tick that satisfies it.
 */
#ifndef FEATURES_TICKS_H
#define FEATURES_TICKS_H

#include "columnar/array.h"

/* Nanoseconds of one tick: timestamps, date32 and date64. 0 for every other type. */
int64_t tick_nanoseconds(const struct field *field);
/* STATUS_USAGE when the column is not a date or timestamp; `what` names its role. */
MUST_CHECK enum status require_time(const struct field *field, const char *what, struct err *err);
/* The ticks of all rows. *ret_null: the first null row, -1 = none; its tick is INT64_MIN. */
void ticks_of(const struct field *field, const struct array *array, int64_t *ret,
              int64_t *ret_null);

/* The last tick of `unit` nanoseconds at or before `time` ticks of `time_unit`; with `strict`
 * before it. Beyond int64 the nearest end. */
int64_t tick_at_or_before(int64_t time, int64_t time_unit, int64_t unit, bool strict);
/* The first tick of `unit` at or after `time` - `microseconds`. */
int64_t tick_at_or_after(int64_t time, int64_t time_unit, int64_t microseconds, int64_t unit);

#endif
