/* clean/validate_table_recipe.c: expectations about columns as a whole, as a recipe writes them. */
#include "clean/numbers.h"
#include "clean/numeral.h"
#include "clean/validate_table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define TABLE_CHECKS_MAXIMUM 10000
#define FRACTIONS_MAXIMUM    64

struct reader {
    struct table *table;
    const struct rule_config *config;
    const struct yaml_node *place;
    const struct module_setup *setup;
    const char *column; /* NULL = the table */
    size_t index;
};

/* ---- parts ---- */

static enum status new_check(const struct reader *reader, enum table_kind kind, const char *name,
                             struct table_check **ret, struct err *err)
{
    struct table *table = reader->table;
    if (table->count == TABLE_CHECKS_MAXIMUM)
        return fail_at(reader->place, err, "more than %d checks in one step", TABLE_CHECKS_MAXIMUM);
    if (table->count == table->room) {
        size_t room = table->room == 0 ? 16 : 2 * table->room;
        struct table_check *items = memory_resize(table->items, room, sizeof *items);
        if (items == NULL) return fail_memory(err, room * sizeof *items);
        table->items = items;
        table->room = room;
    }
    struct table_check *check = &table->items[table->count++];
    *check = (struct table_check){
        .kind = kind,
        .rule = reader->config->name != NULL ? reader->config->name : name,
        .threshold = name,
        .column = reader->column,
        .index = reader->index,
        .severity = (enum severity)reader->config->severity,
        .low = -INFINITY,
        .high = INFINITY,
    };
    *ret = check;
    return STATUS_OK;
}

static enum status read_side(const struct yaml_node *node, double *ret, struct err *err)
{
    bool open = node->kind == YAML_SCALAR && !node->quoted &&
                (node->text.size == 0 || str_is(node->text, "~") || str_is(node->text, "null"));
    if (open) return STATUS_OK;
    if (node->kind == YAML_SCALAR && number_real(node->text, STYLE_POINT, ret)) return STATUS_OK;
    return fail_at(node, err, "expected a number");
}

/* [low, high], or one number for both. */
static enum status read_bounds(const struct reader *reader, struct table_check *check,
                               const char *name, const struct yaml_node *node, struct err *err)
{
    const char *text = NULL;
    if (node->kind == YAML_SCALAR) {
        TRY(read_side(node, &check->low, err));
        check->high = check->low;
        text = arena_format(reader->setup->arena, "%s %.15g", name, check->low);
    } else {
        if (node->kind != YAML_LIST || node->count != 2)
            return fail_at(node, err, "%s: expected [low, high]", name);
        TRY(read_side(node->items[0], &check->low, err));
        TRY(read_side(node->items[1], &check->high, err));
        text = arena_format(reader->setup->arena, "%s between %.15g and %.15g", name, check->low,
                            check->high);
    }
    if (text == NULL) return fail_memory(err, 64);
    check->threshold = text;
    if (check->low <= check->high) return STATUS_OK;
    return fail_at(node, err, "%s: the first number is above the second", name);
}

static enum status need_number(const struct reader *reader, size_t index, const char *name,
                               struct err *err)
{
    const struct field *field = &reader->setup->schema->fields[index];
    if (field_is_number(field)) return STATUS_OK;
    fail_at(reader->place, err, "%s: column \"%s\" holds no numbers", name, field->name);
    err_hint(err, "a types step in front of this one makes them");
    return STATUS_USAGE;
}

/* The place of a column, or a fraction, in the summary. */
static enum status place_number(struct table *table, size_t column, size_t *ret, struct err *err)
{
    for (*ret = 0; *ret < table->number_count; (*ret)++)
        if (table->numbers[*ret] == column) return STATUS_OK;
    size_t *numbers = memory_resize(table->numbers, table->number_count + 1, sizeof *numbers);
    if (numbers == NULL) return fail_memory(err, sizeof *numbers);
    table->numbers = numbers;
    table->numbers[table->number_count++] = column;
    return STATUS_OK;
}

