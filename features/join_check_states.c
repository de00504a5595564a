/* features/join_check_states.c: brute force for views with aggregates or a change log. */
#include "features/join_check_states.h"

#include "base/memory.h"
#include "columnar/value_text.h"
#include "features/ticks.h"

#include <math.h>

__extension__ typedef __int128 wide;

#define TEXT_BYTES ((size_t)1 << 32)

/* One row of the entity. Times are nanoseconds. */
struct state {
    int64_t row; /* in `rows` of the trial, in write order */
    wide event, created, known;
    bool gone;
    struct bytes key; /* of the change log */
};

struct trial {
    const struct sampled *sampled;
    const struct checked_view *view;
    struct bytes key;
    bool never; /* a null key or time */
    bool timed;
    wide at;
    struct batch rows; /* of the entity */
    struct state *states;
    int64_t count;
};

static void trial_release(struct trial *trial)
{
    bytes_release(&trial->key);
    for (int64_t i = 0; trial->states != NULL && i < trial->count; i++)
        bytes_release(&trial->states[i].key);
    memory_free(trial->states);
    batch_release(&trial->rows);
}

static const struct view *definition(const struct trial *trial)
{
    return &trial->view->table->view;
}

/* ---- the question ---- */

static enum status key_text(const struct key_layout *layout, const struct batch *batch, int64_t row,
                            struct bytes *ret, bool *ret_null, struct err *err)
{
    OWNED(bytes_release) struct bytes scratch = bytes_limited(TEXT_BYTES);
    struct str key = {0};
    TRY(key_bytes(layout, batch, row, &scratch, &key, ret_null, err));
    *ret = bytes_limited(TEXT_BYTES);
    return *ret_null ? STATUS_OK : bytes_append(ret, key.data, key.size, err);
}

static enum status time_of(const struct batch *batch, size_t column, int64_t row, wide *ret,
                           bool *ret_null, struct err *err)
{
    OWNED(array_unref) struct array *one = NULL;
    const struct field *field = &batch->schema->fields[column];
    int64_t tick, null;
    TRY(array_take(&one, field, batch->columns[column], &row, 1, err));
    ticks_of(field, one, &tick, &null);
    *ret = (wide)tick * tick_nanoseconds(field);
    *ret_null = null >= 0;
    return STATUS_OK;
}

static enum status ask(struct trial *trial, struct err *err)
{
    const struct batch *row = &trial->sampled->row;
    bool null = false;
    TRY(key_text(trial->view->layout, row, 0, &trial->key, &trial->never, err));
    trial->timed = trial->view->time_column >= 0;
    if (!trial->timed) return STATUS_OK;
    TRY(time_of(row, (size_t)trial->view->time_column, 0, &trial->at, &null, err));
    trial->never |= null;
    return STATUS_OK;
}

/* ---- the entity's rows ---- */

static enum status keep_rows(struct trial *trial, const struct batch *batch,
                             const struct key_layout *layout, struct err *err)
{
    OWNED(memory_release) int64_t *rows = NULL;
    struct batch both[2] = {trial->rows, {0}};
    int64_t count = 0;
    TRY(NEW(&rows, (size_t)batch->rows, err));
    for (int64_t row = 0; row < batch->rows; row++) {
        OWNED(bytes_release) struct bytes key = {0};
        bool null;
        TRY(key_text(layout, batch, row, &key, &null, err));
        if (key.size == trial->key.size && memcmp(key.data, trial->key.data, key.size) == 0)
            rows[count++] = row;
    }
    if (count == 0) return STATUS_OK;
    TRY(batch_take(&both[1], batch, rows, count, err));
    trial->rows = (struct batch){0};
    enum status status = both[0].rows == 0
                             ? batch_share(&trial->rows, &both[1], err)
                             : batch_concat(&trial->rows, batch->schema, both, 2, err);
    batch_release(&both[0]);
    batch_release(&both[1]);
    return status;
}

static enum status read_rows(struct trial *trial, struct err *err)
{
    const struct feature_table *table = trial->view->table;
    OWNED(served_rows_close) struct served_rows *reader = NULL;
    struct key_layout layout;
    TRY(served_rows_open(&reader, table->store, &table->served, table->options.threads, err));
    TRY(key_layout_of(served_rows_schema(reader), &table->view.entity, &layout, err));
    for (;;) {
        OWNED(batch_release) struct batch batch = {0};
        bool end = false;
        TRY(interrupted(err));
        TRY(served_rows_next(reader, &batch, &end, err));
        if (end) return STATUS_OK;
        TRY(keep_rows(trial, &batch, &layout, err));
    }
}

