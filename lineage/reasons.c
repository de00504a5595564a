/* lineage/reasons.c: why rows did not stay, added up. */
#include "lineage/reasons.h"

#include <xxhash.h>

#define EXAMPLE_SOURCE 80
#define EXAMPLE_VALUE  60

static bool same_text(const char *a, const char *b)
{
    if (a == NULL || b == NULL) return a == b;
    return a == b || strcmp(a, b) == 0;
}

static bool is_reason_of(const struct reason *reason, const struct row_event *event)
{
    return reason->kind == event->kind && reason->position == event->position &&
           same_text(reason->module, event->module) && same_text(reason->rule, event->rule) &&
           same_text(reason->column, event->column) &&
           same_text(reason->threshold, event->threshold);
}

static enum status keep(struct reasons *reasons, const char *text, const char **ret,
                        struct err *err)
{
    *ret = NULL;
    if (text == NULL) return STATUS_OK;
    *ret = arena_text(reasons->arena, text, strlen(text));
    return *ret == NULL ? fail_memory(err, strlen(text)) : STATUS_OK;
}

static enum status add_reason(struct reasons *reasons, const struct row_event *event,
                              struct err *err)
{
    if (reasons->arena == NULL) TRY(arena_open(&reasons->arena, err));
    if (reasons->count == reasons->room) {
        size_t room = reasons->room == 0 ? 16 : reasons->room * 2;
        struct reason *items = memory_resize(reasons->items, room, sizeof *items);
        if (items == NULL) return fail_memory(err, room * sizeof *items);
        reasons->items = items;
        reasons->room = room;
    }
    struct reason *reason = &reasons->items[reasons->count];
    *reason = (struct reason){
        .kind = event->kind, .position = event->position, .examples = bytes_limited(1 << 12)};
    TRY(keep(reasons, event->module, &reason->module, err));
    TRY(keep(reasons, event->rule, &reason->rule, err));
    TRY(keep(reasons, event->column, &reason->column, err));
    TRY(keep(reasons, event->threshold, &reason->threshold, err));
    reasons->last = reasons->count++;
    return STATUS_OK;
}

/* The reason of an event; beyond the most, one of its module and kind for all others. */
static enum status find_reason(struct reasons *reasons, const struct row_event *event,
                               struct reason **ret, struct err *err)
{
    for (size_t i = 0; i < reasons->count; i++) {
        size_t at = (reasons->last + i) % reasons->count; /* reasons come in runs */
        if (!is_reason_of(&reasons->items[at], event)) continue;
        reasons->last = at;
        *ret = &reasons->items[at];
        return STATUS_OK;
    }
    if (reasons->count >= REASONS_MOST && event->rule != NULL &&
        strcmp(event->rule, "other reasons") != 0) {
        struct row_event other = {.kind = event->kind,
                                  .position = event->position,
                                  .module = event->module,
                                  .rule = "other reasons"};
        return find_reason(reasons, &other, ret, err);
    }
    TRY(add_reason(reasons, event, err));
    *ret = &reasons->items[reasons->last];
    return STATUS_OK;
}

static int cut(size_t size, size_t most)
{
    return (int)(size > most ? most : size);
}

static enum status add_example(struct reason *reason, const struct row_event *event,
                               bool show_value, struct err *err)
{
    struct bytes *text = &reason->examples;
    if (reason->example_count == REASON_EXAMPLES) return STATUS_OK;
    uint64_t hash =
        XXH3_64bits(event->source.size == 0 ? "" : event->source.data, event->source.size);
    if (reason->example_count > 0) TRY(bytes_append_text(text, "; ", err));
    if (event->source.size > 0 && (reason->example_count == 0 || hash != reason->source))
        TRY(bytes_format(text, err, "%.*s ", cut(event->source.size, EXAMPLE_SOURCE),
                         event->source.data));
    reason->source = hash;
    reason->example_count++;
    TRY(bytes_format(text, err, "%lld", (long long)event->record));
    if (event->kind == EVENT_MERGE)
        TRY(bytes_format(text, err, " into %lld", (long long)event->into_record));
    if (!show_value || event->value.size == 0) return STATUS_OK;
    return bytes_format(text, err, ": %.*s", cut(event->value.size, EXAMPLE_VALUE),
                        event->value.data);
}

enum status reasons_add(struct reasons *reasons, const struct row_event *event, bool show_value,
                        struct err *err)
{
    struct reason *reason;
    TRY(find_reason(reasons, event, &reason, err));
    reason->rows++;
    return add_example(reason, event, show_value, err);
}

void reasons_release(struct reasons *reasons)
{
    for (size_t i = 0; i < reasons->count; i++)
        bytes_release(&reasons->items[i].examples);
    memory_free(reasons->items);
    arena_close(&reasons->arena);
    *reasons = (struct reasons){0};
}

/* ---- the table ---- */

static const char *kind_word(enum row_event_kind kind)
{
    static const char *const words[] = {"rejected", "dropped", "merged", "created"};
    return words[kind];
}

static enum status reason_row(const struct reason *reason, struct document *document,
                              struct err *err)
{
    struct str examples = {(const char *)reason->examples.data, reason->examples.size};
    struct cell row[] = {cell_text(reason->rule == NULL ? "" : reason->rule),
                         cell_text(kind_word(reason->kind)),
                         cell_count(reason->rows),
                         cell_text(reason->column),
                         cell_text(reason->threshold),
                         cell_count(reason->position),
                         cell_text(reason->module),
                         cell_code(examples)};
    return document_row(document, row, err);
}

enum status reasons_report(const struct reasons *reasons, const char *module, const char *key,
                           const char *caption, struct document *document, int64_t *ret_rows,
                           struct err *err)
{
    static const struct document_column columns[] = {
        {"rule", "Reason", false},     {"what", "Rows were", false},
        {"rows", "Rows", false},       {"column", "Column", false},
        {"threshold", "Bound", false}, {"step", "Step", false},
        {"module", "Module", false},   {"examples", "The first of them", false}};
    *ret_rows = 0;
    TRY(document_table(document, key, caption, columns, sizeof columns / sizeof *columns, err));
    for (size_t i = 0; i < reasons->count; i++) {
        if (module != NULL && !same_text(module, reasons->items[i].module)) continue;
        *ret_rows += reasons->items[i].rows;
        TRY(reason_row(&reasons->items[i], document, err));
    }
    return STATUS_OK;
}
