/* features/timeline.h: rows of features put in order: entity, event time, created time, write
 * order.
 *
 * Rows are added batch by batch in the order they were written and numbered 0, 1, 2 ... over all
 * batches. Only keys and times are kept. Entities are counted, rows placed by counting sort, and
 * each entity's rows sorted by time (stable) unless they are in order already. */
#ifndef FEATURES_TIMELINE_H
#define FEATURES_TIMELINE_H

#include "features/entity.h"

struct timeline_columns {
    const struct text_list *entity;
    const char *event_time;   /* NULL = the view has no time */
    const char *created_time; /* NULL = none */
};

struct timeline {
    struct entities *entities;
    uint32_t rows, entity_count;
    /* Set by timeline_settle: */
    uint32_t *starts; /* entity_count + 1: first position of each entity */
    uint32_t *order;  /* position -> row; NULL = the same */
    int64_t *times;   /* by position, ticks of time_unit; NULL without event time */
    int64_t *created; /* by position, ticks of created_unit; NULL without created time */
    int64_t time_unit, created_unit; /* nanoseconds */
    /* Of a change log (change_log.h), by position; both NULL where every row stands for itself: */
    int64_t *until; /* the moment of knowledge that took the row's place, INT64_MAX = none */
    uint8_t *gone;  /* 1: the row says that something is not there any more */
    /* private: */
    uint32_t *ids; /* by row */
    uint32_t capacity;
    int64_t time_column, created_column;
    const char *time_name, *created_name;
    struct key_layout layout;
};

enum timeline_order {
    TIMELINE_BY_ENTITY_NUMBER, /* entities in order of first appearance: all a join needs */
    TIMELINE_BY_KEY,           /* entities in key order */
};

/* Checks that the columns are there and of a type that fits. Names are borrowed. */
MUST_CHECK enum status timeline_open(struct timeline **ret, const struct schema *schema,
                                     const struct timeline_columns *columns, struct err *err);
/* Room for so many rows at once, so that it need not grow while they come. */
MUST_CHECK enum status timeline_expect(struct timeline *timeline, int64_t rows, struct err *err);
/* STATUS_FAILED naming the row (1-based over all batches) where a key or time is null. */
MUST_CHECK enum status timeline_add(struct timeline *timeline, const struct batch *batch,
                                    struct err *err);
MUST_CHECK enum status timeline_settle(struct timeline *timeline, enum timeline_order order,
                                       size_t threads, struct err *err);
static inline int64_t timeline_row(const struct timeline *timeline, int64_t position)
{
    return timeline->order == NULL ? position : timeline->order[position];
}
/* When each position became known: its created time, else its event time; NULL without either. */
static inline const int64_t *timeline_known(const struct timeline *timeline)
{
    return timeline->created != NULL ? timeline->created : timeline->times;
}
/* Whether the row at a position counts for someone who knows everything up to `known` (ticks of
 * timeline_known; INT64_MAX: everything there is). */
static inline bool timeline_counts(const struct timeline *timeline, int64_t position, int64_t known)
{
    const int64_t *since = timeline_known(timeline);
    if (since != NULL && since[position] > known) return false;
    if (timeline->until == NULL) return true;
    bool last = timeline->until[position] == INT64_MAX || timeline->until[position] > known;
    return last && timeline->gone[position] == 0;
}
void timeline_close(struct timeline **timeline);

#endif