static enum status place_fraction(const struct reader *reader, double fraction, size_t *ret,
                                  struct err *err)
{
    struct table *table = reader->table;
    for (*ret = 0; *ret < table->fraction_count; (*ret)++)
        if (table->fractions[*ret] == fraction) return STATUS_OK;
    if (table->fraction_count == FRACTIONS_MAXIMUM)
        return fail_at(reader->place, err, "more than %d quantiles in one step", FRACTIONS_MAXIMUM);
    double *fractions =
        memory_resize(table->fractions, table->fraction_count + 1, sizeof *fractions);
    if (fractions == NULL) return fail_memory(err, sizeof *fractions);
    table->fractions = fractions;
    table->fractions[table->fraction_count++] = fraction;
    return STATUS_OK;
}

/* ---- checks with bounds ---- */

static enum status read_bounded(const struct reader *reader, enum table_kind kind, const char *name,
                                const struct yaml_node *node, struct err *err)
{
    struct table_check *check = NULL;
    TRY(new_check(reader, kind, name, &check, err));
    TRY(read_bounds(reader, check, name, node, err));
    bool number = kind >= TABLE_MINIMUM && kind <= TABLE_QUANTILE;
    if (number) {
        TRY(need_number(reader, reader->index, name, err));
        TRY(place_number(reader->table, reader->index, &check->number, err));
    }
    if (kind == TABLE_MEDIAN) TRY(place_fraction(reader, 0.5, &check->fraction, err));
    if (kind != TABLE_NULL_SHARE) return STATUS_OK;
    check->nulls = arena_get(reader->setup->arena, 1, sizeof *check->nulls);
    return check->nulls == NULL ? fail_memory(err, sizeof *check->nulls) : STATUS_OK;
}

static enum status read_quantile(const struct reader *reader, struct err *err)
{
    struct quantile_config {
        double at;
        const struct yaml_node *between;
    } config = {0};
    static const struct setting quantile_settings[] = {
        {"at", SETTING_REAL, offsetof(struct quantile_config, at), "0.5", .minimum = 0,
         .maximum = 1, .help = "share of the values at or below"},
        {"between", SETTING_TREE, offsetof(struct quantile_config, between), .help = "[low, high]"},
        {NULL},
    };
    const struct yaml_node *node = reader->config->table.quantile;
    struct table_check *check = NULL;
    TRY(settings_from_yaml(quantile_settings, node, &config, reader->setup->arena, err));
    if (config.between == NULL) return fail_at(node, err, "quantile: expected at and between");
    const char *name = arena_format(reader->setup->arena, "quantile %.6g", config.at);
    if (name == NULL) return fail_memory(err, 32);
    TRY(need_number(reader, reader->index, "quantile", err));
    TRY(new_check(reader, TABLE_QUANTILE, "quantile", &check, err));
    TRY(read_bounds(reader, check, name, config.between, err));
    TRY(place_number(reader->table, reader->index, &check->number, err));
    return place_fraction(reader, config.at, &check->fraction, err);
}

static enum status read_correlation(const struct reader *reader, struct err *err)
{
    struct correlation_config {
        const char *with;
        const struct yaml_node *between;
    } config = {0};
    static const struct setting correlation_settings[] = {
        {"with", SETTING_TEXT, offsetof(struct correlation_config, with),
         .help = "the other column"},
        {"between", SETTING_TREE, offsetof(struct correlation_config, between),
         .help = "[low, high]"},
        {NULL},
    };
    const struct yaml_node *node = reader->config->table.correlation;
    struct table_check *check = NULL;
    TRY(settings_from_yaml(correlation_settings, node, &config, reader->setup->arena, err));
    if (config.with == NULL || config.between == NULL)
        return fail_at(node, err, "correlation: expected with and between");
    TRY(new_check(reader, TABLE_CORRELATION, "correlation", &check, err));
    TRY(schema_require(reader->setup->schema, str_of(config.with), &check->with, err));
    TRY(need_number(reader, reader->index, "correlation", err));
    TRY(need_number(reader, check->with, "correlation", err));
    const char *name = arena_format(reader->setup->arena, "correlation with %s", config.with);
    if (name == NULL) return fail_memory(err, 32);
    return read_bounds(reader, check, name, config.between, err);
}

/* ---- drift ---- */

