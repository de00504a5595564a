/* clean/module_normalize.c: numbers on a common scale for a model, or pictures as tensors
 * (clean/normalize_pictures.h).
 *
 * Every fitted method is y = (x - offset) / scale, so that x = y * scale + offset undoes it; offset
 * and scale of each column are in the saved state. A column without spread keeps scale 1. The
 * result is float64; nulls stay null. Agrees with scikit-learn's StandardScaler, MinMaxScaler,
 * RobustScaler and MaxAbsScaler. */
#include "clean/module.h"
#include "clean/normalize_pictures.h"
#include "clean/numbers.h"
#include "clean/parameters.h"
#include "clean/summary.h"

#include <math.h>

enum method {
    METHOD_STANDARD,
    METHOD_MINMAX,
    METHOD_ROBUST,
    METHOD_MAXABS,
    METHOD_LOG,
    METHOD_CLIP
};
static const char method_words[] = "standard|minmax|robust|maxabs|log|clip";
static const char *const rules[] = {"standard", "minmax", "robust", "maxabs", "log", "clip"};

struct config {
    struct text_list columns;
    int method;
    double low, high;    /* minmax */
    double lower, upper; /* quantiles of robust and clip; both 0 = the method's own */
    struct normalize_pictures pictures;
};

#define PICTURES(member) offsetof(struct config, pictures.member)
static const struct setting settings[] = {
    {.name = "columns",
     .kind = SETTING_TEXTS,
     .offset = offsetof(struct config, columns),
     .help = "numeric columns, or patterns like x*; all numeric columns when absent"},
    {.name = "method",
     .kind = SETTING_CHOICE,
     .offset = offsetof(struct config, method),
     .fallback = "standard",
     .choices = method_words,
     .help = "standard: mean 0 and deviation 1; minmax: low to high; robust: median and quantile "
             "range; maxabs: largest magnitude 1; log: sign(x) log(1 + |x|); clip: held between "
             "two quantiles"},
    {.name = "low",
     .kind = SETTING_REAL,
     .offset = offsetof(struct config, low),
     .fallback = "0",
     .minimum = -1e300,
     .maximum = 1e300,
     .help = "smallest value after minmax"},
    {.name = "high",
     .kind = SETTING_REAL,
     .offset = offsetof(struct config, high),
     .fallback = "1",
     .minimum = -1e300,
     .maximum = 1e300,
     .help = "largest value after minmax"},
    {.name = "lower",
     .kind = SETTING_REAL,
     .offset = offsetof(struct config, lower),
     .fallback = "0",
     .minimum = 0,
     .maximum = 1,
     .help = "lower quantile of robust (0.25) and clip (0.01)"},
    {.name = "upper",
     .kind = SETTING_REAL,
     .offset = offsetof(struct config, upper),
     .fallback = "0",
     .minimum = 0,
     .maximum = 1,
     .help = "upper quantile of robust (0.75) and clip (0.99)"},
    {"pictures", SETTING_TEXT, PICTURES(column),
     .help = "the binary column whose PNG and JPEG pictures become tensors; the settings below are "
             "for them, those above for numbers"},
    {"size", SETTING_TEXTS, PICTURES(size),
     .help = "height and width of the tensors, 1 to 4096; 224, 224 when absent"},
    {"fit", SETTING_CHOICE, PICTURES(fit), "crop", "crop|stretch|pad",
     .help = "crop: the middle, sides in proportion; stretch: all of it; pad: all of it, sides in "
             "proportion, black around"},
    {"layout", SETTING_CHOICE, PICTURES(layout), "chw", "chw|hwc",
     .help = "order of the axes: channel (RGB), height, width, or channel last"},
    {"dtype", SETTING_CHOICE, PICTURES(dtype), "float32", "float32|float16|uint8",
     .help = "type of the values; uint8 takes no mean and std"},
    {"mean", SETTING_TEXTS, PICTURES(mean),
     .help = "subtracted from value / 255, one for each channel; 0, 0, 0 when absent"},
    {"std", SETTING_TEXTS, PICTURES(std), .help = "then divided by; 1, 1, 1 when absent"},
    {"into", SETTING_TEXT, PICTURES(into), "tensor", .help = "name of the column of tensors"},
    {"keep_pictures", SETTING_FLAG, PICTURES(keep), "true",
     .help = "whether the column of pictures stays"},
    {"on_fail", SETTING_CHOICE, PICTURES(on_fail), "reject", "reject|null",
     .help = "what becomes of a picture that can not be decoded"},
    {0}};

