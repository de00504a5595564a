/* clean/impute_previous.c: what was known last, or comes next, of the same entity. */
#include "clean/impute_previous.h"

#include "clean/rowkey.h"
#include "clean/spill.h"

#include <math.h>
#include <string.h>
#include <xxhash.h>

#define KEY_MOST  ((size_t)1 << 24)
#define TEXT_MOST ((size_t)1 << 32)
#define UNKNOWN   0 /* a cell without a value */
#define RUN_ROWS  16

/* A cell is a number whose bits are made positive by one, or the place of a text behind its size,
 * plus one. A row is its entity, its time and its cells. */
#define ROW_WORDS(previous) (2 + (previous)->plan.count)

struct entry {
    uint64_t entity, time, row;
};

struct previous {
    const struct schema *schema;
    struct previous_plan plan;
    struct spill *rows, *texts;
    const uint8_t *text; /* frozen */
    uint64_t count;
    uint64_t *starts; /* rows in front of each window */
    size_t window_count, window_room;
    struct scratch filled; /* rows x columns */
};

enum status previous_open(struct previous **ret, const struct schema *schema,
                          const struct previous_plan *plan, struct err *err)
{
    struct previous *previous;
    TRY(NEW(&previous, 1, err));
    *ret = previous;
    previous->schema = schema;
    previous->plan = *plan;
    TRY(spill_open(&previous->rows, plan->memory / 8, err));
    return spill_open(&previous->texts, plan->memory / 8, err);
}

void previous_close(struct previous **ret)
{
    struct previous *previous = *ret;
    if (previous == NULL) return;
    spill_close(&previous->rows);
    spill_close(&previous->texts);
    scratch_release(&previous->filled);
    memory_free(previous->starts);
    memory_free(previous);
    *ret = NULL;
}

/* ---- cells ---- */

/* NaN is no value, so that all bits set never occur. */
static uint64_t of_number(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits + 1;
}

/* In the order of the numbers. */
static uint64_t of_time(double value)
{
    double positive_zero = value + 0.0;
    uint64_t bits;
    if (isnan(value)) return UINT64_MAX;
    memcpy(&bits, &positive_zero, sizeof bits);
    return bits >> 63 ? ~bits : bits | (1ull << 63);
}

static bool is_text(const struct field *field)
{
    return field->type.id == TYPE_UTF8;
}

/* ---- one window ---- */

static enum status read_column(const struct previous *previous, size_t index,
                               const struct window *window, struct previous_tally *tally,
                               struct err *err)
{
    size_t at = previous->plan.columns[index], words = ROW_WORDS(previous);
    const struct field *field = &window->batch->schema->fields[at];
    const struct array *array = window->batch->columns[at];
    for (size_t i = 0; i < tally->rows; i++) {
        uint64_t *cell = &tally->cells[i * words + 2 + index];
        double number;
        struct str text;
        if (!is_text(field)) {
            if (array_number_at(field, array, (int64_t)i, &number) && !isnan(number))
                *cell = of_number(number);
            continue;
        }
        if (!array_text_at(field, array, (int64_t)i, &text)) continue;
        uint64_t size = text.size;
        *cell = tally->texts.size + 1;
        TRY(bytes_append(&tally->texts, &size, sizeof size, err));
        TRY(bytes_append(&tally->texts, text.data, text.size, err));
    }
    return STATUS_OK;
}

static enum status read_entities(const struct previous *previous, const struct window *window,
                                 struct previous_tally *tally, struct err *err)
{
    const struct batch *batch = window->batch;
    size_t words = ROW_WORDS(previous);
    OWNED(bytes_release) struct bytes key = bytes_limited(KEY_MOST);
    for (size_t i = 0; previous->plan.by_count > 0 && i < tally->rows; i++) {
        key.size = 0;
        for (size_t k = 0; k < previous->plan.by_count; k++) {
            size_t at = previous->plan.by[k];
            TRY(rowkey_add(&key, &batch->schema->fields[at], batch->columns[at], (int64_t)i, err));
        }
        tally->cells[i * words] = XXH3_64bits(key.data, key.size);
    }
    return STATUS_OK;
}

static void read_times(const struct previous *previous, const struct window *window,
                       struct previous_tally *tally)
{
    if (previous->plan.time < 0) return;
    size_t at = (size_t)previous->plan.time, words = ROW_WORDS(previous);
    for (size_t i = 0; i < tally->rows; i++) {
        double time = NAN;
        if (!array_number_at(&window->batch->schema->fields[at], window->batch->columns[at],
                             (int64_t)i, &time))
            time = NAN;
        tally->cells[i * words + 1] = of_time(time);
    }
}

enum status previous_observe(const struct previous *previous, const struct window *window,
                             struct previous_tally *tally, struct err *err)
{
    tally->rows = (size_t)window->batch->rows;
    tally->window = window->index;
    tally->texts = bytes_limited(TEXT_MOST);
    TRY(NEW(&tally->cells, tally->rows * ROW_WORDS(previous) + 1, err));
    TRY(read_entities(previous, window, tally, err));
    read_times(previous, window, tally);
    for (size_t j = 0; j < previous->plan.count; j++)
        TRY(read_column(previous, j, window, tally, err));
    return STATUS_OK;
}

void previous_tally_release(struct previous_tally *tally)
{
    memory_free(tally->cells);
    bytes_release(&tally->texts);
    *tally = (struct previous_tally){0};
}

/* ---- all windows ---- */

static enum status note_window(struct previous *previous, int64_t window, struct err *err)
{
    size_t wanted = (size_t)window + 1;
    if (wanted > previous->window_room) {
        size_t room = 2 * wanted + 16;
        uint64_t *starts = memory_resize(previous->starts, room, sizeof *starts);
        if (starts == NULL) return fail_memory(err, room * sizeof *starts);
        previous->starts = starts;
        previous->window_room = room;
    }
    while (previous->window_count < wanted)
        previous->starts[previous->window_count++] = previous->count;
    return STATUS_OK;
}

