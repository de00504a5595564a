/* columnar/type.c: the table of types, their names and widths. */
#include "columnar/layout.h"

#include <stdio.h>
#include <stdlib.h>

const struct type_info type_table[TYPE_COUNT] = {
    [TYPE_NULL] = {"null", LAYOUT_NULL, 0, 0, false, 0},
    [TYPE_BOOL] = {"bool", LAYOUT_BITS, 0, 1, true, 0},
    [TYPE_INT8] = {"int8", LAYOUT_FIXED, 1, 1, true, 0},
    [TYPE_INT16] = {"int16", LAYOUT_FIXED, 2, 1, true, 0},
    [TYPE_INT32] = {"int32", LAYOUT_FIXED, 4, 1, true, 0},
    [TYPE_INT64] = {"int64", LAYOUT_FIXED, 8, 1, true, 0},
    [TYPE_UINT8] = {"uint8", LAYOUT_FIXED, 1, 1, true, 0},
    [TYPE_UINT16] = {"uint16", LAYOUT_FIXED, 2, 1, true, 0},
    [TYPE_UINT32] = {"uint32", LAYOUT_FIXED, 4, 1, true, 0},
    [TYPE_UINT64] = {"uint64", LAYOUT_FIXED, 8, 1, true, 0},
    [TYPE_FLOAT16] = {"float16", LAYOUT_FIXED, 2, 1, true, 0},
    [TYPE_FLOAT32] = {"float32", LAYOUT_FIXED, 4, 1, true, 0},
    [TYPE_FLOAT64] = {"float64", LAYOUT_FIXED, 8, 1, true, 0},
    [TYPE_UTF8] = {"utf8", LAYOUT_BYTES, 0, 2, true, 0},
    [TYPE_BINARY] = {"binary", LAYOUT_BYTES, 0, 2, true, 0},
    [TYPE_LARGE_UTF8] = {"large_utf8", LAYOUT_BYTES_LARGE, 0, 2, true, 0},
    [TYPE_LARGE_BINARY] = {"large_binary", LAYOUT_BYTES_LARGE, 0, 2, true, 0},
    [TYPE_FIXED_BINARY] = {"fixed_binary", LAYOUT_FIXED, 0, 1, true, 0},
    [TYPE_DATE32] = {"date32", LAYOUT_FIXED, 4, 1, true, 0},
    [TYPE_DATE64] = {"date64", LAYOUT_FIXED, 8, 1, true, 0},
    [TYPE_TIME32] = {"time32", LAYOUT_FIXED, 4, 1, true, 0},
    [TYPE_TIME64] = {"time64", LAYOUT_FIXED, 8, 1, true, 0},
    [TYPE_TIMESTAMP] = {"timestamp", LAYOUT_FIXED, 8, 1, true, 0},
    [TYPE_DURATION] = {"duration", LAYOUT_FIXED, 8, 1, true, 0},
    [TYPE_INTERVAL_MONTHS] = {"interval_months", LAYOUT_FIXED, 4, 1, true, 0},
    [TYPE_INTERVAL_DAY_TIME] = {"interval_day_time", LAYOUT_FIXED, 8, 1, true, 0},
    [TYPE_INTERVAL_MONTH_DAY_NANO] = {"interval_month_day_nano", LAYOUT_FIXED, 16, 1, true, 0},
    [TYPE_DECIMAL32] = {"decimal32", LAYOUT_FIXED, 4, 1, true, 0},
    [TYPE_DECIMAL64] = {"decimal64", LAYOUT_FIXED, 8, 1, true, 0},
    [TYPE_DECIMAL128] = {"decimal128", LAYOUT_FIXED, 16, 1, true, 0},
    [TYPE_DECIMAL256] = {"decimal256", LAYOUT_FIXED, 32, 1, true, 0},
    [TYPE_LIST] = {"list", LAYOUT_LIST, 0, 1, true, 1},
    [TYPE_LARGE_LIST] = {"large_list", LAYOUT_LIST_LARGE, 0, 1, true, 1},
    [TYPE_FIXED_LIST] = {"fixed_list", LAYOUT_LIST_FIXED, 0, 0, true, 1},
    [TYPE_STRUCT] = {"struct", LAYOUT_STRUCT, 0, 0, true, -1},
    [TYPE_MAP] = {"map", LAYOUT_LIST, 0, 1, true, 1},
    [TYPE_SPARSE_UNION] = {"sparse_union", LAYOUT_UNION_SPARSE, 0, 1, false, -1},
    [TYPE_DENSE_UNION] = {"dense_union", LAYOUT_UNION_DENSE, 0, 2, false, -1},
    [TYPE_UTF8_VIEW] = {"utf8_view", LAYOUT_VIEW, 0, 1, true, 0},
    [TYPE_BINARY_VIEW] = {"binary_view", LAYOUT_VIEW, 0, 1, true, 0},
    [TYPE_LIST_VIEW] = {"list_view", LAYOUT_LIST_VIEW, 0, 2, true, 1},
    [TYPE_LARGE_LIST_VIEW] = {"large_list_view", LAYOUT_LIST_VIEW_LARGE, 0, 2, true, 1},
    [TYPE_RUN_END] = {"run_end", LAYOUT_RUN_END, 0, 0, false, 2},
};

