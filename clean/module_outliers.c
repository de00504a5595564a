/* clean/module_outliers.c: unusual values of numeric columns, and unusual rows.
 *
 * mad, iqr and z give each column two fences; what lies outside is unusual. The other methods judge
 * whole rows (outliers_rows.h). mad: median +- threshold x 1.4826 x MAD (Iglewicz and Hoaglin
 * 1993, 3.5); iqr: quartiles -+ threshold x IQR (Tukey 1977, 1.5); z: mean +- threshold x standard
 * deviation (3). Median and quartiles are exact for any size. A column without spread (more than
 * half of its values equal) has no fences and is left alone. */
#include "clean/module.h"
#include "clean/numbers.h"
#include "clean/outliers_rows.h"
#include "clean/parameters.h"
#include "clean/summary.h"

#include <math.h>
#include <stdio.h>

enum method {
    METHOD_MAD,
    METHOD_IQR,
    METHOD_Z,
    METHOD_FOREST, /* from here on in the order of enum rows_method */
    METHOD_KNN,
    METHOD_LOF,
    METHOD_ECOD,
    METHOD_COPOD,
    METHOD_HBOS,
    METHOD_MCD,
    METHOD_ENSEMBLE
};
enum action { ACTION_FLAG, ACTION_CLIP, ACTION_NULL, ACTION_DROP };
static const char method_words[] = "mad|iqr|z|forest|knn|lof|ecod|copod|hbos|mcd|ensemble";
static const char *const rules[] = {"outlier mad",    "outlier iqr",     "outlier z",
                                    "outlier forest", "outlier knn",     "outlier lof",
                                    "outlier ecod",   "outlier copod",   "outlier hbos",
                                    "outlier mcd",    "outlier ensemble"};

/* 1 / quantile(normal, 3/4): makes the MAD estimate the standard deviation of normal data. */
#define MAD_CONSISTENCY 1.482602218505602
#define ROWS_THRESHOLD  3.5
#define ELLIPSE_COLUMNS 128 /* whose covariance mcd can hold many times over */

struct config {
    struct text_list columns;
    int method, action;
    double threshold; /* 0 = the method's own */
    const char *flag;
    int64_t neighbors;
};

static const struct setting settings[] = {
    {.name = "columns",
     .kind = SETTING_TEXTS,
     .offset = offsetof(struct config, columns),
     .help = "numeric columns, or patterns like x*; all numeric columns when absent"},
    {.name = "method",
     .kind = SETTING_CHOICE,
     .offset = offsetof(struct config, method),
     .fallback = "mad",
     .choices = method_words,
     .help =
         "values: median absolute deviation, interquartile range, standard deviations; rows: "
         "isolation forest, distance to similar rows, density among them, rare values in single "
         "columns (ecod, copod, hbos), a robust ellipse, or the larger of forest and knn"},
    {.name = "threshold",
     .kind = SETTING_REAL,
     .offset = offsetof(struct config, threshold),
     .fallback = "0",
     .minimum = 0,
     .maximum = 1e6,
     .help = "how far out a value must lie; 0 means 1.5 for iqr, 3 for z, 3.5 for the "
             "others"},
    {.name = "action",
     .kind = SETTING_CHOICE,
     .offset = offsetof(struct config, action),
     .fallback = "flag",
     .choices = "flag|clip|null|drop",
     .help = "add two columns, pull the value to the fence, empty it, or drop the row"},
    {.name = "flag",
     .kind = SETTING_TEXT,
     .offset = offsetof(struct config, flag),
     .fallback = "outlier",
     .help = "name of the added column; NAME_column says which column it was, "
             "NAME_score how unusual the row is (methods for rows)"},
    {.name = "neighbors",
     .kind = SETTING_INT,
     .offset = offsetof(struct config, neighbors),
     .fallback = "0",
     .minimum = 0,
     .maximum = 64,
     .help =
         "similar rows that lof looks at, and the one knn and ensemble measure the distance to; "
         "0 means 20 for lof, 5 for the others"},
    {0}};

struct fence {
    double low, high; /* infinite where there is no spread */
    double center, spread;
    const char *text; /* "[low, high]" for row events */
};

struct state {
    const struct config *config;
    const struct schema *schema;
    struct arena *arena;
    size_t *columns;
    size_t count;
    double threshold;
    struct fence *fences;
    struct summary *summary;
    struct unusual *unusual; /* methods for rows */
    int64_t seed;
    const char *threshold_text;
};

/* ---- kernel ---- */