static enum status absorb(struct previous *previous, struct previous_tally *tally, struct err *err)
{
    size_t words = ROW_WORDS(previous);
    uint64_t texts = spill_size(previous->texts);
    for (size_t j = 0; j < previous->plan.count; j++) {
        if (!is_text(&previous->schema->fields[previous->plan.columns[j]])) continue;
        for (size_t i = 0; i < tally->rows; i++)
            if (tally->cells[i * words + 2 + j] != UNKNOWN)
                tally->cells[i * words + 2 + j] += texts;
    }
    TRY(note_window(previous, tally->window, err));
    previous->count += tally->rows;
    TRY(spill_add(previous->texts, tally->texts.data, tally->texts.size, err));
    return spill_add(previous->rows, tally->cells, tally->rows * words * sizeof(uint64_t), err);
}

enum status previous_absorb(struct previous *previous, struct previous_tally *tally,
                            struct err *err)
{
    enum status status = absorb(previous, tally, err);
    previous_tally_release(tally);
    return status;
}

/* ---- order ---- */

static bool after(const struct entry *a, const struct entry *b)
{
    if (a->entity != b->entity) return a->entity > b->entity;
    return a->time > b->time;
}

static void insert(struct entry *entries, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct entry entry = entries[i];
        size_t at = i;
        for (; at > 0 && after(&entries[at - 1], &entry); at--)
            entries[at] = entries[at - 1];
        entries[at] = entry;
    }
}

static void merge(const struct entry *from, size_t middle, size_t end, struct entry *to)
{
    size_t a = 0, b = middle;
    for (size_t i = 0; i < end; i++)
        to[i] = b >= end || (a < middle && !after(&from[a], &from[b])) ? from[a++] : from[b++];
}

/* Stable, and front to back, as the entries may lie in a file. Gives where the result is. */
static struct entry *sort(struct entry *entries, struct entry *other, size_t count)
{
    for (size_t i = 0; i < count; i += RUN_ROWS)
        insert(entries + i, count - i < RUN_ROWS ? count - i : RUN_ROWS);
    for (size_t run = RUN_ROWS; run < count; run *= 2) {
        for (size_t i = 0; i < count; i += 2 * run) {
            size_t end = count - i < 2 * run ? count - i : 2 * run;
            merge(entries + i, end < run ? end : run, end, other + i);
        }
        struct entry *swap = entries;
        entries = other;
        other = swap;
    }
    return entries;
}

/* Carries what is known over the entries, one column after the other. */
static void carry(const struct previous *previous, const uint64_t *rows,
                  const struct entry *entries, size_t index)
{
    size_t words = ROW_WORDS(previous), columns = previous->plan.count;
    uint64_t *filled = previous->filled.data, known = UNKNOWN, entity = 0;
    for (uint64_t k = 0; k < previous->count; k++) {
        const struct entry *entry = &entries[previous->plan.backward ? previous->count - 1 - k : k];
        if (k == 0 || entry->entity != entity) known = UNKNOWN;
        entity = entry->entity;
        uint64_t cell = rows[entry->row * words + 2 + index];
        if (cell != UNKNOWN) known = cell;
        filled[entry->row * columns + index] = known;
    }
}

enum status previous_settle(struct previous *previous, struct err *err)
{
    OWNED(scratch_release) struct scratch entries = {0};
    OWNED(scratch_release) struct scratch other = {0};
    const struct previous_plan *plan = &previous->plan;
    size_t count = (size_t)previous->count, limit = plan->memory / 8, words = ROW_WORDS(previous);
    const void *frozen, *texts;
    TRY(spill_freeze(previous->rows, &frozen, err));
    TRY(spill_freeze(previous->texts, &texts, err));
    previous->text = texts;
    const uint64_t *rows = frozen;
    TRY(scratch_open(&previous->filled, count * plan->count * sizeof(uint64_t) + 8, limit, err));
    TRY(scratch_open(&entries, count * sizeof(struct entry) + 8, limit, err));
    struct entry *sorted = entries.data;
    for (size_t i = 0; i < count; i++)
        sorted[i] = (struct entry){rows[i * words], rows[i * words + 1], i};
    if (plan->by_count > 0 || plan->time >= 0) {
        TRY(scratch_open(&other, count * sizeof(struct entry) + 8, limit, err));
        sorted = sort(sorted, other.data, count);
    }
    for (size_t j = 0; j < plan->count; j++)
        carry(previous, rows, sorted, j);
    spill_close(&previous->rows);
    return STATUS_OK;
}

/* ---- use ---- */

static uint64_t cell_at(const struct previous *previous, const struct window *window, int64_t row,
                        size_t index)
{
    const uint64_t *filled = previous->filled.data;
    uint64_t place = previous->starts[window->index] + (uint64_t)row;
    return filled[place * previous->plan.count + index];
}

bool previous_number(const struct previous *previous, const struct window *window, int64_t row,
                     size_t index, double *ret)
{
    uint64_t cell = cell_at(previous, window, row, index), bits = cell - 1;
    if (cell == UNKNOWN) return false;
    memcpy(ret, &bits, sizeof bits);
    return true;
}

bool previous_text(const struct previous *previous, const struct window *window, int64_t row,
                   size_t index, struct str *ret)
{
    uint64_t cell = cell_at(previous, window, row, index), size;
    if (cell == UNKNOWN) return false;
    memcpy(&size, previous->text + cell - 1, sizeof size);
    *ret = (struct str){(const char *)previous->text + cell - 1 + sizeof size, (size_t)size};
    return true;
}
