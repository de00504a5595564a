/* clean/module_labels.c: labels that are probably wrong.
 *
 * Needs out-of-sample predicted probabilities, one column a class; each row of them is divided by
 * its sum. Which class a column stands for is told by its name (with `p*` or `p_*` what the star
 * matched, else the whole name) or by `classes`. A row without a label, with a label of no class,
 * or without probabilities takes no part: its added columns are null. */
#include "clean/counts.h"
#include "clean/labels_learn.h"
#include "clean/module.h"
#include "clean/numbers.h"
#include "clean/parameters.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum action { ACTION_FLAG, ACTION_DROP, ACTION_RELABEL };
static const char filter_words[] = "prune_by_noise_rate|prune_by_class|both|confident_learning|"
                                   "predicted_neq_given|low_normalized_margin|low_self_confidence";
static const char *const rules[] = {"label noise rate",     "label noise of class",
                                    "label noise (both)",   "label off the confident joint",
                                    "label not predicted",  "label margin",
                                    "label self-confidence"};

struct config {
    const char *label;
    struct text_list probabilities, classes;
    int filter, quality, action;
};

static const struct setting settings[] = {
    {.name = "label",
     .kind = SETTING_TEXT,
     .offset = offsetof(struct config, label),
     .fallback = "label",
     .help = "column with the given label"},
    {.name = "probabilities",
     .kind = SETTING_TEXTS,
     .offset = offsetof(struct config, probabilities),
     .help = "columns with the predicted probability of each class, for example p_*"},
    {.name = "classes",
     .kind = SETTING_TEXTS,
     .offset = offsetof(struct config, classes),
     .help = "the label each of these columns stands for, in the order of the columns"},
    {.name = "filter",
     .kind = SETTING_CHOICE,
     .offset = offsetof(struct config, filter),
     .fallback = "prune_by_noise_rate",
     .choices = filter_words,
     .help = "how the issues are chosen, as cleanlab defines it"},
    {.name = "quality",
     .kind = SETTING_CHOICE,
     .offset = offsetof(struct config, quality),
     .fallback = "self_confidence",
     .choices = "self_confidence|normalized_margin",
     .help = "the score in label_quality"},
    {.name = "action",
     .kind = SETTING_CHOICE,
     .offset = offsetof(struct config, action),
     .fallback = "flag",
     .choices = "flag|drop|relabel",
     .help = "add label_issue, label_quality and label_suggestion, drop the row, or give it the "
             "most probable label"},
    {0}};

struct state {
    const struct config *config;
    const struct schema *schema;
    size_t label;
    size_t *columns;       /* probabilities, one a class */
    const char **names;    /* of the classes */
    struct counts by_name; /* place = class */
    struct learned learned;
    double *sums;
    struct spill *examples;
    size_t memory;
};

/* What one window adds: examples side by side, and the sums of their self-confidence. */
struct tally {
    struct bytes examples;
    double *sums;
    int64_t *counts;
};

/* ---- opening ---- */

static bool is_label(const struct field *field)
{
    return field->type.id == TYPE_UTF8 || type_is_integer(field->type.id) ||
           (field->type.id == TYPE_BOOL && !field->dictionary);
}

/* "p_cat" with the pattern "p_*" is "cat". */
static const char *class_name(const struct text_list *patterns, const char *column)
{
    for (size_t i = 0; i < patterns->count; i++) {
        const char *star = strchr(patterns->items[i], '*');
        size_t before = star == NULL ? 0 : (size_t)(star - patterns->items[i]);
        if (star != NULL && star[1] == '\0' && strncmp(column, patterns->items[i], before) == 0)
            return column + before;
    }
    return column;
}

