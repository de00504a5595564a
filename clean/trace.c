/* clean/trace.c: which columns of a window lie in a spool as they are. */
#include "clean/trace.h"

#include "base/memory.h"

static void release_cuts(struct trace *trace)
{
    for (size_t i = 0; i < trace->cut_count; i++)
        memory_free(trace->cuts[i].rows);
    memory_free(trace->cuts);
    trace->cuts = NULL;
    trace->cut_count = 0;
}

void trace_release(struct trace *trace)
{
    release_cuts(trace);
    memory_free(trace->columns);
    *trace = (struct trace){0};
}

/* ---- columns ---- */

static struct trace_column followed(const struct trace *trace, const struct change *change,
                                    size_t column)
{
    int64_t from = change_origin(change, column);
    const struct trace_column gone = {.cut = -1};
    if (from < 0 || (size_t)from >= trace->count) return gone;
    bool same = change->columns[column] == change->window->batch->columns[from];
    return same ? trace->columns[from] : gone;
}

static enum status follow_columns(struct trace *trace, const struct change *change, struct err *err)
{
    struct trace_column *columns = NULL;
    TRY(NEW(&columns, change->schema->count, err));
    for (size_t i = 0; i < change->schema->count; i++)
        columns[i] = followed(trace, change, i);
    memory_free(trace->columns);
    trace->columns = columns;
    trace->count = change->schema->count;
    return STATUS_OK;
}

/* ---- rows ---- */

/* One more cut, for columns that were whole until now. */
static enum status add_cut(struct trace *trace, int64_t rows, struct err *err)
{
    bool whole = false;
    for (size_t i = 0; i < trace->count; i++)
        whole = whole || (trace->columns[i].size > 0 && trace->columns[i].cut < 0);
    if (!whole) return STATUS_OK;
    struct trace_cut cut = {.written = rows, .count = rows};
    struct trace_cut *cuts = memory_resize(trace->cuts, trace->cut_count + 1, sizeof *cuts);
    if (cuts == NULL) return fail_memory(err, sizeof *cuts);
    trace->cuts = cuts;
    TRY(NEW(&cut.rows, (size_t)rows, err));
    for (int64_t row = 0; row < rows; row++)
        cut.rows[row] = (uint32_t)row;
    trace->cuts[trace->cut_count] = cut;
    for (size_t i = 0; i < trace->count; i++)
        if (trace->columns[i].cut < 0) trace->columns[i].cut = (int64_t)trace->cut_count;
    trace->cut_count++;
    return STATUS_OK;
}

static void narrow(struct trace_cut *cut, const struct change *change)
{
    int64_t kept = 0;
    for (int64_t row = 0; row < cut->count; row++)
        if (!change_removed(change, row)) cut->rows[kept++] = cut->rows[row];
    cut->count = kept;
}

static void give_up(struct trace *trace)
{
    for (size_t i = 0; i < trace->count; i++) {
        struct trace_column *column = &trace->columns[i];
        if (column->size == 0 || column->cut < 0) continue;
        const struct trace_cut *cut = &trace->cuts[column->cut];
        if (cut->count * 2 < cut->written) *column = (struct trace_column){.cut = -1};
    }
}

enum status trace_follow(struct trace *trace, const struct change *change, struct err *err)
{
    if (trace->count == 0) return STATUS_OK;
    TRY(follow_columns(trace, change, err));
    if (change->removal_count == 0) return STATUS_OK;
    TRY(add_cut(trace, change->window->batch->rows, err));
    for (size_t i = 0; i < trace->cut_count; i++)
        narrow(&trace->cuts[i], change);
    give_up(trace);
    return STATUS_OK;
}
