/* clean/recorded.c: what a step did to windows, put down once and done again elsewhere. */
#include "clean/recorded.h"

#include "clean/batch_bytes.h"
#include "clean/counts.h"

#define WORDS_BYTES_MAXIMUM   ((size_t)64 << 20)
#define COLUMNS_BYTES_MAXIMUM ((size_t)4 << 30)

/* Rules, columns and thresholds occur again and again: a word is its number + 1, 0 = none. */
struct recorder {
    struct counts words;
};
struct recorded_window {
    int64_t window;
    uint64_t offset, size;
};
struct recorded {
    struct spill *spill;
    const uint8_t *data;
    struct recorded_window *windows;
    size_t count, room;
    char **words;
    size_t word_count;
};

/* One side of the wire: `recorder` writes, `recorded` reads. */
struct desk {
    struct wire wire;
    struct recorder *recorder;
    const struct recorded *recorded;
};

static enum status carry_word(struct desk *desk, const char **word, struct err *err)
{
    uint32_t number = 0;
    if (desk->recorder != NULL && *word != NULL) {
        struct counts *words = &desk->recorder->words;
        size_t size = strlen(*word);
        TRY(counts_add(words, *word, size, count_hash(*word, size), 1, err));
        number = (uint32_t)counts_place(words, *word, size) + 1;
    }
    TRY(WIRE(&desk->wire, &number, err));
    if (desk->recorder != NULL) return STATUS_OK;
    if (number > desk->recorded->word_count)
        return fail(err, STATUS_FAILED, "word %u of %zu", number, desk->recorded->word_count);
    *word = number == 0 ? NULL : desk->recorded->words[number - 1];
    return STATUS_OK;
}

/* ---- what a change is made of ---- */

static enum status carry_removal(struct desk *desk, struct removal *removal, struct err *err)
{
    int32_t kind = (int32_t)removal->kind;
    TRY(WIRE(&desk->wire, &kind, err));
    removal->kind = (enum row_event_kind)kind;
    TRY(WIRE(&desk->wire, &removal->row, err));
    TRY(carry_word(desk, &removal->rule, err));
    TRY(carry_word(desk, &removal->column, err));
    TRY(carry_word(desk, &removal->threshold, err));
    TRY(wire_str(&desk->wire, &removal->value, err));
    if (removal->kind != EVENT_MERGE) return STATUS_OK;
    TRY(wire_str(&desk->wire, &removal->into_source, err));
    return WIRE(&desk->wire, &removal->into_record, err);
}

static enum status carry_finding(struct desk *desk, struct finding *finding, struct err *err)
{
    TRY(carry_word(desk, &finding->rule, err));
    TRY(carry_word(desk, &finding->column, err));
    return WIRE(&desk->wire, &finding->rows, err);
}

static enum status carry_note(struct desk *desk, struct note *note, struct err *err)
{
    uint64_t column = note->column;
    TRY(WIRE(&desk->wire, &column, err));
    note->column = (size_t)column;
    TRY(WIRE(&desk->wire, &note->row, err));
    TRY(carry_word(desk, &note->rule, err));
    TRY(WIRE(&desk->wire, &note->confidence, err));
    return wire_str(&desk->wire, &note->donors, err);
}

/* ---- putting down ---- */

static bool is_replaced(const struct change *change, size_t column)
{
    int64_t from = change_origin(change, column);
    if (change->columns[column] == NULL) return false;
    return from < 0 || change->columns[column] != change->window->batch->columns[from];
}

static enum status write_columns(struct desk *desk, const struct change *change,
                                 const uint64_t *replaced, size_t count, struct err *err)
{
    OWNED(bytes_release) struct bytes bytes = bytes_limited(COLUMNS_BYTES_MAXIMUM);
    OWNED(schema_unref) struct schema *schema = NULL;
    OWNED(batch_release) struct batch batch = {0};
    OWNED(memory_release) struct array **columns = NULL;
    if (count == 0) return STATUS_OK;
    TRY(NEW(&columns, count, err));
    TRY(schema_new(&schema, err));
    for (size_t i = 0; i < count; i++) {
        columns[i] = change->columns[replaced[i]];
        TRY(schema_add(schema, &change->schema->fields[replaced[i]], err));
    }
    TRY(batch_make(&batch, schema, change->window->batch->rows, columns, err));
    TRY(batch_to_bytes(&batch, &bytes, err));
    struct str text = {(const char *)bytes.data, bytes.size};
    return wire_str(&desk->wire, &text, err);
}