static const char *const unit_names[] = {"s", "ms", "us", "ns"};

const struct type_info *field_info(const struct field *field)
{
    return &type_table[field->dictionary ? field->index : field->type.id];
}

size_t field_width(const struct field *field)
{
    if (field->dictionary) return type_table[field->index].width;
    return type_width(&field->type);
}

struct field field_values(const struct field *field)
{
    struct field values = *field;
    values.dictionary = false;
    values.nullable = true;
    return values;
}

size_t type_width(const struct type *type)
{
    if (type->id == TYPE_FIXED_BINARY) return (size_t)type->width;
    return type_table[type->id].width;
}

bool integer_fits(enum type_id id, int64_t value)
{
    switch (id) {
    case TYPE_INT8: return value >= INT8_MIN && value <= INT8_MAX;
    case TYPE_INT16: return value >= INT16_MIN && value <= INT16_MAX;
    case TYPE_INT32: return value >= INT32_MIN && value <= INT32_MAX;
    case TYPE_UINT8: return value >= 0 && value <= UINT8_MAX;
    case TYPE_UINT16: return value >= 0 && value <= UINT16_MAX;
    case TYPE_UINT32: return value >= 0 && value <= UINT32_MAX;
    case TYPE_UINT64: return value >= 0;
    default: return true;
    }
}

bool type_is_integer(enum type_id id)
{
    return id >= TYPE_INT8 && id <= TYPE_UINT64;
}

bool type_is_number(enum type_id id)
{
    return id >= TYPE_INT8 && id <= TYPE_FLOAT64;
}

bool type_is_text(enum type_id id)
{
    return id == TYPE_UTF8 || id == TYPE_LARGE_UTF8 || id == TYPE_UTF8_VIEW;
}

/* ---- names ---- */

/* Text cut at its room; `used` never passes room - 1. */
struct line {
    char *text;
    size_t room, used;
};

static void PRINTF_LIKE(2, 3) line_add(struct line *line, const char *format, ...)
{
    if (line->used + 1 >= line->room) return;
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(line->text + line->used, line->room - line->used, format, arguments);
    va_end(arguments);
    if (size > 0) line->used += (size_t)size;
    if (line->used >= line->room) line->used = line->room - 1;
}

static void name_type(const struct field *field, int depth, struct line *line);

static void name_children(const struct field *field, bool with_names, int depth, struct line *line)
{
    line_add(line, "<");
    for (size_t i = 0; i < field->child_count; i++) {
        const struct field *child = &field->children[i];
        if (i > 0) line_add(line, ", ");
        if (with_names) line_add(line, "%s: ", child->name == NULL ? "" : child->name);
        if (depth < 16)
            name_type(child, depth + 1, line);
        else
            line_add(line, "...");
    }
    if (field->type.id == TYPE_FIXED_LIST) line_add(line, ", %d", field->type.width);
    line_add(line, ">");
}