static enum status read_gone(const struct trial *trial, int64_t row, bool *ret, struct err *err)
{
    OWNED(bytes_release) struct bytes text = bytes_limited(TEXT_BYTES);
    const struct view_log *log = &definition(trial)->log;
    size_t column;
    *ret = false;
    if (log->deleted == NULL) return STATUS_OK;
    TRY(schema_require(trial->rows.schema, str_of(log->deleted), &column, err));
    TRY(value_plain(&trial->rows.schema->fields[column], trial->rows.columns[column], row, &text,
                    err));
    struct str found = {(const char *)text.data, text.size};
    if (log->deleted_values.count == 0)
        *ret = found.size > 0 && !str_is(found, "false") && !str_is(found, "0");
    for (size_t i = 0; i < log->deleted_values.count; i++)
        *ret |= str_is(found, log->deleted_values.items[i]);
    return STATUS_OK;
}

static enum status read_state(const struct trial *trial, int64_t row, struct state *ret,
                              struct err *err)
{
    const struct view *view = definition(trial);
    const struct batch *rows = &trial->rows;
    bool null = false;
    size_t column;
    *ret = (struct state){.row = row, .key = bytes_limited(TEXT_BYTES)};
    if (view->event_time != NULL) {
        TRY(schema_require(rows->schema, str_of(view->event_time), &column, err));
        TRY(time_of(rows, column, row, &ret->event, &null, err));
        ret->known = ret->event;
    }
    if (view->created_time != NULL) {
        TRY(schema_require(rows->schema, str_of(view->created_time), &column, err));
        TRY(time_of(rows, column, row, &ret->created, &null, err));
        ret->known = ret->created;
    }
    TRY(read_gone(trial, row, &ret->gone, err));
    if (!view->log.given) return bytes_format(&ret->key, err, "%lld", (long long)row);
    if (view->log.key.count == 0)
        return bytes_append(&ret->key, &ret->event, sizeof ret->event, err);
    struct key_layout layout;
    TRY(key_layout_of(rows->schema, &view->log.key, &layout, err));
    TRY(key_text(&layout, rows, row, &ret->key, &null, err));
    return null ? bytes_format(&ret->key, err, "null %lld", (long long)row) : STATUS_OK;
}

static enum status read_states(struct trial *trial, struct err *err)
{
    TRY(NEW(&trial->states, (size_t)trial->rows.rows, err));
    for (int64_t row = 0; row < trial->rows.rows; row++) {
        trial->count++;
        TRY(read_state(trial, row, &trial->states[row], err));
    }
    return STATUS_OK;
}

/* ---- which rows count ---- */

static bool is_visible(const struct trial *trial, const struct state *state)
{
    const struct feature_table *table = trial->view->table;
    if (!trial->timed) return true;
    if (table->view.created_time != NULL)
        return !table->options.as_known || state->created <= trial->at;
    return table->options.strict_before ? state->event < trial->at : state->event <= trial->at;
}

static bool is_later_state(const struct state *a, const struct state *b)
{
    if (a->key.size != b->key.size || memcmp(a->key.data, b->key.data, a->key.size) != 0)
        return false;
    if (a->known != b->known) return a->known > b->known;
    if (a->event != b->event) return a->event > b->event;
    return a->row > b->row;
}

static bool counts(const struct trial *trial, const struct state *state, int64_t window)
{
    const struct feature_table *table = trial->view->table;
    if (state->gone || !is_visible(trial, state)) return false;
    if (trial->timed && table->view.event_time != NULL) {
        if (table->options.strict_before ? state->event >= trial->at : state->event > trial->at)
            return false;
        if (window != NO_TTL && state->event < trial->at - (wide)window * 1000) return false;
    }
    for (int64_t i = 0; i < trial->count; i++)
        if (is_visible(trial, &trial->states[i]) && is_later_state(&trial->states[i], state))
            return false;
    return true;
}

static bool is_newer(const struct state *a, const struct state *b)
{
    if (a->event != b->event) return a->event > b->event;
    if (a->created != b->created) return a->created > b->created;
    return a->row > b->row;
}

