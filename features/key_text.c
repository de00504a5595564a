/* features/key_text.c: entity keys as people type them. */
#include "features/key_text.h"

#include "base/clock.h"

enum status key_text_schema(struct schema **ret, const struct schema *schema,
                            const struct text_list *names, struct err *err)
{
    OWNED(schema_unref) struct schema *keys = NULL;
    TRY(schema_new(&keys, err));
    for (size_t i = 0; i < names->count; i++) {
        size_t column;
        TRY(schema_require(schema, str_of(names->items[i]), &column, err));
        struct field field = schema->fields[column];
        field.dictionary = false;
        field.nullable = true;
        TRY(schema_add(keys, &field, err));
    }
    *ret = keys;
    keys = NULL;
    return STATUS_OK;
}

static enum status fail_value(const struct field *field, struct str text, struct err *err)
{
    char shown[128], type[64];
    return fail(err, STATUS_USAGE, "\"%s\" is not a value of \"%s\", which is %s",
                escape_for_terminal(text, shown, sizeof shown), field->name,
                field_type_text(field, type, sizeof type));
}

static bool parse_whole(struct str text, int64_t *ret)
{
    bool negative = text.size > 0 && text.data[0] == '-';
    *ret = 0;
    if (text.size == (size_t)negative) return false;
    for (size_t i = negative; i < text.size; i++) {
        int digit = text.data[i] - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(*ret, 10, ret) ||
            __builtin_add_overflow(*ret, negative ? -digit : digit, ret))
            return false;
    }
    return true;
}

/* Microseconds in the column's own unit; false where it would be rounded. */
static bool to_unit(const struct field *field, int64_t microseconds, int64_t *ret)
{
    static const int64_t divisor[] = {1000000, 1000, 1};
    int64_t by = field->type.id == TYPE_DATE32 ? (int64_t)86400 * 1000000 : 1;
    if (field->type.id == TYPE_TIMESTAMP) {
        if (field->type.unit == UNIT_NANO) return !__builtin_mul_overflow(microseconds, 1000, ret);
        by = divisor[field->type.unit];
    }
    *ret = microseconds / by;
    return microseconds % by == 0;
}

/* Whether an integer column of this type can hold the value; uint64 keys above int64 cannot be
 * typed. */
static bool fits(const struct field *field, int64_t value)
{
    int bits = (int)type_width(&field->type) * 8;
    if (field->type.id >= TYPE_UINT8 && field->type.id <= TYPE_UINT64)
        return value >= 0 && (bits == 64 || value < (int64_t)1 << bits);
    return bits == 64 || (value >= -((int64_t)1 << (bits - 1)) && value < (int64_t)1 << (bits - 1));
}

static enum status add_time(struct builder *builder, const struct field *field, struct str text,
                            struct err *err)
{
    int64_t microseconds, ticks;
    if (time_parse(text, &microseconds, NULL) != STATUS_OK || !to_unit(field, microseconds, &ticks))
        return fail_value(field, text, err);
    return builder == NULL ? STATUS_OK : build_int(builder, ticks, err);
}

static enum status add_value(struct builder *builder, const struct field *field, struct str text,
                             struct err *err)
{
    int64_t value;
    enum type_id id = field->type.id;
    if (id == TYPE_DATE32 || id == TYPE_TIMESTAMP) return add_time(builder, field, text, err);
    if (id == TYPE_BOOL) {
        if (!str_is(text, "true") && !str_is(text, "false")) return fail_value(field, text, err);
        return builder == NULL ? STATUS_OK : build_bool(builder, str_is(text, "true"), err);
    }
    if (!type_is_integer(id)) return builder == NULL ? STATUS_OK : build_text(builder, text, err);
    if (!parse_whole(text, &value) || !fits(field, value)) return fail_value(field, text, err);
    return builder == NULL ? STATUS_OK : build_int(builder, value, err);
}

enum status key_text_add(struct batch_builder *builder, const struct schema *schema,
                         struct str text, struct err *err)
{
    for (size_t i = 0; i < schema->count; i++) {
        const char *comma = NULL;
        if (i + 1 < schema->count && text.size > 0) comma = memchr(text.data, ',', text.size);
        if (i + 1 < schema->count && comma == NULL)
            return fail(err, STATUS_USAGE, "a key has %zu of %zu values, parted by commas", i + 1,
                        schema->count);
        size_t size = comma == NULL ? text.size : (size_t)(comma - text.data);
        struct str part = {text.data, size};
        struct builder *column = builder == NULL ? NULL : batch_builder_column(builder, i);
        TRY(add_value(column, &schema->fields[i], part, err));
        if (comma != NULL) text = (struct str){comma + 1, text.size - size - 1};
    }
    return STATUS_OK;
}
