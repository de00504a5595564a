/* clean/module_validate.c: expectations about the data, and a verdict.
 *
 * Each rule is checked for every row; a row that fails is flagged (its rules are named in the
 * column validate_issues), loses the value, or is rejected with value and threshold. A rule whose
 * share of good rows falls below `mostly` fails the run (exit 3). Uniqueness and functional
 * dependencies look at the whole input first, exactly, and spill beyond their share of the memory.
 */
#include "clean/rowkey.h"
#include "clean/validate_counts.h"
#include "clean/validate_describe.h"
#include "clean/validate_table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#define ISSUES_COLUMN "validate_issues"

struct config {
    const struct yaml_node *rules;
    const char *save_profile;
    struct text_list profile_columns;
    struct rule_config rule; /* the step as one rule, and the defaults of all */
};

struct state {
    const struct schema *schema;
    struct check_list checks;
    struct table table;
    struct describe *describe; /* NULL = no profile is kept */
    size_t group_count;
    bool flags;            /* writes validate_issues */
    int64_t issues_column; /* where it is in the input, -1 = added behind */
    bool rejects;
};

static const struct setting settings[] = {
    {"rules", SETTING_TREE, offsetof(struct config, rules),
     .help = "a list of rules: {column: age, between: [0, 120], mostly: 0.99, on_fail: reject}; "
             "without it the step itself is one rule"},
    {"save_profile", SETTING_TEXT, offsetof(struct config, save_profile), .argument = "FILE",
     .help = "write how the values are distributed, for `drift` of later runs"},
    {"profile_columns", SETTING_TEXTS, offsetof(struct config, profile_columns),
     .help = "the columns of the profile; none listed = all"},
    RULE_SETTINGS(offsetof(struct config, rule)),
    {NULL},
};
static const struct setting rule_settings[] = {RULE_SETTINGS((size_t)0), {NULL}};

/* ---- open ---- */

static enum status read_checks(struct state *state, const struct rule_config *rule,
                               const struct yaml_node *place, const struct module_setup *setup,
                               struct err *err)
{
    size_t before = state->checks.count + state->table.count;
    TRY(rule_read(&state->checks, rule, place, setup, err));
    TRY(table_read(&state->table, rule, place, setup, err));
    if (state->checks.count + state->table.count > before) return STATUS_OK;
    fail_at(place, err, "a rule without a check");
    err_hint(err,
             "write {column: NAME, CHECK: ...}; tamis-clean modules validate lists the checks");
    return STATUS_USAGE;
}

static enum status read_rule(struct state *state, const struct rule_config *defaults,
                             const struct yaml_node *node, const struct module_setup *setup,
                             struct err *err)
{
    struct rule_config rule = {0};
    if (node->kind != YAML_MAP) return fail_at(node, err, "expected a rule: {column: ..., ...}");
    TRY(settings_from_yaml(rule_settings, node, &rule, setup->arena, err));
    if (yaml_get(node, "on_fail") == NULL) rule.on_fail = defaults->on_fail;
    if (yaml_get(node, "severity") == NULL) rule.severity = defaults->severity;
    if (yaml_get(node, "mostly") == NULL) rule.mostly = defaults->mostly;
    return read_checks(state, &rule, node, setup, err);
}

static enum status read_rules(struct state *state, const struct module_setup *setup,
                              struct err *err)
{
    const struct config *config = setup->config;
    const struct yaml_node *rules = config->rules;
    if (rules == NULL && config->save_profile != NULL && config->rule.column == NULL)
        return STATUS_OK; /* a step that only keeps a profile */
    if (rules == NULL) return read_checks(state, &config->rule, setup->node, setup, err);
    if (rules->kind != YAML_LIST || rules->count == 0)
        return fail_at(rules, err, "expected a list of rules");
    for (size_t i = 0; i < rules->count; i++)
        TRY(read_rule(state, &config->rule, rules->items[i], setup, err));
    return STATUS_OK;
}