static void set_fence(struct fence *fence, double low, double high, double reach)
{
    bool spread = reach > 0;
    fence->low = spread ? low - reach : -INFINITY;
    fence->high = spread ? high + reach : INFINITY;
}

static void fit_fence(const struct state *state, size_t i, struct fence *fence)
{
    const struct summary *s = state->summary;
    switch ((enum method)state->config->method) {
    case METHOD_MAD:
        fence->center = summary_median(s, i);
        fence->spread = MAD_CONSISTENCY * summary_deviation(s, i);
        break;
    case METHOD_IQR:
        fence->center = summary_quantile(s, i, 1);
        fence->spread = summary_quantile(s, i, 2) - summary_quantile(s, i, 0);
        set_fence(fence, summary_quantile(s, i, 0), summary_quantile(s, i, 2),
                  state->threshold * fence->spread);
        return;
    case METHOD_Z:
        fence->center = summary_moments(s, i)->mean;
        fence->spread = sqrt(moments_variance(summary_moments(s, i)));
        break;
    default: break; /* rows have no fences */
    }
    set_fence(fence, fence->center, fence->center, state->threshold * fence->spread);
}

static bool outside(const struct fence *fence, double value)
{
    return value < fence->low || value > fence->high;
}

/* How many spreads beyond the fence: compares columns with one another. */
static double excess(const struct fence *fence, double value)
{
    double beyond = value < fence->low ? fence->low - value : value - fence->high;
    return beyond / fence->spread;
}

/* ---- opening ---- */

static enum status add_flags(const struct module_setup *setup, const struct config *config,
                             struct schema **ret, struct err *err)
{
    bool rows = config->method >= METHOD_FOREST;
    const char *names[] = {config->flag, arena_format(setup->arena, "%s_column", config->flag),
                           arena_format(setup->arena, "%s_score", config->flag)};
    if (names[1] == NULL || names[2] == NULL) return fail_memory(err, 0);
    for (size_t i = 0; i < (rows ? 3u : 2u); i++)
        if (schema_find(setup->schema, str_of(names[i])) >= 0) {
            fail_at(setup->node, err, "there is already a column \"%s\"", names[i]);
            err_hint(err, "give the added column another name: flag=NAME");
            return STATUS_USAGE;
        }
    OWNED(schema_unref) struct schema *schema = NULL;
    TRY(schema_copy(&schema, setup->schema, err));
    TRY(schema_add_column(schema, names[0], TYPE_BOOL, err));
    struct field field = field_dictionary(names[1]);
    TRY(schema_add(schema, &field, err));
    if (rows) TRY(schema_add_column(schema, names[2], TYPE_FLOAT64, err));
    *ret = schema;
    schema = NULL;
    return STATUS_OK;
}

static enum status open_summary(struct state *state, const struct module_setup *setup,
                                struct err *err)
{
    static const double median[] = {0.5}, quartiles[] = {0.25, 0.5, 0.75};
    int method = state->config->method;
    struct summary_plan plan = {
        .columns = state->columns,
        .count = state->count,
        .fractions = method == METHOD_MAD ? median : quartiles,
        .fraction_count = method == METHOD_MAD   ? 1
                          : method == METHOD_IQR ? 3
                                                 : 0,
        .deviations = method == METHOD_MAD,
        .memory = setup->memory,
        .threads = setup->threads,
    };
    return summary_open(&state->summary, &plan, err);
}

static enum status open_unusual(struct state *state, const struct module_setup *setup,
                                struct err *err)
{
    const struct config *config = state->config;
    int64_t usual = config->method == METHOD_LOF ? 20 : 5;
    if (config->action == ACTION_CLIP || config->action == ACTION_NULL) {
        fail_at(setup->node, err, "this method judges rows, and the action changes values");
        err_hint(err, "use action=flag or action=drop, or method=mad, iqr or z");
        return STATUS_USAGE;
    }
    if (state->count == 0) return fail_at(setup->node, err, "there is no numeric column");
    state->threshold_text = arena_format(setup->arena, "%g", state->threshold);
    if (state->threshold_text == NULL) return fail_memory(err, 0);
    if (config->method == METHOD_MCD && state->count > ELLIPSE_COLUMNS) {
        fail_at(setup->node, err, "%zu columns take part, mcd can take %d", state->count,
                ELLIPSE_COLUMNS);
        err_hint(err, "name the columns to look at, columns=..., or use another method");
        return STATUS_USAGE;
    }
    return unusual_open(
        &state->unusual, (enum rows_method)(config->method - METHOD_FOREST + ROWS_FOREST),
        state->count, (size_t)(config->neighbors > 0 ? config->neighbors : usual), setup, err);
}

