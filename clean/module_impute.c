/* clean/module_impute.c: fills nulls, and remembers which they were.
 *
 * Each column gets one value: its median, mean or mode (all exact, whatever the size), of all rows
 * or of the row's group, or a constant; or the value its entity had before or has next; or an
 * estimate from the row's other columns. Columns and rows with too many nulls can be dropped
 * instead. An integer or date column keeps its type: the value is rounded, ties to even. A NaN
 * counts as missing like a null. A column without any value stays empty. */
#include "clean/impute_previous.h"
#include "clean/impute_rows.h"
#include "clean/impute_settings.h"
#include "clean/impute_values.h"
#include "clean/module.h"
#include "clean/numbers.h"
#include "clean/parameters.h"
#include "clean/rowkey.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define DROPPED SIZE_MAX

struct state {
    const struct impute_config *config;
    const struct schema *schema;
    const struct schema *leaving; /* with the columns that may be dropped */
    struct arena *arena;
    size_t *columns, *by;
    size_t count, by_count;
    struct bounds *bounds; /* by target */
    struct fill *constants;
    struct values *values;     /* median, mean, mode */
    struct impute_rows *rows;  /* knn, ridge, forest, auto */
    struct previous *previous; /* forward, backward */
    int64_t rows_seen;
    int64_t *missing; /* by target */
    size_t *places;   /* of the columns of `leaving` in what leaves; DROPPED */
    const char *rows_threshold;
};

struct tally {
    struct values_tally values;
    struct sample_tally rows;
    struct previous_tally previous;
    int64_t rows_seen, *missing;
};

/* ---- types ---- */

static bool is_text(const struct field *field)
{
    return field->type.id == TYPE_UTF8 && (!field->dictionary || field->index == TYPE_INT32);
}

static bool can_be_mode(const struct field *field)
{
    return field_is_ordered_number(field) || is_text(field) ||
           (!field->dictionary && field->type.id == TYPE_BOOL);
}

/* ---- opening ---- */

static enum status parse_constant(const struct module_setup *setup, const struct field *field,
                                  const char *value, struct fill *fill, struct err *err)
{
    fill->known = true;
    if (is_text(field)) {
        fill->text = str_of(value);
        return STATUS_OK;
    }
    if (field->type.id == TYPE_BOOL) {
        int index = choice_index("false|true", str_of(value));
        fill->number = index;
        if (index >= 0) return STATUS_OK;
    } else {
        char *end;
        fill->number = strtod(value, &end);
        if (end != value && *end == '\0' && isfinite(fill->number)) return STATUS_OK;
    }
    char type[128];
    return fail_at(setup->node, err, "value \"%s\" does not fit column \"%s\", which is %s", value,
                   field->name, field_type_text(field, type, sizeof type));
}

static enum status open_constant(struct state *state, const struct module_setup *setup,
                                 struct err *err)
{
    const char *value = state->config->value;
    if (value == NULL) {
        fail_at(setup->node, err, "method constant needs a value");
        err_hint(err, "add value=..., for example value=0");
        return STATUS_USAGE;
    }
    state->constants = arena_get(setup->arena, state->count + 1, sizeof *state->constants);
    if (state->constants == NULL) return fail_memory(err, state->count * sizeof(struct fill));
    for (size_t i = 0; i < state->count; i++)
        TRY(parse_constant(setup, &state->schema->fields[state->columns[i]], value,
                           &state->constants[i], err));
    return STATUS_OK;
}

static bool by_rows(const struct impute_config *config)
{
    return config->method >= METHOD_KNN && config->method <= METHOD_AUTO;
}

static enum status open_rows(struct state *state, const struct module_setup *setup, struct err *err)
{
    static const enum model_kind kinds[] = {MODEL_KNN, MODEL_RIDGE, MODEL_FOREST, MODEL_AUTO};
    const struct impute_config *config = state->config;
    struct rows_plan plan = {
        .targets = state->columns,
        .target_count = state->count,
        .from = &config->from,
        .kind = kinds[config->method - METHOD_KNN],
        .neighbors = (size_t)config->neighbors,
        .bounds = state->bounds,
        .rule = impute_rules[config->method],
        .widen = !config->round,
    };
    return rows_open(&state->rows, setup, &plan, err);
}

