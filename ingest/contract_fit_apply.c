/* ingest/contract_fit_apply.c: the rows of a piece that keep a contract, and rejects of the others,
 * with their bytes. */
#include "ingest/contract_fit_state.h"

#include "columnar/value_text.h"
#include "ingest/result_set.h"

#include <stdio.h>

/* ---- turns ---- */

static void wait_for_turn(struct contract_fit *fit, uint64_t turn)
{
    pthread_mutex_lock(&fit->lock);
    while (fit->turn != turn)
        pthread_cond_wait(&fit->moved, &fit->lock);
    pthread_mutex_unlock(&fit->lock);
}

static void end_turn(struct contract_fit *fit)
{
    pthread_mutex_lock(&fit->lock);
    fit->turn++;
    pthread_cond_broadcast(&fit->moved);
    pthread_mutex_unlock(&fit->lock);
}

void contract_fit_skip(struct contract_fit *fit, uint64_t turn)
{
    if (!fit->has_unique) return;
    wait_for_turn(fit, turn);
    end_turn(fit);
}

/* ---- what a fault is called ---- */

static const char *const rule_names[] = {
    [FIT_TYPE] = "type",       [FIT_NULL] = "null",       [FIT_MINIMUM] = "min",
    [FIT_PATTERN] = "pattern", [FIT_LENGTH] = "length",   [FIT_KEY] = "key",
    [FIT_MAXIMUM] = "max",     [FIT_ALLOWED] = "allowed", [FIT_UNIQUE] = "unique",
    [FIT_NEW] = "new column",  [FIT_REFUSED] = "drift",
};

#define VALUE_SHOWN 120

struct applying {
    struct contract_fit *fit;
    size_t source;
    const struct source_piece *piece;
    struct source_rows *rows;
    struct array **columns;
    struct fit_fault *faults;
    int64_t fault_count;
};

/* What stands in the source; of a missing column nothing. */
static enum status found_value(const struct applying *applying, int64_t row, size_t column,
                               struct bytes *ret, struct err *err)
{
    const struct contract_fit *fit = applying->fit;
    size_t at = fit->order[applying->source * fit->schema->count + column];
    const struct batch *batch = &applying->rows->batch;
    ret->size = 0;
    if (at == ABSENT) return STATUS_OK;
    return value_plain(&batch->schema->fields[at], batch->columns[at], row, ret, err);
}

static enum status expected_text(const struct applying *applying, const struct fit_fault *fault,
                                 const char **ret, struct err *err)
{
    const struct contract_fit *fit = applying->fit;
    const struct contract_column *rule = fit->columns[fault->column].rule;
    struct arena *arena = applying->rows->arena;
    char type[128];
    switch (fault->rule) {
    case FIT_TYPE:
        *ret = arena_format(
            arena, "%s", field_type_text(&fit->schema->fields[fault->column], type, sizeof type));
        break;
    case FIT_NULL: *ret = "a value"; break;
    case FIT_MINIMUM: *ret = arena_format(arena, "at least %s", rule->minimum_text); break;
    case FIT_MAXIMUM: *ret = arena_format(arena, "at most %s", rule->maximum_text); break;
    case FIT_ALLOWED:
        *ret = arena_format(arena, "one of %zu allowed values", rule->allowed.count);
        break;
    case FIT_PATTERN: *ret = arena_format(arena, "what matches %s", rule->pattern_text); break;
    case FIT_LENGTH:
        *ret = rule->length_least == rule->length_most
                   ? arena_format(arena, "%lld characters", (long long)rule->length_least)
                   : arena_format(arena, "%lld to %lld characters", (long long)rule->length_least,
                                  (long long)rule->length_most);
        break;
    case FIT_KEY:
    case FIT_UNIQUE:
        *ret = fault->other_source == applying->source
                   ? arena_format(arena, "another than record %lld has", (long long)fault->other)
                   : arena_format(arena, "another than record %lld of \"%s\" has",
                                  (long long)fault->other, fit->names[fault->other_source]);
        break;
    default: *ret = "nothing"; break;
    }
    return *ret == NULL ? fail_memory(err, 0) : STATUS_OK;
}

/* ---- rejects ---- */