static enum status open(void **ret, const struct module_setup *setup, struct schema **ret_schema,
                        struct err *err)
{
    static const double thresholds[] = {3.5, 1.5, 3}; /* of values, by method */
    const struct config *config = setup->config;
    struct state *state;
    TRY(NEW(&state, 1, err));
    *ret = state;
    state->config = config;
    state->schema = setup->schema;
    state->arena = setup->arena;
    TRY(module_columns(setup, &config->columns, field_is_number, &state->columns, &state->count,
                       err));
    state->threshold = config->threshold > 0            ? config->threshold
                       : config->method < METHOD_FOREST ? thresholds[config->method]
                                                        : ROWS_THRESHOLD;
    state->fences = arena_get(setup->arena, state->count, sizeof *state->fences);
    if (state->fences == NULL) return fail_memory(err, state->count * sizeof *state->fences);
    state->seed = setup->seed;
    if (config->method >= METHOD_FOREST)
        TRY(open_unusual(state, setup, err));
    else
        TRY(open_summary(state, setup, err));
    if (config->action == ACTION_FLAG) return add_flags(setup, config, ret_schema, err);
    return STATUS_OK;
}

static void close_state(void **ret)
{
    struct state *state = *ret;
    if (state == NULL) return;
    summary_close(&state->summary);
    unusual_close(&state->unusual);
    memory_free(state);
    *ret = NULL;
}

/* ---- fit ---- */

struct tally {
    struct summary_tally summary;
    struct sample_tally sample;
};

static enum status observe(const void *opaque, int pass, const struct window *window,
                           void *opaque_tally, struct err *err)
{
    (void)pass;
    const struct state *state = opaque;
    struct tally *tally = opaque_tally;
    if (state->unusual != NULL)
        return sample_observe(window, state->columns, state->count, state->seed, &tally->sample,
                              err);
    return summary_observe(state->summary, window, &tally->summary, err);
}

static enum status absorb(void *opaque, int pass, void *opaque_tally, struct err *err)
{
    (void)pass;
    struct state *state = opaque;
    struct tally *tally = opaque_tally;
    if (state->unusual != NULL)
        return sample_absorb(unusual_sample(state->unusual), &tally->sample, err);
    return summary_absorb(state->summary, &tally->summary, err);
}

static void discard(void *opaque)
{
    struct tally *tally = opaque;
    summary_tally_release(&tally->summary);
    sample_tally_release(&tally->sample);
}

static enum status name_fence(struct state *state, struct fence *fence, struct err *err)
{
    fence->text = arena_format(state->arena, "[%.6g, %.6g]", fence->low, fence->high);
    return fence->text == NULL ? fail_memory(err, 0) : STATUS_OK;
}

static enum status settle(void *opaque, int pass, bool *ret_more, struct err *err)
{
    (void)pass;
    struct state *state = opaque;
    *ret_more = false;
    if (state->unusual != NULL) return unusual_fit(state->unusual, err);
    TRY(summary_settle(state->summary, ret_more, err));
    if (*ret_more) return STATUS_OK;
    for (size_t i = 0; i < state->count; i++) {
        fit_fence(state, i, &state->fences[i]);
        TRY(name_fence(state, &state->fences[i], err));
    }
    return STATUS_OK;
}

/* ---- apply ---- */

static enum status change_column_of(const struct state *state, size_t i,
                                    const struct window *window, const double *values,
                                    struct change *change, struct err *err)
{
    const struct fence *fence = &state->fences[i];
    size_t at = state->columns[i];
    OWNED(patch_release)
    struct patch patch = {&state->schema->fields[at], window->batch->columns[at], {0}, {0}, 0};
    for (int64_t row = 0; row < window->batch->rows; row++) {
        if (!outside(fence, values[row])) continue;
        if (state->config->action == ACTION_NULL)
            TRY(patch_null(&patch, row, err));
        else
            TRY(patch_number(&patch, row, values[row] < fence->low ? fence->low : fence->high,
                             err));
    }
    if (patch.cells == 0) return STATUS_OK;
    struct array *changed;
    change_cells(change, at, patch.cells);
    change_rule(change, at, rules[state->config->method]);
    TRY(patch_finish(&patch, &changed, err));
    change_column(change, at, &changed);
    return STATUS_OK;
}

