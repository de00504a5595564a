/* clean/module_standardize.c: the same thing written one way.
 *
 * `methods` are done in their order on each value: spellings (case, punctuation, spaces), a map of
 * known spellings, and clustering: values with the same key are spellings of one thing, and the
 * most frequent one replaces the others. Clusters are a fit: what was found on training data is
 * applied unchanged to new data. */
#include "clean/module.h"
#include "clean/standardize_cluster.h"
#include "clean/standardize_preview.h"
#include "clean/standardize_repair.h"
#include "clean/standardize_text.h"
#include "columnar/distinct.h"

#define METHODS                                                                                    \
    "lower|upper|title|punctuation|spaces|map|fingerprint|ngram|metaphone|cologne|spelling|"       \
    "levenshtein"
#define PREVIEW_BYTES_MAXIMUM ((size_t)1 << 30)
enum method { METHOD_MAP = SPELLING_SPACES + 1, METHOD_FINGERPRINT };

struct config {
    struct text_list columns, methods;
    const struct yaml_node *map, *repair;
    const char *map_file, *preview, *source;
    double agree;
    bool fill;
    int64_t max_distinct, gram, edits;
    double radius, ratio, rare;
};

/* One column: how often each value occurs, then what each becomes. */
struct learned {
    struct counts counts;
    struct spelling_map clusters;
    bool crowded; /* more distinct values than max_distinct: left alone */
};

struct state {
    const struct config *config;
    const struct schema *schema;
    struct arena *arena;
    size_t threads;
    size_t *columns;
    size_t count;
    int *methods; /* enum spelling, then enum method */
    size_t method_count;
    size_t cluster_at; /* position of the clustering in methods; method_count = none */
    struct spelling_map map;
    struct learned *learned;
    struct repair repair;
};

#define SET(member) offsetof(struct config, member)
static const struct setting settings[] = {
    {"columns", SETTING_TEXTS, SET(columns), .help = "text columns; none listed = all"},
    {"methods", SETTING_TEXTS, SET(methods),
     .help = "what is done, in this order: " METHODS "; none listed = map where there is one, else "
             "fingerprint"},
    {"map", SETTING_TREE, SET(map), .help = "known spellings: {from: to, ...}"},
    {"map_file", SETTING_TEXT, SET(map_file),
     .help = "known spellings in a CSV file with the columns from and to", .argument = "FILE"},
    {"preview", SETTING_TEXT, SET(preview), .argument = "FILE",
     .help = "change nothing by clustering: write what would change as CSV, to be edited and given "
             "back as map_file"},
    {"max_distinct", SETTING_INT, SET(max_distinct), "100000", .minimum = 1, .maximum = 1e8,
     .help = "a column with more distinct values is not clustered"},
    {"gram", SETTING_INT, SET(gram), "2", .minimum = 1, .maximum = 10, .help = "ngram: characters"},
    {"radius", SETTING_REAL, SET(radius), "0.3", .minimum = 0, .maximum = 1,
     .help = "spelling: edits by the letters of the rare value"},
    {"ratio", SETTING_REAL, SET(ratio), "8", .minimum = 1, .maximum = 1e9,
     .help = "spelling: the frequent value occurs at least so many times as often"},
    {"rare", SETTING_REAL, SET(rare), "0.01", .minimum = 0, .maximum = 1,
     .help = "spelling: share of the rows above which a value is not rare"},
    {"edits", SETTING_INT, SET(edits), "1", .minimum = 1, .maximum = 20,
     .help = "levenshtein: steps between values of one cluster"},
    {"repair", SETTING_TREE, SET(repair),
     .help = "dependencies: [{key: zip, gives: [city, state]}]; rows with the same key vote"},
    {"source", SETTING_TEXT, SET(source),
     .help = "repair: the values of this column vote, one vote each, weighed by how often it is "
             "right; without it rows vote"},
    {"agree", SETTING_REAL, SET(agree), "0.5", .minimum = 0, .maximum = 1,
     .help = "repair: share of a key's rows that must have the winning value"},
    {"fill", SETTING_FLAG, SET(fill), "true", .help = "repair: nulls become the winning value"},
    {NULL},
};

/* ---- open ---- */