static enum status add_drift(const struct reader *reader, enum table_kind kind, const char *name,
                             double bound, struct profile_column *profile, struct err *err)
{
    struct table_check *check = NULL;
    if (bound < 0) return STATUS_OK;
    TRY(new_check(reader, kind, name, &check, err));
    check->high = bound;
    check->profile = profile;
    check->threshold = arena_format(reader->setup->arena, "%s at most %.6g", name, bound);
    check->drift = arena_get(reader->setup->arena, 1, sizeof *check->drift);
    if (check->threshold == NULL || check->drift == NULL) return fail_memory(err, 1024);
    return STATUS_OK;
}

static enum status read_drift(const struct reader *reader, struct err *err)
{
    struct drift_config {
        const char *profile;
        double psi, ks;
    } config = {0};
    static const struct setting drift_settings[] = {
        {"profile", SETTING_TEXT, offsetof(struct drift_config, profile),
         .help = "the file that save_profile wrote", .argument = "FILE"},
        {"psi", SETTING_REAL, offsetof(struct drift_config, psi), "-1", .minimum = -1,
         .maximum = 1e9, .help = "population stability index at most"},
        {"ks", SETTING_REAL, offsetof(struct drift_config, ks), "-1", .minimum = -1, .maximum = 1,
         .help = "Kolmogorov-Smirnov distance (texts: total variation) at most"},
        {NULL},
    };
    const struct yaml_node *node = reader->config->table.drift;
    struct table *table = reader->table;
    TRY(settings_from_yaml(drift_settings, node, &config, reader->setup->arena, err));
    if (config.profile == NULL || (config.psi < 0 && config.ks < 0))
        return fail_at(node, err, "drift: expected profile, and psi or ks");
    struct profile *profile = NULL;
    TRY(table_profile(table, config.profile, &profile, err));
    struct profile_column *column = profile_find(profile, reader->column);
    if (column == NULL)
        return fail_at(node, err, "profile \"%s\" does not describe column \"%s\"", config.profile,
                       reader->column);
    if (column->number && !field_is_ordered_number(&reader->setup->schema->fields[reader->index]))
        return fail_at(node, err, "column \"%s\" held numbers when the profile was kept",
                       reader->column);
    TRY(add_drift(reader, TABLE_PSI, "psi", config.psi, column, err));
    return add_drift(reader, TABLE_KS, "ks", config.ks, column, err);
}

/* ---- lists ---- */

static enum status read_list(const struct reader *reader, enum table_kind kind, const char *name,
                             const struct text_list *list, struct err *err)
{
    struct table_check *check = NULL;
    const char *text = name;
    TRY(new_check(reader, kind, name, &check, err));
    check->values = list->items;
    check->value_count = list->count;
    for (size_t i = 0; i < list->count && i < 5 && text != NULL; i++)
        text =
            arena_format(reader->setup->arena, "%s%s %s", text, i > 0 ? "," : "", list->items[i]);
    if (text != NULL && list->count > 5) text = arena_format(reader->setup->arena, "%s ...", text);
    check->threshold = text;
    return text == NULL ? fail_memory(err, 64) : STATUS_OK;
}

static bool is_provenance(const struct schema *schema, size_t i)
{
    int64_t source, record;
    if (!schema_provenance(schema, &source, &record)) return false;
    return (int64_t)i == source || (int64_t)i == record;
}

/* What is wrong with the columns, NULL = nothing. */
static const char *columns_unmet(const struct reader *reader, const struct text_list *list,
                                 bool only)
{
    const struct schema *schema = reader->setup->schema;
    struct arena *arena = reader->setup->arena;
    for (size_t i = 0; i < list->count; i++)
        if (schema_find(schema, str_of(list->items[i])) < 0)
            return arena_format(arena, "there is no column \"%s\"", list->items[i]);
    size_t at = 0;
    for (size_t i = 0; only && i < schema->count; i++) {
        if (is_provenance(schema, i)) continue;
        if (at == list->count)
            return arena_format(arena, "column \"%s\" is there too", schema->fields[i].name);
        if (strcmp(schema->fields[i].name, list->items[at++]) != 0)
            return arena_format(arena, "column \"%s\" stands where \"%s\" was expected",
                                schema->fields[i].name, list->items[at - 1]);
    }
    return NULL;
}

