/* features/window_set.h: the aggregates of a view, ready to be asked about points in time. */
#ifndef FEATURES_WINDOW_SET_H
#define FEATURES_WINDOW_SET_H

#include "features/asked.h"
#include "features/view.h"
#include "features/window_words.h"

struct window_set;
/* `sources[i]` is the column of aggregate i by row of the timeline, `fields[i]` its field; both
 * NULL where rows are counted. All is borrowed, the arrays counted. */
MUST_CHECK enum status window_set_open(struct window_set **ret, const struct view *view,
                                       const struct point_in_time *point,
                                       const struct field *const *fields,
                                       struct array *const *sources, struct err *err);
/* One array an aggregate, as new references. Any thread. */
MUST_CHECK enum status window_set_answer(const struct window_set *set, const struct asked *asked,
                                         struct array **ret, struct err *err);
/* The same by another rule about the same timeline. */
MUST_CHECK enum status window_set_answer_by(const struct window_set *set,
                                            const struct point_in_time *point,
                                            const struct asked *asked, struct array **ret,
                                            struct err *err);
/* Words and validity of aggregate i, borrowed. */
const struct window *window_set_window(const struct window_set *set, size_t i);
void window_set_close(struct window_set **set);

#endif
