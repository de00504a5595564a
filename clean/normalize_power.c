/* clean/normalize_power.c: Yeo-Johnson and Box-Cox, with the exponent of the greatest likelihood.
 *
 * The likelihood has its maximum where its slope in lambda is 0:
 *   -n/2 V'(lambda) / V(lambda) + S, V the variance of the transformed values, V' its slope, S the
 * sum of sign(x) log(1 + |x|), or of log(x). Each pass over the rows gives the slope at one lambda
 * per column, and a bracketing secant (Illinois) finds the zero in about ten. The transformed
 * values are then standardized, as scikit-learn's PowerTransformer does. */
#include "clean/normalize_power.h"

#include "clean/normalize_columns.h"
#include "clean/numbers.h"
#include "clean/parameters.h"

#include <math.h>

#define LAMBDA_MOST 64
#define PASSES_MOST 60
#define CLOSE       1e-11

/* ---- the transforms ---- */

/* (exp(m u) - 1) / m, and its slope in m. */
static double bend(double m, double u)
{
    return m == 0 ? u : expm1(m * u) / m;
}

static double bend_slope(double m, double u)
{
    double t = m * u;
    if (fabs(t) < 1e-3) return u * u * (0.5 + t * (1 / 3. + t * (0.125 + t / 30)));
    double b = bend(m, u);
    return (u * (1 + m * b) - b) / m;
}

double power_forward(bool box_cox, double lambda, double x)
{
    if (box_cox) return x > 0 ? bend(lambda, log(x)) : NAN;
    return x >= 0 ? bend(lambda, log1p(x)) : -bend(2 - lambda, log1p(-x));
}

double power_slope(bool box_cox, double lambda, double x)
{
    if (box_cox) return bend_slope(lambda, log(x));
    return x >= 0 ? bend_slope(lambda, log1p(x)) : bend_slope(2 - lambda, log1p(-x));
}

/* u of bend(m, u) = y */
static double straighten(double m, double y)
{
    return m == 0 ? y : log1p(m * y) / m;
}

double power_back(bool box_cox, double lambda, double y)
{
    if (box_cox) return exp(straighten(lambda, y));
    return y >= 0 ? expm1(straighten(lambda, y)) : -expm1(straighten(2 - lambda, -y));
}

/* ---- sums ---- */

/* Of the transformed values y and their slopes d. */
struct sums {
    int64_t count;
    double y, d;        /* means */
    double yy, yd;      /* sums of products of deviations */
    double logs;        /* S */
    double least, most; /* of the values themselves */
};

static void sums_add(struct sums *sums, const struct sums *more)
{
    double n = (double)sums->count, k = (double)more->count, share = k / (n + k);
    double apart = more->y - sums->y, slopes_apart = more->d - sums->d;
    sums->yy += more->yy + apart * apart * (n * share);
    sums->yd += more->yd + apart * slopes_apart * (n * share);
    sums->y += apart * share;
    sums->d += slopes_apart * share;
    sums->logs += more->logs;
    sums->count += more->count;
}

static void sums_fold(struct sums *sums, const struct sums *more)
{
    double least = fmin(sums->least, more->least), most = fmax(sums->most, more->most);
    if (sums->count == 0)
        *sums = *more;
    else if (more->count > 0)
        sums_add(sums, more);
    sums->least = least;
    sums->most = most;
}

/* `slopes` is room for as many values. */
static struct sums sums_of(bool box_cox, double lambda, double *values, double *slopes,
                           int64_t rows)
{
    struct sums sums = {.least = INFINITY, .most = -INFINITY};
    int64_t count = 0;
    for (int64_t i = 0; i < rows; i++) {
        double x = values[i];
        if (isnan(x)) continue;
        sums.least = fmin(sums.least, x);
        sums.most = fmax(sums.most, x);
        if (box_cox && x <= 0) continue; /* said when the pass is over */
        sums.logs += box_cox ? log(x) : copysign(log1p(fabs(x)), x);
        slopes[count] = power_slope(box_cox, lambda, x);
        values[count] = power_forward(box_cox, lambda, x);
        sums.y += values[count];
        sums.d += slopes[count++];
    }
    sums.count = count;
    if (count == 0) return sums;
    sums.y /= (double)count;
    sums.d /= (double)count;
    for (int64_t i = 0; i < count; i++) {
        double apart = values[i] - sums.y;
        sums.yy += apart * apart;
        sums.yd += apart * (slopes[i] - sums.d);
    }
    return sums;
}