static bool is_group(const struct check *check)
{
    return check->kind == CHECK_UNIQUE || check->kind == CHECK_DETERMINES;
}

static enum status open_groups(struct state *state, size_t memory, struct err *err)
{
    for (size_t i = 0; i < state->checks.count; i++)
        state->group_count += is_group(&state->checks.items[i]);
    for (size_t i = 0; i < state->checks.count; i++) {
        struct check *check = &state->checks.items[i];
        if (!is_group(check)) continue;
        enum group_rule rule = check->kind == CHECK_DETERMINES ? GROUP_MINORITY
                               : check->every_copy             ? GROUP_EVERY
                                                               : GROUP_LATER;
        TRY(groups_open(&check->groups, rule, memory / state->group_count, err));
    }
    return STATUS_OK;
}

/* A second step of this module goes on writing the column of the first. */
static enum status add_issues_column(struct state *state, const struct schema *schema,
                                     struct schema **ret, struct err *err)
{
    for (size_t i = 0; i < state->checks.count; i++) {
        state->flags |= state->checks.items[i].on_fail == VALIDATE_FLAG;
        state->rejects |= state->checks.items[i].on_fail == VALIDATE_REJECT;
    }
    state->issues_column = schema_find(schema, str_of(ISSUES_COLUMN));
    if (!state->flags) return STATUS_OK;
    if (state->issues_column >= 0) {
        const struct field *field = &schema->fields[state->issues_column];
        if (field->type.id == TYPE_UTF8 && !field->dictionary) return STATUS_OK;
        return fail(err, STATUS_USAGE, "column \"" ISSUES_COLUMN "\" is there and is no utf8");
    }
    OWNED(schema_unref) struct schema *copy = NULL;
    TRY(schema_copy(&copy, schema, err));
    TRY(schema_add_column(copy, ISSUES_COLUMN, TYPE_UTF8, err));
    *ret = copy;
    copy = NULL;
    return STATUS_OK;
}

static void close_validate(void **state_)
{
    struct state *state = *state_;
    if (state == NULL) return;
    for (size_t i = 0; i < state->checks.count; i++)
        check_release(&state->checks.items[i]);
    memory_release(&state->checks.items);
    table_release(&state->table);
    describe_close(&state->describe);
    *state_ = NULL;
}

static enum status open_validate(void **ret_state, const struct module_setup *setup,
                                 struct schema **ret_schema, struct err *err)
{
    struct state *state = arena_get(setup->arena, 1, sizeof *state);
    if (state == NULL) return fail_memory(err, sizeof *state);
    *ret_state = state;
    state->schema = setup->schema;
    TRY(read_rules(state, setup, err));
    TRY(open_groups(state, setup->memory / 3, err));
    TRY(table_open(&state->table, setup->memory / 3, err));
    const struct config *config = setup->config;
    if (config->save_profile != NULL)
        TRY(describe_open(&state->describe, config->save_profile, &config->profile_columns, setup,
                          setup->memory / 3, err));
    return add_issues_column(state, setup->schema, ret_schema, err);
}

/* ---- fit: keys of uniqueness and dependencies ---- */

/* The entries of one window, check after check. */
struct tally {
    struct group_entry *entries;
    size_t *counts; /* by group check */
    struct table_tally table;
    struct describe_tally describe;
};

static void discard_tally(void *tally_)
{
    struct tally *tally = tally_;
    memory_release(&tally->entries);
    memory_release(&tally->counts);
    table_tally_release(&tally->table);
    describe_tally_release(&tally->describe);
}

static bool needs_fit(const void *state_)
{
    const struct state *state = state_;
    return state->group_count > 0 || table_learns(&state->table) || state->describe != NULL;
}

