/* clean/module_impute.c: fills nulls, and remembers which they were.
 *
 * Each column gets one value: its median, mean or mode (all exact, whatever the size), or a
 * constant. An integer or date column keeps its type: the value is rounded, ties to even. A NaN
 * counts as missing like a null. A column without any value stays empty. */
#include "clean/counts.h"
#include "clean/impute_rows.h"
#include "clean/module.h"
#include "clean/numbers.h"
#include "clean/parameters.h"
#include "clean/summary.h"

#include <math.h>
#include <stdlib.h>

enum method {
    METHOD_MEDIAN,
    METHOD_MEAN,
    METHOD_MODE,
    METHOD_CONSTANT,
    METHOD_KNN,
    METHOD_RIDGE,
    METHOD_FOREST,
    METHOD_AUTO
};
static const char method_words[] = "median|mean|mode|constant|knn|ridge|forest|auto";
static const char *const rules[] = {"median", "mean",  "mode",   "constant",
                                    "knn",    "ridge", "forest", "auto"};

struct config {
    struct text_list columns;
    int method;
    const char *value;
    bool indicator;
    struct text_list from;
    int64_t neighbors;
    bool round;
};

static const struct setting settings[] = {
    {.name = "columns",
     .kind = SETTING_TEXTS,
     .offset = offsetof(struct config, columns),
     .help = "columns, or patterns like x*; all that the method can fill when absent"},
    {.name = "method",
     .kind = SETTING_CHOICE,
     .offset = offsetof(struct config, method),
     .fallback = "median",
     .choices = method_words,
     .help =
         "the middle value, the average, the most frequent value, a value of yours; or from the "
         "other columns: similar rows, regression, trees, or what does best on known cells"},
    {.name = "value",
     .kind = SETTING_TEXT,
     .offset = offsetof(struct config, value),
     .help = "what to fill in with method constant"},
    {.name = "indicator",
     .kind = SETTING_FLAG,
     .offset = offsetof(struct config, indicator),
     .help = "add a column COLUMN_missing that says where a value was missing"},
    {.name = "from",
     .kind = SETTING_TEXTS,
     .offset = offsetof(struct config, from),
     .help = "columns that knn, ridge, forest and auto look at; all numeric columns when absent"},
    {.name = "neighbors",
     .kind = SETTING_INT,
     .offset = offsetof(struct config, neighbors),
     .fallback = "10",
     .minimum = 1,
     .maximum = 64,
     .help = "similar rows that knn and auto ask"},
    {.name = "round",
     .kind = SETTING_FLAG,
     .offset = offsetof(struct config, round),
     .help =
         "integer columns filled by knn, ridge, forest and auto stay integers; else they become "
         "float64"},
    {0}};

/* What goes into the empty cells of one column. */
struct fill {
    bool known;
    double number;   /* numbers, dates, timestamps, bool (0 or 1) */
    struct str text; /* utf8 and dictionaries */
};

struct state {
    const struct config *config;
    const struct schema *schema;
    struct arena *arena;
    size_t *columns;
    size_t count;
    struct fill *fills;
    struct summary *summary;  /* median, mean */
    struct mode *modes;       /* mode */
    struct impute_rows *rows; /* knn, ridge, forest, auto */
};

struct tally {
    struct summary_tally summary;
    struct counts *counts;
    size_t count;
    struct sample_tally rows;
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
    for (size_t i = 0; i < state->count; i++)
        TRY(parse_constant(setup, &state->schema->fields[state->columns[i]], value,
                           &state->fills[i], err));
    return STATUS_OK;
}

static bool by_rows(const struct config *config)
{
    return config->method >= METHOD_KNN;
}

static enum status open_rows(struct state *state, const struct module_setup *setup, struct err *err)
{
    static const enum model_kind kinds[] = {MODEL_KNN, MODEL_RIDGE, MODEL_FOREST, MODEL_AUTO};
    const struct config *config = state->config;
    struct rows_plan plan = {
        .targets = state->columns,
        .target_count = state->count,
        .from = &config->from,
        .kind = kinds[config->method - METHOD_KNN],
        .neighbors = (size_t)config->neighbors,
        .widen = !config->round,
    };
    return rows_open(&state->rows, setup, &plan, err);
}

