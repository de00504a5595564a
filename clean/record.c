/* clean/record.c: what is told about single rows. */
#include "clean/record.h"

#include <stdio.h>

#define RAW_MAXIMUM ((size_t)4 << 20)
#define NOT_SHOWN   "[masked]"

/* ---- masking ---- */

enum status redact(const struct redactor *redactor, int position, const char *column,
                   struct str value, struct bytes *scratch, struct str *ret, struct err *err)
{
    *ret = value;
    for (size_t i = 0; i < redactor->count; i++) {
        const struct step *step = &redactor->steps[i];
        if (step->module->redact == NULL || step->position < position || value.size == 0) continue;
        if (!step_is_open(step) || (position > 0 && redactor->steps[position - 1].blind)) {
            *ret = str_of(NOT_SHOWN);
            return STATUS_OK;
        }
        OWNED(bytes_release) struct bytes shown = bytes_limited(RAW_MAXIMUM);
        TRY(step->module->redact(step->state, column, *ret, &shown, err));
        scratch->size = 0;
        TRY(bytes_append(scratch, shown.data, shown.size, err));
        *ret = (struct str){(const char *)scratch->data, scratch->size};
    }
    return STATUS_OK;
}

/* ---- a row as JSON ---- */

static bool is_bare_in_json(const struct field *field)
{
    enum type_id id = field->type.id;
    return !field->dictionary && (id == TYPE_BOOL || type_is_integer(id));
}

/* A finite number's text is a JSON number too. */
static bool is_bare_real(const struct field *field, const char *text)
{
    enum type_id id = field->type.id;
    if (field->dictionary || (id != TYPE_FLOAT64 && id != TYPE_FLOAT32)) return false;
    return text[0] == '-' ? text[1] >= '0' && text[1] <= '9' : text[0] >= '0' && text[0] <= '9';
}

static enum status shown_json(const struct redactor *redactor, int position, const char *column,
                              struct str value, bool bare, struct bytes *ret, struct err *err)
{
    OWNED(bytes_release) struct bytes scratch = bytes_limited(RAW_MAXIMUM);
    struct str shown;
    TRY(redact(redactor, position, column, value, &scratch, &shown, err));
    if (bare && str_equal(shown, value)) return bytes_append(ret, value.data, value.size, err);
    return bytes_append_json(ret, shown, err);
}

static enum status cell_json(const struct redactor *redactor, int position,
                             const struct field *field, const struct array *array, int64_t row,
                             struct bytes *ret, struct err *err)
{
    char text[1024];
    struct str value;
    if (field->type.id == TYPE_NULL || array_is_null(array, row))
        return bytes_append_text(ret, "null", err);
    if (field->type.id == TYPE_BINARY)
        return bytes_format(ret, err, "\"(%zu bytes)\"", array_text(array, row).size);
    if (field->dictionary || field->type.id == TYPE_UTF8) {
        if (!array_text_at(field, array, row, &value)) return bytes_append_text(ret, "null", err);
        return shown_json(redactor, position, field->name, value, false, ret, err);
    }
    array_value_text(field, array, row, text, sizeof text);
    bool bare = is_bare_in_json(field) || is_bare_real(field, text);
    return shown_json(redactor, position, field->name, str_of(text), bare, ret, err);
}

enum status row_json(const struct redactor *redactor, int position, const struct batch *batch,
                     int64_t row, struct bytes *ret, struct err *err)
{
    TRY(bytes_append_text(ret, "{", err));
    for (size_t i = 0; i < batch->schema->count; i++) {
        const struct field *field = &batch->schema->fields[i];
        if (i > 0) TRY(bytes_append_text(ret, ",", err));
        TRY(bytes_append_json(ret, str_of(field->name), err));
        TRY(bytes_append_text(ret, ":", err));
        TRY(cell_json(redactor, position, field, batch->columns[i], row, ret, err));
    }
    return bytes_append_text(ret, "}", err);
}

/* ---- a window's records ---- */

static enum status keep(struct row_records *records, struct str text, struct str *ret,
                        struct err *err)
{
    *ret = (struct str){NULL, 0};
    if (text.data == NULL) return STATUS_OK;
    const char *copy = arena_text(records->arena, text.data, text.size);
    if (copy == NULL) return fail_memory(err, text.size);
    *ret = (struct str){copy, text.size};
    return STATUS_OK;
}