static enum status hash_columns(const size_t *columns, size_t count, const struct batch *batch,
                                int64_t row, struct bytes *key, struct err *err)
{
    key->size = 0;
    for (size_t i = 0; i < count; i++)
        TRY(rowkey_add(key, &batch->schema->fields[columns[i]], batch->columns[columns[i]], row,
                       err));
    return STATUS_OK;
}

static bool has_null(const size_t *columns, size_t count, const struct batch *batch, int64_t row)
{
    for (size_t i = 0; i < count; i++)
        if (array_is_null(batch->columns[columns[i]], row)) return true;
    return false;
}

/* Nulls are no value: they neither repeat nor contradict. */
static enum status collect(const struct check *check, const struct window *window,
                           struct bytes *key, struct group_entry *ret, size_t *ret_count,
                           struct err *err)
{
    const struct batch *batch = window->batch;
    for (int64_t row = 0; row < batch->rows; row++) {
        if (has_null(check->columns, check->column_count, batch, row) ||
            has_null(check->dependents, check->dependent_count, batch, row))
            continue;
        TRY(hash_columns(check->columns, check->column_count, batch, row, key, err));
        XXH128_hash_t hash = XXH3_128bits(key->data, key->size);
        uint64_t value = 0;
        if (check->dependent_count > 0) {
            TRY(hash_columns(check->dependents, check->dependent_count, batch, row, key, err));
            value = XXH3_64bits(key->data, key->size);
        }
        ret[(*ret_count)++] =
            (struct group_entry){hash.high64, hash.low64, value, window->first_row + row};
    }
    return STATUS_OK;
}

static enum status observe_groups(const struct state *state, const struct window *window,
                                  struct tally *tally, struct err *err)
{
    OWNED(bytes_release) struct bytes key = bytes_limited(ROWKEY_BYTES_MAXIMUM);
    size_t group = 0, filled = 0;
    TRY(NEW(&tally->entries, state->group_count * (size_t)window->batch->rows, err));
    TRY(NEW(&tally->counts, state->group_count, err));
    for (size_t i = 0; i < state->checks.count; i++) {
        const struct check *check = &state->checks.items[i];
        if (!is_group(check)) continue;
        TRY(collect(check, window, &key, tally->entries + filled, &tally->counts[group], err));
        filled += tally->counts[group++];
    }
    return STATUS_OK;
}

static enum status observe_validate(const void *state_, int pass, const struct window *window,
                                    void *tally_, struct err *err)
{
    const struct state *state = state_;
    struct tally *tally = tally_;
    TRY(table_observe(&state->table, pass, window, &tally->table, err));
    if (state->describe != NULL)
        TRY(describe_observe(state->describe, pass, window, &tally->describe, err));
    return pass > 0 ? STATUS_OK : observe_groups(state, window, tally, err);
}
static enum status absorb_validate(void *state_, int pass, void *tally_, struct err *err)
{
    struct state *state = state_;
    struct tally *tally = tally_;
    size_t group = 0, at = 0;
    enum status status = table_absorb(&state->table, &tally->table, err);
    if (status == STATUS_OK && state->describe != NULL)
        status = describe_absorb(state->describe, &tally->describe, err);
    for (size_t i = 0; pass == 0 && i < state->checks.count && status == STATUS_OK; i++) {
        struct check *check = &state->checks.items[i];
        if (!is_group(check)) continue;
        status = groups_add(check->groups, tally->entries + at, tally->counts[group], err);
        at += tally->counts[group++];
    }
    discard_tally(tally);
    return status;
}

static enum status settle_validate(void *state_, int pass, bool *ret_more, struct err *err)
{
    struct state *state = state_;
    TRY(table_settle(&state->table, pass, ret_more, err));
    if (state->describe != NULL) TRY(describe_settle(state->describe, ret_more, err));
    for (size_t i = 0; pass == 0 && i < state->checks.count; i++)
        if (is_group(&state->checks.items[i]))
            TRY(groups_finish(state->checks.items[i].groups, err));
    return STATUS_OK;
}

