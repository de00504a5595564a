/* clean/audit.h: every cell a chain changed, as an Arrow file: --audit cells.
 *
 * Columns: source, record (as in _source and _record), position (step, 1-based), module, rule,
 * column, before, after (text as CSV shows it, null where the cell was or is null), confidence,
 * donors (rows the value was taken from: "SOURCE:RECORD, ..."; impute by similar rows).
 * Rows stand in window order, within a window by step, column, row. Values are masked as in row
 * events when the recipe has a module that can. */
#ifndef CLEAN_AUDIT_H
#define CLEAN_AUDIT_H

#include "clean/record.h"

enum audit_column {
    AUDIT_SOURCE,
    AUDIT_RECORD,
    AUDIT_POSITION,
    AUDIT_MODULE,
    AUDIT_RULE,
    AUDIT_COLUMN,
    AUDIT_BEFORE,
    AUDIT_AFTER,
    AUDIT_CONFIDENCE,
    AUDIT_DONORS, /* not in files of earlier versions */
    AUDIT_COLUMNS
};
MUST_CHECK enum status audit_schema(struct schema **ret, struct err *err);

struct audit; /* the file being written */
/* The file appears at audit_commit. */
MUST_CHECK enum status audit_open(struct audit **ret, const char *path, struct err *err);

/* Cells of one window, collected on its thread. */
struct audit_page {
    struct batch_builder *builder; /* NULL = none yet */
    struct ipc_message *message;
};
/* What `change` made of the cells of rows that stay. */
MUST_CHECK enum status audit_collect(const struct audit *audit, struct audit_page *page,
                                     const struct redactor *redactor, const struct step *step,
                                     struct change *change, struct err *err);
/* Ends the page; any thread. */
MUST_CHECK enum status audit_encode(const struct audit *audit, struct audit_page *page,
                                    struct err *err);
/* In window order. */
MUST_CHECK enum status audit_put(struct audit *audit, struct audit_page *page, struct err *err);
void audit_page_release(struct audit_page *page);

MUST_CHECK enum status audit_commit(struct audit *audit, struct err *err);
void audit_close(struct audit **audit); /* uncommitted: no file */

#endif