struct scaling {
    double offset, scale;
    double low, high; /* clip: where values are held; infinite for the others */
};

struct state {
    const struct config *config;
    const struct schema *schema;
    size_t *columns;
    size_t count;
    struct scaling *scalings;
    struct summary *summary;
    struct picture_step *pictures; /* NULL = numbers */
};

/* ---- kernel ---- */

static double scale_or_one(double scale)
{
    return scale > 0 && isfinite(scale) ? scale : 1;
}

static void fit_standard(const struct moments *m, struct scaling *scaling)
{
    bool constant = m->minimum == m->maximum;
    scaling->offset = constant ? m->minimum : m->mean;
    scaling->scale = constant ? 1 : scale_or_one(sqrt(moments_variance(m)));
}

static void fit_minmax(const struct moments *m, const struct config *config,
                       struct scaling *scaling)
{
    scaling->scale = scale_or_one(m->maximum - m->minimum) / (config->high - config->low);
    scaling->offset = m->minimum - config->low * scaling->scale;
}

static struct scaling fit_scaling(const struct state *state, size_t i)
{
    struct scaling scaling = {.offset = 0, .scale = 1, .low = -INFINITY, .high = INFINITY};
    const struct summary *s = state->summary;
    const struct moments *m = summary_moments(s, i);
    if (m->count == 0) return scaling;
    switch ((enum method)state->config->method) {
    case METHOD_STANDARD: fit_standard(m, &scaling); break;
    case METHOD_MINMAX: fit_minmax(m, state->config, &scaling); break;
    case METHOD_ROBUST:
        scaling.offset = summary_quantile(s, i, 1);
        scaling.scale = scale_or_one(summary_quantile(s, i, 2) - summary_quantile(s, i, 0));
        break;
    case METHOD_MAXABS:
        scaling.scale = scale_or_one(fmax(fabs(m->minimum), fabs(m->maximum)));
        break;
    case METHOD_LOG: break;
    case METHOD_CLIP:
        scaling.low = summary_quantile(s, i, 0);
        scaling.high = summary_quantile(s, i, 2);
        break;
    }
    return scaling;
}

static void scale_values(const struct scaling *scaling, double *values, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        values[i] = (values[i] - scaling->offset) / scaling->scale;
}

static void log_values(double *values, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        values[i] = copysign(log1p(fabs(values[i])), values[i]);
}

static void clip_values(const struct scaling *scaling, double *values, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        if (values[i] < scaling->low) values[i] = scaling->low;
        if (values[i] > scaling->high) values[i] = scaling->high;
    }
}

/* ---- opening ---- */

/* The chosen columns become float64, the others stay as they are. */
static enum status float_schema(const struct state *state, struct schema **ret, struct err *err)
{
    OWNED(schema_unref) struct schema *schema = NULL;
    TRY(schema_new(&schema, err));
    size_t next = 0;
    for (size_t at = 0; at < state->schema->count; at++) {
        struct field field = state->schema->fields[at];
        if (next < state->count && state->columns[next] == at) {
            field.type = (struct type){.id = TYPE_FLOAT64};
            next++;
        }
        TRY(schema_add(schema, &field, err));
    }
    for (size_t i = 0; i < state->schema->metadata.count; i++) {
        const struct metadata_pair *pair = &state->schema->metadata.pairs[i];
        char key[256];
        if (pair->key.size >= sizeof key) continue;
        memcpy(key, pair->key.data, pair->key.size);
        key[pair->key.size] = '\0';
        TRY(schema_set_metadata(schema, key, pair->value, err));
    }
    *ret = schema;
    schema = NULL;
    return STATUS_OK;
}