/* ---- apply ---- */

/* Marks of all checks for one window: marks[check x rows + row]. */
struct marking {
    uint8_t *marks;
    int64_t rows;
};

static void marking_release(struct marking *marking)
{
    memory_release(&marking->marks);
}

static bool marked(const struct marking *marking, size_t check, int64_t row)
{
    return marking->marks[check * (size_t)marking->rows + (size_t)row] != 0;
}

static enum status mark_all(const struct state *state, const struct window *window,
                            struct marking *ret, struct err *err)
{
    ret->rows = window->batch->rows;
    TRY(NEW(&ret->marks, state->checks.count * (size_t)ret->rows, err));
    for (size_t i = 0; i < state->checks.count; i++) {
        const struct check *check = &state->checks.items[i];
        int64_t evaluated = 0, failing = 0;
        TRY(check_rows(check, window, ret->marks + i * (size_t)ret->rows, &evaluated, err));
        for (int64_t row = 0; row < ret->rows; row++)
            failing += marked(ret, i, row);
        atomic_fetch_add(&check->counts->evaluated, evaluated);
        atomic_fetch_add(&check->counts->failing, failing);
    }
    return STATUS_OK;
}

/* What was found, for an event: the value, or both sides of a comparison. */
static struct str found_text(const struct check *check, const struct batch *batch, int64_t row,
                             char room[256])
{
    const struct schema *schema = batch->schema;
    array_value_text(&schema->fields[check->index], batch->columns[check->index], row, room, 120);
    if (check->kind != CHECK_COMPARE) return str_of(room);
    size_t size = strlen(room);
    size += (size_t)snprintf(room + size, 32, " and ");
    array_value_text(&schema->fields[check->with], batch->columns[check->with], row, room + size,
                     120);
    return str_of(room);
}

static enum status reject_rows(const struct check *check, size_t i, const struct window *window,
                               const struct marking *marking, struct change *change,
                               struct err *err)
{
    char room[256];
    for (int64_t row = 0; row < marking->rows; row++)
        if (marked(marking, i, row))
            TRY(change_reject(change, row, check->rule, check->column,
                              found_text(check, window->batch, row, room), check->threshold, err));
    return STATUS_OK;
}

/* The first check that makes this cell null, NULL = none. */
static const struct check *nulled_by(const struct state *state, const struct marking *marking,
                                     size_t column, int64_t row)
{
    for (size_t i = 0; i < state->checks.count; i++)
        if (state->checks.items[i].on_fail == VALIDATE_NULL &&
            state->checks.items[i].index == column && marked(marking, i, row))
            return &state->checks.items[i];
    return NULL;
}

static enum status null_column(const struct state *state, const struct window *window,
                               const struct marking *marking, size_t column, struct change *change,
                               struct err *err)
{
    const struct array *array = window->batch->columns[column];
    OWNED(memory_release) int64_t *rows = NULL;
    int64_t changed = 0;
    TRY(NEW(&rows, (size_t)marking->rows, err));
    for (int64_t row = 0; row < marking->rows; row++) {
        const struct check *check = nulled_by(state, marking, column, row);
        rows[row] = check != NULL ? -1 : row;
        if (check == NULL || array_is_null(array, row)) continue;
        TRY(change_note(change, column, row, check->rule, NAN, err));
        changed++;
    }
    if (changed == 0) return STATUS_OK;
    struct array *result = NULL;
    TRY(array_take(&result, &state->schema->fields[column], array, rows, marking->rows, err));
    change_column(change, column, &result);
    change_cells(change, column, changed);
    return STATUS_OK;
}

