/* clean/normalize_scale.c: methods that are y = (x - offset) / scale, held between two bounds, with
 * the logarithm and the threshold beside them, which learn nothing.
 *
 * Offset, scale and bounds of each column are what is learned, so that x = y * scale + offset
 * undoes it. A column without spread keeps scale 1. Agrees with scikit-learn's StandardScaler,
 * MinMaxScaler, RobustScaler, MaxAbsScaler and Binarizer. */
#include "clean/element_kernel.h"
#include "clean/normal.h"
#include "clean/normalize_columns.h"
#include "clean/numbers.h"
#include "clean/parameters.h"
#include "clean/summary.h"
#include "columnar/kernels.h"
#include "columnar/layout.h"

#include <math.h>

struct state {
    struct normalize_columns columns;
    struct scaling *scalings;
    struct summary *summary;
    struct device *device;
    double fractions[3]; /* quantiles of robust and clip; the middle one is the median */
};

/* ---- what is learned ---- */

static const struct scaling no_scaling = {.scale = 1, .low = -INFINITY, .high = INFINITY};

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

static void fit_minmax(const struct moments *m, const struct normalize_config *config,
                       struct scaling *scaling)
{
    scaling->scale = scale_or_one(m->maximum - m->minimum) / (config->high - config->low);
    scaling->offset = m->minimum - config->low * scaling->scale;
    if (!config->hold) return;
    scaling->low = config->low;
    scaling->high = config->high;
}

static void fit_robust(const struct state *state, size_t i, struct scaling *scaling)
{
    const struct summary *s = state->summary;
    double low = summary_quantile(s, i, 0), high = summary_quantile(s, i, 2);
    scaling->offset = summary_quantile(s, i, 1);
    scaling->scale = scale_or_one(high - low);
    if (!state->columns.config->unit_variance) return;
    scaling->scale /= normal_quantile(state->fractions[2]) - normal_quantile(state->fractions[0]);
}

static struct scaling fit_scaling(const struct state *state, size_t i)
{
    const struct normalize_config *config = state->columns.config;
    struct scaling scaling = no_scaling;
    const struct summary *s = state->summary;
    const struct moments *m = summary_moments(s, i);
    if (m->count == 0) return scaling;
    switch ((enum normalize_method)config->method) {
    case NORMALIZE_STANDARD: fit_standard(m, &scaling); break;
    case NORMALIZE_MINMAX: fit_minmax(m, config, &scaling); return scaling;
    case NORMALIZE_ROBUST: fit_robust(state, i, &scaling); break;
    case NORMALIZE_MAXABS:
        scaling.scale = scale_or_one(fmax(fabs(m->minimum), fabs(m->maximum)));
        return scaling;
    case NORMALIZE_CLIP:
        scaling.low = summary_quantile(s, i, 0);
        scaling.high = summary_quantile(s, i, 2);
        return scaling;
    default: return scaling;
    }
    if (!config->center) scaling.offset = 0;
    if (!config->spread) scaling.scale = 1;
    return scaling;
}

/* ---- opening ---- */

static enum status check(const struct module_setup *setup, struct err *err)
{
    const struct normalize_config *config = setup->config;
    if (config->low >= config->high)
        return fail_at(setup->node, err, "low %g is not below high %g", config->low, config->high);
    if ((config->lower > 0 || config->upper > 0) && config->lower >= config->upper)
        return fail_at(setup->node, err, "lower %g is not below upper %g", config->lower,
                       config->upper);
    return STATUS_OK;
}

static enum status open_summary(struct state *state, const struct module_setup *setup,
                                struct err *err)
{
    const struct normalize_config *config = state->columns.config;
    bool robust = config->method == NORMALIZE_ROBUST;
    bool given = config->lower > 0 || config->upper > 0;
    state->fractions[0] = given ? config->lower : robust ? 0.25 : 0.01;
    state->fractions[1] = 0.5;
    state->fractions[2] = given ? config->upper : robust ? 0.75 : 0.99;
    struct summary_plan plan = {
        .columns = state->columns.columns,
        .count = state->columns.count,
        .fractions = state->fractions,
        .fraction_count = robust || config->method == NORMALIZE_CLIP ? 3 : 0,
        .memory = setup->memory,
        .threads = setup->threads,
        .device = setup->device,
    };
    return summary_open(&state->summary, &plan, err);
}

static enum status open(void **ret, const struct module_setup *setup, struct schema **ret_schema,
                        struct err *err)
{
    TRY(check(setup, err));
    struct state *state;
    TRY(NEW(&state, 1, err));
    *ret = state;
    state->device = setup->device;
    TRY(normalize_columns_open(&state->columns, setup, TYPE_FLOAT64, ret_schema, err));
    size_t count = state->columns.count;
    state->scalings = arena_get(setup->arena, count, sizeof *state->scalings);
    if (state->scalings == NULL) return fail_memory(err, count * sizeof *state->scalings);
    for (size_t i = 0; i < count; i++)
        state->scalings[i] = no_scaling;
    return open_summary(state, setup, err);
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
    int method = ((const struct state *)opaque)->columns.config->method;
    return method != NORMALIZE_LOG && method != NORMALIZE_BINARIZE;
}

static enum status observe(const void *opaque, int pass, const struct window *window, void *tally,
                           struct err *err)
{
    (void)pass;
    return summary_observe(((const struct state *)opaque)->summary, window, tally, err);
}

static enum status absorb(void *opaque, int pass, void *tally, struct err *err)
{
    (void)pass;
    return summary_absorb(((struct state *)opaque)->summary, tally, err);
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
    for (size_t i = 0; !*ret_more && i < state->columns.count; i++)
        state->scalings[i] = fit_scaling(state, i);
    return STATUS_OK;
}