static bool is_text(const struct field *field)
{
    return field->type.id == TYPE_UTF8 && (!field->dictionary || field->index == TYPE_INT32);
}

static bool has_map(const struct config *config)
{
    return config->map != NULL || config->map_file != NULL;
}

static enum status add_method(struct state *state, const char *name, const struct yaml_node *place,
                              struct err *err)
{
    int method = choice_index(METHODS, str_of(name));
    if (method < 0) return fail_at(place, err, "method \"%s\" is none of " METHODS, name);
    if (method == METHOD_MAP && !has_map(state->config))
        return fail_at(place, err, "method \"map\" needs map or map_file");
    if (method >= METHOD_FINGERPRINT) {
        if (state->cluster_at != SIZE_MAX)
            return fail_at(place, err, "one method of clustering a step, found a second: \"%s\"",
                           name);
        state->cluster_at = state->method_count;
    }
    state->methods[state->method_count++] = method;
    return STATUS_OK;
}

static enum status read_methods(struct state *state, const struct module_setup *setup,
                                struct err *err)
{
    const struct text_list *list = &state->config->methods;
    const struct yaml_node *place = setup->node != NULL ? yaml_get(setup->node, "methods") : NULL;
    if (place == NULL) place = setup->node;
    state->methods = arena_get(setup->arena, list->count + 2, sizeof *state->methods);
    if (state->methods == NULL) return fail_memory(err, list->count * sizeof *state->methods);
    bool mapped = false;
    state->cluster_at = SIZE_MAX;
    for (size_t i = 0; i < list->count; i++) {
        TRY(add_method(state, list->items[i], place, err));
        mapped |= state->methods[i] == METHOD_MAP;
    }
    if (has_map(state->config) && !mapped) TRY(add_method(state, "map", place, err));
    if (state->method_count == 0 && state->config->repair == NULL)
        TRY(add_method(state, "fingerprint", place, err));
    if (state->cluster_at == SIZE_MAX) state->cluster_at = state->method_count;
    return STATUS_OK;
}

static void close_standardize(void **state_)
{
    struct state *state = *state_;
    if (state == NULL) return;
    spelling_map_release(&state->map);
    for (size_t i = 0; state->learned != NULL && i < state->count; i++) {
        counts_release(&state->learned[i].counts);
        spelling_map_release(&state->learned[i].clusters);
    }
    repair_release(&state->repair);
    *state_ = NULL;
}

/* A column is either spelled or repaired: which of the two comes first is said by two steps. */
static enum status read_repair(struct state *state, const struct module_setup *setup,
                               struct err *err)
{
    state->repair.agree = state->config->agree;
    state->repair.fill = state->config->fill;
    state->repair.most = (size_t)state->config->max_distinct;
    if (state->method_count == 0) state->count = 0; /* repair alone */
    TRY(repair_open(&state->repair, state->config->repair, state->config->source, setup, err));
    for (size_t i = 0; i < state->repair.count; i++)
        for (size_t c = 0; c < state->count; c++)
            if (state->columns[c] == state->repair.items[i].column)
                return fail_at(state->config->repair, err,
                               "column \"%s\" is repaired and spelled in one step; use two",
                               state->schema->fields[state->columns[c]].name);
    return STATUS_OK;
}

static enum status open_standardize(void **ret_state, const struct module_setup *setup,
                                    struct schema **ret_schema, struct err *err)
{
    (void)ret_schema;
    const struct config *config = setup->config;
    struct state *state = arena_get(setup->arena, 1, sizeof *state);
    if (state == NULL) return fail_memory(err, sizeof *state);
    *ret_state = state;
    state->config = config;
    state->schema = setup->schema;
    state->arena = setup->arena;
    state->threads = setup->threads;
    TRY(module_columns(setup, &config->columns, is_text, &state->columns, &state->count, err));
    TRY(read_methods(state, setup, err));
    TRY(read_repair(state, setup, err));
    state->learned = arena_get(setup->arena, state->count, sizeof *state->learned);
    if (state->learned == NULL) return fail_memory(err, state->count * sizeof *state->learned);
    if (config->map != NULL)
        TRY(spelling_map_from_yaml(&state->map, config->map, setup->arena, err));
    if (config->map_file == NULL) return STATUS_OK;
    return spelling_map_from_file(&state->map, config->map_file, setup->arena, err);
}

