/* features/report.h: the parts of `tamis-features report`, one subject a file. */
#ifndef FEATURES_REPORT_H
#define FEATURES_REPORT_H

#include "base/document.h"
#include "columnar/survey_report.h"
#include "features/lineage_graph.h"
#include "features/report_marks.h"
#include "features/view.h"
#include "lineage/reasons.h"
#include "lineage/version.h"

/* What a report is made of. The last version is the one it is about, the first what it is held
 * against. */
struct report {
    struct store *store;
    const struct common *common;
    struct arena *arena;
    struct document *document;
    struct version versions[2];
    size_t count;
    struct survey *surveys[2];
    bool *hidden[2];
    struct survey_sides sides;
    struct view view; /* name NULL = none */
    struct lineage_graph upstream;
    const char *cleaned_by; /* the nearest run with modules, NULL = none */
    struct reasons reasons;
    struct picture_marks marks; /* of the last version */
};
static inline const struct version *report_version(const struct report *report)
{
    return &report->versions[report->count - 1];
}

/* report_columns.c: reads the versions; which columns are not shown. */
MUST_CHECK enum status report_read(struct report *report, struct err *err);
bool report_is_key(void *report, const char *column);
/* report_catalog.c: sections from the catalog. */
MUST_CHECK enum status report_overview(struct report *report, struct err *err);
MUST_CHECK enum status report_checks(struct report *report, struct err *err);
MUST_CHECK enum status report_flow(struct report *report, struct err *err);
MUST_CHECK enum status report_reasons(struct report *report, struct err *err);
/* report_pictures.c: pictures that are marked as bad. */
MUST_CHECK enum status report_pictures(struct report *report, struct err *err);
/* report_lineage.c: the picture, and how to make the version again. */
MUST_CHECK enum status report_upstream(struct report *report, struct err *err);
MUST_CHECK enum status report_lineage(struct report *report, struct err *err);
MUST_CHECK enum status report_reproduce(struct report *report, struct err *err);

#endif