static enum status name_classes(struct state *state, const struct module_setup *setup, size_t count,
                                struct err *err)
{
    const struct config *config = state->config;
    if (config->classes.count > 0 && config->classes.count != count)
        return fail_at(setup->node, err, "%zu classes for %zu columns of probabilities",
                       config->classes.count, count);
    state->names = arena_get(setup->arena, count, sizeof *state->names);
    if (state->names == NULL) return fail_memory(err, count * sizeof *state->names);
    for (size_t k = 0; k < count; k++) {
        state->names[k] =
            config->classes.count > 0
                ? config->classes.items[k]
                : class_name(&config->probabilities, setup->schema->fields[state->columns[k]].name);
        struct str name = str_of(state->names[k]);
        if (counts_of(&state->by_name, name.data, name.size) > 0)
            return fail_at(setup->node, err, "class \"%s\" is there twice", state->names[k]);
        TRY(counts_add(&state->by_name, name.data, name.size, count_hash(name.data, name.size), 1,
                       err));
    }
    return STATUS_OK;
}

static enum status open_columns(struct state *state, const struct module_setup *setup,
                                struct err *err)
{
    const struct config *config = state->config;
    struct text_list label = {(const char **)(uintptr_t)&config->label, 1};
    size_t *found, count;
    TRY(module_columns(setup, &label, is_label, &found, &count, err));
    if (count != 1)
        return fail_at(setup->node, err, "%zu columns \"%s\", expected one", count, config->label);
    state->label = found[0];
    if (config->probabilities.count == 0) {
        fail_at(setup->node, err, "the columns of predicted probabilities are not named");
        err_hint(err, "add probabilities=..., for example probabilities=p_*");
        return STATUS_USAGE;
    }
    TRY(module_columns(setup, &config->probabilities, field_is_number, &state->columns, &count,
                       err));
    if (count < 2)
        return fail_at(setup->node, err, "%zu columns of probabilities, at least two are needed",
                       count);
    TRY(name_classes(state, setup, count, err));
    return learned_open(&state->learned, count, err);
}

static enum status add_columns(const struct module_setup *setup, struct schema **ret,
                               struct err *err)
{
    static const char *const names[] = {"label_issue", "label_quality", "label_suggestion"};
    for (size_t i = 0; i < 3; i++)
        if (schema_find(setup->schema, str_of(names[i])) >= 0)
            return fail_at(setup->node, err, "there is already a column \"%s\"", names[i]);
    OWNED(schema_unref) struct schema *schema = NULL;
    struct field suggestion = field_dictionary(names[2]);
    TRY(schema_copy(&schema, setup->schema, err));
    TRY(schema_add_column(schema, names[0], TYPE_BOOL, err));
    TRY(schema_add_column(schema, names[1], TYPE_FLOAT64, err));
    TRY(schema_add(schema, &suggestion, err));
    *ret = schema;
    schema = NULL;
    return STATUS_OK;
}

static enum status open(void **ret, const struct module_setup *setup, struct schema **ret_schema,
                        struct err *err)
{
    struct state *state;
    TRY(NEW(&state, 1, err));
    *ret = state;
    state->config = setup->config;
    state->schema = setup->schema;
    state->memory = setup->memory;
    TRY(open_columns(state, setup, err));
    TRY(NEW(&state->sums, state->learned.classes, err));
    TRY(spill_open(&state->examples, setup->memory / 2, err));
    if (state->config->action != ACTION_FLAG) return STATUS_OK;
    return add_columns(setup, ret_schema, err);
}

static void close_state(void **ret)
{
    struct state *state = *ret;
    if (state == NULL) return;
    learned_release(&state->learned);
    counts_release(&state->by_name);
    spill_close(&state->examples);
    memory_free(state->sums);
    memory_free(state);
    *ret = NULL;
}

/* ---- examples ---- */

/* The columns of one window as doubles, class by class. */
static enum status read_probabilities(const struct state *state, const struct batch *batch,
                                      double **ret, struct err *err)
{
    size_t rows = (size_t)batch->rows;
    TRY(NEW(ret, state->learned.classes * rows, err));
    for (size_t k = 0; k < state->learned.classes; k++) {
        size_t at = state->columns[k];
        numbers_read(&state->schema->fields[at], batch->columns[at], *ret + k * rows);
    }
    return STATUS_OK;
}

static bool read_label(const struct state *state, const struct batch *batch, int64_t row,
                       int64_t *ret)
{
    const struct field *field = &state->schema->fields[state->label];
    const struct array *array = batch->columns[state->label];
    char number[64];
    struct str text;
    if (array_is_null(array, row)) return false;
    if (!array_text_at(field, array, row, &text))
        text = str_of(array_value_text(field, array, row, number, sizeof number));
    size_t place = counts_place(&state->by_name, text.data, text.size);
    *ret = (int64_t)place;
    return place != SIZE_MAX;
}