static enum status open_values(struct state *state, const struct module_setup *setup,
                               struct err *err)
{
    static const enum value_kind kinds[] = {VALUE_MEDIAN, VALUE_MEAN, VALUE_MODE};
    struct values_plan plan = {
        .kind = kinds[state->config->method],
        .columns = state->columns,
        .by = state->by,
        .count = state->count,
        .by_count = state->by_count,
    };
    return values_open(&state->values, setup, &plan, err);
}

static enum status open_previous(struct state *state, const struct module_setup *setup,
                                 struct err *err)
{
    struct previous_plan plan = {
        .columns = state->columns,
        .by = state->by,
        .count = state->count,
        .by_count = state->by_count,
        .time = -1,
        .backward = state->config->method == METHOD_BACKWARD,
        .memory = setup->memory,
    };
    if (state->config->time != NULL) {
        const char *name = state->config->time;
        struct text_list list = {&name, 1};
        size_t *found, count;
        TRY(module_key_columns(setup, &list, field_is_ordered_number, &found, &count, err));
        plan.time = (int64_t)found[0];
    }
    return previous_open(&state->previous, setup->schema, &plan, err);
}

/* ---- bounds ---- */

static enum status open_bounds(struct state *state, const struct module_setup *setup,
                               struct err *err)
{
    state->bounds = arena_get(setup->arena, state->count + 1, sizeof *state->bounds);
    if (state->bounds == NULL) return fail_memory(err, state->count * sizeof *state->bounds);
    for (size_t i = 0; i < state->count; i++)
        state->bounds[i] = (struct bounds){-INFINITY, INFINITY};
    if (state->config->bounds == NULL) return STATUS_OK;
    return bounds_parse(state->config->bounds, state->schema, state->columns, state->count,
                        state->bounds, err);
}

static bool widens(const struct state *state, const struct field *field)
{
    return by_rows(state->config) && !state->config->round && type_is_integer(field->type.id);
}

/* Integers that are filled with estimates become float64. */
static enum status leaving_schema(const struct state *state, const struct module_setup *setup,
                                  struct schema **ret, struct err *err)
{
    OWNED(schema_unref) struct schema *schema = NULL;
    TRY(schema_copy(&schema, setup->schema, err));
    for (size_t i = 0; i < state->count; i++) {
        struct field *field = &schema->fields[state->columns[i]];
        if (widens(state, field)) field->type = (struct type){.id = TYPE_FLOAT64};
    }
    for (size_t i = 0; state->config->indicator && i < state->count; i++) {
        const char *name =
            arena_format(setup->arena, "%s_missing", state->schema->fields[state->columns[i]].name);
        if (name == NULL) return fail_memory(err, 0);
        if (schema_find(schema, str_of(name)) >= 0)
            return fail_at(setup->node, err, "there is already a column \"%s\"", name);
        TRY(schema_add_column(schema, name, TYPE_BOOL, err));
    }
    *ret = schema;
    schema = NULL;
    return STATUS_OK;
}

static enum status check_settings(const struct module_setup *setup, struct err *err)
{
    const struct impute_config *config = setup->config;
    bool order = config->method >= METHOD_FORWARD;
    if (config->time != NULL && !order)
        return fail_at(setup->node, err, "time goes with method forward or backward");
    if (config->by.count > 0 && (by_rows(config) || config->method == METHOD_CONSTANT))
        return fail_at(setup->node, err,
                       "by goes with method median, mean, mode, forward or backward");
    return STATUS_OK;
}

static enum status open_method(struct state *state, const struct module_setup *setup,
                               struct err *err)
{
    if (state->config->method == METHOD_CONSTANT) return open_constant(state, setup, err);
    if (by_rows(state->config)) return open_rows(state, setup, err);
    if (state->config->method >= METHOD_FORWARD) return open_previous(state, setup, err);
    return open_values(state, setup, err);
}

/* Columns to group by are not filled, unless they are named. */
static void leave_out_groups(struct state *state)
{
    size_t kept = 0;
    for (size_t i = 0; i < state->count; i++) {
        bool grouped = false;
        for (size_t k = 0; k < state->by_count; k++)
            grouped = grouped || state->by[k] == state->columns[i];
        const char *name = state->schema->fields[state->columns[i]].name;
        grouped =
            grouped || (state->config->time != NULL && strcmp(state->config->time, name) == 0);
        if (!grouped) state->columns[kept++] = state->columns[i];
    }
    state->count = kept;
}

