/* ingest/cursor.h: the rows of a table or query that no run before has read, by a column that
 * grows.
 *
 * Everything is read in one snapshot, so that the greatest value in it is a bound that no row can
 * slip under while it is read (airbyte #85918: two snapshots). A run reads from `lower` on, the
 * greatest value of the run before less its lag, and that value included, because rows with the
 * same value may come later (airbyte #14732). What it finds there and was read before is told by
 * digests of the rows, each as often as it was read: ties are neither lost nor doubled. A row
 * without a value has no place in this order; it is always looked at and known by its digest.
 * A row that changed is a new row when its cursor value changed. */
#ifndef INGEST_CURSOR_H
#define INGEST_CURSOR_H

#include "ingest/source.h"

/* --lag: how far back rows may come late, in the unit of the column. */
struct cursor_lag {
    double number; /* of numbers, and of times in seconds */
    bool is_time;  /* had a unit: s, m, h, d */
    char text[32]; /* as it was given; empty = none */
};
/* "500", "90s", "10m", "2h", "3d". STATUS_USAGE otherwise. */
MUST_CHECK enum status cursor_lag_parse(const char *text, struct cursor_lag *ret, struct err *err);

/* How far the run before came. */
struct cursor_position {
    bool known;
    const char *value; /* the greatest, NULL = there was none; as the database writes it */
    const char *lower; /* value - lag, or where that run began if that is greater: rows from here on
                        * are known */
    const char *kind;  /* of both, in the database's words */
    int64_t records;   /* read so far */
    int64_t below;     /* rows that were below `lower` */
};

struct cursor;
/* Reads the position of options->name. `query` is what gives the rows: a run that asks for others
 * or by another column is refused (STATUS_USAGE). */
MUST_CHECK enum status cursor_open(struct cursor **ret, const struct source_options *options,
                                   const char *query, struct err *err);
const struct cursor_lag *cursor_lag(const struct cursor *cursor);
const struct cursor_position *cursor_before(const struct cursor *cursor);
/* Whether a row is new. `old`: an earlier run may have read it; `recent`: the next run will look at
 * it again. One call a row, in order. */
MUST_CHECK enum status cursor_keeps(struct cursor *cursor, struct str row, bool old, bool recent,
                                    bool *ret, struct err *err);
/* What the snapshot holds besides its rows, for the remark: rows without a value, and rows below
 * `lower` now (-1 = not asked). */
void cursor_note(struct cursor *cursor, int64_t without_value, int64_t below_now);
/* Moves the position: `now` has the greatest value, its kind, records and below. After the last
 * row. */
MUST_CHECK enum status cursor_move(struct cursor *cursor, const struct cursor_position *now,
                                   struct err *err);
void cursor_remark(const struct cursor *cursor, char *ret, size_t room);
void cursor_close(struct cursor **cursor);

#endif