static enum status open_summary(struct state *state, const struct module_setup *setup,
                                struct err *err)
{
    const struct config *config = state->config;
    bool robust = config->method == METHOD_ROBUST;
    bool given = config->lower > 0 || config->upper > 0;
    double fractions[] = {given    ? config->lower
                          : robust ? 0.25
                                   : 0.01,
                          0.5,
                          given    ? config->upper
                          : robust ? 0.75
                                   : 0.99};
    struct summary_plan plan = {
        .columns = state->columns,
        .count = state->count,
        .fractions = fractions,
        .fraction_count = robust || config->method == METHOD_CLIP ? 3 : 0,
        .memory = setup->memory,
        .threads = setup->threads,
    };
    return summary_open(&state->summary, &plan, err);
}

static enum status open(void **ret, const struct module_setup *setup, struct schema **ret_schema,
                        struct err *err)
{
    const struct config *config = setup->config;
    if (config->low >= config->high)
        return fail_at(setup->node, err, "low %g is not below high %g", config->low, config->high);
    if ((config->lower > 0 || config->upper > 0) && config->lower >= config->upper)
        return fail_at(setup->node, err, "lower %g is not below upper %g", config->lower,
                       config->upper);
    struct state *state;
    TRY(NEW(&state, 1, err));
    *ret = state;
    state->config = config;
    state->schema = setup->schema;
    if (config->pictures.column != NULL)
        return picture_step_open(&state->pictures, setup, &config->pictures, ret_schema, err);
    TRY(module_columns(setup, &config->columns, field_is_number, &state->columns, &state->count,
                       err));
    state->scalings = arena_get(setup->arena, state->count, sizeof *state->scalings);
    if (state->scalings == NULL) return fail_memory(err, state->count * sizeof *state->scalings);
    TRY(open_summary(state, setup, err));
    return float_schema(state, ret_schema, err);
}

static void close_state(void **ret)
{
    struct state *state = *ret;
    if (state == NULL) return;
    summary_close(&state->summary);
    memory_free(state);
    *ret = NULL;
}

/* ---- fit ---- */

static bool needs_fit(const void *opaque)
{
    const struct state *state = opaque;
    return state->pictures == NULL && state->config->method != METHOD_LOG;
}

static bool may_remove(const void *opaque)
{
    const struct state *state = opaque;
    return state->pictures != NULL && picture_step_rejects(state->pictures);
}

static enum status observe(const void *opaque, int pass, const struct window *window, void *tally,
                           struct err *err)
{
    (void)pass;
    const struct state *state = opaque;
    return summary_observe(state->summary, window, tally, err);
}

static enum status absorb(void *opaque, int pass, void *tally, struct err *err)
{
    (void)pass;
    struct state *state = opaque;
    return summary_absorb(state->summary, tally, err);
}

static void discard(void *tally)
{
    summary_tally_release(tally);
}

static enum status settle(void *opaque, int pass, bool *ret_more, struct err *err)
{
    (void)pass;
    struct state *state = opaque;
    TRY(summary_settle(state->summary, ret_more, err));
    for (size_t i = 0; !*ret_more && i < state->count; i++)
        state->scalings[i] = fit_scaling(state, i);
    return STATUS_OK;
}

/* ---- apply ---- */

