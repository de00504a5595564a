/* clean/module_types.c: text into typed columns.
 *
 * The recipe names types ("age: int32") or leaves them open; one pass counts what each column's
 * values can be read as, then type, decimal mark and day-month order are decided once for the whole
 * column. A value that does not fit rejects its row, or becomes null, or null and flagged: what it
 * was stays in the column type_issues. */
#include "clean/types_column.h"
#include "columnar/distinct.h"

#include <stdlib.h>

#define ISSUES_COLUMN "type_issues"

struct config {
    const struct yaml_node *columns, *rest;
    int infer, zones;
    double mostly;
    struct types_options options;
};
enum { INFER_AUTO, INFER_ALL, INFER_NONE };
enum { ZONES_CONVERT, ZONES_IGNORE };

struct state {
    const struct config *config;
    const struct schema *schema;
    struct arena *arena;
    struct types_column *columns;
    size_t count;
    struct types_profile *profiles; /* one a column */
    struct role_profile *roles;
    bool flags; /* adds type_issues */
};

#define SET(member) offsetof(struct config, member)
static const struct setting settings[] = {
    {"columns", SETTING_TREE, SET(columns),
     .help = "names of columns to type, or a map from name to type"},
    {"COLUMN", SETTING_REST, SET(rest),
     .help = "a column's type by its name: int8 to uint64, float32, float64, decimal, "
             "\"decimal128(P, S)\", bool, date, timestamp, time, category, text, auto; "
             "{date: day-first} adds an option"},
    {"infer", SETTING_CHOICE, SET(infer), "auto", "auto|all|none",
     .help = "which text columns without a type get one; auto = all when no column is named"},
    {"mostly", SETTING_REAL, SET(mostly), "1", .minimum = 0.5, .maximum = 1,
     .help = "share of a column's values that must fit a type that is inferred"},
    {"decimal", SETTING_CHOICE, SET(options.decimal), "auto", TYPES_NUMBER_DECIMAL,
     .help = "the decimal mark; auto = decided for each column"},
    {"thousands", SETTING_CHOICE, SET(options.thousands), "auto", TYPES_NUMBER_THOUSANDS,
     .help = "the mark between thousands"},
    {"order", SETTING_CHOICE, SET(options.order), "auto", TYPES_DATE_ORDER,
     .help = "how numbers of a date are read; auto = decided for each column"},
    {"rounding", SETTING_CHOICE, SET(options.rounding), "none", NUMBER_ROUNDING,
     .help = "what becomes of digits behind a decimal's scale; none = the value does not fit"},
    {"zones", SETTING_CHOICE, SET(zones), "convert", "convert|ignore",
     .help = "what a zone in a time does: convert to UTC, or ignore and keep the wall clock"},
    {"on_fail", SETTING_CHOICE, SET(options.on_fail), "reject", TYPES_ON_FAIL,
     .help = "what becomes of a value that does not fit: flag keeps its text in " ISSUES_COLUMN},
    {NULL},
};

/* ---- open ---- */

static bool is_plain_text(const struct field *field)
{
    return field->type.id == TYPE_UTF8 && !field->dictionary;
}

static struct types_column *column_at(struct state *state, size_t index)
{
    for (size_t i = 0; i < state->count; i++)
        if (state->columns[i].index == index) return &state->columns[i];
    return NULL;
}

static struct types_column *add_column(struct state *state, size_t index)
{
    struct types_column *column = &state->columns[state->count++];
    *column = (struct types_column){.index = index, .name = state->schema->fields[index].name};
    return column;
}

static enum status add_named(struct state *state, const struct yaml_node *key,
                             const struct yaml_node *spec, struct err *err)
{
    size_t index = 0;
    enum status status = schema_require(state->schema, key->text, &index, err);
    if (status != STATUS_OK)
        return fail_within(err, status, "line %d, column %d", key->line, key->column);
    if (column_at(state, index) != NULL)
        return fail_at(key, err, "column \"%.*s\" is given twice", (int)key->text.size,
                       key->text.data);
    return types_column_read(add_column(state, index), spec, &state->config->options, state->arena,
                             err);
}

