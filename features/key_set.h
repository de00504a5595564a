/* features/key_set.h: keys of rows to be replaced or deleted, and the rows that are none of them.
 */
#ifndef FEATURES_KEY_SET_H
#define FEATURES_KEY_SET_H

#include "features/entity.h"
#include "features/view.h"

struct key_set;
/* Keys are the entity, and the event time and created time of the view where `schema` has them:
 * without times a key means every row of its entity. */
MUST_CHECK enum status key_set_open(struct key_set **ret, const struct view *view,
                                    const struct schema *schema, struct err *err);
/* STATUS_FAILED for a null; with `once` also for a key that was added before. */
MUST_CHECK enum status key_set_add(struct key_set *set, const struct batch *batch, bool once,
                                   struct err *err);
/* The rows of a batch of the version whose keys are not in the set. */
MUST_CHECK enum status key_set_others(const struct key_set *set, const struct batch *batch,
                                      struct batch *ret, struct err *err);
void key_set_close(struct key_set **set);

#endif
