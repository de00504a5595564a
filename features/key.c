/* features/key.c: entity keys: the values of one or more columns as bytes. */
#include "features/key.h"

#define SIGN ((uint64_t)1 << 63)

/* ---- which columns, which kinds ---- */

static bool kind_of(const struct type *type, enum key_kind *ret)
{
    switch (type->id) {
    case TYPE_INT8:
    case TYPE_INT16:
    case TYPE_INT32:
    case TYPE_INT64:
    case TYPE_UINT8:
    case TYPE_UINT16:
    case TYPE_UINT32: *ret = KEY_INTEGER; return true;
    case TYPE_UINT64: *ret = KEY_UNSIGNED; return true;
    case TYPE_BOOL: *ret = KEY_BOOL; return true;
    case TYPE_DATE32: *ret = KEY_DATE; return true;
    case TYPE_TIMESTAMP: *ret = KEY_TIME; return true;
    case TYPE_UTF8:
    case TYPE_LARGE_UTF8: *ret = KEY_TEXT; return true;
    case TYPE_BINARY:
    case TYPE_LARGE_BINARY:
    case TYPE_FIXED_BINARY: *ret = KEY_BYTES; return true;
    default: return false;
    }
}

bool key_kind_is_word(enum key_kind kind)
{
    return kind != KEY_TEXT && kind != KEY_BYTES;
}

enum status key_layout_of(const struct schema *schema, const struct text_list *names,
                          struct key_layout *ret, struct err *err)
{
    struct key_layout layout = {.count = names->count};
    if (names->count == 0 || names->count > KEY_COLUMNS)
        return fail(err, STATUS_USAGE, "%zu entity columns, expected 1 to %d", names->count,
                    KEY_COLUMNS);
    for (size_t i = 0; i < names->count; i++) {
        char type[128];
        TRY(schema_require(schema, str_of(names->items[i]), &layout.columns[i], err));
        const struct field *field = &schema->fields[layout.columns[i]];
        if (!kind_of(&field->type, &layout.kinds[i])) {
            fail(err, STATUS_USAGE, "column \"%s\" is %s and cannot be an entity key",
                 names->items[i], field_type_text(field, type, sizeof type));
            err_hint(err, "keys are whole numbers, booleans, text, bytes, dates or timestamps");
            return STATUS_USAGE;
        }
        layout.units[i] = field->type.unit;
    }
    layout.word = layout.count == 1 && key_kind_is_word(layout.kinds[0]);
    *ret = layout;
    return STATUS_OK;
}

bool key_layouts_agree(const struct key_layout *a, const struct key_layout *b, size_t *ret_column)
{
    size_t count = a->count < b->count ? a->count : b->count;
    for (*ret_column = 0; *ret_column < count; (*ret_column)++) {
        size_t i = *ret_column;
        if (a->kinds[i] != b->kinds[i]) return false;
        if (a->kinds[i] == KEY_TIME && a->units[i] != b->units[i]) return false;
    }
    return a->count == b->count;
}

/* ---- values ---- */

/* The array and slot that hold the value, through a dictionary. */
static const struct array *slot_of(const struct field *field, const struct array *array,
                                   int64_t *row)
{
    if (!field->dictionary) return array;
    const uint8_t *data = array->buffers[0].data;
    switch (field->index) {
    case TYPE_INT8: *row = ((const int8_t *)(const void *)data)[*row]; break;
    case TYPE_INT16: *row = ((const int16_t *)(const void *)data)[*row]; break;
    case TYPE_UINT8: *row = data[*row]; break;
    case TYPE_UINT16: *row = ((const uint16_t *)(const void *)data)[*row]; break;
    case TYPE_UINT32: *row = ((const uint32_t *)(const void *)data)[*row]; break;
    case TYPE_INT64:
    case TYPE_UINT64: *row = ((const int64_t *)(const void *)data)[*row]; break;
    default: *row = ((const int32_t *)(const void *)data)[*row];
    }
    return array->dictionary;
}

static uint64_t word_at(const struct type *type, const struct array *array, int64_t row)
{
    const void *data = array->buffers[0].data;
    int64_t value;
    switch (type->id) {
    case TYPE_BOOL: return array_bool(array, row);
    case TYPE_UINT64: return ((const uint64_t *)data)[row];
    case TYPE_INT8: value = ((const int8_t *)data)[row]; break;
    case TYPE_INT16: value = ((const int16_t *)data)[row]; break;
    case TYPE_INT32:
    case TYPE_DATE32: value = ((const int32_t *)data)[row]; break;
    case TYPE_UINT8: value = ((const uint8_t *)data)[row]; break;
    case TYPE_UINT16: value = ((const uint16_t *)data)[row]; break;
    case TYPE_UINT32: value = ((const uint32_t *)data)[row]; break;
    default: value = ((const int64_t *)data)[row];
    }
    return (uint64_t)value ^ SIGN;
}

