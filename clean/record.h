/* clean/record.h: what is told about single rows: row events and rejects, with personal data
 * masked.
 *
 * Collected while a window is worked on (any thread), handed to the run in window order. With a
 * module in the recipe that can redact (mask), values and rejected rows that were not through it
 * yet are shown as it lets them be shown; while it is not open, not at all. */
#ifndef CLEAN_RECORD_H
#define CLEAN_RECORD_H

#include "clean/step.h"
#include "lineage/stage.h"

struct redactor {
    const struct step *steps; /* the whole chain */
    size_t count;
    bool
        not_opened; /* what failed is the opening of a step: about settings and columns, not rows */
};
/* `value` of `column` as it may be shown when it was found at `position`; in `scratch`, which is
 * overwritten, or `value` itself. */
MUST_CHECK enum status redact(const struct redactor *redactor, int position, const char *column,
                              struct str value, struct bytes *scratch, struct str *ret,
                              struct err *err);

struct row_record {
    struct row_event event;
    struct str raw; /* the row as one JSON object; rejects only */
};
struct row_records {
    struct row_record *items;
    size_t count;
    struct arena *arena;
};
/* Adds what `change` removed from the window that reached `step`. `with_raw`: rejected rows are
 * written out. */
MUST_CHECK enum status records_add(struct row_records *records, const struct redactor *redactor,
                                   const struct step *step, const struct change *change,
                                   bool with_raw, struct err *err);
/* Hands them to the run and to --rejects, in order. */
MUST_CHECK enum status records_tell(const struct row_records *records, struct run *run,
                                    struct rejects *rejects, struct err *err);
void records_release(struct row_records *records);

/* One row as a JSON object in column order. Binary values are shown by their size. */
MUST_CHECK enum status row_json(const struct redactor *redactor, int position,
                                const struct batch *batch, int64_t row, struct bytes *ret,
                                struct err *err);

#endif