static enum status open_places(struct state *state, const struct schema *leaving, struct err *err)
{
    state->leaving = leaving;
    state->places = arena_get(state->arena, leaving->count + 1, sizeof *state->places);
    state->missing = arena_get(state->arena, state->count + 1, sizeof *state->missing);
    if (state->places == NULL || state->missing == NULL) return fail_memory(err, leaving->count);
    for (size_t at = 0; at < leaving->count; at++)
        state->places[at] = at;
    return STATUS_OK;
}

static enum status open(void **ret, const struct module_setup *setup, struct schema **ret_schema,
                        struct err *err)
{
    const struct impute_config *config = setup->config;
    bool numeric =
        config->method == METHOD_MEDIAN || config->method == METHOD_MEAN || by_rows(config);
    struct state *state;
    TRY(NEW(&state, 1, err));
    *ret = state;
    state->config = config;
    state->schema = setup->schema;
    state->arena = setup->arena;
    TRY(check_settings(setup, err));
    TRY(module_columns(setup, &config->columns, numeric ? field_is_ordered_number : can_be_mode,
                       &state->columns, &state->count, err));
    if (config->by.count > 0)
        TRY(module_key_columns(setup, &config->by, field_has_key, &state->by, &state->by_count,
                               err));
    if (config->columns.count == 0) leave_out_groups(state);
    state->rows_threshold = arena_format(setup->arena, "%g", config->drop_rows_above);
    if (state->rows_threshold == NULL) return fail_memory(err, 0);
    TRY(open_bounds(state, setup, err));
    TRY(open_method(state, setup, err));
    if (config->indicator || by_rows(config)) TRY(leaving_schema(state, setup, ret_schema, err));
    return open_places(state, *ret_schema == NULL ? setup->schema : *ret_schema, err);
}

static void close_state(void **ret)
{
    struct state *state = *ret;
    if (state == NULL) return;
    values_close(&state->values);
    rows_close(&state->rows);
    previous_close(&state->previous);
    memory_free(state);
    *ret = NULL;
}

/* ---- fit ---- */

/* Methods that look at other columns read any of them. */
static bool touches(const void *opaque, size_t column)
{
    const struct state *state = opaque;
    for (size_t i = 0; i < state->count; i++)
        if (state->columns[i] == column) return true;
    return state->rows != NULL || state->previous != NULL || state->by_count > 0;
}

static bool drops_columns(const void *opaque)
{
    return ((const struct state *)opaque)->config->drop_columns_above < 1;
}

static bool may_remove(const void *opaque)
{
    return ((const struct state *)opaque)->config->drop_rows_above < 1;
}

static bool needs_fit(const void *opaque)
{
    const struct state *state = opaque;
    return state->config->method != METHOD_CONSTANT || drops_columns(state);
}

/* What lies before or behind is not learned: new rows are looked at again. */
static bool refits(const void *opaque)
{
    return ((const struct state *)opaque)->previous != NULL;
}

static bool is_missing(const struct field *field, const struct array *array, int64_t row)
{
    double value = 0;
    if (!field_is_ordered_number(field)) return array_is_null(array, row);
    return !array_number_at(field, array, row, &value) || isnan(value);
}

static enum status count_missing(const struct state *state, const struct window *window,
                                 struct tally *tally, struct err *err)
{
    TRY(NEW(&tally->missing, state->count + 1, err));
    tally->rows_seen = window->batch->rows;
    for (size_t i = 0; i < state->count; i++) {
        const struct field *field = &state->schema->fields[state->columns[i]];
        const struct array *array = window->batch->columns[state->columns[i]];
        for (int64_t row = 0; row < tally->rows_seen; row++)
            tally->missing[i] += is_missing(field, array, row);
    }
    return STATUS_OK;
}

static enum status observe(const void *opaque, int pass, const struct window *window,
                           void *opaque_tally, struct err *err)
{
    const struct state *state = opaque;
    struct tally *tally = opaque_tally;
    if (pass == 0 && drops_columns(state)) TRY(count_missing(state, window, tally, err));
    if (state->values != NULL)
        return values_observe(state->values, pass, window, &tally->values, err);
    if (state->rows != NULL) return rows_observe(state->rows, window, &tally->rows, err);
    if (state->previous == NULL) return STATUS_OK;
    return previous_observe(state->previous, window, &tally->previous, err);
}

static void discard(void *opaque)
{
    struct tally *tally = opaque;
    values_tally_release(&tally->values);
    sample_tally_release(&tally->rows);
    previous_tally_release(&tally->previous);
    memory_free(tally->missing);
    tally->missing = NULL;
}

