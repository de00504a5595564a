/* clean/types_recipe.c: what a recipe says about one column's type. */
#include "clean/types_column.h"

#include <string.h>

/* ---- styles and orders the options leave ---- */

enum { DECIMAL_AUTO, DECIMAL_POINT, DECIMAL_COMMA };
enum { THOUSANDS_AUTO, THOUSANDS_NONE, THOUSANDS_COMMA, THOUSANDS_POINT, THOUSANDS_SPACE };

static int thousands_of(enum number_style style)
{
    switch (style) {
    case STYLE_POINT_COMMA: return THOUSANDS_COMMA;
    case STYLE_COMMA_POINT: return THOUSANDS_POINT;
    case STYLE_POINT_SPACE:
    case STYLE_COMMA_SPACE: return THOUSANDS_SPACE;
    case STYLE_POINT:
    case STYLE_COMMA:
    case STYLE_COUNT: break;
    }
    return THOUSANDS_NONE;
}

enum status types_allowed(const struct types_options *options, const struct yaml_node *place,
                          unsigned *ret_styles, unsigned *ret_orders, struct err *err)
{
    *ret_styles = 0;
    for (int style = 0; style < STYLE_COUNT; style++) {
        int decimal = style >= STYLE_COMMA ? DECIMAL_COMMA : DECIMAL_POINT;
        int thousands = thousands_of((enum number_style)style);
        if (options->decimal != DECIMAL_AUTO && options->decimal != decimal) continue;
        if (options->thousands != THOUSANDS_AUTO && options->thousands != thousands) continue;
        *ret_styles |= 1u << style;
    }
    if (*ret_styles == 0)
        return fail_at(place, err, "decimals and thousands can not have the same mark");
    *ret_orders = options->order == 0 ? (1u << ORDER_COUNT) - 1 : 1u << (options->order - 1);
    return STATUS_OK;
}

/* ---- names of types ---- */

static const struct {
    const char *name;
    enum types_kind kind;
} short_names[] = {
    {"auto", KIND_AUTO},           {"text", KIND_TEXT},   {"string", KIND_TEXT},
    {"integer", KIND_WHOLE},       {"int", KIND_WHOLE},   {"number", KIND_REAL},
    {"float", KIND_REAL},          {"double", KIND_REAL}, {"boolean", KIND_BOOL},
    {"decimal", KIND_DECIMAL},     {"date", KIND_DATE},   {"datetime", KIND_TIMESTAMP},
    {"timestamp", KIND_TIMESTAMP}, {"time", KIND_TIME},   {"category", KIND_CATEGORY},
};

static bool kind_of_type(const struct field *field, enum types_kind *ret)
{
    enum type_id id = field->type.id;
    if (field->dictionary)
        *ret = KIND_CATEGORY;
    else if (id == TYPE_BOOL)
        *ret = KIND_BOOL;
    else if (type_is_integer(id))
        *ret = KIND_WHOLE;
    else if (id == TYPE_FLOAT32 || id == TYPE_FLOAT64)
        *ret = KIND_REAL;
    else if (id == TYPE_DECIMAL128 && field->type.scale >= 0)
        *ret = KIND_DECIMAL;
    else if (id == TYPE_DATE32)
        *ret = KIND_DATE;
    else if (id == TYPE_TIMESTAMP && field->type.unit == UNIT_MICRO)
        *ret = KIND_TIMESTAMP;
    else if (id == TYPE_TIME64 && field->type.unit == UNIT_MICRO)
        *ret = KIND_TIME;
    else if (id == TYPE_UTF8)
        *ret = KIND_TEXT;
    else
        return false;
    return true;
}

/* "int32", "date", "dictionary<int32, utf8>", "auto". */
static enum status read_type(struct types_column *column, const struct yaml_node *node,
                             struct err *err)
{
    if (node->kind != YAML_SCALAR) return fail_at(node, err, "expected the name of a type");
    for (size_t i = 0; i < sizeof short_names / sizeof *short_names; i++)
        if (str_is(node->text, short_names[i].name)) {
            column->kind = short_names[i].kind;
            column->inferred = column->kind == KIND_AUTO;
            return STATUS_OK;
        }
    struct field field = {0};
    enum status status = field_type_parse(node->text, &field, err);
    if (status != STATUS_OK)
        return fail_within(err, status, "line %d, column %d: column \"%s\"", node->line,
                           node->column, column->name);
    if (!kind_of_type(&field, &column->kind))
        return fail_at(node, err, "column \"%s\": text can not become \"%.*s\"", column->name,
                       (int)node->text.size, node->text.data);
    field.name = column->name;
    field.nullable = true;
    column->field = field;
    return STATUS_OK;
}

