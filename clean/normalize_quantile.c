/* clean/normalize_quantile.c: uniform or normally distributed values, by rank (scikit-learn's
 * QuantileTransformer, over all rows), and bins of equal width or equal size (KBinsDiscretizer). */
#include "clean/normalize_quantile.h"

#include "clean/normal.h"
#include "clean/normalize_columns.h"
#include "clean/numbers.h"
#include "clean/parameters.h"
#include "clean/quantile.h"

#include <math.h>

#define BOUND        1e-7 /* as scikit-learn keeps ranks from 0 and 1 */
#define THIN         1e-8 /* bins not wider than this are joined */
#define MEMORY_LEAST 65536

/* ---- the map ---- */

static double reference(const struct quantile_map *map, size_t i)
{
    return i + 1 == map->count ? 1 : (double)i * (1 / (double)(map->count - 1));
}

/* The first of the quantiles that is above x, or at least x. */
static size_t first_above(const struct quantile_map *map, double x, bool or_equal)
{
    size_t low = 0, high = map->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        bool above = or_equal ? map->quantiles[middle] >= x : map->quantiles[middle] > x;
        if (above)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Rank of x by the quantiles on its left and by those on its right: equal quantiles differ. */
static double rank_of(const struct quantile_map *map, double x)
{
    const double *q = map->quantiles;
    size_t above = first_above(map, x, false), at = first_above(map, x, true);
    double left = reference(map, above - 1), right = reference(map, at);
    if (q[above - 1] < x) {
        double slope = (reference(map, above) - left) / (q[above] - q[above - 1]);
        left += slope * (x - q[above - 1]);
        slope = (right - reference(map, at - 1)) / (q[at] - q[at - 1]);
        right -= slope * (q[at] - x);
    }
    return 0.5 * (left + right);
}

static double hold(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

double quantile_map_forward(const struct quantile_map *map, double x)
{
    double low = map->quantiles[0], high = map->quantiles[map->count - 1], rank;
    double near = map->normal ? BOUND : 0;
    if (isnan(x)) return x;
    if (map->normal ? x - near < low : x <= low)
        rank = 0;
    else if (map->normal ? x + near > high : x >= high)
        rank = 1;
    else
        rank = rank_of(map, x);
    if (!map->normal) return rank;
    double bound = BOUND - 0x1p-52;
    return hold(normal_quantile(rank), normal_quantile(bound), normal_quantile(1 - bound));
}

double quantile_map_back(const struct quantile_map *map, double y)
{
    if (isnan(y)) return y;
    double rank = map->normal ? normal_share(y) : y, near = map->normal ? BOUND : 0;
    if (rank - near <= 0) return map->quantiles[0];
    if (rank + near >= 1) return map->quantiles[map->count - 1];
    size_t i = (size_t)(rank * (double)(map->count - 1));
    while (i > 0 && reference(map, i) > rank)
        i--;
    while (i + 2 < map->count && reference(map, i + 1) <= rank)
        i++;
    double from = map->quantiles[i], to = map->quantiles[i + 1];
    double slope = (to - from) / (reference(map, i + 1) - reference(map, i));
    return slope * (rank - reference(map, i)) + from;
}

/* ---- the step ---- */

struct state {
    struct normalize_columns columns;
    size_t wanted;           /* quantiles, or edges of bins */
    struct quantiles **seen; /* by column */
    double **learned;        /* by column: quantiles, or inner and outer edges */
    size_t *counts;          /* of learned */
    struct arena *arena;
    size_t threads;
};

struct rank_tally {
    struct quantile_tally *cells;
    size_t count;
};

static bool bins(const struct state *state)
{
    return state->columns.config->method == NORMALIZE_BIN;
}

static enum status open_column(struct state *state, size_t i, size_t memory, size_t threads,
                               struct err *err)
{
    OWNED(memory_release) double *fractions = NULL;
    TRY(NEW(&fractions, state->wanted, err));
    for (size_t k = 0; k < state->wanted; k++)
        fractions[k] = (double)k / (double)(state->wanted - 1);
    return quantiles_open(&state->seen[i], fractions, state->wanted, memory, threads, err);
}

static enum status open(void **ret, const struct module_setup *setup, struct schema **ret_schema,
                        struct err *err)
{
    struct state *state;
    TRY(NEW(&state, 1, err));
    *ret = state;
    const struct normalize_config *config = setup->config;
    state->arena = setup->arena;
    bool binning = config->method == NORMALIZE_BIN;
    TRY(normalize_columns_open(&state->columns, setup, binning ? TYPE_INT32 : TYPE_FLOAT64,
                               ret_schema, err));
    size_t count = state->columns.count;
    state->wanted = binning ? (size_t)config->bins + 1 : (size_t)config->quantiles;
    state->seen = arena_get(setup->arena, count, sizeof *state->seen);
    state->learned = arena_get(setup->arena, count, sizeof *state->learned);
    state->counts = arena_get(setup->arena, count, sizeof *state->counts);
    if (state->seen == NULL || state->learned == NULL || state->counts == NULL)
        return fail_memory(err, count * sizeof *state->seen);
    size_t memory = setup->memory / (count == 0 ? 1 : count);
    for (size_t i = 0; i < count; i++)
        TRY(open_column(state, i, memory < MEMORY_LEAST ? MEMORY_LEAST : memory, setup->threads,
                        err));
    return STATUS_OK;
}

static void close_state(void **ret)
{
    struct state *state = *ret;
    for (size_t i = 0; state->seen != NULL && i < state->columns.count; i++)
        quantiles_close(&state->seen[i]);
    memory_free(state);
    *ret = NULL;
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

/* ---- fit ---- */

static enum status observe(const void *opaque, int pass, const struct window *window, void *into,
                           struct err *err)
{
    (void)pass;
    const struct state *state = opaque;
    struct rank_tally *tally = into;
    OWNED(memory_release) double *values = NULL;
    int64_t rows = window->batch->rows;
    TRY(NEW(&values, (size_t)rows, err));
    TRY(NEW(&tally->cells, state->columns.count, err));
    tally->count = state->columns.count;
    for (size_t i = 0; i < tally->count; i++) {
        numbers_read(normalize_field(&state->columns, i),
                     window->batch->columns[state->columns.columns[i]], values);
        TRY(quantiles_observe(state->seen[i], values, rows, &tally->cells[i], err));
    }
    return STATUS_OK;
}

static void discard(void *from)
{
    struct rank_tally *tally = from;
    for (size_t i = 0; i < tally->count; i++)
        quantile_tally_release(&tally->cells[i]);
    memory_free(tally->cells);
    *tally = (struct rank_tally){0};
}

static enum status absorb(void *opaque, int pass, void *from, struct err *err)
{
    (void)pass;
    struct state *state = opaque;
    struct rank_tally *tally = from;
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < tally->count; i++)
        status = quantiles_absorb(state->seen[i], &tally->cells[i], err);
    discard(tally);
    return status;
}

/* Fewer values than quantiles: as many quantiles as values. */
static enum status ask_for_fewer(struct state *state, size_t i, struct err *err)
{
    int64_t seen = quantiles_seen(state->seen[i]);
    state->counts[i] = state->wanted;
    if (bins(state) || seen >= (int64_t)state->wanted || seen == 0) return STATUS_OK;
    state->counts[i] = (size_t)seen;
    OWNED(memory_release) double *fractions = NULL;
    TRY(NEW(&fractions, (size_t)seen, err));
    for (size_t k = 0; k < (size_t)seen; k++)
        fractions[k] = seen == 1 ? 0 : (double)k / (double)(seen - 1);
    quantiles_ask(state->seen[i], fractions, (size_t)seen);
    return STATUS_OK;
}

static void make_edges(const struct state *state, double *edges, size_t *count)
{
    double low = edges[0], high = edges[*count - 1];
    size_t kept = 1;
    if (state->columns.config->edges == EDGES_UNIFORM)
        for (size_t k = 1; k + 1 < *count; k++)
            edges[k] = low + (double)k * ((high - low) / (double)(*count - 1));
    for (size_t k = 1; k < *count; k++)
        if (edges[k] - edges[kept - 1] > THIN) edges[kept++] = edges[k];
    *count = kept;
}

static enum status learn(struct state *state, size_t i, struct err *err)
{
    size_t count = state->counts[i];
    double *values = arena_get(state->arena, count, sizeof *values);
    if (values == NULL) return fail_memory(err, count * sizeof *values);
    for (size_t k = 0; k < count; k++) {
        values[k] = quantiles_value(state->seen[i], k);
        if (k > 0 && values[k] < values[k - 1]) values[k] = values[k - 1];
    }
    if (bins(state) && quantiles_count(state->seen[i]) > 0) make_edges(state, values, &count);
    state->learned[i] = values;
    state->counts[i] = count;
    return STATUS_OK;
}

static enum status settle(void *opaque, int pass, bool *ret_more, struct err *err)
{
    struct state *state = opaque;
    *ret_more = false;
    for (size_t i = 0; i < state->columns.count; i++) {
        bool more;
        if (pass == 0) TRY(ask_for_fewer(state, i, err));
        TRY(quantiles_settle(state->seen[i], &more, err));
        *ret_more = *ret_more || more;
    }
    for (size_t i = 0; !*ret_more && i < state->columns.count; i++)
        TRY(learn(state, i, err));
    return STATUS_OK;
}

/* ---- apply ---- */

static struct quantile_map map_of(const struct state *state, size_t i)
{
    return (struct quantile_map){state->learned[i], state->counts[i],
                                 state->columns.config->distribution == DISTRIBUTION_NORMAL};
}

/* The bin whose lower edge is not above x; values beyond belong to the outer ones. */
static double bin_of(const double *edges, size_t count, double x)
{
    if (isnan(x)) return x;
    size_t bin = 0;
    while (bin + 2 < count && x >= edges[bin + 1])
        bin++;
    return (double)bin;
}

static void work(const void *context, size_t i, double *values, int64_t rows)
{
    const struct state *state = context;
    const struct quantile_map map = map_of(state, i);
    bool empty = map.count == 0 || isnan(map.quantiles[0]);
    for (int64_t row = 0; row < rows; row++) {
        if (bins(state))
            values[row] = bin_of(map.quantiles, map.count, values[row]);
        else if (!empty)
            values[row] = quantile_map_forward(&map, values[row]);
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
    const char *name = bins(state) ? "edges" : "quantiles";
    if (!bins(state)) {
        bool normal = state->columns.config->distribution == DISTRIBUTION_NORMAL;
        TRY(put_text(json, "distribution", str_of(normal ? "normal" : "uniform"), err));
        TRY(bytes_append_text(json, ", ", err));
    }
    return put_reals(json, name, state->learned[i], state->counts[i], err);
}

static enum status get(void *context, size_t i, const struct yaml_node *node, struct err *err)
{
    struct state *state = context;
    const char *name = bins(state) ? "edges" : "quantiles";
    const struct yaml_node *list = yaml_get(node, name);
    if (list == NULL || list->kind != YAML_LIST || list->count == 0)
        return fail_at(node, err, "no list \"%s\"", name);
    double *values = arena_get(state->arena, list->count, sizeof *values);
    if (values == NULL) return fail_memory(err, list->count * sizeof *values);
    TRY(get_reals(node, name, values, list->count, err));
    for (size_t k = 1; k < list->count; k++)
        if (values[k] < values[k - 1])
            return fail_at(list, err, "%s fall from %g to %g", name, values[k - 1], values[k]);
    state->learned[i] = values;
    state->counts[i] = list->count;
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

const struct clean_module normalize_quantile = {
    .open = open,
    .needs_fit = needs_fit,
    .touches = touches,
    .tally_bytes = sizeof(struct rank_tally),
    .observe = observe,
    .absorb = absorb,
    .discard = discard,
    .settle = settle,
    .apply = apply,
    .save = save,
    .load = load,
    .close = close_state,
};