static enum status read_columns(const struct reader *reader, const char *name,
                                const struct text_list *list, bool only, struct err *err)
{
    if (list->count == 0) return STATUS_OK;
    TRY(read_list(reader, TABLE_COLUMNS, name, list, err));
    reader->table->items[reader->table->count - 1].unmet = columns_unmet(reader, list, only);
    return STATUS_OK;
}

/* ---- a rule ---- */

static enum status read_of_table(const struct reader *reader, struct err *err)
{
    const struct table_config *asked = &reader->config->table;
    TRY(read_columns(reader, "has columns", &asked->has_columns, false, err));
    TRY(read_columns(reader, "only columns", &asked->only_columns, true, err));
    if (asked->rows == NULL) return STATUS_OK;
    return read_bounded(reader, TABLE_ROWS, "rows", asked->rows, err);
}

static enum status read_of_column(const struct reader *reader, struct err *err)
{
    const struct table_config *asked = &reader->config->table;
    const struct {
        enum table_kind kind;
        const char *name;
        const struct yaml_node *node;
    } bounded[] = {
        {TABLE_NULL_SHARE, "null share", asked->null_share},
        {TABLE_DISTINCT, "distinct", asked->distinct},
        {TABLE_DISTINCT_SHARE, "distinct share", asked->distinct_share},
        {TABLE_UNIQUE_SHARE, "unique share", asked->unique_share},
        {TABLE_MINIMUM, "minimum", asked->minimum},
        {TABLE_MAXIMUM, "maximum", asked->maximum},
        {TABLE_MEAN, "mean", asked->mean},
        {TABLE_MEDIAN, "median", asked->median},
        {TABLE_SUM, "sum", asked->sum},
        {TABLE_DEVIATION, "deviation", asked->deviation},
        {TABLE_ENTROPY, "entropy", asked->entropy},
    };
    for (size_t i = 0; i < sizeof bounded / sizeof *bounded; i++)
        if (bounded[i].node != NULL)
            TRY(read_bounded(reader, bounded[i].kind, bounded[i].name, bounded[i].node, err));
    if (asked->quantile != NULL) TRY(read_quantile(reader, err));
    if (asked->correlation != NULL) TRY(read_correlation(reader, err));
    if (asked->drift != NULL) TRY(read_drift(reader, err));
    if (asked->most_common.count > 0)
        TRY(read_list(reader, TABLE_MOST_COMMON, "most common", &asked->most_common, err));
    if (asked->contains.count == 0) return STATUS_OK;
    return read_list(reader, TABLE_CONTAINS, "contains", &asked->contains, err);
}

static bool asks_of_column(const struct table_config *asked)
{
    return asked->null_share != NULL || asked->distinct != NULL || asked->distinct_share != NULL ||
           asked->unique_share != NULL || asked->minimum != NULL || asked->maximum != NULL ||
           asked->mean != NULL || asked->median != NULL || asked->sum != NULL ||
           asked->deviation != NULL || asked->quantile != NULL || asked->correlation != NULL ||
           asked->entropy != NULL || asked->drift != NULL || asked->most_common.count > 0 ||
           asked->contains.count > 0;
}

enum status table_read(struct table *table, const struct rule_config *config,
                       const struct yaml_node *place, const struct module_setup *setup,
                       struct err *err)
{
    struct reader reader = {.table = table, .config = config, .place = place, .setup = setup};
    struct text_list one = {(const char **)(uintptr_t)&config->column, config->column != NULL};
    const struct text_list *columns = config->columns.count > 0 ? &config->columns : &one;
    table->schema = setup->schema;
    if (table->rows == NULL) table->rows = arena_get(setup->arena, 1, sizeof *table->rows);
    if (table->rows == NULL) return fail_memory(err, sizeof *table->rows);
    TRY(read_of_table(&reader, err));
    for (size_t i = 0; i < columns->count; i++) {
        TRY(schema_require(setup->schema, str_of(columns->items[i]), &reader.index, err));
        reader.column = setup->schema->fields[reader.index].name;
        TRY(read_of_column(&reader, err));
    }
    if (columns->count > 0 || !asks_of_column(&config->table)) return STATUS_OK;
    return fail_at(place, err, "a rule needs column or columns");
}
