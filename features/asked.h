/* features/asked.h: the rows of a spine as a timeline understands them: number of the entity, and
 * time. */
#ifndef FEATURES_ASKED_H
#define FEATURES_ASKED_H

#include "features/point_in_time.h"

struct asked {
    int64_t rows;
    uint32_t *ids;  /* ENTITY_NONE: an unknown entity, a null key, a null time */
    int64_t *times; /* NULL = at the end of time (the newest row) */
    int64_t unit;   /* nanoseconds of a tick of `times` */
};
/* `layout` says where the keys are in `spine`; time_column -1: no time. */
MUST_CHECK enum status asked_make(struct asked *ret, const struct entities *entities,
                                  const struct key_layout *layout, int64_t time_column,
                                  const struct batch *spine, struct err *err);
/* Leaves those without an entity out; owners[i] becomes the spine row of what is now number i. */
void asked_pack(struct asked *asked, int32_t *owners);
/* The row of features for each, -1 = none. */
void asked_rows(const struct asked *asked, const struct point_in_time *point, int64_t *ret_rows);
void asked_release(struct asked *asked);

#endif