/* Columns of a list, and those nobody named: their type is open. */
static enum status add_open(struct state *state, size_t index, const struct yaml_node *place,
                            struct err *err)
{
    if (column_at(state, index) != NULL) return STATUS_OK;
    const struct types_options *options = &state->config->options;
    struct types_column *column = add_column(state, index);
    column->inferred = true;
    column->on_fail = (enum types_on_fail)options->on_fail;
    return types_allowed(options, place, &column->styles, &column->orders, err);
}

static enum status add_map(struct state *state, const struct yaml_node *map, bool skip_settings,
                           struct err *err)
{
    for (size_t i = 0; i < map->count; i++) {
        if (skip_settings && setting_is_known(settings, map->keys[i]->text)) continue;
        TRY(add_named(state, map->keys[i], map->items[i], err));
    }
    return STATUS_OK;
}

static enum status add_listed(struct state *state, const struct module_setup *setup,
                              const struct yaml_node *list, struct err *err)
{
    size_t count = list->kind == YAML_LIST ? list->count : 1, found = 0;
    const char **names = arena_get(state->arena, count, sizeof *names);
    if (names == NULL) return fail_memory(err, count * sizeof *names);
    for (size_t i = 0; i < count; i++) {
        const struct yaml_node *item = list->kind == YAML_LIST ? list->items[i] : list;
        if (item->kind != YAML_SCALAR) return fail_at(item, err, "expected the name of a column");
        names[i] = arena_text(state->arena, item->text.data, item->text.size);
        if (names[i] == NULL) return fail_memory(err, item->text.size);
    }
    struct text_list texts = {names, count};
    size_t *columns = NULL;
    TRY(module_columns(setup, &texts, NULL, &columns, &found, err));
    for (size_t i = 0; i < found; i++)
        if (is_plain_text(&state->schema->fields[columns[i]])) /* the others are typed already */
            TRY(add_open(state, columns[i], list, err));
    return STATUS_OK;
}

static enum status add_columns(struct state *state, const struct module_setup *setup,
                               struct err *err)
{
    const struct config *config = state->config;
    if (config->rest != NULL) TRY(add_map(state, config->rest, true, err));
    if (config->columns != NULL && config->columns->kind == YAML_MAP)
        TRY(add_map(state, config->columns, false, err));
    else if (config->columns != NULL)
        TRY(add_listed(state, setup, config->columns, err));
    bool named = config->rest != NULL || config->columns != NULL;
    if (config->infer == INFER_NONE || (config->infer == INFER_AUTO && named)) return STATUS_OK;
    size_t *columns = NULL, found = 0;
    TRY(module_columns(setup, NULL, is_plain_text, &columns, &found, err));
    for (size_t i = 0; i < found; i++)
        TRY(add_open(state, columns[i], setup->node, err));
    return STATUS_OK;
}

/* Only text is in doubt: a column that is typed already has one reading. */
static void fix_readings(struct state *state)
{
    for (size_t i = 0; i < state->count; i++) {
        struct types_column *column = &state->columns[i];
        const struct field *field = &state->schema->fields[column->index];
        if (!type_is_text(field->type.id)) {
            column->styles = 1u << STYLE_POINT;
            column->orders = 1u << ORDER_YEAR_FIRST;
        }
        state->flags |= column->on_fail == TYPES_FLAG;
    }
}

/* Whether only the data can tell how a column is read. */
static bool is_open(const struct types_column *column)
{
    enum types_kind kind = column->kind;
    bool number = kind == KIND_WHOLE || kind == KIND_REAL || kind == KIND_DECIMAL;
    bool date = kind == KIND_DATE || kind == KIND_TIMESTAMP;
    if (kind == KIND_AUTO || types_scale_open(column)) return true;
    return (number && (column->styles & (column->styles - 1)) != 0) ||
           (date && (column->orders & (column->orders - 1)) != 0);
}

static bool types_need_fit(const void *state_)
{
    const struct state *state = state_;
    for (size_t i = 0; i < state->count; i++)
        if (is_open(&state->columns[i])) return true;
    return false;
}