/* ---- one value ---- */

/* Two buffers that take turns, for one thread. */
struct bench {
    struct bytes a, b, key;
};

static struct bench bench_open(void)
{
    struct bytes bytes = bytes_limited(BATCH_BYTES_MAXIMUM * (size_t)4);
    return (struct bench){bytes, bytes, bytes};
}

static void bench_release(struct bench *bench)
{
    bytes_release(&bench->a);
    bytes_release(&bench->b);
    bytes_release(&bench->key);
}

/* Methods first ... end - 1 on *text, which then points into the bench or a map. */
static enum status standardize(const struct state *state, size_t first, size_t end,
                               const struct learned *learned, struct bench *bench, struct str *text,
                               struct err *err)
{
    for (size_t i = first; i < end; i++) {
        int method = state->methods[i];
        if (method == METHOD_MAP) {
            spelling_map_find(&state->map, *text, text);
        } else if (method >= METHOD_FINGERPRINT) {
            spelling_map_find(&learned->clusters, *text, text);
        } else {
            struct bytes *out = text->data == (char *)bench->a.data ? &bench->b : &bench->a;
            TRY(spell((enum spelling)method, *text, out, err));
            *text = (struct str){(char *)out->data, out->size};
        }
    }
    return STATUS_OK;
}

/* ---- fit ---- */

struct tally {
    struct counts *counts; /* one a column, then one a dependency */
    size_t count;
};

static void discard_tally(void *tally_)
{
    struct tally *tally = tally_;
    for (size_t i = 0; i < tally->count; i++)
        counts_release(&tally->counts[i]);
    memory_release(&tally->counts);
    tally->count = 0;
}

static bool needs_fit(const void *state_)
{
    const struct state *state = state_;
    return state->repair.count > 0 || (state->cluster_at < state->method_count && state->count > 0);
}

static enum status count_column(const struct state *state, size_t i, const struct batch *batch,
                                struct bench *bench, struct counts *counts, struct err *err)
{
    size_t column = state->columns[i];
    for (int64_t row = 0; row < batch->rows; row++) {
        struct str text;
        if (!array_text_at(&state->schema->fields[column], batch->columns[column], row, &text))
            continue;
        TRY(standardize(state, 0, state->cluster_at, &state->learned[i], bench, &text, err));
        TRY(counts_add(counts, text.data, text.size, count_hash(text.data, text.size), 1, err));
    }
    return STATUS_OK;
}

static enum status observe_standardize(const void *state_, int pass, const struct window *window,
                                       void *tally_, struct err *err)
{
    (void)pass;
    const struct state *state = state_;
    struct tally *tally = tally_;
    OWNED(bench_release) struct bench bench = bench_open();
    bool clusters = state->cluster_at < state->method_count;
    TRY(NEW(&tally->counts, state->count + state->repair.count, err));
    tally->count = state->count + state->repair.count;
    for (size_t i = 0; i < state->count && clusters; i++)
        TRY(count_column(state, i, window->batch, &bench, &tally->counts[i], err));
    for (size_t i = 0; i < state->repair.count; i++)
        TRY(repair_count(&state->repair.items[i], window->batch, &tally->counts[state->count + i],
                         err));
    return STATUS_OK;
}

static enum status absorb_column(const struct state *state, struct learned *learned,
                                 const struct counts *more, struct err *err)
{
    for (size_t i = 0; i < more->count && !learned->crowded; i++) {
        const struct counted *item = &more->items[i];
        TRY(counts_add(&learned->counts, item->data, item->size, item->hash, item->count, err));
        learned->crowded = learned->counts.count > (size_t)state->config->max_distinct;
    }
    if (learned->crowded) counts_release(&learned->counts);
    return STATUS_OK;
}

static enum status carry_standardize(const void *state_, int pass, void *tally_, struct wire *wire,
                                     struct err *err)
{
    (void)pass;
    const struct state *state = state_;
    struct tally *tally = tally_;
    if (wire->reading) {
        TRY(NEW(&tally->counts, state->count + state->repair.count, err));
        tally->count = state->count + state->repair.count;
    }
    for (size_t i = 0; i < tally->count; i++)
        TRY(counts_carry(&tally->counts[i], wire, err));
    return STATUS_OK;
}

