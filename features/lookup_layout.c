/* features/lookup_layout.c: the bytes of a lookup index. */
#include "features/lookup_layout.h"

/* Types whose bytes are kept; every other fixed width (decimals, times of day, intervals) is JSON.
 */
static bool is_kept_raw(enum type_id id)
{
    switch (id) {
    case TYPE_BOOL:
    case TYPE_FLOAT16:
    case TYPE_FLOAT32:
    case TYPE_FLOAT64:
    case TYPE_FIXED_BINARY:
    case TYPE_DATE32:
    case TYPE_TIMESTAMP:
    case TYPE_DURATION: return true;
    default: return type_is_integer(id);
    }
}

void lookup_columns(const struct schema *schema, size_t first, struct lookup_column *ret,
                    uint32_t *ret_stride)
{
    size_t count = schema->count - first;
    uint32_t at = (uint32_t)((count + 7) / 8);
    for (size_t i = 0; i < count; i++) {
        struct lookup_column *column = &ret[i];
        enum type_id id = schema->fields[first + i].type.id;
        *column = (struct lookup_column){.field = schema->fields[first + i], .offset = at};
        column->width = id == TYPE_BOOL ? 1 : (uint32_t)type_width(&column->field.type);
        column->text = id == TYPE_UTF8 || id == TYPE_BINARY;
        column->json = !column->text && !is_kept_raw(id);
        if (column->text || column->json) column->width = LOOKUP_TEXT_BYTES;
        at += column->width;
    }
    *ret_stride = (at + 7) & ~7u;
}

uint64_t lookup_place(uint64_t key, bool word)
{
    if (!word) return key;
    key ^= key >> 32;
    key *= 0x9e3779b97f4a7c15u; /* 2^64 over the golden ratio: Knuth, TAOCP 3, 6.4 */
    return key ^ (key >> 29);
}