static struct str text_at(const struct type *type, const struct array *array, int64_t row)
{
    if (type->id == TYPE_FIXED_BINARY)
        return (struct str){(const char *)array->buffers[0].data + row * type->width,
                            (size_t)type->width};
    if (type->id != TYPE_LARGE_UTF8 && type->id != TYPE_LARGE_BINARY) return array_text(array, row);
    const int64_t *offsets = (const int64_t *)(const void *)array->buffers[0].data;
    if (offsets == NULL) return (struct str){NULL, 0};
    return (struct str){(const char *)array->buffers[1].data + offsets[row],
                        (size_t)(offsets[row + 1] - offsets[row])};
}

void key_words(const struct key_layout *layout, const struct batch *batch, uint64_t *ret,
               bool *ret_null)
{
    const struct field *field = &batch->schema->fields[layout->columns[0]];
    const struct array *array = batch->columns[layout->columns[0]];
    if (field->type.id == TYPE_INT64 && !field->dictionary && array->null_count == 0) {
        const int64_t *values = array_values(array);
        memset(ret_null, 0, (size_t)batch->rows);
        for (int64_t row = 0; row < batch->rows; row++)
            ret[row] = (uint64_t)values[row] ^ SIGN;
        return;
    }
    for (int64_t row = 0; row < batch->rows; row++) {
        int64_t slot = row;
        ret[row] = 0;
        ret_null[row] = array_is_null(array, row);
        if (ret_null[row]) continue;
        const struct array *values = slot_of(field, array, &slot);
        ret_null[row] = array_is_null(values, slot);
        if (!ret_null[row]) ret[row] = word_at(&field->type, values, slot);
    }
}

/* ---- compound keys ---- */

static enum status append_word(struct bytes *ret, uint64_t word, struct err *err)
{
    uint64_t big_endian = __builtin_bswap64(word);
    return bytes_append(ret, &big_endian, sizeof big_endian, err);
}

/* A zero byte becomes 00 FF and the end is 00 00: a shorter text comes before a longer one whatever
 * the next column holds. */
static enum status append_escaped(struct bytes *ret, struct str text, struct err *err)
{
    TRY(bytes_reserve(ret, text.size * 2 + 2, err));
    uint8_t *out = ret->data + ret->size;
    for (size_t i = 0; i < text.size; i++) {
        *out++ = (uint8_t)text.data[i];
        if (text.data[i] == 0) *out++ = 0xff;
    }
    *out++ = 0;
    *out++ = 0;
    ret->size = (size_t)(out - ret->data);
    return STATUS_OK;
}

uint64_t key_word(enum key_kind kind, int64_t integer)
{
    bool plain = kind == KEY_BOOL || kind == KEY_UNSIGNED;
    return plain ? (uint64_t)integer : (uint64_t)integer ^ SIGN;
}

enum status key_append(struct bytes *ret, enum key_kind kind, int64_t integer, struct str text,
                       struct err *err)
{
    return key_kind_is_word(kind) ? append_word(ret, key_word(kind, integer), err)
                                  : append_escaped(ret, text, err);
}

enum status key_bytes(const struct key_layout *layout, const struct batch *batch, int64_t row,
                      struct bytes *scratch, struct str *ret, bool *ret_null, struct err *err)
{
    scratch->size = 0;
    for (size_t i = 0; i < layout->count; i++) {
        const struct field *field = &batch->schema->fields[layout->columns[i]];
        const struct array *array = batch->columns[layout->columns[i]];
        int64_t slot = row;
        *ret_null = array_is_null(array, row);
        if (*ret_null) return STATUS_OK;
        array = slot_of(field, array, &slot);
        *ret_null = array_is_null(array, slot);
        if (*ret_null) return STATUS_OK;
        if (key_kind_is_word(layout->kinds[i])) {
            TRY(append_word(scratch, word_at(&field->type, array, slot), err));
            continue;
        }
        struct str text = text_at(&field->type, array, slot);
        if (layout->count == 1) {
            *ret = text;
            return STATUS_OK;
        }
        TRY(append_escaped(scratch, text, err));
    }
    *ret = (struct str){(const char *)scratch->data, scratch->size};
    return STATUS_OK;
}