static enum status absorb_standardize(void *state_, int pass, void *tally_, struct err *err)
{
    (void)pass;
    struct state *state = state_;
    struct tally *tally = tally_;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < state->count && status == STATUS_OK; i++)
        status = absorb_column(state, &state->learned[i], &tally->counts[i], err);
    for (size_t i = 0; i < state->repair.count && status == STATUS_OK; i++)
        status = repair_absorb(&state->repair, &state->repair.items[i],
                               &tally->counts[state->count + i], err);
    discard_tally(tally);
    return status;
}

static enum status cluster(struct state *state, struct learned *learned, struct err *err)
{
    const struct config *config = state->config;
    struct cluster_options options = {
        (enum cluster_method)(state->methods[state->cluster_at] - METHOD_FINGERPRINT),
        (size_t)config->gram,
        config->radius,
        config->ratio,
        config->rare,
        (size_t)config->edits,
        state->threads};
    return cluster_values(&learned->counts, &options, &learned->clusters, state->arena, err);
}

static enum status cluster_all(struct state *state, struct err *err)
{
    for (size_t i = 0; i < state->count; i++) {
        if (state->learned[i].counts.count > 0) TRY(cluster(state, &state->learned[i], err));
        counts_release(&state->learned[i].counts);
    }
    return STATUS_OK;
}

static enum status preview_clusters(struct state *state, struct err *err)
{
    struct preview preview = {.text = bytes_limited(PREVIEW_BYTES_MAXIMUM)};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < state->count && status == STATUS_OK; i++) {
        struct learned *learned = &state->learned[i];
        if (learned->counts.count > 0) status = cluster(state, learned, err);
        if (status == STATUS_OK)
            status = clusters_preview(&preview, state->schema->fields[state->columns[i]].name,
                                      &learned->clusters, &learned->counts, err);
        counts_release(&learned->counts);
        spelling_map_release(&learned->clusters);
    }
    if (status == STATUS_OK) status = clusters_preview_write(&preview, state->config->preview, err);
    bytes_release(&preview.text);
    return status;
}

static enum status settle_standardize(void *state_, int pass, bool *ret_more, struct err *err)
{
    (void)pass;
    (void)ret_more;
    struct state *state = state_;
    TRY(state->config->preview != NULL ? preview_clusters(state, err) : cluster_all(state, err));
    for (size_t i = 0; i < state->repair.count; i++)
        TRY(repair_settle(&state->repair, &state->repair.items[i], state->arena, err));
    return STATUS_OK;
}

/* ---- apply ---- */

/* With several methods the audit does not say which of them it was. */
static const char *rule_of(const struct state *state)
{
    static const char *const rules[] = {"lower",     "upper",   "title",       "punctuation",
                                        "spaces",    "map",     "fingerprint", "ngram",
                                        "metaphone", "cologne", "spelling",    "levenshtein"};
    _Static_assert(sizeof rules / sizeof *rules == METHOD_FINGERPRINT + CLUSTER_LEVENSHTEIN + 1,
                   "a word for each of METHODS");
    return state->method_count == 1 ? rules[state->methods[0]] : "methods";
}

/* The texts of an array as they are to be written, and how many rows changed; `counts` says how
 * many rows a text stands for, NULL = one. */
static enum status spell_all(const struct state *state, size_t i, const struct array *array,
                             const uint32_t *counts, struct bench *bench, struct array **ret,
                             int64_t *ret_changed, struct err *err)
{
    const struct field *field = &state->schema->fields[state->columns[i]];
    OWNED(builder_close) struct builder *builder = NULL;
    TRY(builder_open(&builder, field, array->length, err));
    for (int64_t row = 0; row < array->length; row++) {
        struct str before, after;
        if (!array_text_at(field, array, row, &before)) {
            TRY(build_null(builder, err));
            continue;
        }
        after = before;
        TRY(standardize(state, 0, state->method_count, &state->learned[i], bench, &after, err));
        if (!str_equal(before, after)) *ret_changed += counts == NULL ? 1 : counts[row];
        TRY(build_text(builder, after, err));
    }
    return *ret_changed == 0 ? STATUS_OK : builder_finish(builder, ret, err);
}