/* ---- apply ---- */

static void log_values(double *values, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        values[i] = copysign(log1p(fabs(values[i])), values[i]);
}

static void binarize_values(double threshold, double *values, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        values[i] = isnan(values[i]) ? NAN : values[i] > threshold;
}

/* `ret` has room for `count` values of state->columns.type; `scratch` for as many doubles. */
static enum status write_values(const struct state *state, const struct scaling *scaling,
                                enum element_type from, const void *values, int64_t count,
                                double *scratch, void *ret, struct err *err)
{
    if (state->columns.type != TYPE_FLOAT16)
        return device_scale(state->device, from, values, count, scaling,
                            state->columns.type == TYPE_FLOAT32 ? ELEMENT_FLOAT32 : ELEMENT_FLOAT64,
                            ret, err);
    TRY(device_scale(state->device, from, values, count, scaling, ELEMENT_FLOAT64, scratch, err));
    for (int64_t i = 0; i < count; i++)
        ((uint16_t *)ret)[i] = half_from_double(scratch[i]);
    return STATUS_OK;
}

static enum status change_values(const struct state *state, size_t i, const struct array *before,
                                 double *scratch, struct array **ret, struct err *err)
{
    const struct field *field = normalize_field(&state->columns, i);
    int method = state->columns.config->method;
    struct buffer buffer = {0};
    enum element_type from;
    size_t width = type_width(&(struct type){.id = state->columns.type});
    int64_t rows = before->length;
    TRY(buffer_new_raw(&buffer, (size_t)rows * width, err));
    const void *values = numbers_elements(field, before, &from);
    if (values == NULL || method == NORMALIZE_LOG || method == NORMALIZE_BINARIZE) {
        numbers_read(field, before, scratch);
        values = scratch;
        from = ELEMENT_FLOAT64;
    }
    if (method == NORMALIZE_LOG) log_values(scratch, rows);
    if (method == NORMALIZE_BINARIZE)
        binarize_values(state->columns.config->threshold, scratch, rows);
    enum status status = write_values(state, &state->scalings[i], from, values, rows, scratch,
                                      buffer_writable(&buffer), err);
    if (status != STATUS_OK) {
        buffer_unref(&buffer);
        return status;
    }
    if (before->null_count > 0)
        kernels()->zero_nulls(buffer_writable(&buffer), width, before->validity.data, rows);
    return array_make(ret, rows, before->null_count, buffer_ref(&before->validity), &buffer, 1,
                      NULL, 0, NULL, err);
}

static enum status apply(const void *opaque, const struct window *window, struct change *change,
                         struct err *err)
{
    const struct state *state = opaque;
    OWNED(memory_release) double *scratch = NULL;
    int64_t rows = window->batch->rows;
    TRY(NEW(&scratch, (size_t)rows, err));
    for (size_t i = 0; i < state->columns.count; i++) {
        size_t at = state->columns.columns[i];
        const struct array *before = window->batch->columns[at];
        struct array *after;
        TRY(change_values(state, i, before, scratch, &after, err));
        change_column(change, at, &after);
        change_cells(change, at, rows - before->null_count);
        change_rule(change, at, normalize_rule(state->columns.config->method));
    }
    return STATUS_OK;
}

/* ---- state ---- */

static enum status put(const void *context, size_t i, struct bytes *json, struct err *err)
{
    const struct scaling *scaling = &((const struct state *)context)->scalings[i];
    const double values[] = {scaling->offset, scaling->scale, scaling->low, scaling->high};
    static const char *const names[] = {"offset", "scale", "low", "high"};
    for (size_t k = 0; k < 4; k++) {
        if (k > 0) TRY(bytes_append_text(json, ", ", err));
        TRY(put_real(json, names[k], values[k], err));
    }
    return STATUS_OK;
}

static enum status get(void *context, size_t i, const struct yaml_node *node, struct err *err)
{
    struct scaling *scaling = &((struct state *)context)->scalings[i];
    TRY(get_real(node, "offset", &scaling->offset, err));
    TRY(get_real(node, "scale", &scaling->scale, err));
    TRY(get_real(node, "low", &scaling->low, err));
    TRY(get_real(node, "high", &scaling->high, err));
    if (scaling->scale == 0) return fail_at(node, err, "a scale of 0 cannot be divided by");
    return STATUS_OK;
}

static enum status save(const void *opaque, struct bytes *json, struct err *err)
{
    const struct state *state = opaque;
    return normalize_columns_save(&state->columns, state, put, json, err);
}

static enum status load(void *opaque, const struct yaml_node *parameters, struct err *err)
{
    struct state *state = opaque;
    return normalize_columns_load(&state->columns, state, get, parameters, err);
}

static bool touches(const void *opaque, size_t column)
{
    return normalize_columns_touch(&((const struct state *)opaque)->columns, column);
}

/* Middles and limits of robust and clip are quantiles: those look at the values. */
static bool carries(const void *opaque)
{
    const struct state *state = opaque;
    const struct normalize_config *config = state->columns.config;
    return config->method != NORMALIZE_ROBUST && config->method != NORMALIZE_CLIP;
}

static enum status carry(const void *opaque, int pass, void *tally, struct wire *wire,
                         struct err *err)
{
    (void)pass;
    return summary_tally_carry(((const struct state *)opaque)->summary, tally, wire, err);
}

const struct clean_module normalize_scale = {
    .open = open,
    .needs_fit = needs_fit,
    .touches = touches,
    .tally_bytes = sizeof(struct summary_tally),
    .observe = observe,
    .absorb = absorb,
    .discard = discard,
    .carry = carry,
    .carries = carries,
    .settle = settle,
    .apply = apply,
    .save = save,
    .load = load,
    .close = close_state,
};
