/* clean/module_labels.c: labels that are probably wrong.
 *
 * Probabilities of each class that come with the data (`probabilities`, one column a class, each
 * row of them divided by its sum; which class a column stands for is told by its name, with `p*` or
 * `p_*` what the star matched, or by `classes`), or those of detectors of our own, learned from
 * numeric `columns` or from `pictures`. Confident learning (clean/labels_learn.h) chooses labels by
 * them. A row without a label, with a label of no class, or without probabilities takes no part:
 * its added columns are null. */
#include "clean/labels_step.h"
#include "clean/numbers.h"

#include <stdio.h>

static const char filter_words[] = "prune_by_noise_rate|prune_by_class|both|confident_learning|"
                                   "predicted_neq_given|low_normalized_margin|low_self_confidence";

#define CONFIG(member) offsetof(struct labels_config, member)
static const struct setting settings[] = {
    {"label", SETTING_TEXT, CONFIG(label), "label", .help = "column with the given label"},
    {"probabilities", SETTING_TEXTS, CONFIG(probabilities),
     .help = "columns with the predicted probability of each class, for example p_*"},
    {"classes", SETTING_TEXTS, CONFIG(classes),
     .help = "the label each of these columns stands for, in the order of the columns"},
    {"columns", SETTING_TEXTS, CONFIG(columns),
     .help = "without probabilities: numeric columns to learn them from"},
    {"pictures", SETTING_TEXT, CONFIG(pictures),
     .help = "without probabilities: the binary column with PNG or JPEG pictures to learn them "
             "from"},
    {"detectors", SETTING_TEXTS, CONFIG(detectors),
     .help = "what learns: softmax (regression on the columns), knn (nearest rows), hog (softmax "
             "on gradients and colors of pictures), patches (softmax on learned patches); all "
             "that fit the columns, knn not for pictures, when absent"},
    {"combine", SETTING_CHOICE, CONFIG(combine), "mean", "mean|rank",
     .help = "several detectors are one by the mean of their probabilities; rank: their scores of "
             "a label by the mean of their ranks"},
    {"folds", SETTING_INT, CONFIG(folds), "5", .minimum = 2, .maximum = 50,
     .help = "parts of the rows, each judged by what was learned from the others"},
    {"penalty", SETTING_REAL, CONFIG(penalty), "0", .minimum = 0, .maximum = 1e6,
     .help = "on squared weights of softmax; 0: the one that predicts unseen rows best"},
    {"neighbors", SETTING_INT, CONFIG(neighbors), "0", .minimum = 0, .maximum = 80,
     .help = "of knn; 0: the number that predicts best"},
    {"sample", SETTING_INT, CONFIG(sample), "50000", .minimum = 100, .maximum = 1e7,
     .help = "the most rows detectors learn from; others are judged like new ones"},
    {"side", SETTING_INT, CONFIG(side), "32", .minimum = 16, .maximum = 96,
     .help = "pixels by side that pictures are shrunk to, a multiple of 8"},
    {"filter", SETTING_CHOICE, CONFIG(filter), "prune_by_noise_rate", filter_words,
     .help = "how the issues are chosen, as cleanlab defines it"},
    {"quality", SETTING_CHOICE, CONFIG(quality), "self_confidence",
     "self_confidence|normalized_margin", .help = "the score in label_quality"},
    {"action", SETTING_CHOICE, CONFIG(action), "flag", "flag|drop|relabel",
     .help = "add label_issue, label_quality and label_suggestion, drop the row, or give it the "
             "most probable label"},
    {"relabel_above", SETTING_REAL, CONFIG(relabel_above), "0", .minimum = 0, .maximum = 1,
     .help = "relabel only where the most probable label has this probability, else drop the row"},
    {"balance", SETTING_CHOICE, CONFIG(balance), "none", "none|weights|undersample|oversample",
     .help = "weights: add label_weight, which makes classes weigh the same; undersample: keep as "
             "many rows of each class as the smallest has; oversample: add label_copies, how often "
             "to take each row so that classes are as large as the largest"},
    {0}};

/* ---- labels ---- */

static bool is_label(const struct field *field)
{
    return field->type.id == TYPE_UTF8 || type_is_integer(field->type.id) ||
           (field->type.id == TYPE_BOOL && !field->dictionary);
}

struct str labels_text(const struct labels_state *state, const struct batch *batch, int64_t row,
                       char *room, size_t size)
{
    struct str text;
    const struct field *field = &state->schema->fields[state->label];
    if (array_text_at(field, batch->columns[state->label], row, &text)) return text;
    return str_of(array_value_text(field, batch->columns[state->label], row, room, size));
}

