/* features/window.h: what happened to an entity in a span of time before a point in time: count,
 * sum, mean, minimum, maximum, last value, number of distinct values.
 *
 * At time t the rows of the entity count that a point-in-time join may use: event time at or before
 * t (before it with strict_before), known by then, not corrected or deleted by then; and with event
 * time at or after t - length (the bound itself counts, as it does for a ttl, and as in SQL's RANGE
 * BETWEEN ... PRECEDING AND CURRENT ROW). Null values are left out. Of no values, count and
 * distinct are 0 and the others null; where no row at all was known by t, whatever its age, all are
 * null: that an entity will appear later must not show.
 *
 * Whole numbers are added in 128 bits, floats in time order with the error carried along (Neumaier,
 * Zeitschrift fuer Angewandte Mathematik und Mechanik 54, 1974). NaN is left out of minimum and
 * maximum, and one value among distinct ones; -0 is 0 there. */
#ifndef FEATURES_WINDOW_H
#define FEATURES_WINDOW_H

#include "features/point_in_time.h"

enum window_function {
    WINDOW_COUNT,
    WINDOW_SUM,
    WINDOW_MEAN,
    WINDOW_MIN,
    WINDOW_MAX,
    WINDOW_LAST,
    WINDOW_DISTINCT,
};
#define WINDOW_FUNCTIONS "count|sum|mean|min|max|last|distinct"

/* How the 64-bit words of values are to be read. */
enum word_kind {
    WORD_SIGNED,
    WORD_UNSIGNED,
    WORD_REAL,   /* the bits of a double; one NaN, no -0 */
    WORD_NUMBER, /* equal values have equal words, nothing else */
};

struct window {
    enum window_function function;
    int64_t length; /* microseconds, NO_TTL = since ever */
    enum word_kind kind;
    const uint64_t *words; /* by position; NULL = rows are counted */
    const uint8_t *valid;  /* a byte a position, 0 = null; NULL = no nulls */
};

enum window_result { WINDOW_WHOLE, WINDOW_REAL, WINDOW_POSITION };
enum window_result window_result(enum window_function function, enum word_kind kind);

struct window_value {
    bool null;
    int64_t whole;
    double real;
    int64_t position; /* of the row whose value it is */
};
/* Memory of one thread between calls: zero-initialize, window_scratch_release. */
struct window_scratch {
    uint64_t *keys;
    uint32_t *rounds;
    size_t size;
    uint32_t round;
};
void window_scratch_release(struct window_scratch *scratch);

/* For entity `id` at `time` ticks of `time_unit` nanoseconds. STATUS_FAILED where a sum of whole
 * numbers is no int64. Any thread with its own scratch. */
MUST_CHECK enum status window_at(const struct window *window, const struct point_in_time *point,
                                 uint32_t id, int64_t time, int64_t time_unit,
                                 struct window_scratch *scratch, struct window_value *ret,
                                 struct err *err);

#endif
