/* clean/mask_cells.h: masks the cells of one column of a window. */
#ifndef CLEAN_MASK_CELLS_H
#define CLEAN_MASK_CELLS_H

#include "clean/mask_write.h"
#include "clean/module.h"

/* How the cells of a column are looked at. */
enum mask_look {
    MASK_LOOK_NOT,    /* not at all */
    MASK_LOOK_TEXT,   /* finds in a text */
    MASK_LOOK_NUMBER, /* a number that is an identifier as a whole */
    MASK_LOOK_DATE,   /* a date or time of its own type */
    MASK_LOOK_TELL,   /* a number nobody named: those like card numbers are counted */
};

struct mask_column {
    enum mask_look look;
    struct mask_set likely; /* of what the column's name speaks */
};

struct mask_cells {
    const struct schema *schema;
    const struct mask_column *columns; /* by column of the schema */
    const struct mask_set *kinds;
    const struct mask_plan *plan;   /* of the kinds */
    const struct mask_words *words; /* NULL = forms only */
    bool weak;
    int whole; /* the kind every cell is as a whole; -1 = found in it */
    const struct mask_style *style;
    enum on_fail
        on_fail; /* what becomes of a cell with a find: kept, null, masked, its row rejected */
    int64_t shift_most;
    int64_t shift_by; /* column whose value decides the days; -1 = the key alone */
    int64_t days;     /* where it does */
};

/* The rule of what MASK_LOOK_TELL counts. */
extern const char mask_told[];

/* Masks column `at` and notes, counts and finds it in `change`. With ON_FAIL_FLAG `flags`, one a
 * row, get "note: email, card" instead; NULL otherwise. */
MUST_CHECK enum status mask_cells(const struct mask_cells *cells, size_t at,
                                  const struct window *window, struct bytes *flags,
                                  struct change *change, struct err *err);
/* Appends one value of a column (or of none, -1) as it may be shown. */
MUST_CHECK enum status mask_cell_text(const struct mask_cells *cells, const char *column,
                                      struct str value, struct bytes *ret, struct err *err);

#endif
