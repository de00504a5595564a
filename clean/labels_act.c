/* clean/labels_act.c: rows are told about, dropped, given another label, or weighed. */
#include "clean/labels_step.h"

#include <stdlib.h>

static const char *const rules[] = {"label noise rate",     "label noise of class",
                                    "label noise (both)",   "label off the confident joint",
                                    "label not predicted",  "label margin",
                                    "label self-confidence"};
static const char frequent[] = "label more frequent than others";

const char *const *labels_added(const struct labels_config *config)
{
    static const char *const all[] = {"label_issue", "label_quality", "label_suggestion",
                                      "label_weight", NULL};
    static const char *const copies[] = {"label_issue", "label_quality", "label_suggestion",
                                         "label_copies", NULL};
    static const char *const flags[] = {"label_issue", "label_quality", "label_suggestion", NULL};
    const char *const *names = config->balance == BALANCE_WEIGHTS      ? all
                               : config->balance == BALANCE_OVERSAMPLE ? copies
                                                                       : flags;
    return config->action == ACTION_FLAG ? names : names + 3;
}

int64_t labels_outcome(const struct labels_state *state, const struct example *example, bool issue)
{
    if (!issue || state->config->action == ACTION_FLAG) return example->label;
    if (state->config->action == ACTION_DROP) return -1;
    size_t best = most_probable(example->probabilities, state->learned.classes);
    return example->probabilities[best] >= state->config->relabel_above ? (int64_t)best : -1;
}

/* Working space for one window. */
struct work {
    double *probabilities; /* given */
    struct judge judge;    /* built in */
    struct example *example;
    struct builder *quality, *issue, *suggestion, *label;
    struct builder *weight; /* or copies */
    int64_t relabeled;
};

static void work_release(struct work *work)
{
    memory_free(work->probabilities);
    judge_release(&work->judge);
    memory_free(work->example);
    builder_close(&work->quality);
    builder_close(&work->issue);
    builder_close(&work->suggestion);
    builder_close(&work->label);
    builder_close(&work->weight);
}

static enum status open_builders(const struct labels_state *state, int64_t rows, struct work *work,
                                 struct err *err)
{
    struct field issue = field_of("label_issue", TYPE_BOOL);
    struct field quality = field_of("label_quality", TYPE_FLOAT64);
    struct field suggestion = field_dictionary("label_suggestion");
    struct field weight = field_of("label_weight", TYPE_FLOAT64);
    struct field copies = field_of("label_copies", TYPE_INT64);
    if (state->config->balance == BALANCE_WEIGHTS)
        TRY(builder_open(&work->weight, &weight, rows, err));
    if (state->config->balance == BALANCE_OVERSAMPLE)
        TRY(builder_open(&work->weight, &copies, rows, err));
    if (state->config->action == ACTION_RELABEL)
        return builder_open(&work->label, &state->schema->fields[state->label], rows, err);
    if (state->config->action == ACTION_DROP) return STATUS_OK;
    TRY(builder_open(&work->issue, &issue, rows, err));
    TRY(builder_open(&work->quality, &quality, rows, err));
    return builder_open(&work->suggestion, &suggestion, rows, err);
}

static enum status open_work(const struct labels_state *state, const struct window *window,
                             struct work *work, struct err *err)
{
    size_t size = example_bytes(state->learned.classes);
    work->example = memory_get(1, size);
    if (work->example == NULL) return fail_memory(err, size);
    if (labels_built_in(state))
        TRY(judge_open(&work->judge, state, window, err));
    else
        TRY(given_read(state, window->batch, &work->probabilities, err));
    return open_builders(state, window->batch->rows, work, err);
}

static enum status read_example(const struct labels_state *state, const struct window *window,
                                int64_t row, struct work *work, bool *ret_part, struct err *err)
{
    if (labels_built_in(state))
        return built_in_example(state, window, row, &work->judge, work->example, ret_part, err);
    *ret_part = given_example(state, window, work->probabilities, row, work->example);
    return STATUS_OK;
}

/* ---- one row ---- */

static enum status flag_row(const struct labels_state *state, bool part, bool issue,
                            struct work *work, struct err *err)
{
    if (!part) {
        TRY(build_null(work->issue, err));
        TRY(build_null(work->quality, err));
        return build_null(work->suggestion, err);
    }
    double quality = state->config->quality == 0
                         ? work->example->score
                         : normalized_margin(work->example, state->learned.classes);
    size_t best = most_probable(work->example->probabilities, state->learned.classes);
    TRY(build_bool(work->issue, issue, err));
    TRY(build_real(work->quality, quality, err));
    return build_text(work->suggestion, str_of(state->names[best]), err);
}

