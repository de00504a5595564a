/* lineage/reasons.h: why rows did not stay, added up: for reports.
 *
 * Row events by module, rule, column and threshold, with the first few rows of each as examples. */
#ifndef LINEAGE_REASONS_H
#define LINEAGE_REASONS_H

#include "base/document.h"
#include "base/memory.h"
#include "lineage/run.h"

#define REASONS_MOST    400 /* further ones are added up as "other reasons" */
#define REASON_EXAMPLES 3

struct reason {
    enum row_event_kind kind;
    int position;
    const char *module, *rule, *column, *threshold; /* the last three may be NULL */
    int64_t rows;
    struct bytes examples;
    int example_count;
    uint64_t source; /* hash of the last example's: it is not repeated */
};
struct reasons {
    struct reason *items;
    size_t count, room, last;
    struct arena *arena;
};
/* Zero-initialize. Texts are copied. `show_value` false: the value is personal and is left out of
 * the example. */
MUST_CHECK enum status reasons_add(struct reasons *reasons, const struct row_event *event,
                                   bool show_value, struct err *err);
/* The table `key` of the section at hand, of one module (NULL = all). *ret_rows: how many rows. */
MUST_CHECK enum status reasons_report(const struct reasons *reasons, const char *module,
                                      const char *key, const char *caption,
                                      struct document *document, int64_t *ret_rows,
                                      struct err *err);
void reasons_release(struct reasons *reasons);

#endif
