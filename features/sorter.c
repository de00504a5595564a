/* features/sorter.c: rows sorted by entity, event time, created time and write order. */
#include "features/sorter.h"

#include "base/memory.h"
#include "base/output.h"
#include "features/run_merge.h"

struct sorter {
    struct schema *schema;
    const struct timeline_columns *columns;
    size_t budget, threads;
    /* Rows in memory. */
    struct batch *parts;
    size_t part_count, part_room;
    uint64_t bytes;
    struct timeline *timeline;
    /* On disk. */
    struct spill_file file;
    struct sorted_run **runs;
    size_t run_count;
    /* Handing out. */
    bool started;
    struct batch all; /* the parts as one, where they are not in order */
    int64_t position; /* rows of the timeline handed out */
    size_t part;      /* parts in order: next part and row */
    int64_t part_row;
    struct run_merge *merge;
};

/* ---- taking rows in ---- */

enum status sorter_open(struct sorter **ret, const struct schema *schema,
                        const struct timeline_columns *columns, size_t memory, size_t threads,
                        struct err *err)
{
    OWNED(sorter_close) struct sorter *sorter = NULL;
    TRY(NEW(&sorter, 1, err));
    sorter->schema = schema_ref(schema);
    sorter->columns = columns;
    sorter->file.descriptor = -1;
    sorter->budget = memory / 5;
    sorter->threads = threads;
    TRY(timeline_open(&sorter->timeline, schema, columns, err));
    *ret = sorter;
    sorter = NULL;
    return STATUS_OK;
}

static void forget_parts(struct sorter *sorter)
{
    for (size_t i = 0; i < sorter->part_count; i++)
        batch_release(&sorter->parts[i]);
    batch_release(&sorter->all);
    sorter->part_count = 0;
    sorter->bytes = 0;
    sorter->part = 0;
    sorter->part_row = sorter->position = 0;
    timeline_close(&sorter->timeline);
}

static enum status keep_part(struct sorter *sorter, const struct batch *batch, struct err *err)
{
    if (sorter->part_count == sorter->part_room) {
        size_t room = sorter->part_room * 2 + 16;
        struct batch *parts = memory_resize(sorter->parts, room, sizeof *parts);
        if (parts == NULL) return fail_memory(err, room * sizeof *parts);
        sorter->parts = parts;
        sorter->part_room = room;
    }
    sorter->parts[sorter->part_count] = (struct batch){0};
    TRY(batch_share(&sorter->parts[sorter->part_count], batch, err));
    sorter->part_count++;
    sorter->bytes += batch_bytes(batch);
    return STATUS_OK;
}

/* ---- handing out what is in memory ---- */

static enum status settle(struct sorter *sorter, struct err *err)
{
    TRY(timeline_settle(sorter->timeline, TIMELINE_BY_KEY, sorter->threads, err));
    if (sorter->timeline->order == NULL) return STATUS_OK;
    TRY(batch_concat(&sorter->all, sorter->schema, sorter->parts, sorter->part_count, err));
    for (size_t i = 0; i < sorter->part_count; i++)
        batch_release(&sorter->parts[i]);
    sorter->part_count = 0;
    return STATUS_OK;
}

/* The next rows through the permutation. */
static enum status take_rows(struct sorter *sorter, int64_t count, struct batch *ret,
                             struct err *err)
{
    OWNED(memory_release) int64_t *rows = NULL;
    TRY(NEW(&rows, (size_t)count, err));
    for (int64_t i = 0; i < count; i++)
        rows[i] = sorter->timeline->order[sorter->position + i];
    return batch_take(ret, &sorter->all, rows, count, err);
}

/* Up to `count` rows of the next part. */
static enum status slice_part(struct sorter *sorter, int64_t count, struct batch *ret,
                              struct err *err)
{
    struct batch *part = &sorter->parts[sorter->part];
    int64_t left = part->rows - sorter->part_row;
    if (count > left) count = left;
    TRY(batch_slice(ret, part, sorter->part_row, count, err));
    sorter->part_row += count;
    if (sorter->part_row == part->rows) {
        sorter->part++;
        sorter->part_row = 0;
    }
    return STATUS_OK;
}

static void release_pieces(struct batch **pieces)
{
    for (struct batch *at = *pieces; at != NULL && at->schema != NULL; at++)
        batch_release(at);
    memory_free(*pieces);
}