bool labels_class_of(const struct labels_state *state, const struct batch *batch, int64_t row,
                     int64_t *ret)
{
    char room[64];
    if (array_is_null(batch->columns[state->label], row)) return false;
    struct str text = labels_text(state, batch, row, room, sizeof room);
    size_t place = counts_place(&state->by_name, text.data, text.size);
    *ret = (int64_t)place;
    return place != SIZE_MAX;
}

enum status labels_name_classes(struct labels_state *state, const char **names, size_t count,
                                struct err *err)
{
    state->names = names;
    for (size_t k = 0; k < count; k++) {
        struct str name = str_of(names[k]);
        TRY(counts_add(&state->by_name, name.data, name.size, count_hash(name.data, name.size), 1,
                       err));
    }
    TRY(learned_open(&state->learned, count, err));
    TRY(balance_open(&state->balance, count, err));
    return NEW(&state->sums, count + 1, err);
}

/* ---- opening: given probabilities ---- */

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

static enum status name_columns(struct labels_state *state, const struct module_setup *setup,
                                size_t count, struct err *err)
{
    const struct labels_config *config = state->config;
    const char **names = arena_get(setup->arena, count, sizeof *names);
    if (names == NULL) return fail_memory(err, count * sizeof *names);
    for (size_t k = 0; k < count; k++) {
        const char *column = setup->schema->fields[state->columns[k]].name;
        names[k] = config->classes.count > 0 ? config->classes.items[k]
                                             : class_name(&config->probabilities, column);
        for (size_t other = 0; other < k; other++)
            if (strcmp(names[k], names[other]) == 0)
                return fail_at(setup->node, err, "class \"%s\" is there twice", names[k]);
    }
    return labels_name_classes(state, names, count, err);
}

static enum status open_given(struct labels_state *state, const struct module_setup *setup,
                              struct err *err)
{
    size_t count;
    const struct labels_config *config = state->config;
    if (config->columns.count > 0 || config->pictures != NULL)
        return fail_at(setup->node, err,
                       "probabilities are given, and columns or pictures to learn them from");
    TRY(module_columns(setup, &config->probabilities, field_is_number, &state->columns, &count,
                       err));
    if (count < 2)
        return fail_at(setup->node, err, "%zu columns of probabilities, at least two are needed",
                       count);
    if (config->classes.count > 0 && config->classes.count != count)
        return fail_at(setup->node, err, "%zu classes for %zu columns of probabilities",
                       config->classes.count, count);
    return name_columns(state, setup, count, err);
}

/* ---- opening: built-in detectors ---- */

static enum status choose_detectors(const struct labels_state *state,
                                    const struct module_setup *setup, struct detect_plan *plan,
                                    struct err *err)
{
    const struct text_list *list = &state->config->detectors;
    bool columns = state->layout.columns > 0, pictures = state->layout.side > 0;
    const bool fits[DETECTORS] = {columns, columns || pictures, pictures, pictures};
    for (size_t i = 0; i < list->count; i++) {
        int at = choice_index("softmax|knn|hog|patches", str_of(list->items[i]));
        if (at < 0)
            return fail_at(setup->node, err,
                           "detector \"%s\", expected softmax, knn, hog or patches",
                           list->items[i]);
        if (!fits[at])
            return fail_at(setup->node, err, "detector %s needs %s", detector_names[at],
                           at == DETECT_SOFTMAX || at == DETECT_KNN ? "columns" : "pictures");
        plan->chosen[at] = true;
    }
    for (size_t d = 0; list->count == 0 && d < DETECTORS; d++)
        plan->chosen[d] = fits[d] && (d != DETECT_KNN || columns);
    return STATUS_OK;
}

static enum status open_pictures(struct labels_state *state, const struct module_setup *setup,
                                 struct err *err)
{
    size_t *found, count;
    struct text_list list = {(const char **)(uintptr_t)&state->config->pictures, 1};
    TRY(module_columns(setup, &list, NULL, &found, &count, err));
    state->picture = found[0];
    const struct field *field = &setup->schema->fields[found[0]];
    if (count != 1 || field->type.id != TYPE_BINARY || field->dictionary) {
        char type[64];
        return fail_at(setup->node, err, "column \"%s\" is %s, expected binary with pictures",
                       field->name, field_type_text(field, type, sizeof type));
    }
    if (state->config->side % 8 != 0)
        return fail_at(setup->node, err, "side %lld is not a multiple of 8",
                       (long long)state->config->side);
    state->layout.side = (uint32_t)state->config->side;
    state->tensor = (struct picture_tensor){
        .width = state->layout.side,
        .height = state->layout.side,
        .fit = TENSOR_STRETCH,
        .layout = TENSOR_HWC,
        .dtype = TENSOR_UINT8,
        .limits = picture_limits_default,
    };
    return STATUS_OK;
}

