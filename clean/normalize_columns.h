/* clean/normalize_columns.h: what the families of methods that work column by column share. */
#ifndef CLEAN_NORMALIZE_COLUMNS_H
#define CLEAN_NORMALIZE_COLUMNS_H

#include "clean/normalize.h"

/* The numeric columns of a step and what leaves. */
struct normalize_columns {
    const struct normalize_config *config;
    const struct schema *schema;
    size_t *columns; /* of the schema, rising */
    size_t count;
    enum type_id type; /* of the values that leave */
};
/* Numeric columns, and the type that `dtype` asks for; `type` is that of "auto". *ret_schema is the
 * schema that leaves. */
MUST_CHECK enum status normalize_columns_open(struct normalize_columns *ret,
                                              const struct module_setup *setup, enum type_id type,
                                              struct schema **ret_schema, struct err *err);
bool normalize_columns_touch(const struct normalize_columns *columns, size_t column);
const struct field *normalize_field(const struct normalize_columns *columns, size_t i);
/* An array of `type` (float16/32/64, int32 or uint8) of `values`, with the nulls of `like`. */
MUST_CHECK enum status normalize_array(struct array **ret, enum type_id type, const double *values,
                                       const struct array *like, struct err *err);

/* Replaces each chosen column by work(context, i, values, rows), in place, of its values (nulls
 * NaN).
 */
MUST_CHECK enum status
normalize_columns_apply(const struct normalize_columns *columns, const struct window *window,
                        struct change *change, const void *context,
                        void (*work)(const void *context, size_t i, double *values, int64_t rows),
                        struct err *err);

/* {"method": "power", "columns": {"x": {... put(context, i), "type": "int64"}, ...}} and back. */
MUST_CHECK enum status normalize_columns_save(
    const struct normalize_columns *columns, const void *context,
    enum status (*put)(const void *context, size_t i, struct bytes *json, struct err *err),
    struct bytes *json, struct err *err);
MUST_CHECK enum status normalize_columns_load(
    const struct normalize_columns *columns, void *context,
    enum status (*get)(void *context, size_t i, const struct yaml_node *node, struct err *err),
    const struct yaml_node *parameters, struct err *err);

#endif