static enum status write_replaced(struct desk *desk, const struct change *change, struct err *err)
{
    OWNED(memory_release) uint64_t *replaced = NULL;
    size_t count = 0;
    TRY(NEW(&replaced, change->schema->count, err));
    for (size_t i = 0; i < change->schema->count; i++)
        if (is_replaced(change, i)) replaced[count++] = i;
    TRY(WIRE_ITEMS(&desk->wire, &replaced, &count, err));
    for (size_t i = 0; i < change->schema->count; i++) {
        TRY(WIRE(&desk->wire, &change->cells[i], err));
        TRY(carry_word(desk, &change->rules[i], err));
    }
    return write_columns(desk, change, replaced, count, err);
}

enum status recorder_encode(struct recorder *recorder, const struct change *change,
                            struct bytes *ret, struct err *err)
{
    struct desk desk = {.wire = wire_to(ret), .recorder = recorder};
    int64_t rows = change->window->batch->rows;
    size_t removals = change->removal_count, findings = change->finding_count;
    size_t notes = change->note_count;
    TRY(WIRE(&desk.wire, &rows, err));
    TRY(wire_count(&desk.wire, &removals, 0, err));
    for (size_t i = 0; i < removals; i++)
        TRY(carry_removal(&desk, &change->removals[i], err));
    TRY(wire_count(&desk.wire, &findings, 0, err));
    for (size_t i = 0; i < findings; i++)
        TRY(carry_finding(&desk, &change->findings[i], err));
    TRY(wire_count(&desk.wire, &notes, 0, err));
    for (size_t i = 0; i < notes; i++)
        TRY(carry_note(&desk, &change->notes[i], err));
    return write_replaced(&desk, change, err);
}

enum status recorder_open(struct recorder **ret, struct err *err)
{
    return NEW(ret, 1, err);
}

enum status recorder_words(struct recorder *recorder, struct bytes *ret, struct err *err)
{
    struct wire wire = wire_to(ret);
    TRY(wire_count(&wire, &recorder->words.count, 0, err));
    for (size_t i = 0; i < recorder->words.count; i++) {
        const struct counted *word = &recorder->words.items[i];
        struct str text = {(const char *)word->data, word->size};
        TRY(wire_str(&wire, &text, err));
    }
    return STATUS_OK;
}

void recorder_close(struct recorder **recorder)
{
    if (*recorder == NULL) return;
    counts_release(&(*recorder)->words);
    memory_free(*recorder);
    *recorder = NULL;
}

/* ---- doing again ---- */

enum status recorded_open(struct recorded **ret, size_t memory, struct err *err)
{
    OWNED(recorded_close) struct recorded *recorded = NULL;
    TRY(NEW(&recorded, 1, err));
    TRY(spill_open(&recorded->spill, memory, err));
    *ret = recorded;
    recorded = NULL;
    return STATUS_OK;
}

enum status recorded_add(struct recorded *recorded, int64_t window, const void *data, size_t size,
                         struct err *err)
{
    if (recorded->count == recorded->room) {
        size_t room = recorded->room == 0 ? 16 : recorded->room * 2;
        struct recorded_window *grown = memory_resize(recorded->windows, room, sizeof *grown);
        if (grown == NULL) return fail_memory(err, room * sizeof *grown);
        recorded->windows = grown;
        recorded->room = room;
    }
    if (recorded->count > 0 && recorded->windows[recorded->count - 1].window >= window)
        return fail(err, STATUS_FAILED, "window %lld behind window %lld", (long long)window,
                    (long long)recorded->windows[recorded->count - 1].window);
    recorded->windows[recorded->count++] =
        (struct recorded_window){window, spill_size(recorded->spill), size};
    return spill_add(recorded->spill, data, size, err);
}

enum status recorded_words(struct recorded *recorded, const void *data, size_t size,
                           struct err *err)
{
    struct wire wire = wire_from(data, size);
    size_t count = 0;
    if (recorded->words != NULL) return fail(err, STATUS_FAILED, "the words come twice");
    TRY(wire_count(&wire, &count, 1, err));
    TRY(NEW(&recorded->words, count, err));
    for (; recorded->word_count < count; recorded->word_count++)
        TRY(wire_text(&wire, &recorded->words[recorded->word_count], err));
    return wire_end(&wire, err);
}

enum status recorded_freeze(struct recorded *recorded, struct err *err)
{
    const void *data = NULL;
    TRY(spill_freeze(recorded->spill, &data, err));
    recorded->data = data;
    return STATUS_OK;
}

static enum status remove_again(struct desk *desk, struct change *change, struct err *err)
{
    struct removal removal = {0};
    TRY(carry_removal(desk, &removal, err));
    if (removal.row < 0 || removal.row >= change->window->batch->rows)
        return fail(err, STATUS_FAILED, "row %lld of %lld", (long long)removal.row,
                    (long long)change->window->batch->rows);
    if (removal.kind == EVENT_MERGE)
        return change_merge(change, removal.row, removal.into_source, removal.into_record,
                            removal.rule, removal.value, removal.threshold, err);
    if (removal.kind == EVENT_DROP)
        return change_drop(change, removal.row, removal.rule, removal.column, removal.value,
                           removal.threshold, err);
    return change_reject(change, removal.row, removal.rule, removal.column, removal.value,
                         removal.threshold, err);
}

