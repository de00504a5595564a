/* columnar/survey_report.h: one survey, or two of one table side by side, as sections of a report.
 *
 * Of a hidden column (personal data, masked) nothing is written that is one of its values: no
 * extremes, quantiles, distribution or frequent values. */
#ifndef COLUMNAR_SURVEY_REPORT_H
#define COLUMNAR_SURVEY_REPORT_H

#include "base/document.h"
#include "columnar/survey.h"

struct survey_side {
    const char *name; /* "before" */
    struct survey *survey;
    const bool *hidden; /* by column */
    /* A value as it may be shown; in `scratch`, or `value` itself. NULL = as it is. */
    enum status (*show)(void *context, const char *column, struct str value, struct bytes *scratch,
                        struct str *ret, struct err *err);
    void *context;
};
struct survey_sides {
    struct survey_side sides[2];
    size_t count; /* 1 or 2 */
};

/* The section "columns": an item for each column of either side but provenance. */
MUST_CHECK enum status survey_report_columns(struct document *document,
                                             const struct survey_sides *sides, struct err *err);
/* The section "missing". */
MUST_CHECK enum status survey_report_missing(struct document *document,
                                             const struct survey_sides *sides, struct err *err);
/* The section "correlations", of the last side. */
MUST_CHECK enum status survey_report_correlations(struct document *document,
                                                  const struct survey_sides *sides,
                                                  struct err *err);
/* The table "drift" of two sides, in the section at hand; key and provenance columns are left out
 * where `skip` says so (may be NULL). *ret_drifted: columns beyond 0.2. */
MUST_CHECK enum status survey_report_drift(struct document *document,
                                           const struct survey_sides *sides,
                                           bool (*skip)(void *context, const char *column),
                                           void *context, int64_t *ret_drifted, struct err *err);
/* Facts about repeated rows, in the section at hand. */
MUST_CHECK enum status survey_report_repeats(struct document *document,
                                             const struct survey_sides *sides, struct err *err);
/* What catches the eye in the last side, as alerts of the section at hand; *ret_count of them. */
MUST_CHECK enum status survey_report_alerts(struct document *document,
                                            const struct survey_sides *sides, size_t *ret_count,
                                            struct err *err);
/* Of a bool column that marks rows of the last side: how many are true, as a fact; and of a column
 * of words, how often each is there, as a table. Nothing where there is no such column. */
MUST_CHECK enum status survey_report_flag(struct document *document,
                                          const struct survey_sides *sides, const char *column,
                                          const char *key, const char *label, struct err *err);
MUST_CHECK enum status survey_report_words(struct document *document,
                                           const struct survey_sides *sides, const char *column,
                                           const char *key, const char *caption, struct err *err);
/* Place of the column in a side, -1 = not there. */
int64_t survey_report_place(const struct survey_sides *sides, size_t side, const char *column);
/* Whether either side hides it. */
bool survey_report_hides(const struct survey_sides *sides, const char *column);

#endif
