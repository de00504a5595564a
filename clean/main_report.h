/* clean/main_report.h: --report FILE and --json of tamis-clean. */
#ifndef CLEAN_MAIN_REPORT_H
#define CLEAN_MAIN_REPORT_H

#include "base/output.h"
#include "clean/report.h"

/* Zero-initialize. */
struct report_target {
    const char *path; /* --report; JSON where it ends in .json */
    bool json;        /* --json: on stdout */
    struct observation *observation;
    struct output *file; /* opened before work begins, so that it can be written at the end */
};
/* STATUS_USAGE where the document on stdout would be mixed with data. */
MUST_CHECK enum status report_target_check(const struct report_target *target,
                                           const struct stage_target *data, struct err *err);
/* Before rows are read; nothing is observed where no report is wanted. */
MUST_CHECK enum status report_target_open(struct report_target *target, struct chain *chain,
                                          struct err *err);
/* After the result is there. */
MUST_CHECK enum status report_target_write(struct report_target *target,
                                           const struct report_run *run, struct err *err);
void report_target_close(struct report_target *target);

#endif