/* ---- the search ---- */

struct search {
    struct sums sums; /* of this pass */
    double lambda;    /* of this pass; the result when done */
    double low, high; /* a bracket, once both are finite */
    double at_low, at_high;
    int side, passes;
    bool done;
    double mean, deviation; /* of the values transformed by lambda */
};

static double slope_of(const struct search *s)
{
    double slope = s->sums.logs - (double)s->sums.count * (s->sums.yd / s->sums.yy);
    if (isfinite(slope)) return slope;
    return s->lambda > 1 ? -INFINITY : INFINITY; /* too far out for the range of a double */
}

static void end(struct search *s)
{
    double variance = s->sums.count > 0 ? s->sums.yy / (double)s->sums.count : 0;
    s->done = true;
    s->mean = s->sums.count > 0 ? s->sums.y : 0;
    s->deviation = variance > 0 && isfinite(variance) ? sqrt(variance) : 1;
}

/* Keeps the slope above 0 at low and below 0 at high. */
static void narrow(struct search *s, double slope)
{
    int side = slope > 0 ? -1 : 1;
    if (side < 0) {
        s->low = s->lambda;
        s->at_low = slope;
        if (s->side < 0) s->at_high /= 2;
    } else {
        s->high = s->lambda;
        s->at_high = slope;
        if (s->side > 0) s->at_low /= 2;
    }
    s->side = side;
}

static double next_lambda(const struct search *s)
{
    if (isinf(s->high)) return s->low < 1 ? 1 : s->low == 1 ? 2 : s->low * 2;
    if (isinf(s->low)) return s->high > 1 ? 1 : s->high > 0 ? -1 : s->high * 2;
    double share = s->at_low / (s->at_low - s->at_high);
    if (!(share > 0 && share < 1)) share = 0.5;
    return s->low + share * (s->high - s->low);
}

static void step(struct search *s)
{
    double slope = slope_of(s);
    bool constant = s->sums.count == 0 || s->sums.least == s->sums.most;
    s->passes++;
    if (constant || slope == 0 || s->passes == PASSES_MOST || fabs(s->lambda) > LAMBDA_MOST) {
        end(s);
        return;
    }
    narrow(s, slope);
    double next = next_lambda(s);
    double reach = CLOSE * fmax(1, fabs(next));
    if (fabs(next - s->lambda) <= reach || s->high - s->low <= reach) {
        end(s);
        return;
    }
    s->lambda = next;
    s->sums = (struct sums){.least = INFINITY, .most = -INFINITY};
}

/* ---- the step ---- */

struct state {
    struct normalize_columns columns;
    struct search *searches;
};

struct power_tally {
    struct sums *sums;
    size_t count;
};

static bool box_cox(const struct state *state)
{
    return state->columns.config->power == POWER_BOX_COX;
}

static enum status open(void **ret, const struct module_setup *setup, struct schema **ret_schema,
                        struct err *err)
{
    struct state *state;
    TRY(NEW(&state, 1, err));
    *ret = state;
    TRY(normalize_columns_open(&state->columns, setup, TYPE_FLOAT64, ret_schema, err));
    size_t count = state->columns.count;
    state->searches = arena_get(setup->arena, count, sizeof *state->searches);
    if (state->searches == NULL) return fail_memory(err, count * sizeof *state->searches);
    for (size_t i = 0; i < count; i++)
        state->searches[i] = (struct search){.lambda = 1,
                                             .low = -INFINITY,
                                             .high = INFINITY,
                                             .deviation = 1,
                                             .sums = {.least = INFINITY, .most = -INFINITY}};
    return STATUS_OK;
}

static void close_state(void **state)
{
    memory_free(*state);
    *state = NULL;
}

static bool needs_fit(const void *opaque)
{
    (void)opaque;
    return true;
}

static bool touches(const void *opaque, size_t column)
{
    return normalize_columns_touch(&((const struct state *)opaque)->columns, column);
}

