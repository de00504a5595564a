/* features/point_in_time.c: which row of features was true, and known, at a point in time. */
#include "features/point_in_time.h"

#include "base/memory.h"
#include "features/ticks.h"

#define FAN_SHIFT 4 /* each level of minima covers 16 of the level below */
#define LEVELS    8 /* 16^8 = 2^32 rows */

struct point_in_time {
    const struct timeline *timeline;
    struct point_rule rule;
    /* Minima of created time over 16, 256 ... positions: a late arrival is stepped over together
     * with its neighbors. */
    int64_t *minima[LEVELS];
    int levels;
};

/* ---- minima of created times ---- */

static enum status level_make(struct point_in_time *point, const int64_t *below, size_t count,
                              struct err *err)
{
    size_t blocks = (count + (1u << FAN_SHIFT) - 1) >> FAN_SHIFT;
    int64_t *level = memory_get_raw(blocks + 1, sizeof *level);
    if (level == NULL) return fail_memory(err, blocks * sizeof *level);
    for (size_t i = 0; i < blocks; i++)
        level[i] = INT64_MAX;
    for (size_t i = 0; i < count; i++)
        if (below[i] < level[i >> FAN_SHIFT]) level[i >> FAN_SHIFT] = below[i];
    point->minima[point->levels++] = level;
    return STATUS_OK;
}

static enum status minima_make(struct point_in_time *point, struct err *err)
{
    const int64_t *below = point->timeline->created;
    size_t count = point->timeline->rows;
    while (count > 1 && point->levels < LEVELS) {
        TRY(level_make(point, below, count, err));
        below = point->minima[point->levels - 1];
        count = (count + (1u << FAN_SHIFT) - 1) >> FAN_SHIFT;
    }
    return STATUS_OK;
}

/* How many positions up to and including `at` can be skipped at once: the largest whole block that
 * ends there, begins at or after `low` and was created after `limit`; 1 where there is none. */
static int64_t skip(const struct point_in_time *point, int64_t low, int64_t at, int64_t limit)
{
    int64_t size = 1;
    for (int level = 0; level < point->levels; level++) {
        int shift = FAN_SHIFT * (level + 1);
        int64_t block = (int64_t)1 << shift;
        if ((at + 1) % block != 0 || at + 1 - block < low) break;
        if (point->minima[level][at >> shift] <= limit) break;
        size = block;
    }
    return size;
}

/* The last position in low ... high that counts for someone who knows up to `limit`, -1 = none. */
static int64_t last_known(const struct point_in_time *point, int64_t low, int64_t high,
                          int64_t limit)
{
    for (int64_t at = high; at >= low; at -= skip(point, low, at, limit))
        if (timeline_counts(point->timeline, at, limit)) return at;
    return -1;
}

/* ---- one question ---- */

/* The number of times[0 ... count - 1], ascending, that are at or below `limit`. */
static int64_t count_until(const int64_t *times, int64_t count, int64_t limit)
{
    const int64_t *base = times;
    if (count <= 0) return 0;
    while (count > 1) {
        int64_t half = count / 2;
        base += base[half - 1] <= limit ? half : 0;
        count -= half;
    }
    return (base - times) + (base[0] <= limit);
}

/* The upper and lower bound of event times in ticks of the timeline, and of what is known. */
struct limits {
    int64_t upper, lower, known;
};

static struct limits limits_at(const struct point_in_time *point, int64_t time, int64_t time_unit,
                               int64_t back)
{
    const struct timeline *timeline = point->timeline;
    struct limits limits = {INT64_MAX, INT64_MIN, INT64_MAX};
    if (timeline->times != NULL) {
        limits.upper =
            tick_at_or_before(time, time_unit, timeline->time_unit, point->rule.strict_before);
        if (back != NO_TTL)
            limits.lower = tick_at_or_after(time, time_unit, back, timeline->time_unit);
    }
    if (timeline->created == NULL)
        limits.known = limits.upper;
    else if (point->rule.as_known)
        limits.known = tick_at_or_before(time, time_unit, timeline->created_unit, false);
    return limits;
}

/* The last position of first ... end - 1 within the limits that counts, -1 = none. */
static int64_t search(const struct point_in_time *point, int64_t first, int64_t end,
                      struct limits limits)
{
    const struct timeline *timeline = point->timeline;
    int64_t low = first, high = end - 1;
    if (timeline->times != NULL) {
        high = first + count_until(timeline->times + first, end - first, limits.upper) - 1;
        if (high < first || timeline->times[high] < limits.lower) return -1;
    }
    if (timeline_counts(timeline, high, limits.known)) return high;
    if (timeline->times != NULL && limits.lower > INT64_MIN)
        low = first + count_until(timeline->times + first, end - first, limits.lower - 1);
    return last_known(point, low, high, limits.known);
}

static int64_t row_at(const struct point_in_time *point, uint32_t id, struct limits limits)
{
    const struct timeline *timeline = point->timeline;
    int64_t at = search(point, timeline->starts[id], timeline->starts[id + 1], limits);
    return at < 0 ? -1 : timeline_row(timeline, at);
}

int64_t point_in_time_at(const struct point_in_time *point, uint32_t id, int64_t time,
                         int64_t time_unit)
{
    return row_at(point, id, limits_at(point, time, time_unit, point->rule.ttl));
}

int64_t point_in_time_newest(const struct point_in_time *point, uint32_t id)
{
    return row_at(point, id, (struct limits){INT64_MAX, INT64_MIN, INT64_MAX});
}

struct point_bounds point_in_time_bounds(const struct point_in_time *point, uint32_t id,
                                         int64_t time, int64_t time_unit, int64_t window)
{
    const struct timeline *timeline = point->timeline;
    struct limits limits = limits_at(point, time, time_unit, window);
    int64_t first = timeline->starts[id], end = timeline->starts[id + 1];
    struct point_bounds bounds = {first, end - 1, limits.known};
    if (timeline->times == NULL) return bounds;
    bounds.high = first + count_until(timeline->times + first, end - first, limits.upper) - 1;
    if (limits.lower > INT64_MIN)
        bounds.low = first + count_until(timeline->times + first, end - first, limits.lower - 1);
    return bounds;
}

const struct timeline *point_in_time_timeline(const struct point_in_time *point)
{
    return point->timeline;
}

/* ---- life ---- */

enum status point_in_time_open_lightly(struct point_in_time **ret, const struct timeline *timeline,
                                       const struct point_rule *rule, struct err *err)
{
    TRY(NEW(ret, 1, err));
    (*ret)->timeline = timeline;
    (*ret)->rule = *rule;
    return STATUS_OK;
}

enum status point_in_time_open(struct point_in_time **ret, const struct timeline *timeline,
                               const struct point_rule *rule, struct err *err)
{
    OWNED(point_in_time_close) struct point_in_time *point = NULL;
    TRY(point_in_time_open_lightly(&point, timeline, rule, err));
    if (rule->as_known && timeline->created != NULL) TRY(minima_make(point, err));
    *ret = point;
    point = NULL;
    return STATUS_OK;
}

void point_in_time_close(struct point_in_time **point)
{
    if (point == NULL || *point == NULL) return;
    for (int i = 0; i < (*point)->levels; i++)
        memory_free((*point)->minima[i]);
    memory_free(*point);
    *point = NULL;
}