static const struct state *newest(const struct trial *trial)
{
    const struct state *best = NULL;
    for (int64_t i = 0; i < trial->count && !trial->never; i++) {
        const struct state *state = &trial->states[i];
        if (counts(trial, state, definition(trial)->ttl) && (best == NULL || is_newer(state, best)))
            best = state;
    }
    return best;
}

/* ---- values ---- */

static enum status fail_differs(const struct trial *trial, size_t column, struct str joined,
                                struct str tried, struct err *err)
{
    char found[256], expected[256];
    return fail(err, STATUS_FAILED, "--verify: row %lld, column \"%s\" is %s, expected %s",
                (long long)trial->sampled->number, trial->sampled->row.schema->fields[column].name,
                escape_for_terminal(joined, found, sizeof found),
                escape_for_terminal(tried, expected, sizeof expected));
}

/* Column `column` of the result against column `from` of the state's row. */
static enum status compare_row(const struct trial *trial, size_t column, size_t from,
                               const struct state *state, struct err *err)
{
    OWNED(bytes_release) struct bytes joined = bytes_limited(TEXT_BYTES);
    OWNED(bytes_release) struct bytes tried = bytes_limited(TEXT_BYTES);
    const struct batch *row = &trial->sampled->row;
    TRY(value_json(&row->schema->fields[column], row->columns[column], 0, &joined, err));
    if (state == NULL)
        TRY(bytes_append_text(&tried, "null", err));
    else
        TRY(value_json(&trial->rows.schema->fields[from], trial->rows.columns[from], state->row,
                       &tried, err));
    struct str a = {(const char *)joined.data, joined.size};
    struct str b = {(const char *)tried.data, tried.size};
    return str_equal(a, b) ? STATUS_OK : fail_differs(trial, column, a, b, err);
}

/* Any number, date or time; 64 bits fit exactly. */
static long double number_of(const struct field *field, const struct array *array, int64_t row)
{
    double real = 0;
    const void *values = array_values(array);
    if (field->type.id == TYPE_UINT64) return ((const uint64_t *)values)[row];
    if (type_width(&field->type) == 8 && field->type.id != TYPE_FLOAT64)
        return ((const int64_t *)values)[row];
    array_number_at(field, array, row, &real);
    return real;
}

/* What an aggregate is made of. */
struct values {
    const struct view_aggregate *aggregate;
    size_t column; /* of the entity's rows */
    const struct state **states;
    int64_t count;
    bool any; /* a row counts, whatever its age */
};

static enum status gather(const struct trial *trial, struct values *values, struct err *err)
{
    TRY(NEW(&values->states, (size_t)trial->count, err));
    if (values->aggregate->of != NULL && trial->rows.schema != NULL)
        TRY(schema_require(trial->rows.schema, str_of(values->aggregate->of), &values->column,
                           err));
    for (int64_t i = 0; i < trial->count && !trial->never; i++) {
        const struct state *state = &trial->states[i];
        values->any |= counts(trial, state, NO_TTL);
        if (!counts(trial, state, values->aggregate->window)) continue;
        bool null = values->aggregate->of != NULL &&
                    value_is_null(&trial->rows.schema->fields[values->column],
                                  trial->rows.columns[values->column], state->row);
        if (!null) values->states[values->count++] = state;
    }
    return STATUS_OK;
}

static long double value_of(const struct trial *trial, const struct values *values, int64_t i)
{
    return number_of(&trial->rows.schema->fields[values->column],
                     trial->rows.columns[values->column], values->states[i]->row);
}

/* The extreme value (earliest among equal ones) or the last one. */
static const struct state *pick(const struct trial *trial, const struct values *values)
{
    const struct state *best = NULL;
    long double best_value = 0;
    for (int64_t i = 0; i < values->count; i++) {
        const struct state *state = values->states[i];
        if (values->aggregate->function == WINDOW_LAST) {
            if (best == NULL || is_newer(state, best)) best = state;
            continue;
        }
        long double value = value_of(trial, values, i);
        if (isnan(value)) continue;
        bool better =
            values->aggregate->function == WINDOW_MAX ? value > best_value : value < best_value;
        if (best != NULL && !better) continue;
        best = state;
        best_value = value;
    }
    return best;
}

