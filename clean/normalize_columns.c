/* clean/normalize_columns.c: what the families of methods that work column by column share. */
#include "clean/normalize_columns.h"

#include "clean/numbers.h"
#include "clean/parameters.h"
#include "columnar/kernels.h"
#include "columnar/layout.h"

enum status normalize_columns_open(struct normalize_columns *ret, const struct module_setup *setup,
                                   enum type_id type, struct schema **ret_schema, struct err *err)
{
    const struct normalize_config *config = setup->config;
    ret->config = config;
    ret->schema = setup->schema;
    switch ((enum normalize_dtype)config->dtype) {
    case DTYPE_AUTO: ret->type = type; break;
    case DTYPE_FLOAT64: ret->type = TYPE_FLOAT64; break;
    case DTYPE_FLOAT32: ret->type = TYPE_FLOAT32; break;
    case DTYPE_FLOAT16: ret->type = TYPE_FLOAT16; break;
    case DTYPE_UINT8:
        return fail_at(setup->node, err,
                       "dtype uint8 is for pictures and one-hot, numbers are float64, float32 or "
                       "float16");
    }
    TRY(module_columns(setup, &config->columns, field_is_number, &ret->columns, &ret->count, err));
    return normalize_retyped(setup->schema, ret->columns, ret->count, ret->type, ret_schema, err);
}

bool normalize_columns_touch(const struct normalize_columns *columns, size_t column)
{
    for (size_t i = 0; i < columns->count; i++)
        if (columns->columns[i] == column) return true;
    return false;
}

const struct field *normalize_field(const struct normalize_columns *columns, size_t i)
{
    return &columns->schema->fields[columns->columns[i]];
}

/* ---- values to an array ---- */

static void store(enum type_id type, const double *values, int64_t count, void *ret)
{
    switch (type) {
    case TYPE_FLOAT16:
        for (int64_t i = 0; i < count; i++)
            ((uint16_t *)ret)[i] = half_from_double(values[i]);
        break;
    case TYPE_FLOAT32:
        for (int64_t i = 0; i < count; i++)
            ((float *)ret)[i] = (float)values[i];
        break;
    case TYPE_INT32: /* codes; a null is NaN and zeroed later */
        for (int64_t i = 0; i < count; i++)
            ((int32_t *)ret)[i] = values[i] == values[i] ? (int32_t)values[i] : 0;
        break;
    case TYPE_UINT8:
        for (int64_t i = 0; i < count; i++)
            ((uint8_t *)ret)[i] = values[i] == 1;
        break;
    default: memcpy(ret, values, (size_t)count * sizeof *values);
    }
}

enum status normalize_array(struct array **ret, enum type_id type, const double *values,
                            const struct array *like, struct err *err)
{
    struct buffer buffer = {0};
    size_t width = type_width(&(struct type){.id = type});
    TRY(buffer_new_raw(&buffer, (size_t)like->length * width, err));
    if (like->length > 0) store(type, values, like->length, buffer_writable(&buffer));
    if (like->null_count > 0)
        kernels()->zero_nulls(buffer_writable(&buffer), width, like->validity.data, like->length);
    return array_make(ret, like->length, like->null_count, buffer_ref(&like->validity), &buffer, 1,
                      NULL, 0, NULL, err);
}

enum status
normalize_columns_apply(const struct normalize_columns *columns, const struct window *window,
                        struct change *change, const void *context,
                        void (*work)(const void *context, size_t i, double *values, int64_t rows),
                        struct err *err)
{
    OWNED(memory_release) double *values = NULL;
    int64_t rows = window->batch->rows;
    TRY(NEW(&values, (size_t)rows, err));
    for (size_t i = 0; i < columns->count; i++) {
        size_t at = columns->columns[i];
        const struct array *before = window->batch->columns[at];
        struct array *after;
        numbers_read(normalize_field(columns, i), before, values);
        work(context, i, values, rows);
        TRY(normalize_array(&after, columns->type, values, before, err));
        change_column(change, at, &after);
        change_cells(change, at, rows - before->null_count);
        change_rule(change, at, normalize_rule(columns->config->method));
    }
    return STATUS_OK;
}

/* ---- state ---- */

enum status normalize_columns_save(const struct normalize_columns *columns, const void *context,
                                   enum status (*put)(const void *context, size_t i,
                                                      struct bytes *json, struct err *err),
                                   struct bytes *json, struct err *err)
{
    char type[64];
    TRY(bytes_append_text(json, "{", err));
    TRY(put_text(json, "method", str_of(normalize_rule(columns->config->method)), err));
    TRY(bytes_append_text(json, ", \"columns\": {", err));
    for (size_t i = 0; i < columns->count; i++) {
        const struct field *field = normalize_field(columns, i);
        if (i > 0) TRY(bytes_append_text(json, ", ", err));
        TRY(bytes_append_json(json, str_of(field->name), err));
        TRY(bytes_append_text(json, ": {", err));
        TRY(put(context, i, json, err));
        TRY(bytes_append_text(json, ", ", err));
        TRY(put_text(json, "type", str_of(field_type_text(field, type, sizeof type)), err));
        TRY(bytes_append_text(json, "}", err));
    }
    return bytes_append_text(json, "}}", err);
}

enum status normalize_columns_load(const struct normalize_columns *columns, void *context,
                                   enum status (*get)(void *context, size_t i,
                                                      const struct yaml_node *node,
                                                      struct err *err),
                                   const struct yaml_node *parameters, struct err *err)
{
    const struct yaml_node *all, *node;
    TRY(get_map(parameters, "columns", &all, err));
    for (size_t i = 0; i < columns->count; i++) {
        TRY(get_map(all, normalize_field(columns, i)->name, &node, err));
        TRY(get(context, i, node, err));
    }
    return STATUS_OK;
}
