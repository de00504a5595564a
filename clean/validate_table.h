/* clean/validate_table.h: expectations about a column, or the table, as a whole: how many rows, how
 * many distinct values, where the mean lies, how far the distribution moved.
 *
 * They mark no row; they are judged when the last row was seen. What needs numbers of the whole
 * column (moments, quantiles, distinct values) learns in the module's fit; counts of rows and
 * nulls, and drift against a stored profile, are whole numbers added up while the rows are applied.
 */
#ifndef CLEAN_VALIDATE_TABLE_H
#define CLEAN_VALIDATE_TABLE_H

#include "clean/checks.h"
#include "clean/summary.h"
#include "clean/validate_profile.h"
#include "clean/validate_rule.h"

enum table_kind {
    TABLE_ROWS,
    TABLE_COLUMNS,
    TABLE_NULL_SHARE,
    TABLE_DISTINCT,
    TABLE_DISTINCT_SHARE,
    TABLE_UNIQUE_SHARE,
    TABLE_MINIMUM,
    TABLE_MAXIMUM,
    TABLE_MEAN,
    TABLE_MEDIAN,
    TABLE_SUM,
    TABLE_DEVIATION,
    TABLE_QUANTILE,
    TABLE_CORRELATION,
    TABLE_ENTROPY,
    TABLE_MOST_COMMON,
    TABLE_CONTAINS,
    TABLE_PSI,
    TABLE_KS,
};

/* Sums of products of two columns, folded in window order (Chan, Golub and LeVeque 1983). */
struct comoments {
    int64_t count;
    double mean_x, mean_y, xx, yy, xy;
};

struct table_check {
    enum table_kind kind;
    const char *rule, *threshold;
    const char *column; /* NULL = the table */
    size_t index, with; /* columns of the schema */
    enum severity severity;
    double low, high; /* allowed; infinite where a side is open */
    const char *const *values;
    size_t value_count;
    const char *unmet;         /* TABLE_COLUMNS: what is wrong with the schema, NULL = nothing */
    size_t number, fraction;   /* places in the summary */
    struct groups *groups;     /* distinct and unique share */
    struct counts counts;      /* entropy, most common, contains */
    struct comoments together; /* correlation */
    struct profile_column *profile;
    struct profile_counts *drift;
    struct check_counts *nulls; /* evaluated rows, failing = nulls */
};

struct table {
    struct table_check *items;
    size_t count, room;
    size_t *numbers; /* columns of the summary */
    size_t number_count;
    double *fractions;
    size_t fraction_count;
    struct summary *summary;
    const struct schema *schema;
    _Atomic int64_t *rows; /* in the arena of the setup */
    struct loaded_profile *profiles;
    size_t profile_count;
};

/* What one rule asks of columns as a whole: appended. `place` as in rule_read. */
MUST_CHECK enum status table_read(struct table *table, const struct rule_config *config,
                                  const struct yaml_node *place, const struct module_setup *setup,
                                  struct err *err);
/* The profile in a file, loaded once; borrowed. */
MUST_CHECK enum status table_profile(struct table *table, const char *path, struct profile **ret,
                                     struct err *err);
/* After the last rule. `memory` is for all that is learned. */
MUST_CHECK enum status table_open(struct table *table, size_t memory, struct err *err);
bool table_learns(const struct table *table);

/* One window of the fit; zero-initialize, one a window. */
struct table_tally {
    struct summary_tally summary;
    struct counts *counts;      /* by check */
    struct comoments *together; /* by check */
    struct group_entry **entries;
    size_t *entry_counts;
    size_t count;
};
MUST_CHECK enum status table_observe(const struct table *table, int pass,
                                     const struct window *window, struct table_tally *tally,
                                     struct err *err);
MUST_CHECK enum status table_absorb(struct table *table, struct table_tally *tally,
                                    struct err *err);
void table_tally_release(struct table_tally *tally);
MUST_CHECK enum status table_settle(struct table *table, int pass, bool *ret_more, struct err *err);

/* Rows, nulls and drift of one window; any thread. */
MUST_CHECK enum status table_count(const struct table *table, const struct window *window,
                                   struct err *err);
/* Every check with what was found. */
MUST_CHECK enum status table_judge(const struct table *table, struct check_results *results,
                                   struct err *err);
void table_release(struct table *table);

#endif