static enum status drop_rows(const struct state *state, size_t i, const struct window *window,
                             const double *values, struct change *change, struct err *err)
{
    const struct field *field = &state->schema->fields[state->columns[i]];
    for (int64_t row = 0; row < window->batch->rows; row++) {
        if (!outside(&state->fences[i], values[row])) continue;
        char text[64];
        array_value_text(field, window->batch->columns[state->columns[i]], row, text, sizeof text);
        TRY(change_drop(change, row, rules[state->config->method], field->name, str_of(text),
                        state->fences[i].text, err));
    }
    return STATUS_OK;
}

/* Remembers per row the column that lies furthest beyond its fence. */
struct worst {
    double excess;
    size_t column; /* 1-based place in state->columns, 0 = none */
};

static void find_worst(const struct state *state, size_t i, int64_t rows, const double *values,
                       struct worst *worst)
{
    for (int64_t row = 0; row < rows; row++) {
        if (!outside(&state->fences[i], values[row])) continue;
        double beyond = excess(&state->fences[i], values[row]);
        if (worst[row].column == 0 || beyond > worst[row].excess)
            worst[row] = (struct worst){beyond, i + 1};
    }
}

static enum status add_flag_columns(const struct state *state, int64_t rows,
                                    const struct worst *worst, struct change *change,
                                    struct err *err)
{
    OWNED(memory_release) uint8_t *flags = NULL;
    OWNED(builder_close) struct builder *builder = NULL;
    struct field field = field_dictionary("outlier_column");
    TRY(NEW(&flags, (size_t)rows, err));
    TRY(builder_open(&builder, &field, rows, err));
    for (int64_t row = 0; row < rows; row++) {
        flags[row] = worst[row].column != 0;
        if (!flags[row]) {
            TRY(build_null(builder, err));
            continue;
        }
        size_t at = state->columns[worst[row].column - 1];
        TRY(build_text(builder, str_of(state->schema->fields[at].name), err));
    }
    struct array *column;
    TRY(flags_make(&column, flags, rows, err));
    change_column(change, state->schema->count, &column);
    TRY(builder_finish(builder, &column, err));
    change_column(change, state->schema->count + 1, &column);
    return STATUS_OK;
}

static enum status drop_unusual(const struct state *state, const struct window *window, int64_t row,
                                size_t column, struct change *change, struct err *err)
{
    const struct field *field = &state->schema->fields[state->columns[column]];
    char text[64];
    array_value_text(field, window->batch->columns[state->columns[column]], row, text, sizeof text);
    return change_drop(change, row, rules[state->config->method], field->name, str_of(text),
                       state->threshold_text, err);
}

/* Whole rows: scores, and what lies beyond the threshold. */
static enum status judge_rows(const struct state *state, const struct window *window,
                              struct change *change, struct err *err)
{
    int64_t rows = window->batch->rows;
    OWNED(sample_tally_release) struct sample_tally tally = {0};
    OWNED(memory_release) double *work = NULL;
    OWNED(memory_release) struct worst *worst = NULL;
    OWNED(builder_close) struct builder *scores = NULL;
    struct field field = field_of("outlier_score", TYPE_FLOAT64);
    TRY(sample_observe(window, state->columns, state->count, state->seed, &tally, err));
    TRY(NEW(&work, unusual_work(state->unusual), err));
    TRY(NEW(&worst, (size_t)rows, err));
    TRY(builder_open(&scores, &field, rows, err));
    for (int64_t row = 0; row < rows; row++) {
        struct verdict verdict = unusual_judge(
            state->unusual, tally.rows + (size_t)row * state->count, tally.hashes[row], work);
        bool beyond = verdict.score > state->threshold;
        if (beyond) worst[row] = (struct worst){verdict.score, verdict.column + 1};
        if (beyond && state->config->action == ACTION_DROP)
            TRY(drop_unusual(state, window, row, verdict.column, change, err));
        TRY(build_real(scores, verdict.score, err));
    }
    if (state->config->action == ACTION_DROP) return STATUS_OK;
    struct array *column;
    TRY(builder_finish(scores, &column, err));
    change_column(change, state->schema->count + 2, &column);
    return add_flag_columns(state, rows, worst, change, err);
}