static enum status open_fit(struct state *state, const struct module_setup *setup, struct err *err)
{
    static const double half[] = {0.5};
    if (state->config->method == METHOD_MODE) {
        state->modes = arena_get(state->arena, state->count, sizeof *state->modes);
        if (state->modes == NULL) return fail_memory(err, state->count * sizeof *state->modes);
        for (size_t i = 0; i < state->count; i++)
            mode_open(&state->modes[i], setup->memory / state->count);
        return STATUS_OK;
    }
    struct summary_plan plan = {
        .columns = state->columns,
        .count = state->count,
        .fractions = half,
        .fraction_count = state->config->method == METHOD_MEDIAN ? 1 : 0,
        .memory = setup->memory,
        .threads = setup->threads,
    };
    return summary_open(&state->summary, &plan, err);
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

static enum status open(void **ret, const struct module_setup *setup, struct schema **ret_schema,
                        struct err *err)
{
    const struct config *config = setup->config;
    bool numeric = config->method != METHOD_MODE && config->method != METHOD_CONSTANT;
    struct state *state;
    TRY(NEW(&state, 1, err));
    *ret = state;
    state->config = config;
    state->schema = setup->schema;
    state->arena = setup->arena;
    TRY(module_columns(setup, &config->columns, numeric ? field_is_ordered_number : can_be_mode,
                       &state->columns, &state->count, err));
    state->fills = arena_get(setup->arena, state->count, sizeof *state->fills);
    if (state->fills == NULL) return fail_memory(err, state->count * sizeof *state->fills);
    if (config->method == METHOD_CONSTANT)
        TRY(open_constant(state, setup, err));
    else if (by_rows(config))
        TRY(open_rows(state, setup, err));
    else
        TRY(open_fit(state, setup, err));
    bool same = !config->indicator && !by_rows(config);
    return same ? STATUS_OK : leaving_schema(state, setup, ret_schema, err);
}

static void close_state(void **ret)
{
    struct state *state = *ret;
    if (state == NULL) return;
    summary_close(&state->summary);
    rows_close(&state->rows);
    for (size_t i = 0; state->modes != NULL && i < state->count; i++)
        mode_release(&state->modes[i]);
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
    return state->rows != NULL;
}

static bool needs_fit(const void *opaque)
{
    return ((const struct state *)opaque)->config->method != METHOD_CONSTANT;
}

/* Numbers are counted as doubles in an order-keeping form, so that a tie goes to the smaller. */
static void number_key(double value, uint8_t ret[8])
{
    double positive_zero = value + 0.0;
    uint64_t bits;
    memcpy(&bits, &positive_zero, sizeof bits);
    bits = bits >> 63 ? ~bits : bits | (1ull << 63);
    for (int i = 0; i < 8; i++)
        ret[i] = (uint8_t)(bits >> (56 - 8 * i));
}

static double key_number(const uint8_t key[8])
{
    uint64_t bits = 0;
    for (int i = 0; i < 8; i++)
        bits = bits << 8 | key[i];
    bits = bits >> 63 ? bits & ~(1ull << 63) : ~bits;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static enum status count_column(const struct state *state, size_t i, const struct window *window,
                                struct counts *counts, struct err *err)
{
    size_t at = state->columns[i];
    const struct field *field = &state->schema->fields[at];
    const struct array *array = window->batch->columns[at];
    for (int64_t row = 0; row < window->batch->rows; row++) {
        struct str text;
        double number;
        uint8_t key[8];
        if (is_text(field)) {
            if (!array_text_at(field, array, row, &text)) continue;
            TRY(mode_observe(&state->modes[i], text.data, text.size, counts, err));
        } else if (array_number_at(field, array, row, &number) && !isnan(number)) {
            number_key(number, key);
            TRY(mode_observe(&state->modes[i], key, sizeof key, counts, err));
        }
    }
    return STATUS_OK;
}

static enum status observe(const void *opaque, int pass, const struct window *window,
                           void *opaque_tally, struct err *err)
{
    (void)pass;
    const struct state *state = opaque;
    struct tally *tally = opaque_tally;
    if (state->summary != NULL)
        return summary_observe(state->summary, window, &tally->summary, err);
    if (state->rows != NULL) return rows_observe(state->rows, window, &tally->rows, err);
    TRY(NEW(&tally->counts, state->count, err));
    tally->count = state->count;
    for (size_t i = 0; i < state->count; i++)
        TRY(count_column(state, i, window, &tally->counts[i], err));
    return STATUS_OK;
}

static void discard(void *opaque)
{
    struct tally *tally = opaque;
    summary_tally_release(&tally->summary);
    sample_tally_release(&tally->rows);
    for (size_t i = 0; i < tally->count; i++)
        counts_release(&tally->counts[i]);
    memory_free(tally->counts);
    tally->counts = NULL;
    tally->count = 0;
}

static enum status absorb(void *opaque, int pass, void *opaque_tally, struct err *err)
{
    (void)pass;
    struct state *state = opaque;
    struct tally *tally = opaque_tally;
    enum status status = STATUS_OK;
    if (state->summary != NULL) status = summary_absorb(state->summary, &tally->summary, err);
    if (state->rows != NULL) status = rows_absorb(state->rows, &tally->rows, err);
    for (size_t i = 0; status == STATUS_OK && i < tally->count; i++)
        status = mode_absorb(&state->modes[i], &tally->counts[i], err);
    discard(tally);
    return status;
}

static enum status choose_mode(struct state *state, size_t i, struct err *err)
{
    const struct mode *mode = &state->modes[i];
    struct fill *fill = &state->fills[i];
    fill->known = mode->best_count > 0;
    if (!fill->known) return STATUS_OK;
    if (!is_text(&state->schema->fields[state->columns[i]])) {
        fill->number = key_number(mode->best.data);
        return STATUS_OK;
    }
    const char *text = arena_text(state->arena, (const char *)mode->best.data, mode->best.size);
    if (text == NULL) return fail_memory(err, mode->best.size);
    fill->text = (struct str){text, mode->best.size};
    return STATUS_OK;
}

static void choose_number(struct state *state, size_t i)
{
    struct fill *fill = &state->fills[i];
    fill->known = summary_moments(state->summary, i)->count > 0;
    fill->number = state->config->method == METHOD_MEDIAN
                       ? summary_quantile(state->summary, i, 0)
                       : summary_moments(state->summary, i)->mean;
}

static enum status settle(void *opaque, int pass, bool *ret_more, struct err *err)
{
    (void)pass;
    struct state *state = opaque;
    *ret_more = false;
    if (state->rows != NULL) return rows_settle(state->rows, err);
    if (state->summary != NULL) TRY(summary_settle(state->summary, ret_more, err));
    for (size_t i = 0; state->modes != NULL && i < state->count; i++) {
        bool more;
        TRY(mode_settle(&state->modes[i], &more, err));
        *ret_more = *ret_more || more;
    }
    for (size_t i = 0; !*ret_more && i < state->count; i++) {
        if (state->modes != NULL)
            TRY(choose_mode(state, i, err));
        else
            choose_number(state, i);
    }
    return STATUS_OK;
}

/* ---- apply ---- */

static enum status fill_numbers(const struct field *field, const struct array *array, double number,
                                struct array **ret, int64_t *ret_cells, struct err *err)
{
    OWNED(patch_release) struct patch patch = {field, array, {0}, {0}, 0};
    bool real = field->type.id == TYPE_FLOAT64 || field->type.id == TYPE_FLOAT32 ||
                field->type.id == TYPE_FLOAT16;
    for (int64_t row = 0; row < array->length; row++) {
        double value;
        bool missing = real ? !array_number_at(field, array, row, &value) || isnan(value)
                            : array_is_null(array, row);
        if (missing) TRY(patch_number(&patch, row, number, err));
    }
    *ret_cells = patch.cells;
    return patch_finish(&patch, ret, err);
}

/* Text, dictionaries and bool, value by value. */
static enum status fill_others(const struct field *field, const struct array *array,
                               const struct fill *fill, struct array **ret, int64_t *ret_cells,
                               struct err *err)
{
    OWNED(builder_close) struct builder *builder = NULL;
    TRY(builder_open(&builder, field, array->length, err));
    for (int64_t row = 0; row < array->length; row++) {
        if (!array_is_null(array, row))
            TRY(build_copy(builder, array, row, err));
        else if (field->type.id == TYPE_BOOL)
            TRY(build_bool(builder, fill->number != 0, err));
        else
            TRY(build_text(builder, fill->text, err));
    }
    *ret_cells = array->null_count;
    return builder_finish(builder, ret, err);
}

static enum status fill_column(const struct state *state, size_t i, const struct array *array,
                               struct change *change, struct err *err)
{
    size_t at = state->columns[i];
    const struct field *field = &state->schema->fields[at];
    const struct fill *fill = &state->fills[i];
    struct array *filled;
    int64_t cells;
    if (!fill->known) return STATUS_OK;
    if (field_is_ordered_number(field)) {
        TRY(fill_numbers(field, array, fill->number, &filled, &cells, err));
    } else {
        if (array->null_count == 0) return STATUS_OK;
        TRY(fill_others(field, array, fill, &filled, &cells, err));
    }
    change_column(change, at, &filled);
    change_cells(change, at, cells);
    change_rule(change, at, rules[state->config->method]);
    return STATUS_OK;
}

static enum status indicate(const struct state *state, size_t i, const struct array *array,
                            struct change *change, struct err *err)
{
    const struct field *field = &state->schema->fields[state->columns[i]];
    OWNED(memory_release) uint8_t *flags = NULL;
    TRY(NEW(&flags, (size_t)array->length, err));
    for (int64_t row = 0; row < array->length; row++) {
        double value = 0;
        bool number = field_is_ordered_number(field);
        flags[row] = number ? !array_number_at(field, array, row, &value) || isnan(value)
                            : array_is_null(array, row);
    }
    struct array *column;
    TRY(flags_make(&column, flags, array->length, err));
    change_column(change, state->schema->count + i, &column);
    return STATUS_OK;
}

static enum status apply(const void *opaque, const struct window *window, struct change *change,
                         struct err *err)
{
    const struct state *state = opaque;
    for (size_t i = 0; i < state->count; i++) {
        const struct array *array = window->batch->columns[state->columns[i]];
        if (state->config->indicator) TRY(indicate(state, i, array, change, err));
        if (state->rows == NULL) TRY(fill_column(state, i, array, change, err));
    }
    if (state->rows == NULL) return STATUS_OK;
    for (size_t i = 0; i < state->count; i++)
        change_rule(change, state->columns[i], rules[state->config->method]);
    return rows_apply(state->rows, window, change, err);
}

/* ---- state ---- */

static enum status save(const void *opaque, struct bytes *json, struct err *err)
{
    const struct state *state = opaque;
    char method[16];
    choice_text(method_words, state->config->method, method, sizeof method);
    TRY(bytes_append_text(json, "{", err));
    TRY(put_text(json, "method", str_of(method), err));
    if (state->rows != NULL) {
        TRY(bytes_append_text(json, ", ", err));
        TRY(rows_save(state->rows, json, err));
        return bytes_append_text(json, "}", err);
    }
    TRY(bytes_append_text(json, ", \"columns\": {", err));
    const char *separator = "";
    for (size_t i = 0; i < state->count; i++) {
        const struct field *field = &state->schema->fields[state->columns[i]];
        if (!state->fills[i].known) continue;
        TRY(bytes_append_text(json, separator, err));
        TRY(bytes_append_json(json, str_of(field->name), err));
        TRY(bytes_append_text(json, ": {", err));
        if (is_text(field))
            TRY(put_text(json, "value", state->fills[i].text, err));
        else
            TRY(put_real(json, "value", state->fills[i].number, err));
        TRY(bytes_append_text(json, "}", err));
        separator = ", ";
    }
    return bytes_append_text(json, "}}", err);
}

static enum status load_fill(struct state *state, size_t i, const struct yaml_node *node,
                             struct err *err)
{
    struct fill *fill = &state->fills[i];
    fill->known = true;
    if (!is_text(&state->schema->fields[state->columns[i]]))
        return get_real(node, "value", &fill->number, err);
    struct str text;
    TRY(get_text(node, "value", &text, err));
    const char *copy = arena_text(state->arena, text.data, text.size);
    if (copy == NULL) return fail_memory(err, text.size);
    fill->text = (struct str){copy, text.size};
    return STATUS_OK;
}

static enum status load(void *opaque, const struct yaml_node *parameters, struct err *err)
{
    struct state *state = opaque;
    const struct yaml_node *columns;
    if (state->rows != NULL) return rows_load(state->rows, parameters, err);
    TRY(get_map(parameters, "columns", &columns, err));
    for (size_t i = 0; i < state->count; i++) {
        const struct yaml_node *node =
            yaml_get(columns, state->schema->fields[state->columns[i]].name);
        if (node != NULL) TRY(load_fill(state, i, node, err));
    }
    return STATUS_OK;
}

/* Filled columns depend on the columns looked at; indicators on the column they tell of. */
static enum status column_lineage(const void *opaque, struct column_lineage *lineage,
                                  struct err *err)
{
    const struct state *state = opaque;
    for (size_t i = 0; i < state->count; i++) {
        const char *name = state->schema->fields[state->columns[i]].name;
        if (state->config->indicator) {
            const char *added = arena_format(state->arena, "%s_missing", name);
            if (added == NULL) return fail_memory(err, 0);
            TRY(column_from(lineage, added, name, "INDIRECT", "CONDITIONAL", false, err));
        }
        if (state->rows == NULL) continue;
        TRY(column_from(lineage, name, name, "DIRECT", "TRANSFORMATION", false, err));
        TRY(rows_lineage(state->rows, lineage, name, err));
    }
    return STATUS_OK;
}

const struct clean_module module_impute = {
    .name = "impute",
    .summary = "fill nulls and remember which they were",
    .source = "Little and Rubin 2019, chapters 4 and 11; Troyanskaya et al. 2001 (similar rows)",
    .settings = settings,
    .config_bytes = sizeof(struct config),
    .open = open,
    .needs_fit = needs_fit,
    .touches = touches,
    .passes = 1,
    .tally_bytes = sizeof(struct tally),
    .observe = observe,
    .absorb = absorb,
    .discard = discard,
    .settle = settle,
    .apply = apply,
    .save = save,
    .load = load,
    .column_lineage = column_lineage,
    .close = close_state,
};