/* Fills `example`; false when the row takes no part. */
static bool read_example(const struct state *state, const struct window *window,
                         const double *probabilities, int64_t row, struct example *example)
{
    double sum = 0;
    example->row = window->first_row + row;
    if (!read_label(state, window->batch, row, &example->label)) return false;
    for (size_t k = 0; k < state->learned.classes; k++) {
        double p = probabilities[k * (size_t)window->batch->rows + (size_t)row];
        if (!(p >= 0) || isinf(p)) return false;
        example->probabilities[k] = p;
        sum += p;
    }
    if (sum <= 0) return false;
    for (size_t k = 0; k < state->learned.classes; k++)
        example->probabilities[k] /= sum;
    return true;
}

static enum status example_new(const struct state *state, struct example **ret, struct err *err)
{
    size_t size = example_bytes(state->learned.classes);
    *ret = memory_get(1, size);
    return *ret == NULL ? fail_memory(err, size) : STATUS_OK;
}

/* ---- fit ---- */

static enum status observe(const void *opaque, int pass, const struct window *window,
                           void *opaque_tally, struct err *err)
{
    (void)pass;
    const struct state *state = opaque;
    struct tally *tally = opaque_tally;
    size_t classes = state->learned.classes;
    OWNED(memory_release) double *probabilities = NULL;
    OWNED(memory_release) struct example *example = NULL;
    TRY(read_probabilities(state, window->batch, &probabilities, err));
    TRY(example_new(state, &example, err));
    TRY(NEW(&tally->sums, classes, err));
    TRY(NEW(&tally->counts, classes, err));
    tally->examples = bytes_limited((size_t)window->batch->rows * example_bytes(classes));
    for (int64_t row = 0; row < window->batch->rows; row++) {
        if (!read_example(state, window, probabilities, row, example)) continue;
        tally->sums[example->label] += self_confidence(example);
        tally->counts[example->label]++;
        TRY(bytes_append(&tally->examples, example, example_bytes(classes), err));
    }
    return STATUS_OK;
}

static void discard(void *opaque)
{
    struct tally *tally = opaque;
    bytes_release(&tally->examples);
    memory_free(tally->sums);
    memory_free(tally->counts);
    *tally = (struct tally){0};
}

static enum status absorb(void *opaque, int pass, void *opaque_tally, struct err *err)
{
    (void)pass;
    struct state *state = opaque;
    struct tally *tally = opaque_tally;
    for (size_t k = 0; k < state->learned.classes; k++) {
        state->sums[k] += tally->sums[k];
        state->learned.counts[k] += tally->counts[k];
    }
    enum status status =
        spill_add(state->examples, tally->examples.data, tally->examples.size, err);
    discard(tally);
    return status;
}

static enum status settle(void *opaque, int pass, bool *ret_more, struct err *err)
{
    (void)pass;
    struct state *state = opaque;
    const void *examples;
    *ret_more = false;
    TRY(spill_freeze(state->examples, &examples, err));
    size_t count = (size_t)(spill_size(state->examples) / example_bytes(state->learned.classes));
    TRY(learn(&state->learned, (enum label_filter)state->config->filter, examples, count,
              state->sums, state->memory / 4, err));
    spill_close(&state->examples);
    return STATUS_OK;
}

/* ---- apply ---- */

/* Working space for one window. */
struct work {
    double *probabilities;
    struct example *example;
    struct builder *quality, *issue, *label; /* label: the suggestion, or the new label */
};

static void work_release(struct work *work)
{
    memory_free(work->probabilities);
    memory_free(work->example);
    builder_close(&work->quality);
    builder_close(&work->issue);
    builder_close(&work->label);
}