static enum status describe_reject(const struct applying *applying, int64_t row,
                                   struct bytes *scratch, struct reject *ret, struct err *err)
{
    const struct contract_fit *fit = applying->fit;
    const struct fit_fault *fault = &applying->faults[row];
    struct arena *arena = applying->rows->arena;
    char shown[VALUE_SHOWN];
    const char *message;
    ret->rule = rule_names[fault->rule];
    ret->record = applying->rows->records[row];
    if (fault->rule == FIT_REFUSED) {
        ret->message = str_of(fit->refusal[applying->source]);
        return STATUS_OK;
    }
    ret->column = fit->schema->fields[fault->column].name;
    TRY(found_value(applying, row, fault->column, scratch, err));
    TRY(expected_text(applying, fault, &ret->threshold, err));
    char *value = arena_text(arena, (const char *)scratch->data, scratch->size);
    escape_for_terminal((struct str){(const char *)scratch->data, scratch->size}, shown,
                        sizeof shown);
    message = fault->rule == FIT_NULL
                  ? arena_format(arena, "column \"%s\": found no value, expected one", ret->column)
                  : arena_format(arena, "column \"%s\": found \"%s\", expected %s", ret->column,
                                 shown, ret->threshold);
    if (value == NULL || message == NULL) return fail_memory(err, scratch->size);
    const struct contract_column *rule = fit->columns[fault->column].rule;
    bool personal = rule != NULL && rule->personal; /* the catalog keeps no such value */
    ret->value = personal ? str_of("(personal)") : (struct str){value, scratch->size};
    ret->message = str_of(message);
    return STATUS_OK;
}

/* The row as a CSV record, of a kind whose records have no bytes of their own. */
static enum status row_as_line(const struct batch *batch, int64_t row, struct arena *arena,
                               struct bytes *scratch, struct str *ret, struct err *err)
{
    OWNED(bytes_release) struct bytes line = bytes_limited(INT32_MAX);
    for (size_t i = 0; i < batch->schema->count; i++) {
        const struct field *field = &batch->schema->fields[i];
        scratch->size = 0;
        TRY(value_plain(field, batch->columns[i], row, scratch, err));
        TRY(result_line_add(&line, i == 0, value_is_null(field, batch->columns[i], row),
                            (struct str){(const char *)scratch->data, scratch->size}, err));
    }
    char *text = arena_text(arena, (const char *)line.data, line.size);
    if (text == NULL) return fail_memory(err, line.size);
    *ret = (struct str){text, line.size};
    return STATUS_OK;
}

static enum status add_bytes(const struct applying *applying, struct reject *rejects,
                             struct bytes *scratch, struct err *err)
{
    OWNED(memory_release) struct source_place *places = NULL;
    OWNED(memory_release) int64_t *numbers = NULL;
    struct source_rows *rows = applying->rows;
    const struct source_kind *kind = applying->fit->kind;
    size_t count = (size_t)applying->fault_count, next = 0;
    TRY(NEW(&places, count, err));
    TRY(NEW(&numbers, count, err));
    for (size_t i = 0; i < count; i++)
        numbers[i] = rejects[i].record;
    if (kind->raws != NULL)
        TRY(kind->raws(applying->fit->sources[applying->source], applying->piece, numbers, count,
                       rows->arena, places, err));
    for (int64_t row = 0; row < rows->batch.rows; row++) {
        if (applying->faults[row].rule == FIT_FINE) continue;
        struct source_place *place = &places[next];
        if (kind->raws == NULL) {
            TRY(row_as_line(&rows->batch, row, rows->arena, scratch, &place->raw, err));
            place->byte_offset = place->line = -1;
        }
        rejects[next].raw = place->raw;
        rejects[next].path = place->path;
        rejects[next].byte_offset = place->byte_offset;
        rejects[next++].line = place->line;
    }
    return STATUS_OK;
}

/* Both lists are in record order. */
static enum status merge_rejects(struct source_rows *rows, const struct reject *more, size_t count,
                                 struct err *err)
{
    struct source_rows merged = {0};
    enum status status = STATUS_OK;
    size_t next = 0;
    for (size_t i = 0; status == STATUS_OK && (i < rows->reject_count || next < count);) {
        bool first = next == count ||
                     (i < rows->reject_count && rows->rejects[i].record < more[next].record);
        status = source_rows_reject(&merged, first ? &rows->rejects[i++] : &more[next++], err);
    }
    memory_free(rows->rejects);
    rows->rejects = merged.rejects;
    rows->reject_count = merged.reject_count;
    return status;
}

