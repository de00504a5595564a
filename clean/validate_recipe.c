/* clean/validate_recipe.c: rules as a recipe writes them become checks. */
#include "clean/rowkey.h"
#include "clean/validate_rule.h"

#include "base/clock.h"
#include "clean/numeral.h"

#include <stdio.h>
#include <string.h>

#define MOST_CHECKS     10000
#define THRESHOLD_SHOWN 60 /* characters of a set or pattern that events repeat */

/* ---- values of the recipe on the scale of a column ---- */

enum scale scale_of(const struct field *field)
{
    enum type_id id = field->type.id;
    if (field->dictionary || type_is_text(id)) return SCALE_TEXT;
    if (type_is_integer(id) && id != TYPE_UINT64) return SCALE_WHOLE;
    if (id == TYPE_DATE32 || id == TYPE_TIMESTAMP) return SCALE_MOMENT;
    if (type_is_number(id) || id == TYPE_DECIMAL128) return SCALE_NUMBER;
    return SCALE_TEXT;
}

int bound_compare(enum scale scale, const struct bound *a, const struct bound *b)
{
    switch (scale) {
    case SCALE_NUMBER: return (a->number > b->number) - (a->number < b->number);
    case SCALE_WHOLE:
    case SCALE_MOMENT: return (a->whole > b->whole) - (a->whole < b->whole);
    case SCALE_TEXT: break;
    }
    return str_compare(a->text, b->text);
}

static bool is_open_end(const struct yaml_node *node)
{
    return !node->quoted &&
           (node->text.size == 0 || str_is(node->text, "~") || str_is(node->text, "null"));
}

/* A bound as the recipe writes it. Whole columns take fractions as bounds: they become doubles. */
static enum status read_bound(const struct yaml_node *node, enum scale *scale, struct bound *ret,
                              struct err *err)
{
    *ret = (struct bound){0};
    if (node->kind != YAML_SCALAR) return fail_at(node, err, "expected one value");
    if (is_open_end(node)) return STATUS_OK;
    ret->given = true;
    ret->text = node->text;
    if (*scale == SCALE_TEXT) return STATUS_OK;
    if (*scale == SCALE_MOMENT) {
        enum status status = time_parse(node->text, &ret->whole, err);
        return status == STATUS_OK
                   ? status
                   : fail_within(err, status, "line %d, column %d", node->line, node->column);
    }
    if (!number_real(node->text, STYLE_POINT, &ret->number))
        return fail_at(node, err, "found \"%.*s\", expected a number", (int)node->text.size,
                       node->text.data);
    if (*scale == SCALE_WHOLE && !number_whole(node->text, STYLE_POINT, &ret->whole))
        *scale = SCALE_NUMBER;
    return STATUS_OK;
}

/* Text held against numbers is read as numbers. */
static void choose_scale(struct check *check, const struct field *field,
                         const struct yaml_node *list)
{
    check->scale = scale_of(field);
    if (check->scale != SCALE_TEXT) return;
    for (size_t i = 0; i < list->count; i++) {
        double number = 0;
        const struct yaml_node *item = list->items[i];
        if (item->kind != YAML_SCALAR || is_open_end(item)) continue;
        if (item->quoted || !number_real(item->text, STYLE_POINT, &number)) return;
    }
    check->scale = SCALE_NUMBER;
    check->numeric_text = true;
}

/* ---- one check of each kind ---- */

struct reader {
    struct check_list *list;
    const struct rule_config *config;
    const struct yaml_node *place;
    const struct module_setup *setup;
};

static enum status format_threshold(const struct reader *reader, struct check *check,
                                    const char *text, struct err *err)
{
    check->threshold = arena_text(reader->setup->arena, text, strlen(text));
    return check->threshold == NULL ? fail_memory(err, strlen(text)) : STATUS_OK;
}

static char *shorten(struct str text, char ret[THRESHOLD_SHOWN + 4])
{
    size_t size = text.size < THRESHOLD_SHOWN ? text.size : THRESHOLD_SHOWN;
    while (size > 0 && size < text.size && ((unsigned char)text.data[size] & 0xc0) == 0x80)
        size--;
    memcpy(ret, text.data, size);
    memcpy(ret + size, size < text.size ? "..." : "", size < text.size ? 4 : 1);
    return ret;
}