/* ---- fit ---- */

struct tally {
    struct types_profile *profiles;
    struct role_profile *roles;
};

static void discard_tally(void *tally)
{
    memory_release(&((struct tally *)tally)->profiles);
    memory_release(&((struct tally *)tally)->roles);
}

/* Once a value where a value has many rows, and once a shape of number. */
static void observe_column(const struct types_column *column, const struct batch *batch,
                           struct types_profile *profile, struct role_profile *role)
{
    char room[64];
    struct types_shapes shapes = {0};
    const struct field *field = &batch->schema->fields[column->index];
    const struct array *array = batch->columns[column->index];
    bool open = column->kind == KIND_AUTO, number = types_is_number(column->kind);
    if (!is_open(column)) return;
    const struct distinct *distinct = array_distinct(field, array);
    if (distinct != NULL) array = distinct->values;
    for (int64_t row = 0; row < array->length; row++) {
        struct str text;
        int64_t times = distinct == NULL ? 1 : distinct->counts[row];
        if (!types_cell(field, array, row, room, sizeof room, &text)) continue;
        struct str bare = types_without_unit(column, text);
        if (number && times == 1)
            types_shapes_add(&shapes, profile, bare);
        else
            types_profile_add(profile, column->kind, bare, times);
        if (open) role_profile_add(role, text, times);
    }
    if (number) types_shapes_settle(&shapes, profile);
}

static enum status observe_types(const void *state_, int pass, const struct window *window,
                                 void *tally_, struct err *err)
{
    (void)pass;
    const struct state *state = state_;
    struct tally *tally = tally_;
    TRY(NEW(&tally->profiles, state->count, err));
    TRY(NEW(&tally->roles, state->count, err));
    for (size_t i = 0; i < state->count; i++)
        observe_column(&state->columns[i], window->batch, &tally->profiles[i], &tally->roles[i]);
    return STATUS_OK;
}

static enum status carry_types(const void *state_, int pass, void *tally_, struct wire *wire,
                               struct err *err)
{
    const struct state *state = state_;
    struct tally *tally = tally_;
    (void)pass;
    TRY(WIRE_KNOWN(wire, &tally->profiles, state->count, err));
    TRY(WIRE_KNOWN(wire, &tally->roles, state->count, err));
    if (!wire->reading || state->count == 0) return STATUS_OK;
    if (tally->profiles == NULL || tally->roles == NULL)
        return fail(err, STATUS_FAILED, "columns without a profile");
    for (size_t i = 0; i < state->count; i++)
        if (!types_profile_is_sound(&tally->profiles[i]) ||
            !role_profile_is_sound(&tally->roles[i]))
            return fail(err, STATUS_FAILED, "a profile that no column has");
    return STATUS_OK;
}

static bool parameters_suffice(const void *state)
{
    (void)state;
    return true;
}

static enum status absorb_types(void *state_, int pass, void *tally_, struct err *err)
{
    (void)pass;
    (void)err;
    struct state *state = state_;
    struct tally *tally = tally_;
    for (size_t i = 0; i < state->count; i++) {
        types_profile_merge(&state->profiles[i], &tally->profiles[i]);
        role_profile_merge(&state->roles[i], &tally->roles[i]);
    }
    discard_tally(tally);
    return STATUS_OK;
}

static void decide_role(struct types_column *column, const struct role_profile *profile)
{
    enum types_kind kind = column->kind;
    bool number =
        kind == KIND_WHOLE || kind == KIND_REAL || kind == KIND_DECIMAL || kind == KIND_BOOL;
    bool time = kind == KIND_DATE || kind == KIND_TIMESTAMP || kind == KIND_TIME;
    column->has_role = profile->filled > 0;
    column->role = types_role_of(profile, column->name, number, time);
}