static enum status absorb(void *opaque, int pass, void *opaque_tally, struct err *err)
{
    (void)pass;
    struct state *state = opaque;
    struct tally *tally = opaque_tally;
    enum status status = STATUS_OK;
    state->rows_seen += tally->rows_seen;
    for (size_t i = 0; tally->missing != NULL && i < state->count; i++)
        state->missing[i] += tally->missing[i];
    if (state->values != NULL) status = values_absorb(state->values, &tally->values, err);
    if (state->rows != NULL) status = rows_absorb(state->rows, &tally->rows, err);
    if (state->previous != NULL) status = previous_absorb(state->previous, &tally->previous, err);
    discard(tally);
    return status;
}

/* Where the columns that stay go. */
static void close_ranks(struct state *state)
{
    size_t next = 0;
    for (size_t at = 0; at < state->leaving->count; at++)
        if (state->places[at] != DROPPED) state->places[at] = next++;
}

static void drop_column(struct state *state, size_t i)
{
    state->places[state->columns[i]] = DROPPED;
    if (state->config->indicator) state->places[state->schema->count + i] = DROPPED;
}

static void choose_dropped(struct state *state)
{
    double rows = (double)state->rows_seen;
    for (size_t i = 0; drops_columns(state) && i < state->count; i++)
        if ((double)state->missing[i] > state->config->drop_columns_above * rows)
            drop_column(state, i);
    close_ranks(state);
}

static enum status settle(void *opaque, int pass, bool *ret_more, struct err *err)
{
    (void)pass;
    struct state *state = opaque;
    *ret_more = false;
    if (state->rows != NULL) TRY(rows_settle(state->rows, err));
    if (state->previous != NULL) TRY(previous_settle(state->previous, err));
    if (state->values != NULL) TRY(values_settle(state->values, ret_more, err));
    if (!*ret_more) choose_dropped(state);
    return STATUS_OK;
}

static enum status fitted_schema(const void *opaque, struct schema **ret, struct err *err)
{
    const struct state *state = opaque;
    OWNED(schema_unref) struct schema *schema = NULL;
    if (!drops_columns(state)) return STATUS_OK;
    TRY(schema_new(&schema, err));
    for (size_t at = 0; at < state->leaving->count; at++)
        if (state->places[at] != DROPPED) TRY(schema_add(schema, &state->leaving->fields[at], err));
    *ret = schema;
    schema = NULL;
    return STATUS_OK;
}

/* ---- apply ---- */

/* What one window is filled with. */
struct filling {
    const struct state *state;
    const struct window *window;
    size_t *groups; /* of the rows, for values; NULL = one group */
};

/* What goes into a missing cell; false where nothing is known. */
static bool find_fill(const struct filling *filling, size_t i, int64_t row, struct fill *ret)
{
    const struct state *state = filling->state;
    if (state->constants != NULL) {
        *ret = state->constants[i];
    } else if (state->values != NULL) {
        *ret = *values_at(state->values, filling->groups == NULL ? 0 : filling->groups[row], i);
    } else {
        const struct window *window = filling->window;
        bool text = is_text(&state->schema->fields[state->columns[i]]);
        ret->known = text ? previous_text(state->previous, window, row, i, &ret->text)
                          : previous_number(state->previous, window, row, i, &ret->number);
    }
    ret->number = fmin(fmax(ret->number, state->bounds[i].low), state->bounds[i].high);
    return ret->known;
}

static enum status fill_numbers(const struct filling *filling, size_t i, const struct array *array,
                                struct array **ret, int64_t *ret_cells, struct err *err)
{
    const struct field *field = &filling->state->schema->fields[filling->state->columns[i]];
    OWNED(patch_release) struct patch patch = {field, array, {0}, {0}, 0};
    for (int64_t row = 0; row < array->length; row++) {
        struct fill fill = {0};
        if (is_missing(field, array, row) && find_fill(filling, i, row, &fill))
            TRY(patch_number(&patch, row, fill.number, err));
    }
    *ret_cells = patch.cells;
    return patch_finish(&patch, ret, err);
}