static enum status read_pair(const struct reader *reader, struct check *check,
                             const struct yaml_node *node, const char *what, struct err *err)
{
    if (node->kind != YAML_LIST || node->count != 2)
        return fail_at(node, err, "%s: expected [least, most]", what);
    enum scale scale = check->scale;
    TRY(read_bound(node->items[0], &scale, &check->low, err));
    TRY(read_bound(node->items[1], &scale, &check->high, err));
    if (scale != check->scale) { /* one bound is a fraction: both as doubles */
        check->scale = scale;
        TRY(read_bound(node->items[0], &scale, &check->low, err));
        TRY(read_bound(node->items[1], &scale, &check->high, err));
    }
    if (check->low.given && check->high.given &&
        bound_compare(check->scale, &check->low, &check->high) > 0)
        return fail_at(node, err, "%s: the first value is above the second", what);
    char text[2 * THRESHOLD_SHOWN + 40], low[THRESHOLD_SHOWN + 4], high[THRESHOLD_SHOWN + 4];
    shorten(check->low.given ? check->low.text : str_of("-"), low);
    shorten(check->high.given ? check->high.text : str_of("-"), high);
    snprintf(text, sizeof text, "%s %s and %s", what, low, high);
    return format_threshold(reader, check, text, err);
}

static enum status read_between(const struct reader *reader, struct check *check, struct err *err)
{
    const struct yaml_node *node = reader->config->between;
    choose_scale(check, &reader->setup->schema->fields[check->index], node);
    return read_pair(reader, check, node, "between", err);
}

static enum status read_length(const struct reader *reader, struct check *check, struct err *err)
{
    const struct yaml_node *node = reader->config->length;
    check->scale = SCALE_WHOLE;
    if (node->kind != YAML_SCALAR) return read_pair(reader, check, node, "length", err);
    TRY(read_bound(node, &check->scale, &check->low, err));
    check->high = check->low;
    if (check->scale != SCALE_WHOLE || !check->low.given)
        return fail_at(node, err, "length: expected a whole number");
    char text[THRESHOLD_SHOWN + 16], shown[THRESHOLD_SHOWN + 4];
    snprintf(text, sizeof text, "length %s", shorten(node->text, shown));
    return format_threshold(reader, check, text, err);
}

static enum status add_to_set(const struct reader *reader, struct check *check, struct str item,
                              struct err *err)
{
    double number = 0;
    if (check->scale == SCALE_NUMBER) {
        if (!number_real(item, STYLE_POINT, &number))
            return fail_at(reader->place, err, "column \"%s\": found \"%.*s\", expected a number",
                           check->column, (int)item.size, item.data);
        number += 0.0; /* -0 is 0 */
        item = (struct str){(const char *)&number, sizeof number};
    }
    return counts_add(&check->set, item.data, item.size, count_hash(item.data, item.size), 1, err);
}

static enum status read_set(const struct reader *reader, struct check *check,
                            const struct text_list *list, const char *what, struct err *err)
{
    const struct field *field = &reader->setup->schema->fields[check->index];
    enum scale scale = scale_of(field);
    check->scale = scale == SCALE_WHOLE || scale == SCALE_NUMBER ? SCALE_NUMBER : SCALE_TEXT;
    char text[2 * THRESHOLD_SHOWN + 40], shown[THRESHOLD_SHOWN + 4];
    size_t size = (size_t)snprintf(text, sizeof text, "%s", what);
    for (size_t i = 0; i < list->count; i++) {
        TRY(add_to_set(reader, check, str_of(list->items[i]), err));
        shorten(str_of(list->items[i]), shown);
        if (size + strlen(shown) + 8 < sizeof text)
            size +=
                (size_t)snprintf(text + size, sizeof text - size, "%s %s", i > 0 ? "," : "", shown);
        else if (text[size - 1] != '.')
            size += (size_t)snprintf(text + size, sizeof text - size, " ...");
    }
    return format_threshold(reader, check, text, err);
}

static enum status read_pattern(const struct reader *reader, struct check *check,
                                const char *pattern, const char *what, struct err *err)
{
    int error = 0;
    PCRE2_SIZE at = 0;
    check->pattern = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
                                   PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_UTF |
                                       PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C,
                                   &error, &at, NULL);
    if (check->pattern == NULL) {
        PCRE2_UCHAR message[128] = "";
        pcre2_get_error_message(error, message, sizeof message);
        return fail_at(reader->place, err, "pattern \"%s\" at character %zu: %s", pattern, at + 1,
                       (char *)message);
    }
    pcre2_jit_compile(check->pattern, PCRE2_JIT_COMPLETE); /* without JIT it is only slower */
    char text[THRESHOLD_SHOWN + 32], shown[THRESHOLD_SHOWN + 4];
    snprintf(text, sizeof text, "%s %s", what, shorten(str_of(pattern), shown));
    return format_threshold(reader, check, text, err);
}