static enum status note_again(struct desk *desk, struct change *change, struct err *err)
{
    struct note note = {0};
    TRY(carry_note(desk, &note, err));
    if (note.column >= change->schema->count || note.row < 0 ||
        note.row >= change->window->batch->rows)
        return fail(err, STATUS_FAILED, "a note about no cell");
    if (note.donors.data != NULL)
        return change_note_donors(change, note.column, note.row, note.rule, note.donors, err);
    return change_note(change, note.column, note.row, note.rule, note.confidence, err);
}

static enum status replace_again(struct change *change, struct str bytes, const uint64_t *replaced,
                                 size_t count, struct err *err)
{
    OWNED(batch_release) struct batch batch = {0};
    TRY(batch_from_bytes(bytes.data, bytes.size, &batch, err));
    if (batch.schema->count != count || batch.rows != change->window->batch->rows)
        return fail(err, STATUS_FAILED, "%zu columns of %lld rows", batch.schema->count,
                    (long long)batch.rows);
    for (size_t i = 0; i < count; i++) {
        if (replaced[i] >= change->schema->count ||
            !field_equal(&batch.schema->fields[i], &change->schema->fields[replaced[i]]))
            return fail(err, STATUS_FAILED, "a column that the step does not make");
        struct array *column = array_ref(batch.columns[i]);
        change_column(change, (size_t)replaced[i], &column);
    }
    return STATUS_OK;
}

static enum status read_replaced(struct desk *desk, struct change *change, struct err *err)
{
    OWNED(memory_release) uint64_t *replaced = NULL;
    size_t count = 0;
    struct str bytes = {NULL, 0};
    TRY(WIRE_ITEMS(&desk->wire, &replaced, &count, err));
    for (size_t i = 0; i < change->schema->count; i++) {
        int64_t cells = 0;
        const char *rule = NULL;
        TRY(WIRE(&desk->wire, &cells, err));
        TRY(carry_word(desk, &rule, err));
        change_cells(change, i, cells);
        if (rule != NULL) change_rule(change, i, rule);
    }
    if (count == 0) return STATUS_OK;
    TRY(wire_str(&desk->wire, &bytes, err));
    return replace_again(change, bytes, replaced, count, err);
}

static enum status apply_again(struct desk *desk, struct change *change, struct err *err)
{
    int64_t rows = 0;
    size_t count = 0;
    TRY(WIRE(&desk->wire, &rows, err));
    if (rows != change->window->batch->rows)
        return fail(err, STATUS_FAILED, "%lld rows reach it, %lld were there when it learned",
                    (long long)change->window->batch->rows, (long long)rows);
    TRY(wire_count(&desk->wire, &count, 1, err));
    for (size_t i = 0; i < count; i++)
        TRY(remove_again(desk, change, err));
    TRY(wire_count(&desk->wire, &count, 1, err));
    for (size_t i = 0; i < count; i++) {
        struct finding finding = {0};
        TRY(carry_finding(desk, &finding, err));
        TRY(change_finding(change, finding.rule, finding.column, finding.rows, err));
    }
    TRY(wire_count(&desk->wire, &count, 1, err));
    for (size_t i = 0; i < count; i++)
        TRY(note_again(desk, change, err));
    TRY(read_replaced(desk, change, err));
    return wire_end(&desk->wire, err);
}

enum status recorded_apply(const struct recorded *recorded, struct change *change, struct err *err)
{
    int64_t wanted = change->window->index;
    size_t low = 0, high = recorded->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (recorded->windows[middle].window < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == recorded->count || recorded->windows[low].window != wanted)
        return fail(err, STATUS_FAILED, "window %lld was not there when it learned",
                    (long long)wanted);
    const struct recorded_window *window = &recorded->windows[low];
    struct desk desk = {.wire = wire_from(recorded->data + window->offset, (size_t)window->size),
                        .recorded = recorded};
    enum status status = apply_again(&desk, change, err);
    return status == STATUS_OK ? STATUS_OK
                               : fail_within(err, status, "window %lld", (long long)wanted);
}

void recorded_close(struct recorded **recorded)
{
    struct recorded *r = *recorded;
    if (r == NULL) return;
    spill_close(&r->spill);
    memory_free(r->windows);
    for (size_t i = 0; i < r->word_count; i++)
        memory_free(r->words[i]);
    memory_free(r->words);
    memory_free(r);
    *recorded = NULL;
}
