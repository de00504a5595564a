/* clean/parameters.c: fitted parameters as JSON and back. */
#include "clean/parameters.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define NUMBER_TEXT_MAXIMUM 64

/* ---- writing ---- */

static enum status put_name(struct bytes *json, const char *name, struct err *err)
{
    TRY(bytes_append_json(json, str_of(name), err));
    return bytes_append_text(json, ": ", err);
}

static enum status put_value(struct bytes *json, double value, struct err *err)
{
    if (isnan(value)) return bytes_append_text(json, "\"NaN\"", err);
    if (isinf(value))
        return bytes_append_text(json, value > 0 ? "\"Infinity\"" : "\"-Infinity\"", err);
    return bytes_format(json, err, "%.17g", value);
}

enum status put_real(struct bytes *json, const char *name, double value, struct err *err)
{
    TRY(put_name(json, name, err));
    return put_value(json, value, err);
}

enum status put_text(struct bytes *json, const char *name, struct str value, struct err *err)
{
    TRY(put_name(json, name, err));
    return bytes_append_json(json, value, err);
}

enum status put_integer(struct bytes *json, const char *name, int64_t value, struct err *err)
{
    TRY(put_name(json, name, err));
    return bytes_format(json, err, "%" PRId64, value);
}

enum status put_reals(struct bytes *json, const char *name, const double *values, size_t count,
                      struct err *err)
{
    TRY(put_name(json, name, err));
    TRY(bytes_append_text(json, "[", err));
    for (size_t i = 0; i < count; i++) {
        if (i > 0) TRY(bytes_append_text(json, ", ", err));
        TRY(put_value(json, values[i], err));
    }
    return bytes_append_text(json, "]", err);
}

/* Nine digits are enough for any float, and most have fewer. */
static enum status put_float(struct bytes *json, float value, struct err *err)
{
    char text[NUMBER_TEXT_MAXIMUM];
    if (!isfinite(value)) return put_value(json, value, err);
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtof(text, NULL) == value) break;
    }
    return bytes_append_text(json, text, err);
}

enum status put_floats(struct bytes *json, const char *name, const float *values, size_t count,
                       struct err *err)
{
    TRY(put_name(json, name, err));
    TRY(bytes_append_text(json, "[", err));
    for (size_t i = 0; i < count; i++) {
        if (i > 0) TRY(bytes_append_text(json, ", ", err));
        TRY(put_float(json, values[i], err));
    }
    return bytes_append_text(json, "]", err);
}

/* ---- reading ---- */

static enum status require(const struct yaml_node *map, const char *name,
                           const struct yaml_node **ret, struct err *err)
{
    *ret = yaml_get(map, name);
    if (*ret == NULL) return fail_at(map, err, "fitted parameters have no \"%s\"", name);
    return STATUS_OK;
}

static enum status read_real(const struct yaml_node *node, double *ret, struct err *err)
{
    char text[NUMBER_TEXT_MAXIMUM];
    if (node->kind != YAML_SCALAR || node->text.size == 0 || node->text.size >= sizeof text)
        return fail_at(node, err, "a number is expected among fitted parameters");
    memcpy(text, node->text.data, node->text.size);
    text[node->text.size] = '\0';
    char *end;
    *ret = strtod(text, &end);
    if (*end != '\0') return fail_at(node, err, "\"%s\" is not a number", text);
    return STATUS_OK;
}

enum status get_real(const struct yaml_node *map, const char *name, double *ret, struct err *err)
{
    const struct yaml_node *node;
    TRY(require(map, name, &node, err));
    return read_real(node, ret, err);
}

enum status get_text(const struct yaml_node *map, const char *name, struct str *ret,
                     struct err *err)
{
    const struct yaml_node *node;
    TRY(require(map, name, &node, err));
    if (node->kind != YAML_SCALAR) return fail_at(node, err, "\"%s\" is not a text", name);
    *ret = node->text;
    return STATUS_OK;
}

enum status get_integer(const struct yaml_node *map, const char *name, int64_t *ret,
                        struct err *err)
{
    const struct yaml_node *node;
    TRY(require(map, name, &node, err));
    char text[NUMBER_TEXT_MAXIMUM];
    if (node->kind != YAML_SCALAR || node->text.size == 0 || node->text.size >= sizeof text)
        return fail_at(node, err, "\"%s\" is not an integer", name);
    memcpy(text, node->text.data, node->text.size);
    text[node->text.size] = '\0';
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (*end != '\0' || errno != 0) return fail_at(node, err, "\"%s\" is not an integer", text);
    *ret = value;
    return STATUS_OK;
}

enum status get_reals(const struct yaml_node *map, const char *name, double *ret, size_t count,
                      struct err *err)
{
    const struct yaml_node *node;
    TRY(require(map, name, &node, err));
    if (node->kind != YAML_LIST || node->count != count)
        return fail_at(node, err, "\"%s\" is not a list of %zu numbers", name, count);
    for (size_t i = 0; i < count; i++)
        TRY(read_real(node->items[i], &ret[i], err));
    return STATUS_OK;
}

enum status get_floats(const struct yaml_node *map, const char *name, float *ret, size_t count,
                       struct err *err)
{
    const struct yaml_node *node;
    double value = 0;
    TRY(require(map, name, &node, err));
    if (node->kind != YAML_LIST || node->count != count)
        return fail_at(node, err, "\"%s\" is not a list of %zu numbers", name, count);
    for (size_t i = 0; i < count; i++) {
        TRY(read_real(node->items[i], &value, err));
        ret[i] = (float)value;
    }
    return STATUS_OK;
}

enum status get_map(const struct yaml_node *map, const char *name, const struct yaml_node **ret,
                    struct err *err)
{
    TRY(require(map, name, ret, err));
    if ((*ret)->kind != YAML_MAP) return fail_at(*ret, err, "\"%s\" is not a map", name);
    return STATUS_OK;
}
