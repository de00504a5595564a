/* clean/report.h: --report: what a run did to its rows, as a page or as JSON (base/document.h). */
#ifndef CLEAN_REPORT_H
#define CLEAN_REPORT_H

#include "base/document.h"
#include "clean/chain.h"
#include "clean/chain_origin.h"
#include "columnar/survey_report.h"

/* What is told of the run beside what was observed. All borrowed. */
struct report_run {
    const struct invocation *invocation;
    struct chain *chain; /* finished, with its observation */
    const char *input;   /* node */
    const struct recipe *recipe;
    const struct digest *state;    /* NULL = learned from these rows */
    const struct version *version; /* number 0 = none was committed */
    const char *into;
    const struct bytes *lines; /* what was said to people about the data */
};
/* Everything, as one document. */
MUST_CHECK enum status report_make(const struct report_run *run, struct document **ret,
                                   struct err *err);

/* ---- its parts ---- */

struct report {
    const struct report_run *run;
    struct chain *chain;
    struct observation *observation;
    struct document *document;
    struct origins origins;
    bool *hidden[2];
    struct survey_sides sides;
};
/* report_columns.c: which columns are not shown, and where they came from. */
MUST_CHECK enum status report_open(struct report *report, struct err *err);
void report_release(struct report *report);
MUST_CHECK enum status report_origins(struct report *report, struct err *err);
/* report_steps.c: what each step did. */
MUST_CHECK enum status report_checks(struct report *report, struct err *err);
MUST_CHECK enum status report_flow(struct report *report, struct err *err);
/* report_rows.c: rows that did not stay or were marked, and pictures. */
MUST_CHECK enum status report_rows(struct report *report, struct err *err);
MUST_CHECK enum status report_pictures(struct report *report, struct err *err);

#endif