static void name_map(const struct field *field, int depth, struct line *line)
{
    const struct field *entries = field->children;
    if (field->child_count == 1 && entries->child_count == 2)
        name_children(entries, false, depth, line);
}

static void name_parameters(const struct field *field, int depth, struct line *line)
{
    const struct type *type = &field->type;
    switch (type->id) {
    case TYPE_FIXED_BINARY: line_add(line, "[%d]", type->width); break;
    case TYPE_TIME32:
    case TYPE_TIME64:
    case TYPE_DURATION: line_add(line, "[%s]", unit_names[type->unit]); break;
    case TYPE_TIMESTAMP:
        if (type->zone != NULL)
            line_add(line, "[%s, %s]", unit_names[type->unit], type->zone);
        else
            line_add(line, "[%s]", unit_names[type->unit]);
        break;
    case TYPE_DECIMAL32:
    case TYPE_DECIMAL64:
    case TYPE_DECIMAL128:
    case TYPE_DECIMAL256: line_add(line, "(%d, %d)", type->precision, type->scale); break;
    case TYPE_MAP: name_map(field, depth, line); break;
    case TYPE_STRUCT:
    case TYPE_SPARSE_UNION:
    case TYPE_DENSE_UNION: name_children(field, true, depth, line); break;
    default:
        if (field->child_count > 0) name_children(field, false, depth, line);
    }
}

static void name_type(const struct field *field, int depth, struct line *line)
{
    if (field->dictionary) line_add(line, "dictionary<%s, ", type_table[field->index].name);
    line_add(line, "%s", type_table[field->type.id].name);
    name_parameters(field, depth, line);
    if (field->dictionary) line_add(line, ">");
}

char *field_type_text(const struct field *field, char *ret, size_t room)
{
    struct line line = {ret, room, 0};
    if (room > 0) ret[0] = '\0';
    name_type(field, 0, &line);
    return ret;
}

/* ---- parsing ---- */

static bool cut_suffix(struct str *text, const char *open, char close, struct str *ret_inner)
{
    const char *found = text->size == 0 ? NULL : memchr(text->data, open[0], text->size);
    if (found == NULL || text->data[text->size - 1] != close) return false;
    size_t head = (size_t)(found - text->data);
    *ret_inner = str_trim((struct str){found + 1, text->size - head - 2});
    text->size = head;
    return true;
}

static bool cut_comma(struct str text, struct str *ret_first, struct str *ret_rest)
{
    const char *comma = text.size == 0 ? NULL : memchr(text.data, ',', text.size);
    *ret_first = text;
    *ret_rest = (struct str){NULL, 0};
    if (comma == NULL) return false;
    size_t head = (size_t)(comma - text.data);
    *ret_first = str_trim((struct str){text.data, head});
    *ret_rest = str_trim((struct str){comma + 1, text.size - head - 1});
    return true;
}

static bool parse_number(struct str text, int32_t least, int32_t most, int32_t *ret)
{
    char digits[16];
    if (text.size == 0 || text.size >= sizeof digits) return false;
    memcpy(digits, text.data, text.size);
    digits[text.size] = '\0';
    char *end = NULL;
    long value = strtol(digits, &end, 10);
    if (*end != '\0' || value < least || value > most) return false;
    *ret = (int32_t)value;
    return true;
}

static bool parse_unit(struct str text, enum time_unit *ret)
{
    for (size_t i = 0; i < sizeof unit_names / sizeof unit_names[0]; i++) {
        if (!str_is(text, unit_names[i])) continue;
        *ret = (enum time_unit)i;
        return true;
    }
    return false;
}

