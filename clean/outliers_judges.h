/* clean/outliers_judges.h: what outliers learns: from all rows, and with groups from each of them.
 *
 * Part 0 is that of all rows; it judges the rows of groups that were not there when it was learned.
 * Either fences of columns or a judge of rows, by the method. */
#ifndef CLEAN_OUTLIERS_JUDGES_H
#define CLEAN_OUTLIERS_JUDGES_H

#include "clean/outliers_fences.h"
#include "clean/outliers_rows.h"
#include "clean/row_groups.h"

struct judges_plan {
    const struct module_setup *setup; /* borrowed while opening */
    const size_t *columns, *by;       /* of the schema; borrowed until close */
    size_t count, by_count;
    bool of_rows;
    enum fence_method fence; /* of values */
    double threshold;        /* of values; of rows where above 0 */
    struct unusual_plan rows;
};
struct judges;
MUST_CHECK enum status judges_open(struct judges **ret, const struct judges_plan *plan,
                                   struct err *err);
void judges_close(struct judges **judges);

/* Zero-initialize. */
struct judges_tally {
    struct summary_tally summary;  /* of all rows */
    struct summary_tally *grouped; /* by group of the window */
    struct sample_tally sample;
    struct row_groups groups;
};
MUST_CHECK enum status judges_observe(const struct judges *judges, int pass,
                                      const struct window *window, struct judges_tally *tally,
                                      struct err *err);
/* Window order; releases the tally. */
MUST_CHECK enum status judges_absorb(struct judges *judges, struct judges_tally *tally,
                                     struct err *err);
/* Whether a tally can be carried: samples of rows, without groups. */
bool judges_carry_tallies(const struct judges *judges);
MUST_CHECK enum status judges_tally_carry(const struct judges *judges, struct judges_tally *tally,
                                          struct wire *wire, struct err *err);
void judges_tally_release(struct judges_tally *tally);
MUST_CHECK enum status judges_settle(struct judges *judges, bool *ret_more, struct err *err);

/* Which part judges each row of a window: *ret NULL = part 0 all of them. Free with memory_free. */
MUST_CHECK enum status judges_of_rows(const struct judges *judges, const struct window *window,
                                      size_t **ret, struct err *err);
const struct fence *judges_fence(const struct judges *judges, size_t part, size_t index);
const struct unusual *judges_unusual(const struct judges *judges, size_t part);
/* From which score on a row is unusual, as a number and for row events. */
double judges_threshold(const struct judges *judges, size_t part, const char **ret_text);

/* "columns": {...} or "rows": {...}, and "groups": [{"key": ..., "columns": {...}}, ...] */
MUST_CHECK enum status judges_save(const struct judges *judges, struct bytes *json,
                                   struct err *err);
MUST_CHECK enum status judges_load(struct judges *judges, const struct yaml_node *map,
                                   struct err *err);

#endif