static enum status apply(const void *opaque, const struct window *window, struct change *change,
                         struct err *err)
{
    const struct state *state = opaque;
    if (state->unusual != NULL) return judge_rows(state, window, change, err);
    int64_t rows = window->batch->rows;
    OWNED(memory_release) double *values = NULL;
    OWNED(memory_release) struct worst *worst = NULL;
    TRY(NEW(&values, (size_t)rows, err));
    if (state->config->action == ACTION_FLAG) TRY(NEW(&worst, (size_t)rows, err));
    for (size_t i = 0; i < state->count; i++) {
        size_t at = state->columns[i];
        numbers_read(&state->schema->fields[at], window->batch->columns[at], values);
        switch ((enum action)state->config->action) {
        case ACTION_FLAG: find_worst(state, i, rows, values, worst); break;
        case ACTION_CLIP:
        case ACTION_NULL: TRY(change_column_of(state, i, window, values, change, err)); break;
        case ACTION_DROP: TRY(drop_rows(state, i, window, values, change, err)); break;
        }
    }
    if (worst == NULL) return STATUS_OK;
    return add_flag_columns(state, rows, worst, change, err);
}

/* ---- state ---- */

static enum status save_fence(const struct fence *fence, struct bytes *json, struct err *err)
{
    TRY(put_real(json, "low", fence->low, err));
    TRY(bytes_append_text(json, ", ", err));
    TRY(put_real(json, "high", fence->high, err));
    TRY(bytes_append_text(json, ", ", err));
    TRY(put_real(json, "center", fence->center, err));
    TRY(bytes_append_text(json, ", ", err));
    return put_real(json, "spread", fence->spread, err);
}

static enum status save(const void *opaque, struct bytes *json, struct err *err)
{
    const struct state *state = opaque;
    char method[16];
    choice_text(method_words, state->config->method, method, sizeof method);
    TRY(bytes_append_text(json, "{", err));
    TRY(put_text(json, "method", str_of(method), err));
    TRY(bytes_append_text(json, ", ", err));
    TRY(put_real(json, "threshold", state->threshold, err));
    if (state->unusual != NULL) {
        TRY(bytes_append_text(json, ", \"rows\": ", err));
        TRY(unusual_save(state->unusual, json, err));
        return bytes_append_text(json, "}", err);
    }
    TRY(bytes_append_text(json, ", \"columns\": {", err));
    for (size_t i = 0; i < state->count; i++) {
        if (i > 0) TRY(bytes_append_text(json, ", ", err));
        TRY(bytes_append_json(json, str_of(state->schema->fields[state->columns[i]].name), err));
        TRY(bytes_append_text(json, ": {", err));
        TRY(save_fence(&state->fences[i], json, err));
        TRY(bytes_append_text(json, "}", err));
    }
    return bytes_append_text(json, "}}", err);
}

static enum status load(void *opaque, const struct yaml_node *parameters, struct err *err)
{
    struct state *state = opaque;
    const struct yaml_node *columns, *node;
    if (state->unusual != NULL) {
        TRY(get_map(parameters, "rows", &node, err));
        return unusual_load(state->unusual, node, err);
    }
    TRY(get_map(parameters, "columns", &columns, err));
    for (size_t i = 0; i < state->count; i++) {
        struct fence *fence = &state->fences[i];
        TRY(get_map(columns, state->schema->fields[state->columns[i]].name, &node, err));
        TRY(get_real(node, "low", &fence->low, err));
        TRY(get_real(node, "high", &fence->high, err));
        TRY(get_real(node, "center", &fence->center, err));
        TRY(get_real(node, "spread", &fence->spread, err));
        TRY(name_fence(state, fence, err));
    }
    return STATUS_OK;
}

static bool touches(const void *opaque, size_t column)
{
    const struct state *state = opaque;
    for (size_t i = 0; i < state->count; i++)
        if (state->columns[i] == column) return true;
    return false;
}

static bool may_remove(const void *opaque)
{
    return ((const struct state *)opaque)->config->action == ACTION_DROP;
}

const struct clean_module module_outliers = {
    .name = "outliers",
    .summary = "find values and rows that lie far outside the rest",
    .source = "Iglewicz and Hoaglin 1993 (modified z-score); Tukey 1977 (fences); Liu, Ting and "
              "Zhou 2008",
    .settings = settings,
    .config_bytes = sizeof(struct config),
    .open = open,
    .passes = 1,
    .removes_rows = true,
    .may_remove = may_remove,
    .touches = touches,
    .tally_bytes = sizeof(struct tally),
    .observe = observe,
    .absorb = absorb,
    .discard = discard,
    .settle = settle,
    .apply = apply,
    .save = save,
    .load = load,
    .close = close_state,
};