static enum status observe(const void *opaque, int pass, const struct window *window, void *into,
                           struct err *err)
{
    (void)pass;
    const struct state *state = opaque;
    struct power_tally *tally = into;
    OWNED(memory_release) double *values = NULL;
    OWNED(memory_release) double *slopes = NULL;
    int64_t rows = window->batch->rows;
    TRY(NEW(&values, (size_t)rows, err));
    TRY(NEW(&slopes, (size_t)rows, err));
    TRY(NEW(&tally->sums, state->columns.count, err));
    tally->count = state->columns.count;
    for (size_t i = 0; i < tally->count; i++) {
        const struct search *search = &state->searches[i];
        if (search->done) continue;
        numbers_read(normalize_field(&state->columns, i),
                     window->batch->columns[state->columns.columns[i]], values);
        tally->sums[i] = sums_of(box_cox(state), search->lambda, values, slopes, rows);
    }
    return STATUS_OK;
}

static void discard(void *from)
{
    struct power_tally *tally = from;
    memory_free(tally->sums);
    *tally = (struct power_tally){0};
}

static enum status absorb(void *opaque, int pass, void *from, struct err *err)
{
    (void)pass;
    (void)err;
    struct state *state = opaque;
    struct power_tally *tally = from;
    for (size_t i = 0; i < tally->count; i++) {
        struct search *search = &state->searches[i];
        if (!search->done) sums_fold(&search->sums, &tally->sums[i]);
    }
    discard(tally);
    return STATUS_OK;
}

static enum status settle(void *opaque, int pass, bool *ret_more, struct err *err)
{
    (void)pass;
    struct state *state = opaque;
    *ret_more = false;
    for (size_t i = 0; i < state->columns.count; i++) {
        struct search *search = &state->searches[i];
        if (search->done) continue;
        if (box_cox(state) && search->sums.least <= 0) {
            fail(err, STATUS_USAGE, "column \"%s\" has the value %g, Box-Cox needs values above 0",
                 normalize_field(&state->columns, i)->name, search->sums.least);
            err_hint(err, "power: yeo-johnson takes any value");
            return STATUS_USAGE;
        }
        step(search);
        *ret_more = *ret_more || !search->done;
    }
    return STATUS_OK;
}

static void work(const void *context, size_t i, double *values, int64_t rows)
{
    const struct state *state = context;
    const struct search *s = &state->searches[i];
    for (int64_t row = 0; row < rows; row++) {
        if (isnan(values[row])) continue;
        double y = power_forward(box_cox(state), s->lambda, values[row]);
        values[row] = (y - s->mean) / s->deviation;
    }
}

static enum status apply(const void *opaque, const struct window *window, struct change *change,
                         struct err *err)
{
    const struct state *state = opaque;
    return normalize_columns_apply(&state->columns, window, change, state, work, err);
}

/* ---- state ---- */

static enum status put(const void *context, size_t i, struct bytes *json, struct err *err)
{
    const struct state *state = context;
    const struct search *s = &state->searches[i];
    TRY(put_text(json, "power", str_of(box_cox(state) ? "box-cox" : "yeo-johnson"), err));
    TRY(bytes_append_text(json, ", ", err));
    TRY(put_real(json, "lambda", s->lambda, err));
    TRY(bytes_append_text(json, ", ", err));
    TRY(put_real(json, "offset", s->mean, err));
    TRY(bytes_append_text(json, ", ", err));
    return put_real(json, "scale", s->deviation, err);
}

static enum status get(void *context, size_t i, const struct yaml_node *node, struct err *err)
{
    struct search *s = &((struct state *)context)->searches[i];
    TRY(get_real(node, "lambda", &s->lambda, err));
    TRY(get_real(node, "offset", &s->mean, err));
    TRY(get_real(node, "scale", &s->deviation, err));
    if (s->deviation == 0) return fail_at(node, err, "a scale of 0 cannot be divided by");
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

const struct clean_module normalize_power = {
    .open = open,
    .needs_fit = needs_fit,
    .touches = touches,
    .tally_bytes = sizeof(struct power_tally),
    .observe = observe,
    .absorb = absorb,
    .discard = discard,
    .settle = settle,
    .apply = apply,
    .save = save,
    .load = load,
    .close = close_state,
};
