/* features/export_npy_values.c: what NumPy calls the values of a column, and their bytes. Arrow and
 * .npy files are both little endian here, so that most values are copied as they are. */
#include "features/export_npy_values.h"

#include "base/memory.h"
#include "base/yaml.h"

#include <stdio.h>
#include <stdlib.h>

static const uint64_t not_a_number[] = {[2] = 0x7e00, [4] = 0x7fc00000, [8] = 0x7ff8000000000000};
#define NOT_A_TIME INT64_MIN

/* ---- the type ---- */

static const char *const plain_types[TYPE_COUNT] = {
    [TYPE_BOOL] = "|b1",      [TYPE_INT8] = "|i1",       [TYPE_INT16] = "<i2",
    [TYPE_INT32] = "<i4",     [TYPE_INT64] = "<i8",      [TYPE_UINT8] = "|u1",
    [TYPE_UINT16] = "<u2",    [TYPE_UINT32] = "<u4",     [TYPE_UINT64] = "<u8",
    [TYPE_FLOAT16] = "<f2",   [TYPE_FLOAT32] = "<f4",    [TYPE_FLOAT64] = "<f8",
    [TYPE_DATE32] = "<M8[D]", [TYPE_DATE64] = "<M8[ms]",
};

static bool is_float(enum type_id id)
{
    return id == TYPE_FLOAT16 || id == TYPE_FLOAT32 || id == TYPE_FLOAT64;
}

static bool is_moment(enum type_id id)
{
    return id == TYPE_DATE32 || id == TYPE_DATE64 || id == TYPE_TIMESTAMP || id == TYPE_DURATION;
}

static enum status fail_type(const struct field *field, struct err *err)
{
    char type[128];
    fail(err, STATUS_USAGE, "column \"%s\" is %s, which is no number for NumPy", field->name,
         field_type_text(field, type, sizeof type));
    err_hint(err, "name the others with --columns, or export as parquet");
    return STATUS_USAGE;
}

static bool set_descr(struct npy_column *column)
{
    static const char *const units[] = {"s", "ms", "us", "ns"};
    const struct field *leaf = column->leaf;
    const char *plain = plain_types[leaf->type.id];
    if (leaf->dictionary) return false;
    if (leaf->type.id == TYPE_TIMESTAMP || leaf->type.id == TYPE_DURATION)
        snprintf(column->descr, sizeof column->descr, "<%s8[%s]",
                 leaf->type.id == TYPE_TIMESTAMP ? "M" : "m", units[leaf->type.unit]);
    else if (plain != NULL)
        snprintf(column->descr, sizeof column->descr, "%s", plain);
    column->width = (size_t)(column->descr[2] - '0');
    return column->descr[0] != '\0';
}

/* ---- the shape ---- */

static enum status add_dimension(struct npy_column *column, int64_t size, struct err *err)
{
    if (column->dimension_count == NPY_DIMENSIONS ||
        __builtin_mul_overflow(column->values, size, &column->values))
        return fail(err, STATUS_USAGE,
                    "column \"%s\" has more than %d dimensions or too many values",
                    column->field.name, NPY_DIMENSIONS);
    column->dimensions[column->dimension_count++] = size;
    return STATUS_OK;
}

static enum status fail_shape(const struct field *field, struct err *err)
{
    return fail(err, STATUS_FAILED,
                "column \"%s\": the shape of its tensors does not multiply to %d values",
                field->name, (int)field->type.width);
}

static enum status add_shape(struct npy_column *column, const struct yaml_node *shape,
                             struct err *err)
{
    if (shape == NULL || shape->kind != YAML_LIST) return fail_shape(&column->field, err);
    for (size_t i = 0; i < shape->count; i++) {
        struct str text = shape->items[i]->text;
        char number[24], *end = NULL;
        if (text.size == 0 || text.size >= sizeof number) return fail_shape(&column->field, err);
        snprintf(number, sizeof number, "%.*s", (int)text.size, text.data);
        long long size = strtoll(number, &end, 10);
        if (*end != '\0' || size < 0) return fail_shape(&column->field, err);
        TRY(add_dimension(column, size, err));
    }
    return column->values == column->field.type.width ? STATUS_OK : fail_shape(&column->field, err);
}