static enum status settle_types(void *state_, int pass, bool *ret_more, struct err *err)
{
    (void)pass;
    (void)ret_more;
    struct state *state = state_;
    for (size_t i = 0; i < state->count; i++) {
        TRY(types_decide(&state->columns[i], &state->profiles[i], state->config->mostly,
                         state->arena, err));
        decide_role(&state->columns[i], &state->roles[i]);
    }
    return STATUS_OK;
}

/* Whether a column stays as it is. */
static bool is_unchanged(const struct state *state, const struct types_column *column)
{
    return field_equal(&state->schema->fields[column->index], &column->field);
}

static enum status fitted_types(const void *state_, struct schema **ret, struct err *err)
{
    const struct state *state = state_;
    OWNED(schema_unref) struct schema *schema = NULL;
    TRY(schema_new(&schema, err));
    for (size_t i = 0; i < state->schema->count; i++) {
        const struct types_column *column = column_at((struct state *)(uintptr_t)state, i);
        bool changed = column != NULL && !is_unchanged(state, column);
        TRY(schema_add(schema, changed ? &column->field : &state->schema->fields[i], err));
    }
    const struct metadata *metadata = &state->schema->metadata;
    for (size_t i = 0; i < metadata->count; i++) {
        char *key =
            arena_text(state->arena, metadata->pairs[i].key.data, metadata->pairs[i].key.size);
        if (key == NULL) return fail_memory(err, metadata->pairs[i].key.size);
        TRY(schema_set_metadata(schema, key, metadata->pairs[i].value, err));
    }
    if (state->flags) TRY(schema_add_column(schema, ISSUES_COLUMN, TYPE_UTF8, err));
    *ret = schema;
    schema = NULL;
    return STATUS_OK;
}

static enum status open_types(void **ret_state, const struct module_setup *setup,
                              struct schema **ret_schema, struct err *err)
{
    struct state *state = arena_get(setup->arena, 1, sizeof *state);
    if (state == NULL) return fail_memory(err, sizeof *state);
    state->config = setup->config;
    state->schema = setup->schema;
    state->arena = setup->arena;
    state->columns = arena_get(setup->arena, setup->schema->count, sizeof *state->columns);
    state->profiles = arena_get(setup->arena, setup->schema->count, sizeof *state->profiles);
    state->roles = arena_get(setup->arena, setup->schema->count, sizeof *state->roles);
    if (state->columns == NULL || state->profiles == NULL || state->roles == NULL)
        return fail_memory(err, setup->schema->count * sizeof *state->profiles);
    TRY(add_columns(state, setup, err));
    fix_readings(state);
    if (state->flags && schema_find(setup->schema, str_of(ISSUES_COLUMN)) >= 0)
        return fail_at(setup->node, err, "column \"" ISSUES_COLUMN "\" is there already");
    *ret_state = state;
    if (types_need_fit(state)) return STATUS_OK;
    TRY(settle_types(state, 0, NULL, err));
    return fitted_types(state, ret_schema, err);
}

/* ---- apply ---- */

static int compare_unfit(const void *a_, const void *b_)
{
    const struct types_unfit *a = a_, *b = b_;
    if (a->row != b->row) return a->row < b->row ? -1 : 1;
    return (a->column > b->column) - (a->column < b->column);
}

static struct str unfit_text(const struct state *state, const struct window *window,
                             const struct types_unfit *unfit, char room[64])
{
    struct str text = {NULL, 0};
    size_t column = state->columns[unfit->column].index;
    types_cell(&window->batch->schema->fields[column], window->batch->columns[column], unfit->row,
               room, 64, &text);
    return text;
}

static enum status reject_unfit(const struct state *state, const struct window *window,
                                const struct types_unfits *unfits, struct change *change,
                                struct err *err)
{
    char room[64];
    for (size_t i = 0; i < unfits->count; i++) {
        const struct types_column *column = &state->columns[unfits->items[i].column];
        if (column->on_fail != TYPES_REJECT) continue;
        TRY(change_reject(change, unfits->items[i].row, "type", column->name,
                          unfit_text(state, window, &unfits->items[i], room), column->expected,
                          err));
    }
    return STATUS_OK;
}