/* Text, dictionaries and bool, value by value. */
static enum status fill_others(const struct filling *filling, size_t i, const struct array *array,
                               struct array **ret, int64_t *ret_cells, struct err *err)
{
    const struct field *field = &filling->state->schema->fields[filling->state->columns[i]];
    OWNED(builder_close) struct builder *builder = NULL;
    TRY(builder_open(&builder, field, array->length, err));
    *ret_cells = 0;
    for (int64_t row = 0; row < array->length; row++) {
        struct fill fill = {0};
        if (!array_is_null(array, row) || !find_fill(filling, i, row, &fill)) {
            TRY(build_copy(builder, array, row, err));
            continue;
        }
        ++*ret_cells;
        if (field->type.id == TYPE_BOOL)
            TRY(build_bool(builder, fill.number != 0, err));
        else
            TRY(build_text(builder, fill.text, err));
    }
    return builder_finish(builder, ret, err);
}

static enum status fill_column(const struct filling *filling, size_t i, struct change *change,
                               struct err *err)
{
    const struct state *state = filling->state;
    size_t at = state->columns[i], place = state->places[at];
    const struct array *array = filling->window->batch->columns[at];
    struct array *filled;
    int64_t cells;
    if (field_is_ordered_number(&state->schema->fields[at])) {
        TRY(fill_numbers(filling, i, array, &filled, &cells, err));
    } else {
        if (array->null_count == 0) return STATUS_OK;
        TRY(fill_others(filling, i, array, &filled, &cells, err));
    }
    change_column(change, place, &filled);
    change_cells(change, place, cells);
    change_rule(change, place, impute_rules[state->config->method]);
    return STATUS_OK;
}

static enum status indicate(const struct state *state, size_t i, const struct array *array,
                            struct change *change, struct err *err)
{
    const struct field *field = &state->schema->fields[state->columns[i]];
    OWNED(memory_release) uint8_t *flags = NULL;
    TRY(NEW(&flags, (size_t)array->length, err));
    for (int64_t row = 0; row < array->length; row++)
        flags[row] = is_missing(field, array, row);
    struct array *column;
    TRY(flags_make(&column, flags, array->length, err));
    change_column(change, state->places[state->schema->count + i], &column);
    return STATUS_OK;
}

/* Rows of which too much is missing, of the columns that stay. */
static enum status drop_rows(const struct state *state, const struct window *window,
                             struct change *change, struct err *err)
{
    for (int64_t row = 0; row < window->batch->rows; row++) {
        size_t missing = 0, all = 0, first = 0;
        for (size_t i = 0; i < state->count; i++) {
            size_t at = state->columns[i];
            if (state->places[at] == DROPPED) continue;
            all++;
            if (!is_missing(&state->schema->fields[at], window->batch->columns[at], row)) continue;
            if (missing++ == 0) first = at;
        }
        if (missing == 0 || (double)missing <= state->config->drop_rows_above * (double)all)
            continue;
        char text[64];
        snprintf(text, sizeof text, "%zu of %zu columns", missing, all);
        TRY(change_drop(change, row, "missing above share", state->schema->fields[first].name,
                        str_of(text), state->rows_threshold, err));
    }
    return STATUS_OK;
}

static void filling_release(struct filling *filling)
{
    memory_free(filling->groups);
}

static enum status apply(const void *opaque, const struct window *window, struct change *change,
                         struct err *err)
{
    const struct state *state = opaque;
    OWNED(filling_release) struct filling filling = {state, window, NULL};
    if (may_remove(state)) TRY(drop_rows(state, window, change, err));
    if (state->values != NULL) TRY(values_of_rows(state->values, window, &filling.groups, err));
    for (size_t i = 0; i < state->count; i++) {
        const struct array *array = window->batch->columns[state->columns[i]];
        if (state->places[state->columns[i]] == DROPPED) continue;
        if (state->config->indicator) TRY(indicate(state, i, array, change, err));
        if (state->rows == NULL) TRY(fill_column(&filling, i, change, err));
    }
    if (state->rows == NULL) return STATUS_OK;
    for (size_t i = 0; i < state->count; i++)
        if (state->places[state->columns[i]] != DROPPED)
            change_rule(change, state->places[state->columns[i]],
                        impute_rules[state->config->method]);
    return rows_apply(state->rows, window, state->places, change, err);
}

/* ---- state ---- */

static enum status save_dropped(const struct state *state, struct bytes *json, struct err *err)
{
    const char *separator = "";
    TRY(bytes_append_text(json, ", \"dropped\": [", err));
    for (size_t i = 0; i < state->count; i++) {
        if (state->places[state->columns[i]] != DROPPED) continue;
        TRY(bytes_append_text(json, separator, err));
        TRY(bytes_append_json(json, str_of(state->schema->fields[state->columns[i]].name), err));
        separator = ", ";
    }
    return bytes_append_text(json, "]", err);
}

