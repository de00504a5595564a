/* columnar/placement.h: memory for whole columns of known length, so that the batches they come in
 * are expanded where their values will stay: nothing is copied when they are joined, and no page is
 * touched twice. */
#ifndef COLUMNAR_PLACEMENT_H
#define COLUMNAR_PLACEMENT_H

#include "columnar/array.h"

struct placement;
/* For `rows` rows of the `count` columns listed; those that are not of fixed width get no place. */
MUST_CHECK enum status placement_open(struct placement **ret, const struct schema *schema,
                                      const size_t *columns, size_t count, int64_t rows,
                                      struct err *err);
/* The places (ipc_reader_place) of rows first ... first + rows - 1; release them with
 * placement_release. Any thread. */
MUST_CHECK enum status placement_at(const struct placement *placement, int64_t first, int64_t rows,
                                    struct buffer **ret, struct err *err);
void placement_release(const struct placement *placement, struct buffer **places);
/* What lies in it lives on as long as an array uses it. */
void placement_close(struct placement **placement);

#endif