static enum status null_cells(const struct state *state, const struct window *window,
                              const struct marking *marking, struct change *change, struct err *err)
{
    for (size_t column = 0; column < state->schema->count; column++) {
        bool nulls = false;
        for (size_t i = 0; i < state->checks.count; i++)
            nulls |= state->checks.items[i].on_fail == VALIDATE_NULL &&
                     state->checks.items[i].index == column;
        if (nulls) TRY(null_column(state, window, marking, column, change, err));
    }
    return STATUS_OK;
}

/* "age: between 0 and 120; id: unique": what was flagged before stays in front. */
static enum status write_issues(const struct state *state, const struct window *window,
                                const struct marking *marking, int64_t row, struct bytes *line,
                                struct err *err)
{
    line->size = 0;
    if (state->issues_column >= 0) {
        const struct array *before = window->batch->columns[state->issues_column];
        struct str text = array_text(before, row);
        if (!array_is_null(before, row)) TRY(bytes_append(line, text.data, text.size, err));
    }
    for (size_t i = 0; i < state->checks.count; i++) {
        const struct check *check = &state->checks.items[i];
        if (check->on_fail != VALIDATE_FLAG || !marked(marking, i, row)) continue;
        TRY(bytes_format(line, err, "%s%s: %s", line->size > 0 ? "; " : "", check->column,
                         check->threshold));
    }
    return STATUS_OK;
}

static enum status flag_rows(const struct state *state, const struct window *window,
                             const struct marking *marking, struct change *change, struct err *err)
{
    OWNED(builder_close) struct builder *builder = NULL;
    OWNED(bytes_release) struct bytes line = bytes_limited(BATCH_BYTES_MAXIMUM);
    struct field field = field_of(ISSUES_COLUMN, TYPE_UTF8);
    TRY(builder_open(&builder, &field, marking->rows, err));
    for (int64_t row = 0; row < marking->rows; row++) {
        TRY(write_issues(state, window, marking, row, &line, err));
        TRY(line.size == 0 ? build_null(builder, err)
                           : build_text(builder, (struct str){(char *)line.data, line.size}, err));
    }
    struct array *array = NULL;
    TRY(builder_finish(builder, &array, err));
    change_column(change,
                  state->issues_column >= 0 ? (size_t)state->issues_column : state->schema->count,
                  &array);
    return STATUS_OK;
}

static enum status apply_validate(const void *state_, const struct window *window,
                                  struct change *change, struct err *err)
{
    const struct state *state = state_;
    OWNED(marking_release) struct marking marking = {0};
    TRY(table_count(&state->table, window, err));
    if (state->describe != NULL) describe_count(state->describe, window);
    TRY(mark_all(state, window, &marking, err));
    for (size_t i = 0; i < state->checks.count; i++)
        if (state->checks.items[i].on_fail == VALIDATE_REJECT)
            TRY(reject_rows(&state->checks.items[i], i, window, &marking, change, err));
    TRY(null_cells(state, window, &marking, change, err));
    return state->flags ? flag_rows(state, window, &marking, change, err) : STATUS_OK;
}

/* ---- verdict ---- */

static struct check_result judge_rows(const struct check *check)
{
    struct check_result result = {
        .rule = check->rule,
        .column = check->column,
        .expectation = check->threshold,
        .of_rows = true,
        .evaluated = atomic_load(&check->counts->evaluated),
        .failing = atomic_load(&check->counts->failing),
        .mostly = check->mostly,
    };
    if (result.failing == 0) return result;
    double share = 1 - (double)result.failing / (double)result.evaluated;
    bool below = check->mostly >= 0 && share < check->mostly;
    result.outcome = !below                                ? CHECK_NOTED
                     : check->severity == SEVERITY_WARNING ? CHECK_WARNING
                                                           : CHECK_FAILED;
    return result;
}

static enum status list_checks(const void *state_, struct check_results *ret, struct err *err)
{
    const struct state *state = state_;
    for (size_t i = 0; i < state->checks.count; i++) {
        struct check_result result = judge_rows(&state->checks.items[i]);
        TRY(check_results_add(ret, &result, err));
    }
    return table_judge(&state->table, ret, err);
}