/* "age: abc; joined: 31/31/2016" a row, null where all fits. */
static enum status flag_unfit(const struct state *state, const struct window *window,
                              const struct types_unfits *unfits, struct change *change,
                              struct err *err)
{
    OWNED(builder_close) struct builder *builder = NULL;
    OWNED(bytes_release) struct bytes line = bytes_limited(BATCH_BYTES_MAXIMUM);
    struct field field = field_of(ISSUES_COLUMN, TYPE_UTF8);
    size_t next = 0;
    char room[64];
    TRY(builder_open(&builder, &field, window->batch->rows, err));
    for (int64_t row = 0; row < window->batch->rows; row++) {
        line.size = 0;
        for (; next < unfits->count && unfits->items[next].row == row; next++) {
            const struct types_column *column = &state->columns[unfits->items[next].column];
            struct str text = unfit_text(state, window, &unfits->items[next], room);
            if (column->on_fail != TYPES_FLAG) continue;
            TRY(bytes_format(&line, err, "%s%s: ", line.size > 0 ? "; " : "", column->name));
            TRY(bytes_append(&line, text.data, text.size, err));
        }
        TRY(line.size == 0 ? build_null(builder, err)
                           : build_text(builder, (struct str){(char *)line.data, line.size}, err));
    }
    struct array *array = NULL;
    TRY(builder_finish(builder, &array, err));
    change_column(change, state->schema->count, &array);
    return STATUS_OK;
}

static enum status report_column(const struct state *state, const struct window *window,
                                 size_t position, int64_t unfit, struct change *change,
                                 struct err *err)
{
    const struct types_column *column = &state->columns[position];
    if (column->doubt != NULL)
        TRY(change_finding(change, column->doubt, column->name, window->batch->rows, err));
    if (column->on_fail == TYPES_REJECT || unfit == 0) return STATUS_OK;
    change_cells(change, column->index, unfit);
    change_rule(change, column->index, "type");
    return change_finding(change, "value is no such type", column->name, unfit, err);
}

static void unfits_release(struct types_unfits *unfits)
{
    memory_release(&unfits->items);
}

static enum status apply_types(const void *state_, const struct window *window,
                               struct change *change, struct err *err)
{
    const struct state *state = state_;
    OWNED(unfits_release) struct types_unfits unfits = {0};
    for (size_t i = 0; i < state->count; i++) {
        const struct types_column *column = &state->columns[i];
        size_t before = unfits.count;
        if (!is_unchanged(state, column)) {
            struct array *array = NULL;
            TRY(types_convert(column, i, state->config->zones == ZONES_CONVERT, window->batch,
                              &array, &unfits, err));
            change_column(change, column->index, &array);
        }
        TRY(report_column(state, window, i, (int64_t)(unfits.count - before), change, err));
    }
    if (unfits.count > 0) qsort(unfits.items, unfits.count, sizeof *unfits.items, compare_unfit);
    TRY(reject_unfit(state, window, &unfits, change, err));
    return state->flags ? flag_unfit(state, window, &unfits, change, err) : STATUS_OK;
}

/* ---- saved decisions ---- */

static enum status save_types(const void *state_, struct bytes *ret, struct err *err)
{
    const struct state *state = state_;
    TRY(bytes_append_text(ret, "{\"columns\": [", err));
    for (size_t i = 0; i < state->count; i++) {
        const struct types_column *column = &state->columns[i];
        char type[64], style[16], order[16];
        TRY(bytes_append_text(ret, i > 0 ? ", {\"column\": " : "{\"column\": ", err));
        TRY(bytes_append_json(ret, str_of(column->name), err));
        if (column->has_role)
            TRY(bytes_format(ret, err, ", \"role\": \"%s\"", types_role_name(column->role)));
        TRY(bytes_format(ret, err, ", \"type\": \"%s\", \"style\": \"%s\", \"order\": \"%s\"}",
                         field_type_text(&column->field, type, sizeof type),
                         choice_text(NUMBER_STYLES, (int)column->style, style, sizeof style),
                         choice_text(DATE_ORDERS, (int)column->order, order, sizeof order)));
    }
    return bytes_append_text(ret, "]}", err);
}

