/* clean/before_after.h: one column as it came to a step and as it leaves it, cell by cell. */
#ifndef CLEAN_BEFORE_AFTER_H
#define CLEAN_BEFORE_AFTER_H

#include "clean/change.h"

#define CELL_TEXT_ROOM 4096

struct before_after {
    const struct field *field_before, *field_after;
    const struct array *before, *after;
    size_t column; /* in the schema that leaves */
};
/* false where the column is new, or the same array as before. */
bool before_after_of(const struct change *change, size_t column, struct before_after *ret);

/* A cell on both sides; texts live in the rooms or in the arrays. */
struct cell_pair {
    bool was_null, is_null;
    struct str before, after;
    char rooms[2][CELL_TEXT_ROOM];
};
/* Whether the cell reads otherwise than it did; *ret is filled then. */
bool before_after_differs(const struct before_after *pair, int64_t row, struct cell_pair *ret);

/* Rows that stay with at least one cell that differs. */
MUST_CHECK enum status rows_changed(const struct change *change, int64_t *ret, struct err *err);

#endif