static bool parse_decimal(struct str inner, struct type *type)
{
    static const int32_t most[] = {9, 18, 38, 76};
    struct str first, rest;
    if (!cut_comma(inner, &first, &rest)) return false;
    return parse_number(first, 1, most[type->id - TYPE_DECIMAL32], &type->precision) &&
           parse_number(rest, -128, 127, &type->scale);
}

/* Only UTC and no zone: the name would need an owner, and times of ours are UTC. */
static bool parse_timestamp(struct str inner, struct type *type)
{
    struct str first, rest;
    if (cut_comma(inner, &first, &rest)) {
        if (!str_is(rest, "UTC")) return false;
        type->zone = "UTC";
    } else {
        type->zone = NULL;
    }
    return parse_unit(first, &type->unit);
}

static bool parse_parameters(struct str inner, bool present, struct type *type)
{
    switch (type->id) {
    case TYPE_FIXED_BINARY: return present && parse_number(inner, 0, INT32_MAX, &type->width);
    case TYPE_TIME32: return present && parse_unit(inner, &type->unit) && type->unit <= UNIT_MILLI;
    case TYPE_TIME64: return present && parse_unit(inner, &type->unit) && type->unit >= UNIT_MICRO;
    case TYPE_DURATION: return !present || parse_unit(inner, &type->unit);
    case TYPE_TIMESTAMP: return !present || parse_timestamp(inner, type);
    case TYPE_DECIMAL32:
    case TYPE_DECIMAL64:
    case TYPE_DECIMAL128:
    case TYPE_DECIMAL256: return present && parse_decimal(inner, type);
    default: return !present;
    }
}

static bool type_by_name(struct str name, enum type_id *ret)
{
    for (int id = 0; id < TYPE_COUNT; id++) {
        if (!str_is(name, type_table[id].name) || type_table[id].children != 0) continue;
        *ret = (enum type_id)id;
        return true;
    }
    return false;
}

static enum status fail_type(struct str text, struct err *err)
{
    const char *nearest = NULL;
    size_t best = 4;
    for (int id = 0; id < TYPE_COUNT; id++) {
        if (type_table[id].children != 0) continue;
        size_t distance = str_distance(text, str_of(type_table[id].name), 3);
        if (distance < best) {
            best = distance;
            nearest = type_table[id].name;
        }
    }
    enum status status =
        fail(err, STATUS_USAGE, "\"%.*s\" is not a type", (int)text.size, text.data);
    if (nearest != NULL)
        err_hint(err, "did you mean \"%s\"?", nearest);
    else
        err_hint(err,
                 "types are bool, int8 ... int64, uint8 ... uint64, float32, float64, utf8, "
                 "binary, date32, timestamp[us, UTC], decimal128(P, S), dictionary<int32, utf8>");
    return status;
}

static bool parse_plain(struct str text, struct field *ret)
{
    struct str name = str_trim(text), inner = {NULL, 0};
    bool present = cut_suffix(&name, "[", ']', &inner) || cut_suffix(&name, "(", ')', &inner);
    enum type_id id;
    if (!type_by_name(name, &id)) return false;
    *ret = field_of(NULL, id);
    return parse_parameters(inner, present, &ret->type);
}

static bool parse_dictionary(struct str inner, struct field *ret)
{
    struct str first, rest;
    enum type_id index;
    if (!cut_comma(inner, &first, &rest) || !parse_plain(rest, ret)) return false;
    if (!type_by_name(first, &index) || !type_is_integer(index)) return false;
    ret->dictionary = true;
    ret->index = index;
    return true;
}

enum status field_type_parse(struct str text, struct field *ret, struct err *err)
{
    struct str name = str_trim(text), inner = {NULL, 0};
    struct field field = {0};
    bool known = parse_plain(name, &field);
    if (!known && cut_suffix(&name, "<", '>', &inner) && str_is(name, "dictionary"))
        known = parse_dictionary(inner, &field);
    if (!known) return fail_type(text, err);
    *ret = field;
    return STATUS_OK;
}
