/* clean/impute_rows.h: the step between windows of columns and the model that sees rows. */
#ifndef CLEAN_IMPUTE_ROWS_H
#define CLEAN_IMPUTE_ROWS_H

#include "clean/impute_model.h"
#include "clean/module.h"

struct impute_rows;

/* Least and largest value that is filled in. */
struct bounds {
    double low, high;
};

struct rows_plan {
    const size_t *targets; /* columns to fill */
    size_t target_count;
    const struct text_list *from; /* columns to look at besides; empty = all numeric ones */
    enum model_kind kind;
    size_t neighbors;
    const struct bounds *bounds; /* by target; borrowed until close */
    const char *rule;            /* of cells taken from donors */
    bool widen;                  /* integer targets leave as float64 */
};
/* STATUS_USAGE when more columns than JOINT_COLUMNS_MAXIMUM take part. */
MUST_CHECK enum status rows_open(struct impute_rows **ret, const struct module_setup *setup,
                                 const struct rows_plan *plan, struct err *err);

MUST_CHECK enum status rows_observe(const struct impute_rows *rows, const struct window *window,
                                    struct sample_tally *tally, struct err *err);
MUST_CHECK enum status rows_absorb(struct impute_rows *rows, struct sample_tally *tally,
                                   struct err *err);
MUST_CHECK enum status rows_settle(struct impute_rows *rows, struct err *err);
/* Sets the filled target columns and counts their cells. `places`: of the columns in the schema
 * that leaves; SIZE_MAX = does not leave. */
MUST_CHECK enum status rows_apply(const struct impute_rows *rows, const struct window *window,
                                  const size_t *places, struct change *change, struct err *err);
/* "from": [...], "model": {...} */
MUST_CHECK enum status rows_save(const struct impute_rows *rows, struct bytes *json,
                                 struct err *err);
MUST_CHECK enum status rows_load(struct impute_rows *rows, const struct yaml_node *map,
                                 struct err *err);
/* `output` depends on every column looked at. */
MUST_CHECK enum status rows_lineage(const struct impute_rows *rows, struct column_lineage *lineage,
                                    const char *output, struct err *err);
void rows_close(struct impute_rows **rows);

#endif