static enum status build_label(const struct labels_state *state, size_t class,
                               struct builder *builder, struct err *err)
{
    const struct field *field = &state->schema->fields[state->label];
    const char *name = state->names[class];
    if (field->type.id == TYPE_UTF8) return build_text(builder, str_of(name), err);
    if (field->type.id == TYPE_BOOL) return build_bool(builder, str_is(str_of("true"), name), err);
    return build_int(builder, strtoll(name, NULL, 10), err);
}

/* How sure a new label is: its probability. */
static enum status relabel_row(const struct labels_state *state, const struct window *window,
                               int64_t row, bool part, int64_t class, struct work *work,
                               struct change *change, struct err *err)
{
    if (!part || class < 0 || class == work->example->label)
        return build_copy(work->label, window->batch->columns[state->label], row, err);
    work->relabeled++;
    TRY(change_note(change, state->label, row, rules[state->config->filter],
                    work->example->probabilities[class], err));
    return build_label(state, (size_t) class, work->label, err);
}

static enum status drop_row(const struct labels_state *state, const struct window *window,
                            int64_t row, const char *rule, struct change *change, struct err *err)
{
    char value[128];
    const struct field *field = &state->schema->fields[state->label];
    array_value_text(field, window->batch->columns[state->label], row, value, sizeof value);
    return change_drop(change, row, rule, field->name, str_of(value), NULL, err);
}

static enum status weigh_row(const struct labels_state *state, const struct window *window,
                             int64_t row, bool part, int64_t class, struct work *work,
                             struct err *err)
{
    if (!part) {
        if (!labels_class_of(state, window->batch, row, &class)) class = -1;
    }
    if (class < 0 || state->balance.rows == NULL) return build_null(work->weight, err);
    double weight = state->balance.weights[class];
    if (state->config->balance == BALANCE_OVERSAMPLE && weight > 0) {
        bool more = part && balance_hash(work->example->hash) <= state->balance.bounds[class];
        return build_int(work->weight, (int64_t)weight + more, err);
    }
    return weight > 0 ? build_real(work->weight, weight, err) : build_null(work->weight, err);
}

static bool too_frequent(const struct labels_state *state, bool part, int64_t class,
                         const struct example *example)
{
    return state->config->balance == BALANCE_UNDERSAMPLE && part && class >= 0 &&
           balance_hash(example->hash) > state->balance.bounds[class];
}

static enum status act(const struct labels_state *state, const struct window *window, int64_t row,
                       struct work *work, struct change *change, struct err *err)
{
    bool part;
    TRY(read_example(state, window, row, work, &part, err));
    enum label_filter filter = (enum label_filter)state->config->filter;
    bool issue = part && label_is_issue(&state->learned, filter, work->example);
    int64_t class = part ? labels_outcome(state, work->example, issue) : -1;
    if (work->issue != NULL) TRY(flag_row(state, part, issue, work, err));
    if (work->label != NULL) TRY(relabel_row(state, window, row, part, class, work, change, err));
    if (work->weight != NULL) TRY(weigh_row(state, window, row, part, class, work, err));
    if (part && class < 0) return drop_row(state, window, row, rules[filter], change, err);
    if (too_frequent(state, part, class, work->example))
        return drop_row(state, window, row, frequent, change, err);
    return STATUS_OK;
}

/* ---- a window ---- */

static enum status finish(const struct labels_state *state, struct work *work,
                          struct change *change, struct err *err)
{
    struct array *column;
    size_t next = state->schema->count;
    if (work->label != NULL) {
        TRY(builder_finish(work->label, &column, err));
        change_column(change, state->label, &column);
        change_cells(change, state->label, work->relabeled);
        change_rule(change, state->label, rules[state->config->filter]);
    }
    struct builder *added[] = {work->issue, work->quality, work->suggestion, work->weight};
    for (size_t i = 0; i < sizeof added / sizeof *added; i++) {
        if (added[i] == NULL) continue;
        TRY(builder_finish(added[i], &column, err));
        change_column(change, next++, &column);
    }
    return STATUS_OK;
}

enum status labels_apply(const struct labels_state *state, const struct window *window,
                         struct change *change, struct err *err)
{
    OWNED(work_release) struct work work = {0};
    TRY(open_work(state, window, &work, err));
    for (int64_t row = 0; row < window->batch->rows; row++)
        TRY(act(state, window, row, &work, change, err));
    return finish(state, &work, change, err);
}
