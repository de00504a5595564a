/* clean/module_outliers.c: unusual values of numeric columns, and unusual rows.
 *
 * mad, iqr and z give each column two fences (outliers_fences.h); a column without spread has none
 * and is left alone. The other methods judge whole rows (outliers_rows.h). With `by` each group of
 * rows has fences or a judge of its own; groups that were not there when it was learned are judged
 * by those of all rows. */
#include "clean/module.h"
#include "clean/numbers.h"
#include "clean/outliers_judges.h"
#include "clean/parameters.h"
#include "clean/rowkey.h"

#include <math.h>

enum method {
    METHOD_MAD, /* in the order of enum fence_method */
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
enum action { ACTION_FLAG, ACTION_CLIP, ACTION_NULL, ACTION_DROP, ACTION_REJECT };
static const char method_words[] = "mad|iqr|z|forest|knn|lof|ecod|copod|hbos|mcd|ensemble";
static const char *const rules[] = {"outlier mad",    "outlier iqr",     "outlier z",
                                    "outlier forest", "outlier knn",     "outlier lof",
                                    "outlier ecod",   "outlier copod",   "outlier hbos",
                                    "outlier mcd",    "outlier ensemble"};

#define FLAGS           3
#define ELLIPSE_COLUMNS 128 /* whose covariance mcd can hold many times over */

struct config {
    struct text_list columns;
    struct text_list by;
    int method, action, cut;
    double threshold; /* 0 = the method's own */
    double share;
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
     .help =
         "how far out a value must lie; 0 means 3.5 for mad, 1.5 for iqr, 3 for z, and for rows "
         "what cut finds"},
    {.name = "cut",
     .kind = SETTING_CHOICE,
     .offset = offsetof(struct config, cut),
     .fallback = "spread",
     .choices = CUT_WORDS,
     .help =
         "how methods for rows find their threshold in the scores: 2.5 deviations, the best split "
         "into two groups, where the sorted scores bend, or a share of the rows"},
    {.name = "share",
     .kind = SETTING_REAL,
     .offset = offsetof(struct config, share),
     .fallback = "0.05",
     .minimum = 0,
     .maximum = 1,
     .help = "rows that are unusual with cut share"},
    {.name = "by",
     .kind = SETTING_TEXTS,
     .offset = offsetof(struct config, by),
     .help = "columns: rows with the same values in them are judged among themselves"},
    {.name = "action",
     .kind = SETTING_CHOICE,
     .offset = offsetof(struct config, action),
     .fallback = "flag",
     .choices = "flag|clip|null|drop|reject",
     .help = "add columns, pull the value to the fence, empty it, drop the row, or reject it"},
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

struct state {
    const struct config *config;
    const struct schema *schema;
    size_t *columns, *by;
    size_t count, by_count;
    const char *flags[FLAGS]; /* names of the added columns; NULL = not added */
    bool of_rows;
    struct judges *judges;
    int64_t seed;
};

/* ---- kernel ---- */

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

static enum status add_flags(struct state *state, const struct module_setup *setup,
                             struct schema **ret, struct err *err)
{
    bool rows = state->of_rows;
    const char **names = state->flags;
    names[0] = state->config->flag;
    names[1] = arena_format(setup->arena, "%s_column", names[0]);
    names[2] = rows ? arena_format(setup->arena, "%s_score", names[0]) : NULL;
    if (names[1] == NULL || (rows && names[2] == NULL)) return fail_memory(err, 0);
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

static enum status check_rows(const struct state *state, const struct module_setup *setup,
                              struct err *err)
{
    const struct config *config = state->config;
    if (config->action == ACTION_CLIP || config->action == ACTION_NULL) {
        fail_at(setup->node, err, "this method judges rows, and the action changes values");
        err_hint(err, "use action=flag or action=drop, or method=mad, iqr or z");
        return STATUS_USAGE;
    }
    if (state->count == 0) return fail_at(setup->node, err, "there is no numeric column");
    if (config->method != METHOD_MCD || state->count <= ELLIPSE_COLUMNS) return STATUS_OK;
    fail_at(setup->node, err, "%zu columns take part, mcd can take %d", state->count,
            ELLIPSE_COLUMNS);
    err_hint(err, "name the columns to look at, columns=..., or use another method");
    return STATUS_USAGE;
}

static enum status open_parts(struct state *state, const struct module_setup *setup,
                              struct err *err)
{
    static const double thresholds[] = {3.5, 1.5, 3}; /* of values, by method */
    const struct config *config = state->config;
    size_t neighbors = config->method == METHOD_LOF ? 20 : 5;
    if (config->neighbors > 0) neighbors = (size_t)config->neighbors;
    struct judges_plan plan = {
        .setup = setup,
        .columns = state->columns,
        .count = state->count,
        .by = state->by,
        .by_count = state->by_count,
        .of_rows = state->of_rows,
        .threshold = config->threshold,
    };
    if (!state->of_rows) {
        plan.fence = (enum fence_method)config->method;
        if (!(plan.threshold > 0)) plan.threshold = thresholds[config->method];
        return judges_open(&state->judges, &plan, err);
    }
    plan.rows = (struct unusual_plan){
        .method = (enum rows_method)(config->method - METHOD_FOREST),
        .columns = state->count,
        .neighbors = neighbors,
        .cut = (enum cut)config->cut,
        .share = config->share,
    };
    TRY(check_rows(state, setup, err));
    return judges_open(&state->judges, &plan, err);
}

/* Columns to group by are not judged, unless they are named. */
static void leave_out_groups(struct state *state)
{
    size_t kept = 0;
    for (size_t i = 0; i < state->count; i++) {
        bool grouped = false;
        for (size_t k = 0; k < state->by_count; k++)
            grouped = grouped || state->by[k] == state->columns[i];
        if (!grouped) state->columns[kept++] = state->columns[i];
    }
    state->count = kept;
}

static enum status open(void **ret, const struct module_setup *setup, struct schema **ret_schema,
                        struct err *err)
{
    const struct config *config = setup->config;
    struct state *state;
    TRY(NEW(&state, 1, err));
    *ret = state;
    state->config = config;
    state->schema = setup->schema;
    state->seed = setup->seed;
    state->of_rows = config->method >= METHOD_FOREST;
    TRY(module_columns(setup, &config->columns, field_is_number, &state->columns, &state->count,
                       err));
    if (config->by.count > 0)
        TRY(module_key_columns(setup, &config->by, field_has_key, &state->by, &state->by_count,
                               err));
    if (config->columns.count == 0) leave_out_groups(state);
    TRY(open_parts(state, setup, err));
    if (config->action == ACTION_FLAG) return add_flags(state, setup, ret_schema, err);
    return STATUS_OK;
}

static void close_state(void **ret)
{
    struct state *state = *ret;
    if (state == NULL) return;
    judges_close(&state->judges);
    memory_free(state);
    *ret = NULL;
}

/* ---- fit ---- */

static enum status observe(const void *opaque, int pass, const struct window *window, void *tally,
                           struct err *err)
{
    const struct state *state = opaque;
    return judges_observe(state->judges, pass, window, tally, err);
}

static enum status absorb(void *opaque, int pass, void *tally, struct err *err)
{
    (void)pass;
    struct state *state = opaque;
    return judges_absorb(state->judges, tally, err);
}

static void discard(void *tally)
{
    judges_tally_release(tally);
}

static enum status settle(void *opaque, int pass, bool *ret_more, struct err *err)
{
    (void)pass;
    struct state *state = opaque;
    return judges_settle(state->judges, ret_more, err);
}

/* ---- apply ---- */

/* The rows of a window, and by which part each is judged. */
struct judged {
    const struct window *window;
    size_t *judges; /* NULL = part 0 all of them */
};

static size_t part_of(const struct judged *judged, int64_t row)
{
    return judged->judges == NULL ? 0 : judged->judges[row];
}

static const struct fence *fence_of(const struct state *state, const struct judged *judged,
                                    int64_t row, size_t i)
{
    return judges_fence(state->judges, part_of(judged, row), i);
}

static enum status remove_row(const struct state *state, struct change *change, int64_t row,
                              size_t i, const struct window *window, const char *threshold,
                              struct err *err)
{
    const struct field *field = &state->schema->fields[state->columns[i]];
    const char *rule = rules[state->config->method];
    char text[64];
    array_value_text(field, window->batch->columns[state->columns[i]], row, text, sizeof text);
    if (state->config->action == ACTION_REJECT)
        return change_reject(change, row, rule, field->name, str_of(text), threshold, err);
    return change_drop(change, row, rule, field->name, str_of(text), threshold, err);
}

static enum status change_column_of(const struct state *state, size_t i,
                                    const struct judged *judged, const double *values,
                                    struct change *change, struct err *err)
{
    const struct window *window = judged->window;
    size_t at = state->columns[i];
    OWNED(patch_release)
    struct patch patch = {&state->schema->fields[at], window->batch->columns[at], {0}, {0}, 0};
    for (int64_t row = 0; row < window->batch->rows; row++) {
        const struct fence *fence = fence_of(state, judged, row, i);
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

static enum status remove_rows(const struct state *state, size_t i, const struct judged *judged,
                               const double *values, struct change *change, struct err *err)
{
    for (int64_t row = 0; row < judged->window->batch->rows; row++) {
        const struct fence *fence = fence_of(state, judged, row, i);
        if (outside(fence, values[row]))
            TRY(remove_row(state, change, row, i, judged->window, fence->text, err));
    }
    return STATUS_OK;
}

/* Remembers per row the column that lies furthest beyond its fence. */
struct worst {
    double excess;
    size_t column; /* 1-based place in state->columns, 0 = none */
};

static void find_worst(const struct state *state, size_t i, const struct judged *judged,
                       const double *values, struct worst *worst)
{
    for (int64_t row = 0; row < judged->window->batch->rows; row++) {
        const struct fence *fence = fence_of(state, judged, row, i);
        if (!outside(fence, values[row])) continue;
        double beyond = excess(fence, values[row]);
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

/* Whole rows: scores, and what lies beyond the threshold. */
static enum status judge_rows(const struct state *state, const struct judged *judged,
                              struct change *change, struct err *err)
{
    const struct window *window = judged->window;
    int64_t rows = window->batch->rows;
    bool flags = state->config->action == ACTION_FLAG;
    OWNED(sample_tally_release) struct sample_tally tally = {0};
    OWNED(memory_release) double *work = NULL;
    OWNED(memory_release) struct worst *worst = NULL;
    OWNED(builder_close) struct builder *scores = NULL;
    struct field field = field_of("outlier_score", TYPE_FLOAT64);
    TRY(sample_observe(window, state->columns, state->count, state->seed, &tally, err));
    TRY(NEW(&work, unusual_work(judges_unusual(state->judges, 0)), err));
    TRY(NEW(&worst, (size_t)rows, err));
    TRY(builder_open(&scores, &field, rows, err));
    for (int64_t row = 0; row < rows; row++) {
        const char *text;
        size_t part = part_of(judged, row);
        struct verdict verdict =
            unusual_judge(judges_unusual(state->judges, part),
                          tally.rows + (size_t)row * state->count, tally.hashes[row], work);
        TRY(build_real(scores, verdict.score, err));
        if (!(verdict.score > judges_threshold(state->judges, part, &text))) continue;
        worst[row] = (struct worst){verdict.score, verdict.column + 1};
        if (!flags) TRY(remove_row(state, change, row, verdict.column, window, text, err));
    }
    if (!flags) return STATUS_OK;
    struct array *column;
    TRY(builder_finish(scores, &column, err));
    change_column(change, state->schema->count + 2, &column);
    return add_flag_columns(state, rows, worst, change, err);
}

static enum status judge_values(const struct state *state, const struct judged *judged,
                                struct change *change, struct err *err)
{
    const struct batch *batch = judged->window->batch;
    OWNED(memory_release) double *values = NULL;
    OWNED(memory_release) struct worst *worst = NULL;
    TRY(NEW(&values, (size_t)batch->rows, err));
    if (state->config->action == ACTION_FLAG) TRY(NEW(&worst, (size_t)batch->rows, err));
    for (size_t i = 0; i < state->count; i++) {
        size_t at = state->columns[i];
        numbers_read(&state->schema->fields[at], batch->columns[at], values);
        switch ((enum action)state->config->action) {
        case ACTION_FLAG: find_worst(state, i, judged, values, worst); break;
        case ACTION_CLIP:
        case ACTION_NULL: TRY(change_column_of(state, i, judged, values, change, err)); break;
        case ACTION_DROP:
        case ACTION_REJECT: TRY(remove_rows(state, i, judged, values, change, err)); break;
        }
    }
    return worst == NULL ? STATUS_OK : add_flag_columns(state, batch->rows, worst, change, err);
}

static void judged_release(struct judged *judged)
{
    memory_free(judged->judges);
}

static enum status apply(const void *opaque, const struct window *window, struct change *change,
                         struct err *err)
{
    const struct state *state = opaque;
    OWNED(judged_release) struct judged judged = {window, NULL};
    TRY(judges_of_rows(state->judges, window, &judged.judges, err));
    return state->of_rows ? judge_rows(state, &judged, change, err)
                          : judge_values(state, &judged, change, err);
}

/* ---- state ---- */

static enum status save(const void *opaque, struct bytes *json, struct err *err)
{
    const struct state *state = opaque;
    char method[16];
    choice_text(method_words, state->config->method, method, sizeof method);
    TRY(bytes_append_text(json, "{", err));
    TRY(put_text(json, "method", str_of(method), err));
    TRY(bytes_append_text(json, ", ", err));
    TRY(judges_save(state->judges, json, err));
    return bytes_append_text(json, "}", err);
}

static enum status load(void *opaque, const struct yaml_node *parameters, struct err *err)
{
    struct state *state = opaque;
    return judges_load(state->judges, parameters, err);
}

static bool touches(const void *opaque, size_t column)
{
    const struct state *state = opaque;
    for (size_t i = 0; i < state->count; i++)
        if (state->columns[i] == column) return true;
    for (size_t i = 0; i < state->by_count; i++)
        if (state->by[i] == column) return true;
    return false;
}

static bool may_remove(const void *opaque)
{
    return ((const struct state *)opaque)->config->action >= ACTION_DROP;
}

/* A column that is changed is so by its group, too. */
static enum status lineage_of(const struct state *state, const char *output, const size_t *from,
                              size_t count, struct column_lineage *lineage, struct err *err)
{
    const struct schema *schema = state->schema;
    for (size_t i = 0; i < count; i++)
        TRY(column_from(lineage, output, schema->fields[from[i]].name, "DIRECT", "TRANSFORMATION",
                        false, err));
    return columns_decide(lineage, output, schema, state->by, state->by_count, "GROUP_BY", err);
}

static enum status column_lineage(const void *opaque, struct column_lineage *lineage,
                                  struct err *err)
{
    const struct state *state = opaque;
    const struct schema *schema = state->schema;
    if (may_remove(state)) {
        TRY(columns_decide(lineage, NULL, schema, state->columns, state->count, "FILTER", err));
        return columns_decide(lineage, NULL, schema, state->by, state->by_count, "GROUP_BY", err);
    }
    for (size_t i = 0; i < FLAGS && state->flags[i] != NULL; i++)
        TRY(lineage_of(state, state->flags[i], state->columns, state->count, lineage, err));
    for (size_t i = 0; state->flags[0] == NULL && i < state->count; i++)
        TRY(lineage_of(state, schema->fields[state->columns[i]].name, &state->columns[i], 1,
                       lineage, err));
    return STATUS_OK;
}

/* Where rows are judged by their nearest, those that were learned from are not their own. */
static bool parameters_suffice(const void *opaque)
{
    const struct state *state = opaque;
    enum method method = (enum method)state->config->method;
    return method != METHOD_KNN && method != METHOD_LOF && method != METHOD_ENSEMBLE;
}

/* Judges that want each row once more to say what it is near to look at the rows themselves. */
static bool carries(const void *opaque)
{
    const struct state *state = opaque;
    return parameters_suffice(state) && judges_carry_tallies(state->judges);
}

static enum status carry(const void *opaque, int pass, void *tally, struct wire *wire,
                         struct err *err)
{
    (void)pass;
    return judges_tally_carry(((const struct state *)opaque)->judges, tally, wire, err);
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
    .tally_bytes = sizeof(struct judges_tally),
    .observe = observe,
    .absorb = absorb,
    .discard = discard,
    .settle = settle,
    .apply = apply,
    .save = save,
    .carry = carry,
    .carries = carries,
    .parameters_suffice = parameters_suffice,
    .load = load,
    .column_lineage = column_lineage,
    .close = close_state,
};
