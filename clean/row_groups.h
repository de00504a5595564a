/* clean/row_groups.h: rows by the values of some columns, for fits that are made group by group.
 *
 * The key of a row is a JSON list of its values as text (["DE", null]): readable where it is saved,
 * and different for different values. Groups are numbered in the order of their first row, whatever
 * the windows and threads. */
#ifndef CLEAN_ROW_GROUPS_H
#define CLEAN_ROW_GROUPS_H

#include "clean/counts.h"
#include "clean/module.h"

/* The rows of one window by group. Zero-initialize. */
struct row_groups {
    struct counts keys; /* in the order of their first row */
    uint32_t *of_row;   /* place in keys.items of each row */
    size_t *order;      /* rows, group by group, in their order within */
    size_t *first;      /* keys.count + 1 places in order */
};
MUST_CHECK enum status row_groups_find(const struct window *window, const size_t *by, size_t count,
                                       struct row_groups *ret, struct err *err);
void row_groups_release(struct row_groups *groups);
/* For each group of the window its number in `all` (+ 1; 0 = not there), in ret[keys.count]. */
MUST_CHECK enum status row_groups_number(const struct row_groups *groups, const struct counts *all,
                                         size_t **ret, struct err *err);
/* For each row of the window the number of its group in `all` likewise; memory_get. */
MUST_CHECK enum status row_groups_of_rows(const struct window *window, const size_t *by,
                                          size_t count, const struct counts *all, size_t **ret,
                                          struct err *err);

#endif
