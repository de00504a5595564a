/* clean/wire.c: values as bytes and back. */
#include "clean/wire.h"

static enum status fail_short(const struct wire *wire, size_t wanted, struct err *err)
{
    return fail(err, STATUS_FAILED, "%zu bytes are left where %zu were expected",
                wire->size - wire->at, wanted);
}

/* The next `size` bytes; reading only. */
static enum status take(struct wire *wire, size_t size, const uint8_t **ret, struct err *err)
{
    if (size > wire->size - wire->at) return fail_short(wire, size, err);
    *ret = wire->from + wire->at;
    wire->at += size;
    return STATUS_OK;
}

enum status wire_raw(struct wire *wire, void *value, size_t size, struct err *err)
{
    if (!wire->reading) return bytes_append(wire->to, value, size, err);
    const uint8_t *data = NULL;
    TRY(take(wire, size, &data, err));
    memcpy(value, data, size);
    return STATUS_OK;
}

enum status wire_count(struct wire *wire, size_t *count, size_t least, struct err *err)
{
    uint64_t number = *count;
    TRY(WIRE(wire, &number, err));
    if (!wire->reading) return STATUS_OK;
    if (number > (wire->size - wire->at) / (least == 0 ? 1 : least))
        return fail(err, STATUS_FAILED, "%llu items of %zu bytes are announced, %zu bytes are left",
                    (unsigned long long)number, least, wire->size - wire->at);
    *count = (size_t)number;
    return STATUS_OK;
}

/* Pointers of any type are moved as bytes. */
static enum status move_items(struct wire *wire, void *pointer_to_items, size_t count, size_t size,
                              struct err *err)
{
    void *items = NULL;
    if (!wire->reading) {
        memcpy(&items, pointer_to_items, sizeof items);
        return bytes_append(wire->to, items, count * size, err);
    }
    const uint8_t *data = NULL;
    if (size != 0 && count > (wire->size - wire->at) / size)
        return fail_short(wire, count * size, err);
    TRY(take(wire, count * size, &data, err));
    items = memory_get(count, size);
    if (items == NULL) return fail_memory(err, count * size);
    memcpy(items, data, count * size);
    memcpy(pointer_to_items, &items, sizeof items);
    return STATUS_OK;
}

enum status wire_items(struct wire *wire, void *pointer_to_items, size_t *count, size_t size,
                       struct err *err)
{
    TRY(wire_count(wire, count, size, err));
    return *count == 0 ? STATUS_OK : move_items(wire, pointer_to_items, *count, size, err);
}

enum status wire_known(struct wire *wire, void *pointer_to_items, size_t count, size_t size,
                       struct err *err)
{
    void *items = NULL;
    memcpy(&items, pointer_to_items, sizeof items);
    uint8_t there = !wire->reading && items != NULL && count > 0;
    TRY(WIRE(wire, &there, err));
    return there == 0 ? STATUS_OK : move_items(wire, pointer_to_items, count, size, err);
}

enum status wire_str(struct wire *wire, struct str *text, struct err *err)
{
    uint8_t there = text->data != NULL;
    size_t size = text->size;
    const uint8_t *data = NULL;
    TRY(WIRE(wire, &there, err));
    if (there == 0) {
        if (wire->reading) *text = (struct str){NULL, 0};
        return STATUS_OK;
    }
    TRY(wire_count(wire, &size, 1, err));
    if (!wire->reading) return bytes_append(wire->to, text->data, size, err);
    TRY(take(wire, size, &data, err));
    *text = (struct str){(const char *)data, size};
    return STATUS_OK;
}

enum status wire_text(struct wire *wire, char **text, struct err *err)
{
    struct str str = str_of(*text);
    TRY(wire_str(wire, &str, err));
    if (!wire->reading) return STATUS_OK;
    *text = NULL;
    if (str.data == NULL) return STATUS_OK;
    *text = memory_copy_text(str.data, str.size);
    return *text == NULL ? fail_memory(err, str.size) : STATUS_OK;
}

enum status wire_end(const struct wire *wire, struct err *err)
{
    if (!wire->reading || wire->at == wire->size) return STATUS_OK;
    return fail(err, STATUS_FAILED, "%zu bytes are left over", wire->size - wire->at);
}