/* A number of a choice in a saved map. */
static enum status load_choice(const struct yaml_node *map, const char *key, const char *choices,
                               int *ret, struct err *err)
{
    const struct yaml_node *node = yaml_get(map, key);
    if (node == NULL || node->kind != YAML_SCALAR)
        return fail_at(map, err, "saved column has no \"%s\"", key);
    *ret = choice_index(choices, node->text);
    return *ret < 0 ? fail_at(node, err, "expected one of %s", choices) : STATUS_OK;
}

static enum status load_column(struct state *state, const struct yaml_node *map, struct err *err)
{
    const struct yaml_node *name = yaml_get(map, "column"), *type = yaml_get(map, "type");
    if (name == NULL || type == NULL)
        return fail_at(map, err, "saved column without a name or a type");
    int64_t index = schema_find(state->schema, name->text);
    struct types_column *column = index < 0 ? NULL : column_at(state, (size_t)index);
    if (column == NULL)
        return fail_at(name, err, "column \"%.*s\" is not typed by this recipe",
                       (int)name->text.size, name->text.data);
    int style = 0, order = 0;
    TRY(load_choice(map, "style", NUMBER_STYLES, &style, err));
    TRY(load_choice(map, "order", DATE_ORDERS, &order, err));
    TRY(types_column_read(column, type, &state->config->options, state->arena, err));
    column->style = (enum number_style)style;
    column->order = (enum date_order)order;
    return types_settle_field(column, state->arena, err);
}

static enum status load_types(void *state_, const struct yaml_node *parameters, struct err *err)
{
    struct state *state = state_;
    const struct yaml_node *columns = yaml_get(parameters, "columns");
    if (columns == NULL || columns->kind != YAML_LIST)
        return fail_at(parameters, err, "saved types without a list of columns");
    for (size_t i = 0; i < columns->count; i++)
        TRY(load_column(state, columns->items[i], err));
    for (size_t i = 0; i < state->count; i++)
        if (state->columns[i].expected == NULL)
            return fail_at(columns, err, "column \"%s\" has no saved type", state->columns[i].name);
    return STATUS_OK;
}

static enum status types_lineage(const void *state_, struct column_lineage *lineage,
                                 struct err *err)
{
    const struct state *state = state_;
    for (size_t i = 0; i < state->count; i++) {
        const char *name = state->columns[i].name;
        TRY(column_from(lineage, name, name, "DIRECT", "TRANSFORMATION", false, err));
        if (state->flags && state->columns[i].on_fail == TYPES_FLAG)
            TRY(column_from(lineage, ISSUES_COLUMN, name, "DIRECT", "TRANSFORMATION", false, err));
        if (state->columns[i].on_fail == TYPES_REJECT)
            TRY(column_filters(lineage, name, "FILTER", err));
    }
    return STATUS_OK;
}

static bool may_reject(const void *state_)
{
    const struct state *state = state_;
    for (size_t i = 0; i < state->count; i++)
        if (state->columns[i].on_fail == TYPES_REJECT) return true;
    return false;
}

static bool touches(const void *state_, size_t column)
{
    return column_at((struct state *)(uintptr_t)state_, column) != NULL;
}

const struct clean_module module_types = {
    .name = "types",
    .summary = "turn text into numbers, booleans, dates, times and categories",
    .source = "column-wise type inference; dates: ISO 8601 and English usage; Clinger 1990",
    .settings = settings,
    .config_bytes = sizeof(struct config),
    .open = open_types,
    .fitted_schema = fitted_types,
    .removes_rows = true,
    .may_remove = may_reject,
    .touches = touches,
    .needs_fit = types_need_fit,
    .tally_bytes = sizeof(struct tally),
    .observe = observe_types,
    .absorb = absorb_types,
    .discard = discard_tally,
    .carry = carry_types,
    .parameters_suffice = parameters_suffice,
    .settle = settle_types,
    .apply = apply_types,
    .save = save_types,
    .load = load_types,
    .column_lineage = types_lineage,
};