static enum status say_checks(const struct state *state, struct check_results *results,
                              bool *ret_failed, struct bytes *ret_report, struct err *err)
{
    TRY(list_checks(state, results, err));
    for (size_t i = 0; i < results->count; i++) {
        const struct check_result *result = &results->items[i];
        *ret_failed |= result->outcome == CHECK_FAILED;
        if (result->outcome == CHECK_PASSED) continue;
        TRY(check_result_say(result, ret_report, err));
        TRY(bytes_append_text(ret_report, "\n", err));
    }
    return STATUS_OK;
}

static enum status conclude_validate(void *state_, int64_t rows, const struct finding *findings,
                                     size_t count, bool *ret_failed, struct bytes *ret_report,
                                     struct err *err)
{
    (void)rows;
    (void)findings;
    (void)count;
    struct state *state = state_;
    OWNED(check_results_release) struct check_results results = {0};
    TRY(say_checks(state, &results, ret_failed, ret_report, err));
    return state->describe == NULL ? STATUS_OK : describe_finish(state->describe, err);
}

/* `output` depends on every column the check looks at; NULL: so do the rows that are left. */
static enum status check_lineage(const struct state *state, const struct check *check,
                                 const char *output, struct column_lineage *lineage,
                                 struct err *err)
{
    const size_t *lists[] = {&check->index, &check->with, check->columns, check->dependents};
    size_t counts[] = {1, check->kind == CHECK_COMPARE, check->column_count,
                       check->dependent_count};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        if (counts[i] > 0)
            TRY(columns_decide(lineage, output, state->schema, lists[i], counts[i],
                               output == NULL ? "FILTER" : "CONDITIONAL", err));
    }
    if (check->when == NULL) return STATUS_OK;
    return check_lineage(state, check->when, output, lineage, err);
}

static enum status validate_lineage(const void *state_, struct column_lineage *lineage,
                                    struct err *err)
{
    const struct state *state = state_;
    if (state->issues_column >= 0)
        TRY(column_from(lineage, ISSUES_COLUMN, ISSUES_COLUMN, "DIRECT", "IDENTITY", false, err));
    for (size_t i = 0; i < state->checks.count; i++) {
        const struct check *check = &state->checks.items[i];
        const char *output = check->on_fail == VALIDATE_FLAG   ? ISSUES_COLUMN
                             : check->on_fail == VALIDATE_NULL ? check->column
                                                               : NULL;
        if (check->on_fail == VALIDATE_NULL)
            TRY(column_from(lineage, check->column, check->column, "DIRECT", "TRANSFORMATION",
                            false, err));
        TRY(check_lineage(state, check, output, lineage, err));
    }
    return STATUS_OK;
}

/* ---- shards ---- */

/* A step that learns is judged where it learned. */
static enum status carry_counts(void *state_, struct wire *wire, struct err *err)
{
    struct state *state = state_;
    if (needs_fit(state)) return STATUS_OK;
    TRY(check_counts_carry(&state->checks, wire, err));
    return table_counts_carry(&state->table, wire, err);
}

const struct clean_module module_validate = {
    .name = "validate",
    .summary = "check expectations: types, ranges, sets, patterns, uniqueness, dependencies",
    .source = "Great Expectations and Deequ (Schelter et al., VLDB 2018), core vocabulary",
    .settings = settings,
    .config_bytes = sizeof(struct config),
    .open = open_validate,
    .removes_rows = true,
    .needs_fit = needs_fit,
    .carry_counts = carry_counts,
    .tally_bytes = sizeof(struct tally),
    .observe = observe_validate,
    .absorb = absorb_validate,
    .discard = discard_tally,
    .settle = settle_validate,
    .apply = apply_validate,
    .conclude = conclude_validate,
    .checks = list_checks,
    .column_lineage = validate_lineage,
    .close = close_validate,
};