static enum status apply(const void *opaque, const struct window *window, struct change *change,
                         struct err *err)
{
    const struct state *state = opaque;
    if (state->pictures != NULL) return picture_step_apply(state->pictures, window, change, err);
    int64_t rows = window->batch->rows;
    OWNED(memory_release) double *values = NULL;
    TRY(NEW(&values, (size_t)rows, err));
    for (size_t i = 0; i < state->count; i++) {
        size_t at = state->columns[i];
        const struct array *before = window->batch->columns[at];
        numbers_read(&state->schema->fields[at], before, values);
        switch ((enum method)state->config->method) {
        case METHOD_LOG: log_values(values, rows); break;
        case METHOD_CLIP: clip_values(&state->scalings[i], values, rows); break;
        default: scale_values(&state->scalings[i], values, rows); break;
        }
        struct array *after;
        TRY(numbers_make(&after, values, before, err));
        change_column(change, at, &after);
        change_cells(change, at, rows - before->null_count);
        change_rule(change, at, rules[state->config->method]);
    }
    return STATUS_OK;
}

/* ---- state ---- */

static enum status save(const void *opaque, struct bytes *json, struct err *err)
{
    const struct state *state = opaque;
    if (state->pictures != NULL) return bytes_append_text(json, "{}", err);
    char method[16];
    choice_text(method_words, state->config->method, method, sizeof method);
    TRY(bytes_append_text(json, "{", err));
    TRY(put_text(json, "method", str_of(method), err));
    TRY(bytes_append_text(json, ", \"columns\": {", err));
    for (size_t i = 0; i < state->count; i++) {
        const struct scaling *scaling = &state->scalings[i];
        const double values[] = {scaling->offset, scaling->scale, scaling->low, scaling->high};
        static const char *const names[] = {"offset", "scale", "low", "high"};
        if (i > 0) TRY(bytes_append_text(json, ", ", err));
        TRY(bytes_append_json(json, str_of(state->schema->fields[state->columns[i]].name), err));
        for (size_t k = 0; k < 4; k++) {
            TRY(bytes_append_text(json, k == 0 ? ": {" : ", ", err));
            TRY(put_real(json, names[k], values[k], err));
        }
        TRY(bytes_append_text(json, "}", err));
    }
    return bytes_append_text(json, "}}", err);
}

static enum status load(void *opaque, const struct yaml_node *parameters, struct err *err)
{
    struct state *state = opaque;
    const struct yaml_node *columns, *node;
    if (state->pictures != NULL) return STATUS_OK;
    TRY(get_map(parameters, "columns", &columns, err));
    for (size_t i = 0; i < state->count; i++) {
        struct scaling *scaling = &state->scalings[i];
        TRY(get_map(columns, state->schema->fields[state->columns[i]].name, &node, err));
        TRY(get_real(node, "offset", &scaling->offset, err));
        TRY(get_real(node, "scale", &scaling->scale, err));
        TRY(get_real(node, "low", &scaling->low, err));
        TRY(get_real(node, "high", &scaling->high, err));
        if (scaling->scale == 0) return fail_at(node, err, "a scale of 0 cannot be divided by");
    }
    return STATUS_OK;
}

static bool touches(const void *opaque, size_t column)
{
    const struct state *state = opaque;
    if (state->pictures != NULL) return picture_step_touches(state->pictures, column);
    for (size_t i = 0; i < state->count; i++)
        if (state->columns[i] == column) return true;
    return false;
}

static enum status column_lineage(const void *opaque, struct column_lineage *lineage,
                                  struct err *err)
{
    const struct state *state = opaque;
    if (state->pictures == NULL) return STATUS_OK;
    return column_from(lineage, state->config->pictures.into, state->config->pictures.column,
                       "DIRECT", "TRANSFORMATION", false, err);
}

const struct clean_module module_normalize = {
    .name = "normalize",
    .summary = "put numbers on a common scale for a model, make tensors of pictures",
    .source = "scikit-learn's scalers (Pedregosa et al. 2011); moments by Chan et al. 1983",
    .settings = settings,
    .config_bytes = sizeof(struct config),
    .open = open,
    .removes_rows = true,
    .may_remove = may_remove,
    .needs_fit = needs_fit,
    .touches = touches,
    .passes = 1,
    .tally_bytes = sizeof(struct summary_tally),
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