static enum status make_rejects(const struct applying *applying, struct err *err)
{
    OWNED(bytes_release) struct bytes scratch = bytes_limited(INT32_MAX);
    OWNED(memory_release) struct reject *rejects = NULL;
    size_t next = 0;
    TRY(NEW(&rejects, (size_t)applying->fault_count, err));
    for (int64_t row = 0; row < applying->rows->batch.rows; row++)
        if (applying->faults[row].rule != FIT_FINE)
            TRY(describe_reject(applying, row, &scratch, &rejects[next++], err));
    TRY(add_bytes(applying, rejects, &scratch, err));
    return merge_rejects(applying->rows, rejects, next, err);
}

/* ---- rows ---- */

static enum status keep_fine_rows(const struct applying *applying, struct batch *all,
                                  struct err *err)
{
    OWNED(memory_release) int64_t *keep = NULL;
    struct source_rows *rows = applying->rows;
    int64_t count = 0, total = rows->batch.rows;
    batch_release(&rows->batch);
    if (applying->fault_count == 0) {
        rows->batch = *all;
        *all = (struct batch){0};
        return STATUS_OK;
    }
    TRY(NEW(&keep, (size_t)total, err));
    for (int64_t row = 0; row < total; row++)
        if (applying->faults[row].rule == FIT_FINE) {
            rows->records[count] = rows->records[row];
            keep[count++] = row;
        }
    return batch_take(&rows->batch, all, keep, count, err);
}

static enum status count_faults(struct applying *applying, struct err *err)
{
    struct contract_fit *fit = applying->fit;
    for (int64_t row = 0; row < applying->rows->batch.rows; row++) {
        const struct fit_fault *fault = &applying->faults[row];
        applying->fault_count += fault->rule != FIT_FINE;
        if (fault->rule != FIT_TYPE) continue;
        bool fails = fit->contract->on_drift[DRIFT_RETYPED] == DRIFT_FAIL;
        if (fails) atomic_store(&fit->columns[fault->column].conflicts, 1);
        if (fails) {
            OWNED(bytes_release) struct bytes scratch = bytes_limited(INT32_MAX);
            struct reject reject = {0};
            TRY(describe_reject(applying, row, &scratch, &reject, err));
            (void)fail(err, STATUS_VERDICT, "contract \"%s\": record %lld: %.*s",
                       fit->contract->name, (long long)reject.record, (int)reject.message.size,
                       reject.message.data);
            err_hint(err, "on_drift: {retyped: reject} makes such records rejects");
            return STATUS_VERDICT;
        }
        atomic_fetch_add(&fit->columns[fault->column].conflicts, 1);
    }
    return STATUS_OK;
}

/* Everything that no other piece has a part in. */
static enum status apply_alone(struct applying *applying, struct err *err)
{
    const struct batch *batch = &applying->rows->batch;
    TRY(NEW(&applying->columns, applying->fit->schema->count, err));
    TRY(NEW(&applying->faults, (size_t)batch->rows, err));
    if (applying->rows->arena == NULL) TRY(arena_open(&applying->rows->arena, err));
    return fit_columns(applying->fit, applying->source, batch, applying->columns, applying->faults,
                       err);
}

static void applying_close(struct applying *applying)
{
    for (size_t i = 0; applying->columns != NULL && i < applying->fit->schema->count; i++)
        array_unref(&applying->columns[i]);
    memory_free(applying->columns);
    memory_free(applying->faults);
}

enum status contract_fit_apply(struct contract_fit *fit, size_t source, uint64_t turn,
                               const struct source_piece *piece, struct source_rows *rows,
                               struct err *err)
{
    OWNED(applying_close)
    struct applying applying = {.fit = fit, .source = source, .piece = piece, .rows = rows};
    OWNED(batch_release) struct batch all = {0};
    enum status status = apply_alone(&applying, err);
    if (fit->has_unique) {
        wait_for_turn(fit, turn);
        if (status == STATUS_OK)
            status = fit_unique(fit, source, applying.columns, rows->batch.rows, rows->records,
                                applying.faults, err);
        end_turn(fit);
    }
    TRY(status);
    TRY(count_faults(&applying, err));
    if (applying.fault_count > 0) TRY(make_rejects(&applying, err));
    TRY(batch_make(&all, fit->schema, rows->batch.rows, applying.columns, err));
    return keep_fine_rows(&applying, &all, err);
}