/* The next `count` rows of parts that are in order already. */
static enum status join_parts(struct sorter *sorter, int64_t count, struct batch *ret,
                              struct err *err)
{
    OWNED(release_pieces) struct batch *pieces = NULL;
    size_t most = sorter->part_count - sorter->part, used = 0;
    TRY(NEW(&pieces, most + 1, err));
    for (int64_t got = 0; got < count; got += pieces[used++].rows)
        TRY(slice_part(sorter, count - got, &pieces[used], err));
    if (used == 1) return batch_share(ret, &pieces[0], err);
    return batch_concat(ret, sorter->schema, pieces, used, err);
}

static enum status next_in_memory(struct sorter *sorter, int64_t most, struct batch *ret,
                                  bool *ret_end, struct err *err)
{
    int64_t left = sorter->timeline->rows - sorter->position;
    int64_t count = left < most ? left : most;
    *ret_end = count == 0;
    if (*ret_end) return STATUS_OK;
    if (sorter->timeline->order != NULL)
        TRY(take_rows(sorter, count, ret, err));
    else
        TRY(join_parts(sorter, count, ret, err));
    sorter->position += count;
    return STATUS_OK;
}

/* ---- spilling ---- */

static enum status write_run(struct sorter *sorter, struct sorted_run *run, struct err *err)
{
    int64_t most = sorted_run_batch(sorter->bytes, sorter->timeline->rows);
    TRY(settle(sorter, err));
    for (;;) {
        OWNED(batch_release) struct batch batch = {0};
        bool end;
        TRY(next_in_memory(sorter, most, &batch, &end, err));
        if (end) return STATUS_OK;
        TRY(sorted_run_add(run, &batch, err));
    }
}

static enum status spill(struct sorter *sorter, struct err *err)
{
    size_t room = sorter->run_count + 1;
    struct sorted_run **runs = memory_resize(sorter->runs, room, sizeof *runs);
    if (runs == NULL) return fail_memory(err, room * sizeof *runs);
    sorter->runs = runs;
    runs[sorter->run_count] = NULL;
    TRY(sorted_run_open(&runs[sorter->run_count], &sorter->file, err));
    sorter->run_count++;
    TRY(write_run(sorter, runs[sorter->run_count - 1], err));
    forget_parts(sorter);
    return timeline_open(&sorter->timeline, sorter->schema, sorter->columns, err);
}

enum status sorter_add(struct sorter *sorter, const struct batch *batch, struct err *err)
{
    /* Keys and times of a row weigh about 48 bytes beside its values. */
    uint64_t weight = sorter->bytes + batch_bytes(batch) +
                      ((uint64_t)sorter->timeline->rows + (uint64_t)batch->rows) * 48;
    if (weight > sorter->budget && sorter->part_count > 0) TRY(spill(sorter, err));
    TRY(timeline_add(sorter->timeline, batch, err));
    return keep_part(sorter, batch, err);
}

static enum status start(struct sorter *sorter, struct err *err)
{
    sorter->started = true;
    if (sorter->run_count == 0) return settle(sorter, err);
    if (sorter->part_count > 0) TRY(spill(sorter, err));
    return run_merge_open(&sorter->merge, sorter->schema, sorter->columns, sorter->runs,
                          sorter->run_count, err);
}

enum status sorter_next(struct sorter *sorter, struct batch *ret, bool *ret_end, struct err *err)
{
    if (!sorter->started) TRY(start(sorter, err));
    if (sorter->merge != NULL) return run_merge_next(sorter->merge, ret, ret_end, err);
    return next_in_memory(sorter, BATCH_ROWS_MAXIMUM, ret, ret_end, err);
}

enum status sorter_rewind(struct sorter *sorter, struct err *err)
{
    sorter->part = 0;
    sorter->part_row = sorter->position = 0;
    if (sorter->merge == NULL) return STATUS_OK;
    run_merge_close(&sorter->merge);
    for (size_t i = 0; i < sorter->run_count; i++)
        sorted_run_rewind(sorter->runs[i]);
    return run_merge_open(&sorter->merge, sorter->schema, sorter->columns, sorter->runs,
                          sorter->run_count, err);
}

size_t sorter_spills(const struct sorter *sorter)
{
    return sorter->run_count;
}

void sorter_close(struct sorter **sorter)
{
    if (sorter == NULL || *sorter == NULL) return;
    forget_parts(*sorter);
    run_merge_close(&(*sorter)->merge);
    for (size_t i = 0; i < (*sorter)->run_count; i++)
        sorted_run_close(&(*sorter)->runs[i]);
    descriptor_close(&(*sorter)->file.descriptor);
    memory_free((*sorter)->runs);
    memory_free((*sorter)->parts);
    schema_unref(&(*sorter)->schema);
    memory_free(*sorter);
    *sorter = NULL;
}