/* What RULE_FORMATS stand for. */
static const char *const format_patterns[] = {
    NULL,
    "[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    "(?:\\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+",
    "(?:https?|ftp)://[^\\s/?#]+(?:[/?#]\\S*)?",
    "[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}",
    "(?:(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)(?:\\.(?!$)|$)){4}",
    "(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}|(?=(?:[0-9A-Fa-f]{0,4}:){0,7}[0-9A-Fa-f]{0,4}$)"
    "(?:[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4})*)?::(?:[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4})*)?",
    "\\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])",
    "\\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])[T ](?:[01]\\d|2[0-3]):[0-5]\\d"
    "(?::[0-5]\\d(?:\\.\\d+)?)?(?:Z|[+-](?:[01]\\d|2[0-3]):?[0-5]\\d)?",
};

static enum status read_format(const struct reader *reader, struct check *check, struct err *err)
{
    char name[16];
    int format = reader->config->format;
    choice_text(RULE_FORMATS, format, name, sizeof name);
    TRY(read_pattern(reader, check, format_patterns[format], "format", err));
    check->threshold = arena_format(reader->setup->arena, "format %s", name);
    return check->threshold == NULL ? fail_memory(err, sizeof name) : STATUS_OK;
}

static enum status read_type(const struct reader *reader, struct check *check, struct err *err)
{
    const char *name = reader->config->type;
    if (strcmp(name, "date") == 0) name = "date32";
    if (strcmp(name, "timestamp") == 0) {
        check->type = field_of(check->column, TYPE_TIMESTAMP);
    } else {
        enum status status = field_type_parse(str_of(name), &check->type, err);
        if (status != STATUS_OK && reader->place != NULL)
            return fail_within(err, status, "line %d, column %d", reader->place->line,
                               reader->place->column);
        TRY(status);
    }
    char text[THRESHOLD_SHOWN + 16], shown[THRESHOLD_SHOWN + 4];
    snprintf(text, sizeof text, "type %s", shorten(str_of(name), shown));
    return format_threshold(reader, check, text, err);
}

/* ---- several columns ---- */

static enum status find_column(const struct reader *reader, const char *name, size_t *ret,
                               struct err *err)
{
    enum status status = schema_require(reader->setup->schema, str_of(name), ret, err);
    if (status == STATUS_OK || reader->place == NULL) return status;
    return fail_within(err, status, "line %d, column %d", reader->place->line,
                       reader->place->column);
}

static enum status find_columns(const struct reader *reader, const struct text_list *list,
                                size_t **ret, size_t *ret_count, struct err *err)
{
    *ret = arena_get(reader->setup->arena, list->count, sizeof **ret);
    if (*ret == NULL) return fail_memory(err, list->count * sizeof **ret);
    for (size_t i = 0; i < list->count; i++) {
        TRY(find_column(reader, list->items[i], &(*ret)[i], err));
        if (!field_has_key(&reader->setup->schema->fields[(*ret)[i]]))
            return fail_at(reader->place, err, "column \"%s\" has values that are not compared",
                           list->items[i]);
    }
    *ret_count = list->count;
    return STATUS_OK;
}

static const char *join_names(const struct reader *reader, const char *verb,
                              const struct text_list *list)
{
    const char *text = verb;
    for (size_t i = 0; i < list->count && text != NULL; i++)
        text =
            arena_format(reader->setup->arena, "%s%s%s", text, i > 0 ? ", " : " ", list->items[i]);
    return text;
}

static enum status read_compare(const struct reader *reader, struct check *check, struct err *err)
{
    struct compare_config {
        const char *column, *with;
        int op;
    } config = {0};
    static const struct setting compare_settings[] = {
        {"column", SETTING_TEXT, offsetof(struct compare_config, column), .help = "left side"},
        {"op", SETTING_CHOICE, offsetof(struct compare_config, op), "<=", COMPARISONS,
         .help = "how they must compare"},
        {"with", SETTING_TEXT, offsetof(struct compare_config, with), .help = "right side"},
        {NULL},
    };
    const struct yaml_node *node = reader->config->compare;
    TRY(settings_from_yaml(compare_settings, node, &config, reader->setup->arena, err));
    if (config.column == NULL) config.column = reader->config->column;
    if (config.column == NULL || config.with == NULL)
        return fail_at(node, err, "compare: expected column, op and with");
    TRY(find_column(reader, config.column, &check->index, err));
    TRY(find_column(reader, config.with, &check->with, err));
    const struct schema *schema = reader->setup->schema;
    check->column = schema->fields[check->index].name;
    check->with_name = schema->fields[check->with].name;
    check->comparison = (enum comparison)config.op;
    enum scale a = scale_of(&schema->fields[check->index]);
    enum scale b = scale_of(&schema->fields[check->with]);
    bool numbers =
        (a == SCALE_WHOLE || a == SCALE_NUMBER) && (b == SCALE_WHOLE || b == SCALE_NUMBER);
    if (a != b && !numbers)
        return fail_at(node, err, "columns \"%s\" and \"%s\" have types that do not compare",
                       check->column, check->with_name);
    check->scale = a == b ? a : SCALE_NUMBER;
    char op[4], text[16 + THRESHOLD_SHOWN], shown[THRESHOLD_SHOWN + 4];
    choice_text(COMPARISONS, config.op, op, sizeof op);
    snprintf(text, sizeof text, "%s %s", op, shorten(str_of(config.with), shown));
    return format_threshold(reader, check, text, err);
}

/* ---- a rule ---- */

static const char *const kind_names[] = {
    "not null", "between", "in",     "not in",  "matches", "not matches",
    "length",   "type",    "format", "compare", "unique",  "determines",
};

static enum status new_check(const struct reader *reader, enum check_kind kind, struct check **ret,
                             struct err *err)
{
    struct check_list *list = reader->list;
    if (list->count == MOST_CHECKS)
        return fail_at(reader->place, err, "more than %d checks in one step", MOST_CHECKS);
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 16 : 2 * list->room;
        struct check *items = memory_resize(list->items, room, sizeof *items);
        if (items == NULL) return fail_memory(err, room * sizeof *items);
        list->items = items;
        list->room = room;
    }
    const struct rule_config *config = reader->config;
    struct check *check = &list->items[list->count++];
    *check = (struct check){.kind = kind,
                            .rule = config->name != NULL ? config->name : kind_names[kind],
                            .on_fail = (enum validate_on_fail)config->on_fail,
                            .severity = (enum severity)config->severity,
                            .mostly = config->mostly,
                            .threshold = kind_names[kind]};
    if (check->mostly < 0 && check->on_fail == VALIDATE_FLAG) check->mostly = 1;
    check->counts = arena_get(reader->setup->arena, 1, sizeof *check->counts);
    if (check->counts == NULL) return fail_memory(err, sizeof *check->counts);
    *ret = check;
    return STATUS_OK;
}