static enum status open_built_in(struct labels_state *state, const struct module_setup *setup,
                                 struct err *err)
{
    const struct labels_config *config = state->config;
    if (config->classes.count > 0)
        return fail_at(setup->node, err, "classes are named, but no columns of probabilities");
    if (config->columns.count == 0 && config->pictures == NULL) {
        fail_at(setup->node, err, "there is nothing to judge labels by");
        err_hint(err, "add probabilities=p_* where predictions are known, or columns=x* or "
                      "pictures=image to learn from");
        return STATUS_USAGE;
    }
    if (config->columns.count > 0)
        TRY(module_columns(setup, &config->columns, field_is_number, &state->numbers,
                           &state->layout.columns, err));
    for (size_t j = 0; j < state->layout.columns; j++)
        if (state->numbers[j] == state->label)
            return fail_at(setup->node, err, "the label is also among the columns to learn from");
    if (config->pictures != NULL) TRY(open_pictures(state, setup, err));
    struct detect_plan plan = {
        .layout = state->layout,
        .folds = (size_t)config->folds,
        .neighbors = (size_t)config->neighbors,
        .penalty = config->penalty,
        .ranks = config->combine == 1,
        .threads = setup->threads,
        .memory = setup->memory,
    };
    TRY(choose_detectors(state, setup, &plan, err));
    state->sample = (struct hash_sample){.most = (size_t)config->sample, .below = UINT64_MAX};
    TRY(spill_open(&state->kept, setup->memory / 4, err));
    return detection_open(&state->detection, &plan, err);
}

/* ---- life ---- */

static enum status add_columns(const struct labels_config *config, const struct module_setup *setup,
                               struct schema **ret, struct err *err)
{
    const char *const *names = labels_added(config);
    OWNED(schema_unref) struct schema *schema = NULL;
    if (names[0] == NULL) return STATUS_OK;
    TRY(schema_copy(&schema, setup->schema, err));
    for (size_t i = 0; names[i] != NULL; i++) {
        if (schema_find(setup->schema, str_of(names[i])) >= 0)
            return fail_at(setup->node, err, "there is already a column \"%s\"", names[i]);
        struct field field = field_of(names[i], TYPE_FLOAT64);
        if (strcmp(names[i], "label_issue") == 0) field = field_of(names[i], TYPE_BOOL);
        if (strcmp(names[i], "label_copies") == 0) field = field_of(names[i], TYPE_INT64);
        if (strcmp(names[i], "label_suggestion") == 0) field = field_dictionary(names[i]);
        TRY(schema_add(schema, &field, err));
    }
    *ret = schema;
    schema = NULL;
    return STATUS_OK;
}

static enum status open_label(struct labels_state *state, const struct module_setup *setup,
                              struct err *err)
{
    size_t *found, count;
    struct text_list label = {(const char **)(uintptr_t)&state->config->label, 1};
    TRY(module_columns(setup, &label, is_label, &found, &count, err));
    if (count != 1)
        return fail_at(setup->node, err, "%zu columns \"%s\", expected one", count,
                       state->config->label);
    state->label = found[0];
    return STATUS_OK;
}

static enum status open(void **ret, const struct module_setup *setup, struct schema **ret_schema,
                        struct err *err)
{
    struct labels_state *state;
    TRY(NEW(&state, 1, err));
    *ret = state;
    state->config = setup->config;
    state->schema = setup->schema;
    state->arena = setup->arena;
    state->seed = setup->seed;
    state->memory = setup->memory;
    TRY(open_label(state, setup, err));
    if (labels_built_in(state))
        TRY(open_built_in(state, setup, err));
    else
        TRY(open_given(state, setup, err));
    TRY(spill_open(&state->examples, setup->memory / 4, err));
    return add_columns(state->config, setup, ret_schema, err);
}

static void close_state(void **ret)
{
    struct labels_state *state = *ret;
    if (state == NULL) return;
    learned_release(&state->learned);
    balance_release(&state->balance);
    counts_release(&state->by_name);
    counts_release(&state->found);
    detection_close(&state->detection);
    spill_close(&state->examples);
    spill_close(&state->kept);
    memory_free(state->sample.hashes);
    memory_free(state->sums);
    memory_free(state);
    *ret = NULL;
}

/* ---- fit ---- */

static enum status observe(const void *opaque, int pass, const struct window *window, void *tally,
                           struct err *err)
{
    const struct labels_state *state = opaque;
    return labels_built_in(state) ? built_in_observe(state, pass, window, tally, err)
                                  : given_observe(state, window, tally, err);
}

static void discard(void *opaque)
{
    struct labels_tally *tally = opaque;
    bytes_release(&tally->examples);
    counts_release(&tally->labels);
    spill_close(&tally->kept);
    memory_free(tally->sums);
    memory_free(tally->counts);
    memory_free(tally->hashes);
    *tally = (struct labels_tally){0};
}