/* ---- {date: day-first}, {float64: comma}, {type: date, order: day-first} ---- */

struct column_config {
    const struct yaml_node *type;
    const char *unit;
    struct types_options options;
};
#define SET(member) offsetof(struct column_config, member)
static const struct setting column_settings[] = {
    {"type", SETTING_TREE, SET(type), .help = "the type of the column"},
    {"unit", SETTING_TEXT, SET(unit),
     .help = "what stands behind each number and is taken off; any = whatever it is"},
    {"decimal", SETTING_CHOICE, SET(options.decimal), NULL, TYPES_NUMBER_DECIMAL,
     .help = "the decimal mark"},
    {"thousands", SETTING_CHOICE, SET(options.thousands), NULL, TYPES_NUMBER_THOUSANDS,
     .help = "the mark between thousands"},
    {"order", SETTING_CHOICE, SET(options.order), NULL, TYPES_DATE_ORDER,
     .help = "how numbers of a date are read"},
    {"rounding", SETTING_CHOICE, SET(options.rounding), NULL, NUMBER_ROUNDING,
     .help = "what becomes of digits behind a decimal's scale"},
    {"on_fail", SETTING_CHOICE, SET(options.on_fail), NULL, TYPES_ON_FAIL,
     .help = "what becomes of values that do not fit"},
    {NULL},
};

static bool is_amount(enum types_kind kind)
{
    return kind == KIND_REAL || kind == KIND_WHOLE || kind == KIND_DECIMAL;
}

static enum status read_map(struct types_column *column, const struct yaml_node *map,
                            struct types_options *options, struct arena *arena, struct err *err)
{
    struct column_config config = {.options = *options};
    TRY(settings_from_yaml(column_settings, map, &config, arena, err));
    *options = config.options;
    TRY(read_type(column, config.type, err));
    column->unit = str_trim(str_of(config.unit));
    if (column->unit.size > 0 && !is_amount(column->kind) && column->kind != KIND_AUTO)
        return fail_at(yaml_get(map, "unit"), err, "column \"%s\": only numbers have a unit",
                       column->name);
    return STATUS_OK;
}

static enum status read_pair(struct types_column *column, const struct yaml_node *map,
                             struct types_options *options, struct err *err)
{
    const struct yaml_node *option = map->items[0];
    TRY(read_type(column, map->keys[0], err));
    struct str word = option->kind == YAML_SCALAR ? option->text : str_of("");
    int *place = &options->order;
    const char *choices = TYPES_DATE_ORDER;
    if (is_amount(column->kind)) {
        place = &options->decimal;
        choices = TYPES_NUMBER_DECIMAL;
    }
    int index = choice_index(choices, word);
    if (index < 0)
        return fail_at(option, err, "column \"%s\": found \"%.*s\", expected one of %s",
                       column->name, (int)word.size, word.data, choices);
    *place = index;
    return STATUS_OK;
}

static enum status fail_spec(const struct types_column *column, const struct yaml_node *spec,
                             struct err *err)
{
    enum status status = fail_at(spec, err,
                                 "column \"%s\": expected a type, {date: day-first} or "
                                 "{type: date, order: day-first}",
                                 column->name);
    if (spec->kind == YAML_LIST) /* the comma split it */
        err_hint(err, "a type with a comma stands in quotes: \"decimal128(10, 2)\"");
    return status;
}

enum status types_column_read(struct types_column *column, const struct yaml_node *spec,
                              const struct types_options *options, struct arena *arena,
                              struct err *err)
{
    struct types_options own = *options;
    if (spec->kind == YAML_MAP && yaml_get(spec, "type") != NULL) {
        TRY(read_map(column, spec, &own, arena, err));
    } else if (spec->kind == YAML_MAP && spec->count == 1) {
        TRY(read_pair(column, spec, &own, err));
    } else if (spec->kind == YAML_SCALAR) {
        TRY(read_type(column, spec, err));
    } else {
        return fail_spec(column, spec, err);
    }
    column->on_fail = (enum types_on_fail)own.on_fail;
    column->rounding = (enum number_rounding)own.rounding;
    return types_allowed(&own, spec, &column->styles, &column->orders, err);
}