static enum status keep_raw(struct row_records *records, const struct redactor *redactor,
                            const struct step *step, const struct batch *batch, int64_t row,
                            struct str *ret, struct err *err)
{
    OWNED(bytes_release) struct bytes raw = bytes_limited(RAW_MAXIMUM);
    struct err ignored;
    enum status status = row_json(redactor, step->position, batch, row, &raw, &ignored);
    if (status != STATUS_OK) { /* a row longer than the limit is told without its text */
        raw.size = 0;
        TRY(bytes_append_text(&raw, "{}", err));
    }
    return keep(records, (struct str){(const char *)raw.data, raw.size}, ret, err);
}

static enum status make_record(struct row_records *records, const struct redactor *redactor,
                               const struct step *step, const struct window *window,
                               const struct removal *removal, struct row_record *ret,
                               struct err *err)
{
    OWNED(bytes_release) struct bytes scratch = bytes_limited(RAW_MAXIMUM);
    struct row_event *event = &ret->event;
    *event = (struct row_event){
        .kind = removal->kind,
        .into_record = removal->into_record,
        .module = step->module->name,
        .position = step->position,
        .rule = removal->rule,
        .column = removal->column,
        .threshold = removal->threshold,
    };
    struct str source, value;
    window_provenance(window, removal->row, &source, &event->record);
    TRY(keep(records, source, &event->source, err));
    TRY(keep(records, removal->into_source, &event->into_source, err));
    TRY(redact(redactor, step->position, removal->column, removal->value, &scratch, &value, err));
    return keep(records, value, &event->value, err);
}

enum status records_add(struct row_records *records, const struct redactor *redactor,
                        const struct step *step, const struct change *change, bool with_raw,
                        struct err *err)
{
    if (change->removal_count == 0) return STATUS_OK;
    if (records->arena == NULL) TRY(arena_open(&records->arena, err));
    size_t total = records->count + change->removal_count;
    struct row_record *items = memory_resize(records->items, total, sizeof *items);
    if (items == NULL) return fail_memory(err, total * sizeof *items);
    records->items = items;
    for (size_t i = 0; i < change->removal_count; i++) {
        const struct removal *removal = &change->removals[i];
        struct row_record *record = &items[records->count];
        *record = (struct row_record){0};
        TRY(make_record(records, redactor, step, change->window, removal, record, err));
        if (with_raw && removal->kind == EVENT_REJECT)
            TRY(keep_raw(records, redactor, step, change->window->batch, removal->row, &record->raw,
                         err));
        records->count++;
    }
    return STATUS_OK;
}

static enum status tell_reject(const struct row_record *record, struct rejects *rejects,
                               struct err *err)
{
    const struct row_event *event = &record->event;
    OWNED(bytes_release) struct bytes message = bytes_limited(4096);
    TRY(bytes_format(&message, err, "step %d (%s): %s", event->position, event->module,
                     event->rule));
    if (event->column != NULL)
        TRY(bytes_format(&message, err, ": column \"%.200s\"", event->column));
    if (event->value.size > 0)
        TRY(bytes_format(&message, err, " is \"%.*s\"", (int)event->value.size, event->value.data));
    if (event->threshold != NULL)
        TRY(bytes_format(&message, err, ", expected %.200s", event->threshold));
    struct reject reject = {
        .source = event->source,
        .record = event->record,
        .byte_offset = -1,
        .line = -1,
        .rule = event->rule,
        .message = {(const char *)message.data, message.size},
        .raw = record->raw,
    };
    return rejects_add(rejects, &reject, err);
}

enum status records_tell(const struct row_records *records, struct run *run,
                         struct rejects *rejects, struct err *err)
{
    for (size_t i = 0; i < records->count; i++) {
        const struct row_record *record = &records->items[i];
        TRY(run_event(run, &record->event, err));
        if (record->event.kind == EVENT_REJECT) TRY(tell_reject(record, rejects, err));
    }
    return STATUS_OK;
}

void records_release(struct row_records *records)
{
    memory_free(records->items);
    arena_close(&records->arena);
    *records = (struct row_records){0};
}