static enum status count_distinct(const struct trial *trial, const struct values *values,
                                  int64_t *ret, struct err *err)
{
    const struct field *field = &trial->rows.schema->fields[values->column];
    const struct array *array = trial->rows.columns[values->column];
    *ret = 0;
    for (int64_t i = 0; i < values->count; i++) {
        bool seen = false;
        for (int64_t j = 0; j < i && !seen; j++) {
            OWNED(bytes_release) struct bytes a = bytes_limited(TEXT_BYTES);
            OWNED(bytes_release) struct bytes b = bytes_limited(TEXT_BYTES);
            TRY(value_json(field, array, values->states[i]->row, &a, err));
            TRY(value_json(field, array, values->states[j]->row, &b, err));
            bool zeros = type_is_number(field->type.id) && value_of(trial, values, i) == 0 &&
                         value_of(trial, values, j) == 0;
            seen = zeros || (a.size == b.size && memcmp(a.data, b.data, a.size) == 0);
        }
        *ret += !seen;
    }
    return STATUS_OK;
}

/* Sums of floats may differ in the last digits of their largest part. */
static bool is_near(long double found, long double expected, long double size)
{
    if (isnan(expected) || isinf(expected))
        return isnan(expected) ? isnan(found) : found == expected;
    return fabsl(found - expected) <= 1e-12L * size;
}

static enum status compare_number(const struct trial *trial, size_t column, bool null,
                                  long double expected, long double size, struct err *err)
{
    const struct batch *row = &trial->sampled->row;
    const struct field *field = &row->schema->fields[column];
    OWNED(bytes_release) struct bytes joined = bytes_limited(TEXT_BYTES);
    OWNED(bytes_release) struct bytes tried = bytes_limited(TEXT_BYTES);
    bool found_null = array_is_null(row->columns[column], 0);
    if (null ? found_null
             : !found_null && is_near(number_of(field, row->columns[column], 0), expected, size))
        return STATUS_OK;
    TRY(value_json(field, row->columns[column], 0, &joined, err));
    TRY(null ? bytes_append_text(&tried, "null", err)
             : bytes_format(&tried, err, "%.17Lg", expected));
    return fail_differs(trial, column, (struct str){(const char *)joined.data, joined.size},
                        (struct str){(const char *)tried.data, tried.size}, err);
}

static enum status compare_values(const struct trial *trial, size_t column, struct values *values,
                                  struct err *err)
{
    long double sum = 0, size = 0;
    int64_t distinct;
    switch (values->aggregate->function) {
    case WINDOW_MIN:
    case WINDOW_MAX:
    case WINDOW_LAST: return compare_row(trial, column, values->column, pick(trial, values), err);
    case WINDOW_COUNT: return compare_number(trial, column, !values->any, values->count, 0, err);
    case WINDOW_DISTINCT:
        TRY(count_distinct(trial, values, &distinct, err));
        return compare_number(trial, column, !values->any, distinct, 0, err);
    default: break;
    }
    for (int64_t i = 0; i < values->count; i++) {
        sum += value_of(trial, values, i);
        size += fabsl(value_of(trial, values, i));
    }
    bool is_mean = values->aggregate->function == WINDOW_MEAN;
    if (is_mean && values->count > 0) sum /= values->count;
    return compare_number(trial, column, values->count == 0, sum, size, err);
}

static enum status compare_aggregate(const struct trial *trial, size_t number, struct err *err)
{
    struct values values = {.aggregate = &definition(trial)->aggregates[number]};
    size_t column = trial->view->first_column + trial->view->table->column_count + number;
    enum status status = gather(trial, &values, err);
    if (status == STATUS_OK && trial->rows.schema == NULL)
        status = compare_number(trial, column, true, 0, 0, err);
    else if (status == STATUS_OK)
        status = compare_values(trial, column, &values, err);
    memory_free(values.states);
    return status;
}

static enum status compare(const struct trial *trial, struct err *err)
{
    const struct feature_table *table = trial->view->table;
    const struct state *best = newest(trial);
    for (size_t i = 0; i < table->column_count; i++)
        TRY(compare_row(trial, trial->view->first_column + i, table->columns[i], best, err));
    for (size_t i = 0; i < table->view.aggregate_count; i++)
        TRY(compare_aggregate(trial, i, err));
    return STATUS_OK;
}

enum status join_check_states(const struct sampled *sampled, const struct checked_view *view,
                              struct err *err)
{
    OWNED(trial_release) struct trial trial = {.sampled = sampled, .view = view};
    TRY(ask(&trial, err));
    if (!trial.never) {
        TRY(read_rows(&trial, err));
        TRY(read_states(&trial, err));
    }
    return compare(&trial, err);
}