/* Once a value where a value has many rows. */
static enum status apply_column(const struct state *state, size_t i, const struct window *window,
                                struct bench *bench, struct change *change, struct err *err)
{
    size_t column = state->columns[i];
    const struct array *array = window->batch->columns[column];
    const struct distinct *distinct = array_distinct(&state->schema->fields[column], array);
    OWNED(array_unref) struct array *result = NULL;
    int64_t changed = 0;
    TRY(spell_all(state, i, distinct == NULL ? array : distinct->values,
                  distinct == NULL ? NULL : distinct->counts, bench, &result, &changed, err));
    if (changed == 0) return STATUS_OK;
    if (distinct != NULL) {
        struct array *rows = NULL;
        TRY(distinct_map(&rows, distinct, result, err));
        array_unref(&result);
        result = rows;
    }
    change_column(change, column, &result);
    change_cells(change, column, changed);
    change_rule(change, column, rule_of(state));
    return STATUS_OK;
}

/* The value of the first dependency that has one for this row. */
static enum status repaired_value(const struct state *state, size_t first,
                                  const struct batch *batch, int64_t row, struct bench *bench,
                                  bool *ret_found, struct str *ret, struct err *err)
{
    const struct repair *repair = &state->repair;
    *ret_found = false;
    for (size_t i = first; i < repair->count && !*ret_found; i++)
        if (repair->items[i].column == repair->items[first].column)
            TRY(repair_find(repair, &repair->items[i], batch, row, &bench->key, ret_found, ret,
                            err));
    return STATUS_OK;
}

static enum status repair_column(const struct state *state, size_t first,
                                 const struct window *window, struct bench *bench,
                                 struct change *change, struct err *err)
{
    size_t column = state->repair.items[first].column;
    const struct field *field = &state->schema->fields[column];
    const struct array *array = window->batch->columns[column];
    OWNED(builder_close) struct builder *builder = NULL;
    int64_t changed = 0;
    TRY(builder_open(&builder, field, window->batch->rows, err));
    for (int64_t row = 0; row < window->batch->rows; row++) {
        struct str before = {NULL, 0}, after;
        bool filled = array_text_at(field, array, row, &before), found = false;
        TRY(repaired_value(state, first, window->batch, row, bench, &found, &after, err));
        if (!found) after = before;
        changed += found && !(filled && str_equal(before, after));
        TRY(filled || found ? build_text(builder, after, err) : build_null(builder, err));
    }
    if (changed == 0) return STATUS_OK;
    struct array *result = NULL;
    TRY(builder_finish(builder, &result, err));
    change_column(change, column, &result);
    change_cells(change, column, changed);
    change_rule(change, column, "repair");
    return STATUS_OK;
}

static enum status repair_window(const struct state *state, const struct window *window,
                                 struct bench *bench, struct change *change, struct err *err)
{
    const struct repair *repair = &state->repair;
    for (size_t i = 0; i < repair->count; i++) {
        size_t first = 0;
        while (repair->items[first].column != repair->items[i].column)
            first++;
        if (first == i) TRY(repair_column(state, i, window, bench, change, err));
        if (repair->items[i].crowded)
            TRY(change_finding(change, "too many distinct values to repair",
                               state->schema->fields[repair->items[i].column].name,
                               window->batch->rows, err));
    }
    return STATUS_OK;
}

static enum status apply_standardize(const void *state_, const struct window *window,
                                     struct change *change, struct err *err)
{
    const struct state *state = state_;
    OWNED(bench_release) struct bench bench = bench_open();
    for (size_t i = 0; i < state->count; i++) {
        const char *name = state->schema->fields[state->columns[i]].name;
        TRY(apply_column(state, i, window, &bench, change, err));
        if (state->learned[i].crowded)
            TRY(change_finding(change, "too many distinct values to cluster", name,
                               window->batch->rows, err));
    }
    return repair_window(state, window, &bench, change, err);
}

/* ---- saved clusters ---- */

