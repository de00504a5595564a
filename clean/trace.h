/* clean/trace.h: which columns of a window lie in a spool as they are, and which rows of them are
 * left. */
#ifndef CLEAN_TRACE_H
#define CLEAN_TRACE_H

#include "clean/change.h"
#include "columnar/ipc.h"

/* Where one column lies. size 0: it was replaced since, and must be written. */
struct trace_column {
    uint64_t offset, size;
    int64_t cut; /* which cut applies to it, -1 = all its rows are left */
};

/* The rows that are left of columns that were written together: rising numbers. */
struct trace_cut {
    int64_t written; /* rows as they lie there */
    int64_t count;
    uint32_t *rows;
};

/* All zero = nothing is known to lie anywhere. */
struct trace {
    struct trace_column *columns; /* by column of the window */
    size_t count;
    struct trace_cut *cuts;
    size_t cut_count;
};

/* After `change` became the window: columns it left alone are followed, rows it removed leave the
 * cuts. Columns of which less than half of the rows are left are given up: writing the rest is
 * cheaper than reading them all. */
MUST_CHECK enum status trace_follow(struct trace *trace, const struct change *change,
                                    struct err *err);
void trace_release(struct trace *trace);

#endif