static enum status open_builders(const struct state *state, int64_t rows, struct work *work,
                                 struct err *err)
{
    if (state->config->action == ACTION_RELABEL)
        return builder_open(&work->label, &state->schema->fields[state->label], rows, err);
    if (state->config->action == ACTION_DROP) return STATUS_OK;
    struct field issue = field_of("label_issue", TYPE_BOOL);
    struct field quality = field_of("label_quality", TYPE_FLOAT64);
    struct field suggestion = field_dictionary("label_suggestion");
    TRY(builder_open(&work->issue, &issue, rows, err));
    TRY(builder_open(&work->quality, &quality, rows, err));
    return builder_open(&work->label, &suggestion, rows, err);
}

static enum status flag_row(const struct state *state, bool part, bool issue, struct work *work,
                            struct err *err)
{
    if (!part) {
        TRY(build_null(work->issue, err));
        TRY(build_null(work->quality, err));
        return build_null(work->label, err);
    }
    double quality = state->config->quality == 0
                         ? self_confidence(work->example)
                         : normalized_margin(work->example, state->learned.classes);
    size_t best = most_probable(work->example->probabilities, state->learned.classes);
    TRY(build_bool(work->issue, issue, err));
    TRY(build_real(work->quality, quality, err));
    return build_text(work->label, str_of(state->names[best]), err);
}

static enum status relabel_row(const struct state *state, const struct array *labels, int64_t row,
                               bool issue, struct work *work, struct err *err)
{
    const struct field *field = &state->schema->fields[state->label];
    if (!issue) return build_copy(work->label, labels, row, err);
    const char *name =
        state->names[most_probable(work->example->probabilities, state->learned.classes)];
    if (field->type.id == TYPE_UTF8) return build_text(work->label, str_of(name), err);
    if (field->type.id == TYPE_BOOL)
        return build_bool(work->label, str_is(str_of("true"), name), err);
    return build_int(work->label, strtoll(name, NULL, 10), err);
}

static enum status drop_row(const struct state *state, const struct batch *batch, int64_t row,
                            struct change *change, struct err *err)
{
    const struct field *field = &state->schema->fields[state->label];
    char value[128];
    array_value_text(field, batch->columns[state->label], row, value, sizeof value);
    return change_drop(change, row, rules[state->config->filter], field->name, str_of(value), NULL,
                       err);
}

static enum status finish(const struct state *state, struct work *work, int64_t changed,
                          struct change *change, struct err *err)
{
    struct array *column;
    size_t first = state->schema->count;
    if (state->config->action == ACTION_DROP) return STATUS_OK;
    TRY(builder_finish(work->label, &column, err));
    if (state->config->action == ACTION_RELABEL) {
        change_column(change, state->label, &column);
        change_cells(change, state->label, changed);
        change_rule(change, state->label, rules[state->config->filter]);
        return STATUS_OK;
    }
    change_column(change, first + 2, &column);
    TRY(builder_finish(work->issue, &column, err));
    change_column(change, first, &column);
    TRY(builder_finish(work->quality, &column, err));
    change_column(change, first + 1, &column);
    return STATUS_OK;
}

static enum status apply(const void *opaque, const struct window *window, struct change *change,
                         struct err *err)
{
    const struct state *state = opaque;
    const struct batch *batch = window->batch;
    OWNED(work_release) struct work work = {0};
    int64_t issues = 0;
    TRY(read_probabilities(state, batch, &work.probabilities, err));
    TRY(example_new(state, &work.example, err));
    TRY(open_builders(state, batch->rows, &work, err));
    for (int64_t row = 0; row < batch->rows; row++) {
        bool part = read_example(state, window, work.probabilities, row, work.example);
        bool issue = part && label_is_issue(&state->learned,
                                            (enum label_filter)state->config->filter, work.example);
        issues += issue;
        switch ((enum action)state->config->action) {
        case ACTION_FLAG: TRY(flag_row(state, part, issue, &work, err)); break;
        case ACTION_DROP:
            if (issue) TRY(drop_row(state, batch, row, change, err));
            break;
        case ACTION_RELABEL:
            TRY(relabel_row(state, batch->columns[state->label], row, issue, &work, err));
            break;
        }
    }
    return finish(state, &work, issues, change, err);
}

/* ---- state ---- */