static enum status save(const void *opaque, struct bytes *json, struct err *err)
{
    const struct state *state = opaque;
    char method[16];
    choice_text(impute_method_words, state->config->method, method, sizeof method);
    TRY(bytes_append_text(json, "{", err));
    TRY(put_text(json, "method", str_of(method), err));
    if (state->rows != NULL || state->values != NULL) TRY(bytes_append_text(json, ", ", err));
    if (state->rows != NULL) TRY(rows_save(state->rows, json, err));
    if (state->values != NULL) TRY(values_save(state->values, json, err));
    if (drops_columns(state)) TRY(save_dropped(state, json, err));
    return bytes_append_text(json, "}", err);
}

static enum status load_dropped(struct state *state, const struct yaml_node *parameters,
                                struct err *err)
{
    const struct yaml_node *dropped = yaml_get(parameters, "dropped");
    if (dropped == NULL || dropped->kind != YAML_LIST)
        return fail_at(parameters, err, "the saved state does not say which columns were dropped");
    for (size_t k = 0; k < dropped->count; k++)
        for (size_t i = 0; i < state->count; i++)
            if (str_is(dropped->items[k]->text, state->schema->fields[state->columns[i]].name))
                drop_column(state, i);
    close_ranks(state);
    return STATUS_OK;
}

static enum status load(void *opaque, const struct yaml_node *parameters, struct err *err)
{
    struct state *state = opaque;
    if (drops_columns(state)) TRY(load_dropped(state, parameters, err));
    if (state->rows != NULL) return rows_load(state->rows, parameters, err);
    return state->values == NULL ? STATUS_OK : values_load(state->values, parameters, err);
}

/* Filled columns depend on the columns looked at, or their groups and the order in them. */
static enum status filled_lineage(const struct state *state, struct column_lineage *lineage,
                                  const char *name, struct err *err)
{
    const char *how = state->previous != NULL ? "WINDOW" : "GROUP_BY";
    TRY(column_from(lineage, name, name, "DIRECT", "TRANSFORMATION", false, err));
    if (state->rows != NULL) return rows_lineage(state->rows, lineage, name, err);
    TRY(columns_decide(lineage, name, state->schema, state->by, state->by_count, how, err));
    if (state->previous == NULL || state->config->time == NULL) return STATUS_OK;
    return column_from(lineage, name, state->config->time, "INDIRECT", how, false, err);
}

/* Indicators depend on the column they tell of. */
static enum status column_lineage(const void *opaque, struct column_lineage *lineage,
                                  struct err *err)
{
    const struct state *state = opaque;
    if (may_remove(state))
        TRY(columns_decide(lineage, NULL, state->schema, state->columns, state->count, "FILTER",
                           err));
    for (size_t i = 0; i < state->count; i++) {
        const char *name = state->schema->fields[state->columns[i]].name;
        if (state->places[state->columns[i]] == DROPPED) continue;
        if (state->config->indicator) {
            const char *added = arena_format(state->arena, "%s_missing", name);
            if (added == NULL) return fail_memory(err, 0);
            TRY(column_from(lineage, added, name, "INDIRECT", "CONDITIONAL", false, err));
        }
        if (state->rows != NULL || state->by_count > 0 || state->previous != NULL)
            TRY(filled_lineage(state, lineage, name, err));
    }
    return STATUS_OK;
}

/* What came before or comes next is looked up in all rows. */
static bool parameters_suffice(const void *opaque)
{
    return !refits(opaque);
}

const struct clean_module module_impute = {
    .name = "impute",
    .summary = "fill nulls and remember which they were",
    .source = "Little and Rubin 2019, chapters 4 and 11; Troyanskaya et al. 2001 (similar rows)",
    .settings = impute_settings,
    .config_bytes = sizeof(struct impute_config),
    .open = open,
    .fitted_schema = fitted_schema,
    .learns_schema = drops_columns,
    .needs_fit = needs_fit,
    .refits = refits,
    .removes_rows = true,
    .may_remove = may_remove,
    .touches = touches,
    .passes = 1,
    .tally_bytes = sizeof(struct tally),
    .observe = observe,
    .absorb = absorb,
    .discard = discard,
    .settle = settle,
    .apply = apply,
    .save = save,
    .parameters_suffice = parameters_suffice,
    .load = load,
    .column_lineage = column_lineage,
    .close = close_state,
};
