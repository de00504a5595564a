/* columnar/slot_hash.c: one value as a word of 64 bits, for counting different ones. */
#include "columnar/layout.h"

#include <xxhash.h>

static uint64_t hash_bytes(struct str bytes)
{
    return XXH3_64bits(bytes.data == NULL ? "" : bytes.data, bytes.size);
}

enum status slot_hash(const struct field *field, const struct array *array, int64_t row,
                      struct bytes *key, uint64_t *ret, struct err *err)
{
    enum layout layout = field_info(field)->layout;
    size_t width = layout == LAYOUT_FIXED && !field->dictionary ? field_width(field) : 0;
    if (width > 0 && width <= 8) {
        uint64_t word = 0;
        memcpy(&word, array->buffers[0].data + (size_t)row * width, width);
        *ret = word_hash(word);
        return STATUS_OK;
    }
    if (!field->dictionary && (layout == LAYOUT_FIXED || layout == LAYOUT_BYTES ||
                               layout == LAYOUT_BYTES_LARGE || layout == LAYOUT_VIEW)) {
        *ret = hash_bytes(slot_bytes(field, array, row));
        return STATUS_OK;
    }
    key->size = 0;
    TRY(slot_key(field, array, row, key, err));
    *ret = hash_bytes((struct str){(const char *)key->data, key->size});
    return STATUS_OK;
}