static enum status save_column(const struct spelling_map *map, struct bytes *ret, struct err *err)
{
    TRY(bytes_append_text(ret, "{", err));
    for (size_t i = 0; i < map->from.count; i++) {
        const struct counted *from = &map->from.items[i];
        if (i > 0) TRY(bytes_append_text(ret, ", ", err));
        TRY(bytes_append_json(ret, (struct str){(const char *)from->data, from->size}, err));
        TRY(bytes_append_text(ret, ": ", err));
        TRY(bytes_append_json(ret, map->to[i], err));
    }
    return bytes_append_text(ret, "}", err);
}

static enum status save_standardize(const void *state_, struct bytes *ret, struct err *err)
{
    const struct state *state = state_;
    TRY(bytes_append_text(ret, "{\"clusters\": {", err));
    for (size_t i = 0; i < state->count; i++) {
        if (i > 0) TRY(bytes_append_text(ret, ", ", err));
        TRY(bytes_append_json(ret, str_of(state->schema->fields[state->columns[i]].name), err));
        TRY(bytes_append_text(ret, ": ", err));
        TRY(save_column(&state->learned[i].clusters, ret, err));
    }
    TRY(bytes_append_text(ret, "}, \"repairs\": ", err));
    TRY(repair_save(&state->repair, ret, err));
    return bytes_append_text(ret, "}", err);
}

static enum status load_standardize(void *state_, const struct yaml_node *parameters,
                                    struct err *err)
{
    struct state *state = state_;
    const struct yaml_node *clusters = yaml_get(parameters, "clusters");
    if (clusters == NULL || clusters->kind != YAML_MAP)
        return fail_at(parameters, err, "saved spellings without clusters");
    for (size_t i = 0; i < state->count; i++) {
        const struct yaml_node *column =
            yaml_get(clusters, state->schema->fields[state->columns[i]].name);
        if (column == NULL) continue;
        TRY(spelling_map_from_yaml(&state->learned[i].clusters, column, state->arena, err));
    }
    return repair_load(&state->repair, parameters, state->arena, err);
}

/* A repaired column came from itself and from its key. */
static enum status standardize_lineage(const void *state_, struct column_lineage *lineage,
                                       struct err *err)
{
    const struct state *state = state_;
    const struct field *fields = state->schema->fields;
    for (size_t i = 0; i < state->repair.count; i++) {
        const struct dependency *dependency = &state->repair.items[i];
        const char *name = fields[dependency->column].name;
        TRY(column_from(lineage, name, name, "DIRECT", "TRANSFORMATION", false, err));
        for (size_t k = 0; k < dependency->key_count; k++)
            TRY(column_from(lineage, name, fields[dependency->keys[k]].name, "INDIRECT",
                            "CONDITIONAL", false, err));
        if (dependency->source >= 0)
            TRY(column_from(lineage, name, fields[dependency->source].name, "INDIRECT",
                            "CONDITIONAL", false, err));
    }
    return STATUS_OK;
}

/* A repair reads its keys beside the columns it repairs. */
static bool touches(const void *opaque, size_t column)
{
    const struct state *state = opaque;
    for (size_t i = 0; i < state->count; i++)
        if (state->columns[i] == column) return true;
    for (size_t i = 0; i < state->repair.count; i++) {
        const struct dependency *dependency = &state->repair.items[i];
        if (dependency->column == column || dependency->source == (int64_t)column) return true;
        for (size_t k = 0; k < dependency->key_count; k++)
            if (dependency->keys[k] == column) return true;
    }
    return false;
}

static bool parameters_suffice(const void *state)
{
    (void)state;
    return true;
}

const struct clean_module module_standardize = {
    .name = "standardize",
    .summary = "write the same thing one way: case, punctuation, known spellings, clusters",
    .source = "OpenRefine, clustering methods in depth: key collision and nearest neighbor",
    .settings = settings,
    .config_bytes = sizeof(struct config),
    .open = open_standardize,
    .needs_fit = needs_fit,
    .touches = touches,
    .tally_bytes = sizeof(struct tally),
    .observe = observe_standardize,
    .absorb = absorb_standardize,
    .discard = discard_tally,
    .settle = settle_standardize,
    .apply = apply_standardize,
    .save = save_standardize,
    .carry = carry_standardize,
    .parameters_suffice = parameters_suffice,
    .load = load_standardize,
    .column_lineage = standardize_lineage,
    .close = close_standardize,
};
