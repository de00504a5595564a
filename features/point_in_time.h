/* features/point_in_time.h: which row of features was true, and known, at a point in time.
 *
 * For a spine row with entity e and time t, among the feature rows of e with
 *     event time <= t           (< with strict_before)
 *     event time >= t - ttl     (the lower bound counts; no ttl: no lower bound)
 *     created time <= t         (as_known, where there is a created time)
 * the one with the greatest event time; of equal event times the greatest created time; of equal
 * created times the one written last. Rows of a change log that were corrected or deleted by then
 * do not count (change_log.h). This is the as-of join of temporal databases (Kx, "aj"; DuckDB,
 * "ASOF join") with the knowledge rule of bitemporal tables (Snodgrass, Developing Time-Oriented
 * Database Applications, 2000, chapter 10). */
#ifndef FEATURES_POINT_IN_TIME_H
#define FEATURES_POINT_IN_TIME_H

#include "features/timeline.h"

#define NO_TTL INT64_MIN

struct point_rule {
    int64_t ttl; /* microseconds, NO_TTL = none */
    bool strict_before;
    bool as_known;
};

/* Answers questions about one timeline (settled; borrowed). Read-only once made: any thread. */
struct point_in_time;
MUST_CHECK enum status point_in_time_open(struct point_in_time **ret,
                                          const struct timeline *timeline,
                                          const struct point_rule *rule, struct err *err);
/* The same without what makes long runs of late rows quick to step over: for few questions about a
 * timeline that is not all in memory. */
MUST_CHECK enum status point_in_time_open_lightly(struct point_in_time **ret,
                                                  const struct timeline *timeline,
                                                  const struct point_rule *rule, struct err *err);
/* The row of features for entity `id` (as the timeline numbers them) at `time` ticks of
 * `time_unit` nanoseconds, -1 = none. */
int64_t point_in_time_at(const struct point_in_time *point, uint32_t id, int64_t time,
                         int64_t time_unit);
/* The same at the end of time, whatever was known when and however old it is. */
int64_t point_in_time_newest(const struct point_in_time *point, uint32_t id);

/* The positions of an entity between two bounds, and what may be known of them. */
struct point_bounds {
    int64_t low, high; /* both included; high < low: none */
    int64_t known;     /* for timeline_counts */
};
/* Those with event time in `window` microseconds (NO_TTL: no lower bound) before `time` up to it,
 * by the rule's upper bound: the lower bound itself counts. The ttl has no say. */
struct point_bounds point_in_time_bounds(const struct point_in_time *point, uint32_t id,
                                         int64_t time, int64_t time_unit, int64_t window);
const struct timeline *point_in_time_timeline(const struct point_in_time *point);
void point_in_time_close(struct point_in_time **point);

#endif