/* The extension type arrow.fixed_shape_tensor: {"shape": [2, 3]} (CanonicalExtensions.rst). */
static enum status tensor_shape(struct npy_column *column, struct err *err)
{
    OWNED(yaml_close) struct yaml *json = NULL;
    struct str text = metadata_get(&column->field.metadata, "ARROW:extension:metadata");
    enum status status = yaml_parse(&json, "shape of the tensors", text, err);
    if (status != STATUS_OK)
        return fail_within(err, STATUS_FAILED, "column \"%s\"", column->field.name);
    const struct yaml_node *root = yaml_root(json);
    bool is_map = root != NULL && root->kind == YAML_MAP;
    return add_shape(column, is_map ? yaml_get(root, "shape") : NULL, err);
}

enum status npy_column_of(struct npy_column *ret, const struct field *field, struct err *err)
{
    *ret = (struct npy_column){.field = *field, .leaf = field, .values = 1};
    struct str extension = metadata_get(&field->metadata, "ARROW:extension:name");
    if (field->type.id == TYPE_FIXED_LIST && str_is(extension, "arrow.fixed_shape_tensor")) {
        TRY(tensor_shape(ret, err));
        ret->leaf = &field->children[0];
    }
    for (; ret->leaf->type.id == TYPE_FIXED_LIST; ret->leaf = &ret->leaf->children[0])
        TRY(add_dimension(ret, ret->leaf->type.width, err));
    return set_descr(ret) ? STATUS_OK : fail_type(field, err);
}

/* ---- the values ---- */

static void copy_values(const struct npy_column *column, const struct array *leaf, uint8_t *to)
{
    if (leaf->length == 0) return;
    if (column->leaf->type.id == TYPE_BOOL) {
        for (int64_t i = 0; i < leaf->length; i++)
            to[i] = array_bool(leaf, i);
    } else if (column->leaf->type.id == TYPE_DATE32) {
        const int32_t *days = array_values(leaf);
        for (int64_t i = 0; i < leaf->length; i++)
            memcpy(to + i * 8, &(int64_t){days[i]}, 8);
    } else {
        memcpy(to, array_values(leaf), (size_t)leaf->length * column->width);
    }
}

/* The values of one null; false where the type has none for it. */
static bool put_null(const struct npy_column *column, uint8_t *to, int64_t count)
{
    enum type_id id = column->leaf->type.id;
    uint64_t null = is_float(id) ? not_a_number[column->width] : (uint64_t)NOT_A_TIME;
    if (!is_float(id) && !is_moment(id)) return false;
    for (int64_t i = 0; i < count; i++)
        memcpy(to + (size_t)i * column->width, &null, column->width);
    return true;
}

/* The nulls of one depth: each covers `span` values of the leaf; `each` of them are a row. */
static enum status put_nulls(const struct npy_column *column, const struct array *array,
                             int64_t span, int64_t each, int64_t first_row, uint8_t *to,
                             struct err *err)
{
    for (int64_t i = 0; array->validity.data != NULL && i < array->length; i++) {
        if (!array_is_null(array, i)) continue;
        if (put_null(column, to + (size_t)(i * span) * column->width, span)) continue;
        fail(err, STATUS_FAILED, "column \"%s\": row %lld is null, and %s has no value for that",
             column->field.name, (long long)(first_row + i / each), column->descr);
        err_hint(err, "fill the nulls first (tamis-clean -m 'impute ...'), or export as parquet");
        return STATUS_FAILED;
    }
    return STATUS_OK;
}

enum status npy_values(const struct npy_column *column, const struct array *array,
                       int64_t first_row, struct bytes *ret, struct err *err)
{
    size_t size;
    int64_t span = column->values;
    const struct array *leaf = array;
    if (__builtin_mul_overflow((size_t)array->length * column->width, (size_t)column->values,
                               &size))
        return fail(err, STATUS_FAILED, "column \"%s\" is too large", column->field.name);
    TRY(bytes_reserve(ret, size, err));
    uint8_t *to = ret->data + ret->size;
    while (leaf->child_count > 0)
        leaf = leaf->children[0];
    if (leaf->length != array->length * column->values)
        return fail(err, STATUS_FAILED, "column \"%s\": %lld values in %lld rows of %lld",
                    column->field.name, (long long)leaf->length, (long long)array->length,
                    (long long)column->values);
    copy_values(column, leaf, to);
    const struct field *field = &column->field;
    for (const struct array *at = array; size > 0; at = at->children[0]) {
        TRY(put_nulls(column, at, span, column->values / span, first_row, to, err));
        if (at->child_count == 0) break;
        span /= field->type.width;
        field = &field->children[0];
    }
    ret->size += size;
    return STATUS_OK;
}
