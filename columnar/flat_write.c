/* columnar/flat_write.c: writes FlatBuffers front to back. */
#include "columnar/flat_write.h"

#define METADATA_MAXIMUM (256u << 20) /* what readers, ours included, accept */

static enum status append_zeros(struct flat_writer *writer, size_t count, struct err *err)
{
    static const uint8_t zeros[64];
    for (; count > sizeof zeros; count -= sizeof zeros)
        TRY(bytes_append(&writer->out, zeros, sizeof zeros, err));
    return bytes_append(&writer->out, zeros, count, err);
}

/* Pads so that `ahead` bytes from now the place is a multiple of `alignment`. */
static enum status align(struct flat_writer *writer, size_t ahead, size_t alignment,
                         struct err *err)
{
    size_t rest = (writer->out.size + ahead) % alignment;
    return append_zeros(writer, rest == 0 ? 0 : alignment - rest, err);
}

enum status flat_begin(struct flat_writer *writer, struct err *err)
{
    writer->out = bytes_limited(METADATA_MAXIMUM);
    return append_zeros(writer, 4, err);
}

void flat_release(struct flat_writer *writer)
{
    bytes_release(&writer->out);
}

void flat_store(struct flat_writer *writer, size_t at, size_t width, int64_t value)
{
    for (size_t i = 0; i < width; i++)
        writer->out.data[at + i] = (uint8_t)((uint64_t)value >> (8 * i));
}

void flat_point(struct flat_writer *writer, size_t at, size_t target)
{
    flat_store(writer, at, 4, (int64_t)(target - at));
}

static size_t slot_width(const struct flat_slot *slot)
{
    return slot->width == FLAT_REFERENCE ? 4 : slot->width;
}

enum status flat_put_table(struct flat_writer *writer, struct flat_slot *slots, size_t count,
                           size_t *ret_place, struct err *err)
{
    size_t fields[16] = {0}, used = 8; /* bytes 4 ... 7 stay empty: 8-byte fields come first */
    for (size_t width = 8; width > 0; width /= 2) {
        for (size_t i = 0; i < count; i++) {
            if (slot_width(&slots[i]) != width) continue;
            fields[i] = used;
            used += width;
        }
    }
    size_t vtable_size = 4 + 2 * count;
    TRY(align(writer, vtable_size, 8, err));
    size_t vtable = writer->out.size, place = vtable + vtable_size;
    TRY(append_zeros(writer, vtable_size + used, err));
    flat_store(writer, vtable, 2, (int64_t)vtable_size);
    flat_store(writer, vtable + 2, 2, (int64_t)used);
    flat_store(writer, place, 4, (int64_t)vtable_size);
    for (size_t i = 0; i < count; i++) {
        flat_store(writer, vtable + 4 + 2 * i, 2, (int64_t)fields[i]);
        slots[i].place = place + fields[i];
        if (slots[i].width != 0 && slots[i].width != FLAT_REFERENCE)
            flat_store(writer, slots[i].place, slots[i].width, slots[i].value);
    }
    *ret_place = place;
    return STATUS_OK;
}

enum status flat_put_vector(struct flat_writer *writer, size_t count, size_t width,
                            size_t alignment, size_t *ret_place, size_t *ret_first, struct err *err)
{
    TRY(align(writer, 4, alignment < 4 ? 4 : alignment, err));
    *ret_place = writer->out.size;
    *ret_first = *ret_place + 4;
    if (count > METADATA_MAXIMUM / width)
        return fail(err, STATUS_FAILED, "%zu parts do not fit into the metadata of a message",
                    count);
    TRY(append_zeros(writer, 4 + count * width, err));
    flat_store(writer, *ret_place, 4, (int64_t)count);
    return STATUS_OK;
}

enum status flat_put_string(struct flat_writer *writer, struct str text, size_t *ret_place,
                            struct err *err)
{
    size_t first;
    TRY(flat_put_vector(writer, 0, 1, 4, ret_place, &first, err));
    flat_store(writer, *ret_place, 4, (int64_t)text.size);
    TRY(bytes_append(&writer->out, text.data, text.size, err));
    return append_zeros(writer, 1, err);
}
