/* features/run_merge.c: sorted runs of rows become one. */
#include "features/run_merge.h"

#include "base/memory.h"
#include "features/ticks.h"

#define WINDOW_BYTES ((uint64_t)2 << 20)
#define WINDOW_ROWS  8192

/* Where a run stands: its current batch with keys and times, and the row on top. */
struct cursor {
    struct sorted_run *run;
    size_t number;
    struct batch batch;
    int64_t row;
    int64_t *times, *created;
    uint64_t *words;
    bool *null; /* of key_words: never true, nulls were refused */
    struct bytes scratch;
    struct str key;
    uint64_t row_bytes; /* of a row of the batch, about */
    size_t source;      /* of the window being made */
    bool in_window;
};

/* The rows of a source that are in the window: a sorted batch gives neighbors. */
struct span {
    int64_t first, count;
    int64_t base; /* where they stand among the rows of all sources */
};

struct run_merge {
    struct schema *schema;
    struct key_layout layout;
    int64_t time_column, created_column;
    struct cursor *cursors;
    size_t cursor_count;
    struct cursor **heap;
    size_t heap_count;
    /* The window: batches that gave rows, and the rows as (source, row). */
    struct batch *sources;
    struct span *spans;
    size_t source_count, source_room;
    uint64_t window_bytes;
    int64_t *rows;
    uint32_t *row_sources;
    int64_t row_count;
};

/* ---- cursors ---- */

static enum status load_ticks(const struct cursor *cursor, int64_t column, int64_t **ret,
                              struct err *err)
{
    int64_t null;
    memory_free(*ret);
    *ret = NULL;
    if (column < 0) return STATUS_OK;
    TRY(NEW(ret, (size_t)cursor->batch.rows, err));
    ticks_of(&cursor->batch.schema->fields[column], cursor->batch.columns[column], *ret, &null);
    return STATUS_OK;
}

static enum status load_key(const struct run_merge *merge, struct cursor *cursor, struct err *err)
{
    bool null;
    if (merge->layout.word) return STATUS_OK;
    return key_bytes(&merge->layout, &cursor->batch, cursor->row, &cursor->scratch, &cursor->key,
                     &null, err);
}

static enum status load_words(const struct run_merge *merge, struct cursor *cursor, struct err *err)
{
    memory_free(cursor->words);
    memory_free(cursor->null);
    cursor->words = NULL;
    cursor->null = NULL;
    if (!merge->layout.word) return STATUS_OK;
    TRY(NEW(&cursor->words, (size_t)cursor->batch.rows, err));
    TRY(NEW(&cursor->null, (size_t)cursor->batch.rows, err));
    key_words(&merge->layout, &cursor->batch, cursor->words, cursor->null);
    return STATUS_OK;
}

static enum status load_batch(const struct run_merge *merge, struct cursor *cursor, bool *ret_end,
                              struct err *err)
{
    batch_release(&cursor->batch);
    cursor->row = 0;
    cursor->in_window = false;
    TRY(sorted_run_next(cursor->run, &cursor->batch, ret_end, err));
    if (*ret_end) return STATUS_OK;
    cursor->row_bytes = batch_bytes(&cursor->batch) / (uint64_t)cursor->batch.rows;
    TRY(load_words(merge, cursor, err));
    TRY(load_ticks(cursor, merge->time_column, &cursor->times, err));
    TRY(load_ticks(cursor, merge->created_column, &cursor->created, err));
    return load_key(merge, cursor, err);
}

static int compare_cursors(const struct cursor *a, const struct cursor *b)
{
    int order = 0;
    if (a->words != NULL) {
        uint64_t left = a->words[a->row], right = b->words[b->row];
        order = left < right ? -1 : left > right;
    } else {
        order = str_compare(a->key, b->key);
    }
    if (order != 0) return order;
    if (a->times != NULL && a->times[a->row] != b->times[b->row])
        return a->times[a->row] < b->times[b->row] ? -1 : 1;
    if (a->created != NULL && a->created[a->row] != b->created[b->row])
        return a->created[a->row] < b->created[b->row] ? -1 : 1;
    return a->number < b->number ? -1 : 1;
}

/* ---- the heap: the smallest on top ---- */

static void sift_down(struct run_merge *merge, size_t at)
{
    struct cursor **heap = merge->heap;
    for (;;) {
        size_t child = 2 * at + 1, smallest = at;
        for (size_t i = child; i < child + 2 && i < merge->heap_count; i++)
            if (compare_cursors(heap[i], heap[smallest]) < 0) smallest = i;
        if (smallest == at) return;
        struct cursor *moved = heap[at];
        heap[at] = heap[smallest];
        heap[smallest] = moved;
        at = smallest;
    }
}

/* Moves the cursor on top one row on. */
static enum status advance(struct run_merge *merge, struct err *err)
{
    struct cursor *cursor = merge->heap[0];
    bool end = false;
    if (++cursor->row == cursor->batch.rows)
        TRY(load_batch(merge, cursor, &end, err));
    else
        TRY(load_key(merge, cursor, err));
    if (end) merge->heap[0] = merge->heap[--merge->heap_count];
    if (merge->heap_count > 0) sift_down(merge, 0);
    return STATUS_OK;
}

/* ---- windows ---- */