/* Cuts lose their row numbers: on new rows a value equal to the last one taken is taken. */
static enum status save_cuts(struct bytes *json, const char *name, const struct cut *cuts,
                             size_t count, struct err *err)
{
    OWNED(memory_release) double *values = NULL;
    TRY(NEW(&values, count, err));
    for (size_t i = 0; i < count; i++)
        values[i] = cuts[i].value;
    TRY(bytes_append_text(json, ", ", err));
    return put_reals(json, name, values, count, err);
}

static enum status save(const void *opaque, struct bytes *json, struct err *err)
{
    const struct state *state = opaque;
    const struct learned *learned = &state->learned;
    size_t classes = learned->classes;
    TRY(bytes_append_text(json, "{\"classes\": [", err));
    for (size_t k = 0; k < classes; k++) {
        if (k > 0) TRY(bytes_append_text(json, ", ", err));
        TRY(bytes_append_json(json, str_of(state->names[k]), err));
    }
    TRY(bytes_append_text(json, "], \"joint\": [", err));
    for (size_t i = 0; i < classes * classes; i++)
        TRY(bytes_format(json, err, "%s%lld", i > 0 ? ", " : "", (long long)learned->joint[i]));
    TRY(bytes_append_text(json, "], ", err));
    TRY(put_reals(json, "thresholds", learned->thresholds, classes, err));
    TRY(save_cuts(json, "margins", learned->margins, classes * classes, err));
    TRY(save_cuts(json, "selves", learned->selves, classes, err));
    TRY(save_cuts(json, "score", &learned->score, 1, err));
    return bytes_append_text(json, "}", err);
}

static enum status load_cuts(const struct yaml_node *map, const char *name, struct cut *ret,
                             size_t count, struct err *err)
{
    OWNED(memory_release) double *values = NULL;
    TRY(NEW(&values, count, err));
    TRY(get_reals(map, name, values, count, err));
    for (size_t i = 0; i < count; i++)
        ret[i] = (struct cut){values[i], INT64_MAX};
    return STATUS_OK;
}

static enum status load(void *opaque, const struct yaml_node *parameters, struct err *err)
{
    struct state *state = opaque;
    struct learned *learned = &state->learned;
    size_t classes = learned->classes;
    const struct yaml_node *names = yaml_get(parameters, "classes");
    if (names == NULL || names->kind != YAML_LIST || names->count != classes)
        return fail_at(parameters, err, "the saved state has other classes");
    for (size_t k = 0; k < classes; k++)
        if (!str_is(names->items[k]->text, state->names[k]))
            return fail_at(names->items[k], err, "class %zu is \"%s\" here and another one there",
                           k + 1, state->names[k]);
    TRY(get_reals(parameters, "thresholds", learned->thresholds, classes, err));
    TRY(load_cuts(parameters, "margins", learned->margins, classes * classes, err));
    TRY(load_cuts(parameters, "selves", learned->selves, classes, err));
    return load_cuts(parameters, "score", &learned->score, 1, err);
}

static enum status column_lineage(const void *opaque, struct column_lineage *lineage,
                                  struct err *err)
{
    const struct state *state = opaque;
    static const char *const added[] = {"label_issue", "label_quality", "label_suggestion"};
    bool relabel = state->config->action == ACTION_RELABEL;
    const char *label = state->schema->fields[state->label].name;
    if (state->config->action == ACTION_DROP) return STATUS_OK;
    if (relabel) TRY(column_from(lineage, label, label, "DIRECT", "TRANSFORMATION", false, err));
    for (size_t i = 0; i < (relabel ? 1u : 3u); i++) {
        const char *to = relabel ? label : added[i];
        if (!relabel) TRY(column_from(lineage, to, label, "DIRECT", "TRANSFORMATION", false, err));
        for (size_t k = 0; k < state->learned.classes; k++)
            TRY(column_from(lineage, to, state->schema->fields[state->columns[k]].name, "INDIRECT",
                            "CONDITIONAL", false, err));
    }
    return STATUS_OK;
}

const struct clean_module module_labels = {
    .name = "labels",
    .summary = "find labels that are probably wrong",
    .source = "Northcutt, Jiang and Chuang 2021 (confident learning), as in cleanlab 2",
    .settings = settings,
    .config_bytes = sizeof(struct config),
    .open = open,
    .passes = 1,
    .removes_rows = true,
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