static enum status read_kind(const struct reader *reader, struct check *check, struct err *err)
{
    const struct rule_config *config = reader->config;
    switch (check->kind) {
    case CHECK_BETWEEN: return read_between(reader, check, err);
    case CHECK_IN: return read_set(reader, check, &config->in, "in", err);
    case CHECK_NOT_IN: return read_set(reader, check, &config->not_in, "not in", err);
    case CHECK_MATCHES: return read_pattern(reader, check, config->matches, "matches", err);
    case CHECK_NOT_MATCHES:
        return read_pattern(reader, check, config->not_matches, "not matches", err);
    case CHECK_LENGTH: return read_length(reader, check, err);
    case CHECK_TYPE: return read_type(reader, check, err);
    case CHECK_FORMAT: return read_format(reader, check, err);
    case CHECK_NOT_NULL:
    case CHECK_COMPARE:
    case CHECK_UNIQUE:
    case CHECK_DETERMINES: break;
    }
    return STATUS_OK;
}

/* What a rule asks of one column by itself. */
static enum status read_column_checks(const struct reader *reader, const char *name,
                                      struct err *err)
{
    const struct rule_config *config = reader->config;
    const bool asked[] = {
        [CHECK_NOT_NULL] = config->not_null,
        [CHECK_BETWEEN] = config->between != NULL,
        [CHECK_IN] = config->in.count > 0,
        [CHECK_NOT_IN] = config->not_in.count > 0,
        [CHECK_MATCHES] = config->matches != NULL,
        [CHECK_NOT_MATCHES] = config->not_matches != NULL,
        [CHECK_LENGTH] = config->length != NULL,
        [CHECK_TYPE] = config->type != NULL,
        [CHECK_FORMAT] = config->format != 0,
    };
    for (int kind = 0; kind <= CHECK_FORMAT; kind++) {
        struct check *check = NULL;
        if (!asked[kind]) continue;
        TRY(new_check(reader, (enum check_kind)kind, &check, err));
        TRY(find_column(reader, name, &check->index, err));
        check->column = reader->setup->schema->fields[check->index].name;
        TRY(read_kind(reader, check, err));
    }
    return STATUS_OK;
}

