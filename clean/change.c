/* clean/change.c: what one step does to one window. */
#include "clean/change.h"

#include <math.h>
#include <string.h>

int64_t change_origin(const struct change *change, size_t column)
{
    const struct schema *before = change->window->batch->schema;
    const char *name = change->schema->fields[column].name;
    if (column < before->count && strcmp(before->fields[column].name, name) == 0)
        return (int64_t)column;
    return schema_find(before, str_of(name));
}

enum status change_open(struct change *ret, const struct window *window,
                        const struct schema *schema, struct err *err)
{
    *ret = (struct change){.window = window, .schema = schema};
    TRY(NEW(&ret->columns, schema->count, err));
    TRY(NEW(&ret->cells, schema->count, err));
    TRY(NEW(&ret->rules, schema->count, err));
    for (size_t i = 0; i < schema->count; i++) {
        int64_t from = change_origin(ret, i);
        if (from >= 0) ret->columns[i] = array_ref(window->batch->columns[from]);
    }
    return STATUS_OK;
}

void change_column(struct change *change, size_t column, struct array **array)
{
    array_unref(&change->columns[column]);
    change->columns[column] = *array;
    *array = NULL;
}

void change_cells(struct change *change, size_t column, int64_t cells)
{
    change->cells[column] += cells;
}

void change_rule(struct change *change, size_t column, const char *rule)
{
    change->rules[column] = rule;
}

bool change_removed(const struct change *change, int64_t row)
{
    return change->removed != NULL && ((change->removed[row >> 3] >> (row & 7)) & 1) != 0;
}

/* A copy that lives as long as the change, cut at a character of UTF-8. */
static enum status copy_text(struct change *change, struct str text, struct str *ret,
                             struct err *err)
{
    *ret = (struct str){NULL, 0};
    if (text.data == NULL) return STATUS_OK;
    if (change->arena == NULL) TRY(arena_open(&change->arena, err));
    size_t size = text.size;
    if (size > CHANGE_VALUE_MAXIMUM) {
        size = CHANGE_VALUE_MAXIMUM;
        while (size > 0 && ((uint8_t)text.data[size] & 0xc0) == 0x80)
            size--;
    }
    char *copy = arena_text(change->arena, text.data, size);
    if (copy == NULL) return fail_memory(err, size);
    *ret = (struct str){copy, size};
    return STATUS_OK;
}

static enum status grow(void *pointer_to_items, size_t count, size_t *room, size_t size,
                        struct err *err)
{
    if (count < *room) return STATUS_OK;
    void *items = NULL;
    memcpy(&items, pointer_to_items, sizeof items);
    size_t larger = *room == 0 ? 16 : *room * 2;
    items = memory_resize(items, larger, size);
    if (items == NULL) return fail_memory(err, larger * size);
    memcpy(pointer_to_items, &items, sizeof items);
    *room = larger;
    return STATUS_OK;
}

static enum status remove_row(struct change *change, struct removal removal, struct err *err)
{
    int64_t row = removal.row;
    if (change_removed(change, row)) return STATUS_OK;
    size_t bytes = (size_t)(change->window->batch->rows + 7) / 8;
    if (change->removed == NULL) TRY(NEW(&change->removed, bytes, err));
    TRY(grow(&change->removals, change->removal_count, &change->removal_room,
             sizeof *change->removals, err));
    TRY(copy_text(change, removal.value, &removal.value, err));
    TRY(copy_text(change, removal.into_source, &removal.into_source, err));
    change->removals[change->removal_count++] = removal;
    change->removed[row >> 3] = (uint8_t)(change->removed[row >> 3] | 1u << (row & 7));
    return STATUS_OK;
}

enum status change_reject(struct change *change, int64_t row, const char *rule, const char *column,
                          struct str value, const char *threshold, struct err *err)
{
    struct removal removal = {.kind = EVENT_REJECT,
                              .row = row,
                              .rule = rule,
                              .column = column,
                              .value = value,
                              .threshold = threshold};
    return remove_row(change, removal, err);
}

enum status change_drop(struct change *change, int64_t row, const char *rule, const char *column,
                        struct str value, const char *threshold, struct err *err)
{
    struct removal removal = {.kind = EVENT_DROP,
                              .row = row,
                              .rule = rule,
                              .column = column,
                              .value = value,
                              .threshold = threshold};
    return remove_row(change, removal, err);
}