static enum status absorb(void *opaque, int pass, void *tally, struct err *err)
{
    struct labels_state *state = opaque;
    enum status status = labels_built_in(state) ? built_in_absorb(state, pass, tally, err)
                                                : given_absorb(state, tally, err);
    discard(tally);
    return status;
}

/* Counts the labels that will leave. */
static enum status settle_balance(struct labels_state *state, const uint8_t *examples, size_t count,
                                  struct err *err)
{
    size_t size = example_bytes(state->learned.classes), staying = 0;
    OWNED(scratch_release) struct scratch items = {0};
    TRY(scratch_open(&items, (count + 1) * sizeof(struct balanced), state->memory / 4, err));
    struct balanced *item = items.data;
    for (size_t i = 0; i < count; i++) {
        const struct example *example = (const struct example *)(const void *)(examples + i * size);
        bool issue =
            label_is_issue(&state->learned, (enum label_filter)state->config->filter, example);
        int64_t class = labels_outcome(state, example, issue);
        if (class >= 0) item[staying++] = (struct balanced){balance_hash(example->hash), class};
    }
    balance_settle(&state->balance, (enum balance_way)state->config->balance, item, staying);
    return STATUS_OK;
}

static enum status settle(void *opaque, int pass, bool *ret_more, struct err *err)
{
    struct labels_state *state = opaque;
    const void *examples;
    *ret_more = labels_built_in(state) && pass == 0;
    if (labels_built_in(state)) TRY(built_in_settle(state, pass, err));
    if (*ret_more) return STATUS_OK;
    size_t size = example_bytes(state->learned.classes);
    size_t count = (size_t)(spill_size(state->examples) / size);
    TRY(spill_freeze(state->examples, &examples, err));
    TRY(learn(&state->learned, (enum label_filter)state->config->filter, examples, count,
              state->sums, state->memory / 4, err));
    TRY(settle_balance(state, examples, count, err));
    if (labels_built_in(state)) {
        state->judged = examples;
        state->judged_count = count;
    } else {
        spill_close(&state->examples);
    }
    return STATUS_OK;
}

/* ---- glue ---- */

static enum status apply(const void *state, const struct window *window, struct change *change,
                         struct err *err)
{
    return labels_apply(state, window, change, err);
}

static bool may_remove(const void *opaque)
{
    const struct labels_config *config = ((const struct labels_state *)opaque)->config;
    return config->action == ACTION_DROP || config->balance == BALANCE_UNDERSAMPLE ||
           (config->action == ACTION_RELABEL && config->relabel_above > 0);
}

static enum status save(const void *state, struct bytes *json, struct err *err)
{
    return labels_save(state, json, err);
}

static enum status load(void *state, const struct yaml_node *parameters, struct err *err)
{
    return labels_load(state, parameters, err);
}

/* Every column that labels are judged by has a part in `to`; NULL: in which rows are left. */
static enum status judged_by(const struct labels_state *state, struct column_lineage *lineage,
                             const char *to, struct err *err)
{
    const size_t *lists[] = {state->columns, state->numbers, &state->picture};
    size_t counts[] = {labels_built_in(state) ? 0 : state->learned.classes, state->layout.columns,
                       state->layout.side > 0};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        if (counts[i] > 0)
            TRY(columns_decide(lineage, to, state->schema, lists[i], counts[i],
                               to == NULL ? "FILTER" : "CONDITIONAL", err));
    }
    return STATUS_OK;
}

static enum status column_lineage(const void *opaque, struct column_lineage *lineage,
                                  struct err *err)
{
    const struct labels_state *state = opaque;
    const char *const *added = labels_added(state->config);
    const char *label = state->schema->fields[state->label].name;
    if (may_remove(state)) {
        TRY(column_filters(lineage, label, "FILTER", err));
        TRY(judged_by(state, lineage, NULL, err));
    }
    for (size_t i = 0; added[i] != NULL; i++) {
        TRY(column_from(lineage, added[i], label, "DIRECT", "TRANSFORMATION", false, err));
        TRY(judged_by(state, lineage, added[i], err));
    }
    if (state->config->action != ACTION_RELABEL) return STATUS_OK;
    TRY(column_from(lineage, label, label, "DIRECT", "TRANSFORMATION", false, err));
    return judged_by(state, lineage, label, err);
}

const struct clean_module module_labels = {
    .name = "labels",
    .summary = "find labels that are probably wrong",
    .source = "Northcutt, Jiang and Chuang 2021 (confident learning), as in cleanlab 2",
    .settings = settings,
    .config_bytes = sizeof(struct labels_config),
    .open = open,
    .passes = 1,
    .removes_rows = true,
    .may_remove = may_remove,
    .tally_bytes = sizeof(struct labels_tally),
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