static enum status read_key_checks(const struct reader *reader, const struct text_list *key,
                                   struct err *err)
{
    const struct rule_config *config = reader->config;
    bool unique = config->unique != 0 && config->unique != 3;
    for (int kind = CHECK_UNIQUE; kind <= CHECK_DETERMINES; kind++) {
        struct check *check = NULL;
        if (kind == CHECK_UNIQUE ? !unique : config->determines.count == 0) continue;
        if (key->count == 0) return fail_at(reader->place, err, "a rule needs column or columns");
        TRY(new_check(reader, (enum check_kind)kind, &check, err));
        TRY(find_columns(reader, key, &check->columns, &check->column_count, err));
        check->index = check->columns[0];
        check->column = reader->setup->schema->fields[check->index].name;
        check->every_copy = config->unique == 2;
        const struct text_list *named = kind == CHECK_UNIQUE ? key : &config->determines;
        check->threshold =
            join_names(reader, kind == CHECK_UNIQUE ? "unique" : "determines", named);
        if (check->threshold == NULL) return fail_memory(err, 32);
        if (kind == CHECK_UNIQUE) continue;
        TRY(find_columns(reader, &config->determines, &check->dependents, &check->dependent_count,
                         err));
        /* what fails, and what becomes null, is the determined value */
        check->index = check->dependents[0];
        check->column = reader->setup->schema->fields[check->index].name;
    }
    return STATUS_OK;
}

/* The condition of a rule is one check of a row; the checks from `before` on are under it. */
static enum status read_when(const struct reader *reader, size_t before, struct err *err)
{
    static const struct setting when_settings[] = {RULE_SETTINGS((size_t)0), {NULL}};
    struct check_list *list = reader->list;
    const struct yaml_node *node = reader->config->when;
    struct rule_config config = {0};
    if (node->kind != YAML_MAP)
        return fail_at(node, err, "when: expected {column: ..., CHECK: ...}");
    TRY(settings_from_yaml(when_settings, node, &config, reader->setup->arena, err));
    if (config.when != NULL) return fail_at(node, err, "when: a condition has none itself");
    for (size_t i = before; i < list->count; i++)
        if (list->items[i].kind >= CHECK_UNIQUE)
            return fail_at(node, err, "when: unique and determines look at all rows");
    size_t first = list->count;
    TRY(rule_read(list, &config, node, reader->setup, err));
    if (list->count != first + 1 || list->items[first].kind >= CHECK_UNIQUE)
        return fail_at(node, err, "when: expected one check of a row");
    struct check *condition = arena_get(reader->setup->arena, 1, sizeof *condition);
    if (condition == NULL) return fail_memory(err, sizeof *condition);
    *condition = list->items[--list->count];
    for (size_t i = before; i < list->count; i++)
        list->items[i].when = condition;
    list->items[before].owns_when = true;
    return STATUS_OK;
}

enum status rule_read(struct check_list *list, const struct rule_config *config,
                      const struct yaml_node *place, const struct module_setup *setup,
                      struct err *err)
{
    struct reader reader = {list, config, place, setup};
    struct text_list one = {(const char **)(uintptr_t)&config->column, 1};
    const struct text_list *columns = config->columns.count > 0 ? &config->columns : &one;
    size_t before = list->count;
    if (config->column != NULL && config->columns.count > 0)
        return fail_at(place, err, "a rule takes column or columns, not both");
    if (config->column == NULL && config->columns.count == 0) one.count = 0;
    for (size_t i = 0; i < columns->count; i++)
        TRY(read_column_checks(&reader, columns->items[i], err));
    TRY(read_key_checks(&reader, columns, err));
    if (config->compare != NULL) {
        struct check *check = NULL;
        TRY(new_check(&reader, CHECK_COMPARE, &check, err));
        TRY(read_compare(&reader, check, err));
    }
    return config->when == NULL ? STATUS_OK : read_when(&reader, before, err);
}

void check_release(struct check *check)
{
    if (check->owns_when) check_release(check->when);
    check->owns_when = false;
    counts_release(&check->set);
    if (check->pattern != NULL) pcre2_code_free(check->pattern);
    check->pattern = NULL;
    groups_close(&check->groups);
}
