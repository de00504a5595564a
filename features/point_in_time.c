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

/* The last position in low ... high that was created at or before `limit`, -1 = none. */
static int64_t last_known(const struct point_in_time *point, int64_t low, int64_t high,
                          int64_t limit)
{
    const int64_t *created = point->timeline->created;
    for (int64_t at = high; at >= low; at -= skip(point, low, at, limit))
        if (created[at] <= limit) return at;
    return -1;
}

/* ---- one question ---- */

/* The number of times[0 ... count - 1], ascending, that are at or below `limit`. */
static int64_t count_until(const int64_t *times, int64_t count, int64_t limit)
{
    const int64_t *base = times;
    while (count > 1) {
        int64_t half = count / 2;
        base += base[half - 1] <= limit ? half : 0;
        count -= half;
    }
    return (base - times) + (count == 1 && base[0] <= limit);
}

/* Within times first ... end - 1 of one entity; bounds in ticks of the timeline. */
static int64_t search(const struct point_in_time *point, int64_t first, int64_t end, int64_t upper,
                      int64_t lower, int64_t known)
{
    const struct timeline *timeline = point->timeline;
    int64_t low = first, high = end - 1;
    if (timeline->times != NULL) {
        high = first + count_until(timeline->times + first, end - first, upper) - 1;
        if (high < first || timeline->times[high] < lower) return -1;
    }
    if (!point->rule.as_known || timeline->created == NULL || timeline->created[high] <= known)
        return timeline_row(timeline, high);
    if (timeline->times != NULL && lower > INT64_MIN)
        low = first + count_until(timeline->times + first, end - first, lower - 1);
    int64_t at = last_known(point, low, high, known);
    return at < 0 ? -1 : timeline_row(timeline, at);
}

int64_t point_in_time_at(const struct point_in_time *point, uint32_t id, int64_t time,
                         int64_t time_unit)
{
    const struct timeline *timeline = point->timeline;
    int64_t upper = INT64_MAX, lower = INT64_MIN, known = INT64_MAX;
    if (timeline->times != NULL) {
        upper = tick_at_or_before(time, time_unit, timeline->time_unit, point->rule.strict_before);
        if (point->rule.ttl != NO_TTL)
            lower = tick_at_or_after(time, time_unit, point->rule.ttl, timeline->time_unit);
    }
    if (timeline->created != NULL)
        known = tick_at_or_before(time, time_unit, timeline->created_unit, false);
    return search(point, timeline->starts[id], timeline->starts[id + 1], upper, lower, known);
}

/* ---- a spine ---- */

static enum status spine_times(const struct batch *spine, int64_t column, int64_t **ret,
                               struct err *err)
{
    int64_t null;
    *ret = memory_get_raw((size_t)spine->rows + 1, sizeof **ret);
    if (*ret == NULL) return fail_memory(err, (size_t)spine->rows * sizeof **ret);
    ticks_of(&spine->schema->fields[column], spine->columns[column], *ret, &null);
    return STATUS_OK;
}

static int64_t newest(const struct point_in_time *point, uint32_t id)
{
    const struct timeline *timeline = point->timeline;
    return search(point, timeline->starts[id], timeline->starts[id + 1], INT64_MAX, INT64_MIN,
                  INT64_MAX);
}

enum status point_in_time_match(const struct point_in_time *point, const struct key_layout *layout,
                                int64_t time_column, const struct batch *spine, int64_t *ret_rows,
                                struct err *err)
{
    OWNED(memory_release) uint32_t *ids = NULL;
    OWNED(memory_release) int64_t *times = NULL;
    int64_t unit = 1;
    ids = memory_get_raw((size_t)spine->rows + 1, sizeof *ids);
    if (ids == NULL) return fail_memory(err, (size_t)spine->rows * sizeof *ids);
    TRY(entities_find(point->timeline->entities, layout, spine, ids, err));
    if (time_column >= 0) {
        TRY(spine_times(spine, time_column, &times, err));
        unit = tick_nanoseconds(&spine->schema->fields[time_column]);
    }
    for (int64_t row = 0; row < spine->rows; row++) {
        ret_rows[row] = -1;
        if (ids[row] == ENTITY_NONE) continue;
        if (times == NULL)
            ret_rows[row] = newest(point, ids[row]);
        else if (!array_is_null(spine->columns[time_column], row))
            ret_rows[row] = point_in_time_at(point, ids[row], times[row], unit);
    }
    return STATUS_OK;
}

/* ---- life ---- */

enum status point_in_time_open(struct point_in_time **ret, const struct timeline *timeline,
                               const struct point_rule *rule, struct err *err)
{
    OWNED(point_in_time_close) struct point_in_time *point = NULL;
    TRY(NEW(&point, 1, err));
    point->timeline = timeline;
    point->rule = *rule;
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