static enum status add_source(struct run_merge *merge, struct cursor *cursor, struct err *err)
{
    if (merge->source_count == merge->source_room) {
        size_t room = merge->source_room * 2 + 32;
        struct batch *sources = memory_resize(merge->sources, room, sizeof *sources);
        if (sources == NULL) return fail_memory(err, room * sizeof *sources);
        merge->sources = sources;
        struct span *spans = memory_resize(merge->spans, room, sizeof *spans);
        if (spans == NULL) return fail_memory(err, room * sizeof *spans);
        merge->spans = spans;
        merge->source_room = room;
    }
    cursor->source = merge->source_count;
    cursor->in_window = true;
    merge->sources[cursor->source] = (struct batch){0};
    merge->spans[cursor->source] = (struct span){.first = cursor->row};
    TRY(batch_share(&merge->sources[cursor->source], &cursor->batch, err));
    merge->source_count++;
    return STATUS_OK;
}

static void forget_window(struct run_merge *merge)
{
    for (size_t i = 0; i < merge->source_count; i++)
        batch_release(&merge->sources[i]);
    for (size_t i = 0; i < merge->cursor_count; i++)
        merge->cursors[i].in_window = false;
    merge->source_count = 0;
    merge->window_bytes = 0;
    merge->row_count = 0;
}

/* Keeps of each source what is in the window. */
static enum status narrow_sources(struct run_merge *merge, struct err *err)
{
    int64_t base = 0;
    for (size_t i = 0; i < merge->source_count; i++) {
        struct span *span = &merge->spans[i];
        struct batch narrow = {0};
        TRY(batch_slice(&narrow, &merge->sources[i], span->first, span->count, err));
        batch_release(&merge->sources[i]);
        merge->sources[i] = narrow;
        span->base = base;
        base += span->count;
    }
    return STATUS_OK;
}

static enum status gather(struct run_merge *merge, struct batch *ret, struct err *err)
{
    OWNED(batch_release) struct batch all = {0};
    TRY(narrow_sources(merge, err));
    for (int64_t i = 0; i < merge->row_count; i++) {
        const struct span *span = &merge->spans[merge->row_sources[i]];
        merge->rows[i] += span->base - span->first;
    }
    TRY(batch_concat(&all, merge->schema, merge->sources, merge->source_count, err));
    return batch_take(ret, &all, merge->rows, merge->row_count, err);
}

enum status run_merge_next(struct run_merge *merge, struct batch *ret, bool *ret_end,
                           struct err *err)
{
    *ret_end = merge->heap_count == 0;
    if (*ret_end) return STATUS_OK;
    while (merge->heap_count > 0 && merge->row_count < WINDOW_ROWS &&
           merge->window_bytes < WINDOW_BYTES) {
        struct cursor *top = merge->heap[0];
        if (!top->in_window) TRY(add_source(merge, top, err));
        merge->spans[top->source].count++;
        merge->window_bytes += top->row_bytes;
        merge->rows[merge->row_count] = top->row;
        merge->row_sources[merge->row_count++] = (uint32_t)top->source;
        TRY(advance(merge, err));
    }
    TRY(gather(merge, ret, err));
    forget_window(merge);
    return STATUS_OK;
}

/* ---- life ---- */

static int64_t column_of(const struct schema *schema, const char *name)
{
    return name == NULL ? -1 : schema_find(schema, str_of(name));
}

static enum status open_cursors(struct run_merge *merge, struct sorted_run *const *runs,
                                size_t count, struct err *err)
{
    TRY(NEW(&merge->cursors, count, err));
    TRY(NEW(&merge->heap, count, err));
    for (size_t i = 0; i < count; i++) {
        struct cursor *cursor = &merge->cursors[i];
        bool end = false;
        cursor->run = runs[i];
        cursor->number = i;
        cursor->scratch = bytes_limited(BATCH_BYTES_MAXIMUM);
        merge->cursor_count++;
        TRY(load_batch(merge, cursor, &end, err));
        if (!end) merge->heap[merge->heap_count++] = cursor;
    }
    for (size_t i = merge->heap_count; i-- > 0;)
        sift_down(merge, i);
    return STATUS_OK;
}

enum status run_merge_open(struct run_merge **ret, const struct schema *schema,
                           const struct timeline_columns *columns, struct sorted_run *const *runs,
                           size_t count, struct err *err)
{
    OWNED(run_merge_close) struct run_merge *merge = NULL;
    TRY(NEW(&merge, 1, err));
    merge->schema = schema_ref(schema);
    merge->time_column = column_of(schema, columns->event_time);
    merge->created_column = column_of(schema, columns->created_time);
    TRY(key_layout_of(schema, columns->entity, &merge->layout, err));
    TRY(NEW(&merge->rows, WINDOW_ROWS, err));
    TRY(NEW(&merge->row_sources, WINDOW_ROWS, err));
    TRY(open_cursors(merge, runs, count, err));
    *ret = merge;
    merge = NULL;
    return STATUS_OK;
}

static void cursor_release(struct cursor *cursor)
{
    batch_release(&cursor->batch);
    memory_free(cursor->times);
    memory_free(cursor->created);
    memory_free(cursor->words);
    memory_free(cursor->null);
    bytes_release(&cursor->scratch);
}

void run_merge_close(struct run_merge **merge)
{
    if (merge == NULL || *merge == NULL) return;
    forget_window(*merge);
    for (size_t i = 0; i < (*merge)->cursor_count; i++)
        cursor_release(&(*merge)->cursors[i]);
    memory_free((*merge)->cursors);
    memory_free((*merge)->heap);
    memory_free((*merge)->sources);
    memory_free((*merge)->spans);
    memory_free((*merge)->rows);
    memory_free((*merge)->row_sources);
    schema_unref(&(*merge)->schema);
    memory_free(*merge);
    *merge = NULL;
}
