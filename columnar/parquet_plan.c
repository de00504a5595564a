/* columnar/parquet_plan.c: Arrow types as Parquet's, and their schema elements. */
#include "columnar/parquet_write_parts.h"

static enum status fail_type(const struct field *field, struct err *err)
{
    char type[128];
    (void)fail(err, STATUS_USAGE, "column \"%.200s\" is %s, which is not written as Parquet",
               field->name, field_type_text(field, type, sizeof type));
    err_hint(err, "leave the column out");
    return STATUS_USAGE;
}

static void plan_integer(enum type_id id, struct parquet_plan *ret)
{
    static const int converted[] = {
        [TYPE_INT8] = 15,  [TYPE_INT16] = 16,  [TYPE_INT32] = -1,  [TYPE_INT64] = -1,
        [TYPE_UINT8] = 11, [TYPE_UINT16] = 12, [TYPE_UINT32] = 13, [TYPE_UINT64] = 14};
    ret->physical = id == TYPE_INT64 || id == TYPE_UINT64 ? PARQUET_INT64 : PARQUET_INT32;
    ret->converted = converted[id];
}

static void plan_fixed(size_t width, int converted, struct parquet_plan *ret)
{
    ret->physical = PARQUET_FIXED;
    ret->width = width;
    ret->converted = converted;
}

static enum status plan_value(const struct field *item, struct parquet_plan *ret, struct err *err)
{
    const struct type *type = &item->type;
    ret->item = item;
    ret->converted = -1;
    if (type_is_integer(type->id)) {
        plan_integer(type->id, ret);
        return item->dictionary ? fail_type(ret->field, err) : STATUS_OK;
    }
    switch (type->id) {
    case TYPE_BOOL: ret->physical = PARQUET_BOOLEAN; break;
    case TYPE_FLOAT32: ret->physical = PARQUET_FLOAT; break;
    case TYPE_FLOAT64: ret->physical = PARQUET_DOUBLE; break;
    case TYPE_FLOAT16: plan_fixed(2, -1, ret); break;
    case TYPE_UTF8:
        ret->physical = PARQUET_BYTE_ARRAY;
        ret->converted = 0;
        return STATUS_OK;
    case TYPE_BINARY: ret->physical = PARQUET_BYTE_ARRAY; break;
    case TYPE_FIXED_BINARY: plan_fixed((size_t)type->width, -1, ret); break;
    case TYPE_DECIMAL128: plan_fixed(16, 5, ret); break;
    case TYPE_DATE32:
        ret->physical = PARQUET_INT32;
        ret->converted = 6;
        break;
    case TYPE_TIME32: ret->physical = PARQUET_INT32; break;
    case TYPE_TIME64:
    case TYPE_TIMESTAMP: ret->physical = PARQUET_INT64; break;
    default: return fail_type(ret->field, err);
    }
    bool empty = type->id == TYPE_FIXED_BINARY && type->width <= 0;
    return item->dictionary || empty ? fail_type(ret->field, err) : STATUS_OK;
}

enum status parquet_plan_make(const struct field *field, struct parquet_plan *ret, struct err *err)
{
    *ret = (struct parquet_plan){.field = field};
    ret->is_list = field->type.id == TYPE_LIST && !field->dictionary;
    if (!ret->is_list) return plan_value(field, ret, err);
    if (field->children[0].dictionary) return fail_type(field, err);
    return plan_value(&field->children[0], ret, err);
}

/* ---- schema elements ---- */

static void put_unit(struct thrift_writer *writer, int id, const struct type *type)
{
    bool seconds = type->unit == UNIT_SECOND;
    thrift_put_struct(writer, id);
    thrift_put_struct(writer, seconds ? 1 : (int)type->unit);
    thrift_put_end(writer);
    thrift_put_end(writer);
}

static void put_empty(struct thrift_writer *writer, int id)
{
    thrift_put_struct(writer, id);
    thrift_put_end(writer);
}

static void put_moment(struct thrift_writer *writer, int id, const struct type *type)
{
    thrift_put_struct(writer, id);
    thrift_put_bool(writer, 1, type->zone != NULL);
    put_unit(writer, 2, type);
    thrift_put_end(writer);
}

static void put_decimal(struct thrift_writer *writer, const struct type *type)
{
    thrift_put_struct(writer, 5);
    thrift_put_i32(writer, 1, type->scale);
    thrift_put_i32(writer, 2, type->precision);
    thrift_put_end(writer);
}

static void put_integer(struct thrift_writer *writer, const struct type *type)
{
    thrift_put_struct(writer, 10);
    thrift_put_i8(writer, 1, (int8_t)(type_width(type) * 8));
    thrift_put_bool(writer, 2, type->id <= TYPE_INT64);
    thrift_put_end(writer);
}

/* What stands in the union LogicalType. */
static void put_logical(struct thrift_writer *writer, const struct parquet_plan *plan)
{
    const struct type *type = &plan->item->type;
    bool known = plan->converted >= 0 || type->id == TYPE_FLOAT16 || type->id == TYPE_TIME32 ||
                 type->id == TYPE_TIME64 || type->id == TYPE_TIMESTAMP;
    if (!known) return;
    thrift_put_struct(writer, 10);
    switch (type->id) {
    case TYPE_UTF8: put_empty(writer, 1); break;
    case TYPE_DATE32: put_empty(writer, 6); break;
    case TYPE_FLOAT16: put_empty(writer, 15); break;
    case TYPE_TIME32:
    case TYPE_TIME64: put_moment(writer, 7, type); break;
    case TYPE_TIMESTAMP: put_moment(writer, 8, type); break;
    case TYPE_DECIMAL128: put_decimal(writer, type); break;
    default: put_integer(writer, type);
    }
    thrift_put_end(writer);
}

static void put_leaf(struct thrift_writer *writer, const struct parquet_plan *plan,
                     const char *name)
{
    const struct type *type = &plan->item->type;
    thrift_put_struct(writer, 0);
    thrift_put_i32(writer, 1, plan->physical);
    if (plan->physical == PARQUET_FIXED) thrift_put_i32(writer, 2, (int32_t)plan->width);
    thrift_put_i32(writer, 3, PARQUET_OPTIONAL);
    thrift_put_binary(writer, 4, str_of(name));
    if (plan->converted >= 0) thrift_put_i32(writer, 6, plan->converted);
    if (type->id == TYPE_DECIMAL128) {
        thrift_put_i32(writer, 7, type->scale);
        thrift_put_i32(writer, 8, type->precision);
    }
    put_logical(writer, plan);
    thrift_put_end(writer);
}

static void put_group(struct thrift_writer *writer, const char *name, int repetition, bool list)
{
    thrift_put_struct(writer, 0);
    thrift_put_i32(writer, 3, repetition);
    thrift_put_binary(writer, 4, str_of(name));
    thrift_put_i32(writer, 5, 1);
    if (list) {
        thrift_put_i32(writer, 6, 3);
        thrift_put_struct(writer, 10);
        put_empty(writer, 3);
        thrift_put_end(writer);
    }
    thrift_put_end(writer);
}

size_t parquet_plan_elements(const struct parquet_plan *plan)
{
    return plan->is_list ? 3 : 1;
}

void parquet_plan_put(const struct parquet_plan *plan, struct thrift_writer *writer)
{
    if (!plan->is_list) {
        put_leaf(writer, plan, plan->field->name);
        return;
    }
    put_group(writer, plan->field->name, PARQUET_OPTIONAL, true);
    put_group(writer, "list", PARQUET_REPEATED, false);
    put_leaf(writer, plan, "element");
}
