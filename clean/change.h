/* clean/change.h: what one step does to one window, collected while its apply runs, and the window
 * that comes out. The chain's (and the test harness's) side of the change_ functions of module.h.
 */
#ifndef CLEAN_CHANGE_H
#define CLEAN_CHANGE_H

#include "clean/module.h"
#include "lineage/run.h"

#define CHANGE_VALUE_MAXIMUM 256

/* One removed row and why. */
struct removal {
    enum row_event_kind kind; /* EVENT_REJECT, EVENT_DROP or EVENT_MERGE */
    int64_t row;              /* in the window */
    const char *rule, *column, *threshold;
    struct str value;
    struct str into_source;
    int64_t into_record;
};

/* Why one cell changed. */
struct note {
    size_t column;
    int64_t row;
    const char *rule;
    double confidence;
    struct str donors; /* rows it was taken from; data NULL = not said */
};

struct change {
    const struct window *window;
    const struct schema *schema; /* that leaves the module */
    struct array **columns;      /* of `schema`; NULL = not set yet */
    int64_t *cells;              /* changed, by column of `schema` */
    const char **rules;          /* by column of `schema`, for cells without a note; NULL = none */
    uint8_t *removed;            /* a bit a row; NULL = none */
    struct removal *removals;
    size_t removal_count, removal_room;
    struct finding *findings;
    size_t finding_count, finding_room;
    struct arena *arena;
    bool takes_notes; /* somebody will read them */
    struct note *notes;
    size_t note_count, note_room;
};

/* The column of the window that column `column` of `schema` starts as: the one in the same place if
 * it has the same name (names may repeat), else the first with the name; -1 for a new one. */
int64_t change_origin(const struct change *change, size_t column);
/* Starts with the window's own columns. `window` and `schema` outlive the change. */
MUST_CHECK enum status change_open(struct change *ret, const struct window *window,
                                   const struct schema *schema, struct err *err);
/* The window's rows without the removed ones, in `schema`. STATUS_FAILED when a column was left
 * unset or has another length. */
MUST_CHECK enum status change_result(const struct change *change, struct batch *ret,
                                     struct err *err);
/* The notes of rows that stay, added up by rule and column; the caller frees *ret with memory_free.
 */
MUST_CHECK enum status change_reasons(const struct change *change, struct finding **ret,
                                      size_t *ret_count, struct err *err);
void change_release(struct change *change);

#endif
