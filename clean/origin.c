/* clean/origin.c: the source and record of any row seen before. */
#include "clean/origin.h"

struct origin_run {
    int64_t row;    /* number of its first row; it reaches to the next run */
    int64_t record; /* of the first row, then rising by one */
    int64_t source; /* place in sources; -1 = none */
};

/* ---- one window ---- */

static enum status place_of(struct counts *sources, struct str source, int64_t *ret,
                            struct err *err)
{
    *ret = -1;
    if (source.data == NULL) return STATUS_OK;
    TRY(counts_add(sources, source.data, source.size, count_hash(source.data, source.size), 1,
                   err));
    *ret = (int64_t)counts_place(sources, source.data, source.size);
    return STATUS_OK;
}

enum status origin_observe(const struct window *window, struct origin_tally *tally, struct err *err)
{
    size_t room = 0;
    struct str last = {NULL, 0};
    for (int64_t row = 0; row < window->batch->rows; row++) {
        struct str source;
        int64_t record;
        window_provenance(window, row, &source, &record);
        struct origin_run *run = tally->count == 0 ? NULL : &tally->runs[tally->count - 1];
        int64_t number = window->first_row + row;
        if (run != NULL &&
            (uint64_t)record - (uint64_t)run->record == (uint64_t)(number - run->row) &&
            str_equal(source, last))
            continue;
        if (tally->count == room) {
            room = room == 0 ? 4 : room * 2;
            struct origin_run *grown = memory_resize(tally->runs, room, sizeof *grown);
            if (grown == NULL) return fail_memory(err, room * sizeof *grown);
            tally->runs = grown;
        }
        last = source;
        run = &tally->runs[tally->count];
        *run = (struct origin_run){.row = number, .record = record};
        TRY(place_of(&tally->sources, source, &run->source, err));
        tally->count++;
    }
    return STATUS_OK;
}

/* Runs rise, and the first begins with the window. */
static bool runs_are_sound(const struct origin_tally *tally, int64_t first, int64_t end)
{
    if (end > first && (tally->count == 0 || tally->runs[0].row != first)) return false;
    for (size_t i = 0; i < tally->count; i++) {
        const struct origin_run *run = &tally->runs[i];
        if (run->row < first || run->row >= end || run->source >= (int64_t)tally->sources.count)
            return false;
        first = run->row + 1;
    }
    return true;
}

enum status origin_tally_carry(struct origin_tally *tally, int64_t first, int64_t end,
                               struct wire *wire, struct err *err)
{
    TRY(WIRE_ITEMS(wire, &tally->runs, &tally->count, err));
    TRY(counts_carry(&tally->sources, wire, err));
    return runs_are_sound(tally, first, end)
               ? STATUS_OK
               : fail(err, STATUS_FAILED, "a row of another window, or a source not there");
}

void origin_tally_release(struct origin_tally *tally)
{
    memory_free(tally->runs);
    counts_release(&tally->sources);
    *tally = (struct origin_tally){0};
}

/* ---- all windows ---- */

enum status origin_open(struct origin *ret, size_t memory, struct err *err)
{
    *ret = (struct origin){0};
    return spill_open(&ret->runs, memory, err);
}

enum status origin_absorb(struct origin *origin, struct origin_tally *tally, struct err *err)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < tally->count; i++) {
        struct origin_run run = tally->runs[i];
        if (run.source >= 0) {
            const struct counted *source = &tally->sources.items[run.source];
            struct str name = {(const char *)source->data, source->size};
            status = place_of(&origin->sources, name, &run.source, err);
        }
        if (status == STATUS_OK) status = spill_add(origin->runs, &run, sizeof run, err);
    }
    origin_tally_release(tally);
    return status;
}

enum status origin_settle(struct origin *origin, struct err *err)
{
    const void *runs;
    TRY(spill_freeze(origin->runs, &runs, err));
    origin->frozen = runs;
    origin->count = (size_t)(spill_size(origin->runs) / sizeof *origin->frozen);
    return STATUS_OK;
}

void origin_of(const struct origin *origin, int64_t row, struct str *ret_source,
               int64_t *ret_record)
{
    size_t low = 0, high = origin->count; /* the last run that begins at or before the row */
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (origin->frozen[middle].row <= row)
            low = middle;
        else
            high = middle;
    }
    const struct origin_run *run = &origin->frozen[low];
    *ret_record = (int64_t)((uint64_t)run->record + (uint64_t)(row - run->row));
    *ret_source = (struct str){NULL, 0};
    if (run->source < 0) return;
    const struct counted *source = &origin->sources.items[run->source];
    *ret_source = (struct str){(const char *)source->data, source->size};
}

void origin_release(struct origin *origin)
{
    counts_release(&origin->sources);
    spill_close(&origin->runs);
    *origin = (struct origin){0};
}
