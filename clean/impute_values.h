/* clean/impute_values.h: one value a column: its median, mean or mode, of all rows and with groups
 * of each of them. A group without any value of a column takes that of all rows. */
#ifndef CLEAN_IMPUTE_VALUES_H
#define CLEAN_IMPUTE_VALUES_H

#include "clean/row_groups.h"

/* What goes into the empty cells of one column. */
struct fill {
    bool known;
    double number;   /* numbers, dates, timestamps, bool (0 or 1) */
    struct str text; /* utf8 and dictionaries */
};

enum value_kind { VALUE_MEDIAN, VALUE_MEAN, VALUE_MODE };

struct values_plan {
    enum value_kind kind;
    const size_t *columns, *by; /* of the schema; borrowed until close */
    size_t count, by_count;
};
struct values;
MUST_CHECK enum status values_open(struct values **ret, const struct module_setup *setup,
                                   const struct values_plan *plan, struct err *err);
void values_close(struct values **values);

/* Zero-initialize. */
struct values_tally {
    struct row_groups groups;
    struct summary_tally *summaries; /* all rows, then by group of the window */
    struct counts *counts;           /* likewise, times the columns */
    size_t parts, columns;
};
MUST_CHECK enum status values_observe(const struct values *values, int pass,
                                      const struct window *window, struct values_tally *tally,
                                      struct err *err);
/* Window order; releases the tally. */
MUST_CHECK enum status values_absorb(struct values *values, struct values_tally *tally,
                                     struct err *err);
void values_tally_release(struct values_tally *tally);
MUST_CHECK enum status values_settle(struct values *values, bool *ret_more, struct err *err);

/* The group of each row of a window for values_at: *ret NULL without groups. Free with memory_free.
 */
MUST_CHECK enum status values_of_rows(const struct values *values, const struct window *window,
                                      size_t **ret, struct err *err);
/* group  0 = all rows */
const struct fill *values_at(const struct values *values, size_t group, size_t index);

/* "columns": {"name": {"value": ...}}, "groups": [{"key": ..., "columns": {...}}, ...] */
MUST_CHECK enum status values_save(const struct values *values, struct bytes *json,
                                   struct err *err);
MUST_CHECK enum status values_load(struct values *values, const struct yaml_node *map,
                                   struct err *err);

#endif
