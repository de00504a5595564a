/* clean/mask_generalize.h: columns made coarser, and how many rows then look alike.
 *
 * {age: {width: 10}, born: {to: year}, zip: {prefix: 3}}: numbers to the lower end of their bin,
 * dates and times to the first of their month or year, texts to their first letters and stars. Rows
 * alike in the quasi-identifiers (the generalized columns and those named beside them) are a class;
 * a table is k-anonymous when no class is smaller than k (Sweeney, k-anonymity: a model for
 * protecting privacy, 2002). */
#ifndef CLEAN_MASK_GENERALIZE_H
#define CLEAN_MASK_GENERALIZE_H

#include "clean/counts.h"
#include "clean/module.h"

enum small_action { SMALL_REPORT, SMALL_SUPPRESS, SMALL_DROP, SMALL_FAIL };
#define SMALL_ACTIONS "report|suppress|drop|fail"

struct generalize_settings {
    const struct yaml_node *columns; /* the map; NULL = none */
    struct text_list quasi;
    int64_t k; /* 0 = not counted */
    int small;
};

struct generalize;
MUST_CHECK enum status generalize_open(struct generalize **ret, const struct module_setup *setup,
                                       const struct generalize_settings *settings, struct err *err);
/* Whether it makes the column coarser. */
bool generalize_has(const struct generalize *generalize, size_t column);
/* Whether a class is looked for, and whether cells of the column may become null for it. */
bool generalize_counts(const struct generalize *generalize);
bool generalize_nulls(const struct generalize *generalize, size_t column);
/* The column made coarser; *ret NULL where nothing changed. */
MUST_CHECK enum status generalize_column(const struct generalize *generalize, size_t column,
                                         const struct array *array, struct array **ret,
                                         struct err *err);
/* Counts the classes of a window; absorb takes them in window order. */
MUST_CHECK enum status generalize_observe(const struct generalize *generalize,
                                          const struct window *window, struct counts *tally,
                                          struct err *err);
MUST_CHECK enum status generalize_absorb(struct generalize *generalize, struct counts *tally,
                                         struct err *err);
void generalize_settle(struct generalize *generalize);
/* Changes the window: coarser columns, and rows of small classes as `small` says. */
MUST_CHECK enum status generalize_apply(const struct generalize *generalize,
                                        const struct window *window, struct change *change,
                                        struct err *err);
/* "k-anonymity over age, zip: smallest class 2, 40 classes, 3 below 5 (7 rows)". *ret_failed where
 * small is fail and one is too small. */
MUST_CHECK enum status generalize_report(const struct generalize *generalize, bool *ret_failed,
                                         struct bytes *ret, struct err *err);
MUST_CHECK enum status generalize_check(const struct generalize *generalize,
                                        struct check_results *ret, struct err *err);
/* "k": 5, "smallest": 2, ...: members of a JSON object. */
MUST_CHECK enum status generalize_json(const struct generalize *generalize, struct bytes *ret,
                                       struct err *err);
/* A class is small by all quasi-identifiers: its cells, or its rows, go by them. */
MUST_CHECK enum status generalize_lineage(const struct generalize *generalize,
                                          struct column_lineage *lineage, struct err *err);
void generalize_close(struct generalize **generalize);

#endif