enum status change_merge(struct change *change, int64_t row, struct str into_source,
                         int64_t into_record, const char *rule, struct str value,
                         const char *threshold, struct err *err)
{
    struct removal removal = {.kind = EVENT_MERGE,
                              .row = row,
                              .into_source = into_source,
                              .into_record = into_record,
                              .rule = rule,
                              .value = value,
                              .threshold = threshold};
    return remove_row(change, removal, err);
}

enum status change_finding(struct change *change, const char *rule, const char *column,
                           int64_t rows, struct err *err)
{
    for (size_t i = 0; i < change->finding_count; i++) {
        struct finding *finding = &change->findings[i];
        if (finding->rule != rule || finding->column != column) continue;
        finding->rows += rows;
        return STATUS_OK;
    }
    TRY(grow(&change->findings, change->finding_count, &change->finding_room,
             sizeof *change->findings, err));
    change->findings[change->finding_count++] =
        (struct finding){.rule = rule, .column = column, .rows = rows};
    return STATUS_OK;
}

enum status change_note(struct change *change, size_t column, int64_t row, const char *rule,
                        double confidence, struct err *err)
{
    if (!change->takes_notes) return STATUS_OK;
    TRY(grow(&change->notes, change->note_count, &change->note_room, sizeof *change->notes, err));
    change->notes[change->note_count++] = (struct note){column, row, rule, confidence, {NULL, 0}};
    return STATUS_OK;
}

bool change_wants_notes(const struct change *change)
{
    return change->takes_notes;
}

enum status change_note_donors(struct change *change, size_t column, int64_t row, const char *rule,
                               struct str donors, struct err *err)
{
    if (!change->takes_notes) return STATUS_OK;
    TRY(change_note(change, column, row, rule, NAN, err));
    if (change->arena == NULL) TRY(arena_open(&change->arena, err));
    char *copy = arena_text(change->arena, donors.data, donors.size);
    if (copy == NULL) return fail_memory(err, donors.size);
    change->notes[change->note_count - 1].donors = (struct str){copy, donors.size};
    return STATUS_OK;
}

static enum status check_columns(const struct change *change, struct err *err)
{
    for (size_t i = 0; i < change->schema->count; i++) {
        const char *name = change->schema->fields[i].name;
        if (change->columns[i] == NULL)
            return fail(err, STATUS_FAILED, "column \"%s\" was announced and never made", name);
        if (change->columns[i]->length != change->window->batch->rows)
            return fail(err, STATUS_FAILED, "column \"%s\" has %lld rows in a window of %lld", name,
                        (long long)change->columns[i]->length,
                        (long long)change->window->batch->rows);
    }
    return STATUS_OK;
}

enum status change_result(const struct change *change, struct batch *ret, struct err *err)
{
    TRY(check_columns(change, err));
    int64_t rows = change->window->batch->rows;
    if (change->removal_count == 0)
        return batch_make(ret, change->schema, rows, change->columns, err);
    OWNED(memory_release) int64_t *kept = NULL;
    TRY(NEW(&kept, (size_t)rows, err));
    int64_t count = 0;
    for (int64_t row = 0; row < rows; row++)
        if (!change_removed(change, row)) kept[count++] = row;
    OWNED(batch_release) struct batch whole = {0};
    TRY(batch_make(&whole, change->schema, rows, change->columns, err));
    return batch_take(ret, &whole, kept, count, err);
}

enum status change_reasons(const struct change *change, struct finding **ret, size_t *ret_count,
                           struct err *err)
{
    size_t room = 0;
    *ret = NULL;
    *ret_count = 0;
    for (size_t i = 0; i < change->note_count; i++) {
        const struct note *note = &change->notes[i];
        const char *column = change->schema->fields[note->column].name;
        size_t at = 0;
        while (at < *ret_count && ((*ret)[at].rule != note->rule || (*ret)[at].column != column))
            at++;
        if (at == *ret_count) {
            TRY(grow(ret, *ret_count, &room, sizeof **ret, err));
            (*ret)[(*ret_count)++] = (struct finding){note->rule, column, 0};
        }
        (*ret)[at].rows += !change_removed(change, note->row);
    }
    return STATUS_OK;
}

void change_release(struct change *change)
{
    if (change == NULL) return;
    if (change->columns != NULL)
        for (size_t i = 0; i < change->schema->count; i++)
            array_unref(&change->columns[i]);
    memory_free(change->columns);
    memory_free(change->cells);
    memory_free(change->rules);
    memory_free(change->removed);
    memory_free(change->removals);
    memory_free(change->findings);
    memory_free(change->notes);
    arena_close(&change->arena);
    *change = (struct change){0};
}
