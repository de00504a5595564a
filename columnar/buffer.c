/* columnar/buffer.c: counted memory blocks, and bitmaps. */
#include "base/memory.h"
#include "columnar/kernels.h"
#include "columnar/layout.h"

#include <stdatomic.h>

#define LINE 64 /* alignment and padding of Arrow buffers */

/* Ours: the block lies in the 64 bytes before the data, one allocation. Foreign: release is set. */
struct block {
    atomic_size_t references;
    void (*release)(void *context);
    void *context;
};
_Static_assert(sizeof(struct block) <= LINE, "a block header fits before its data");

static enum status padded(size_t size, size_t *ret, struct err *err)
{
    if (size > SIZE_MAX / 2 - 2 * LINE) return fail_memory(err, size);
    *ret = (size + LINE - 1) / LINE * LINE;
    return STATUS_OK;
}

enum status buffer_new_raw(struct buffer *ret, size_t size, struct err *err)
{
    size_t room = 0;
    *ret = (struct buffer){0};
    if (size == 0) return STATUS_OK;
    TRY(padded(size, &room, err));
    uint8_t *memory = memory_get_raw(1, LINE + room);
    if (memory == NULL) return fail_memory(err, LINE + room);
    struct block *block = (struct block *)(void *)memory;
    *block = (struct block){.release = NULL};
    atomic_init(&block->references, 1);
    memset(memory + LINE + size, 0, room - size);
    *ret = (struct buffer){memory + LINE, size, block};
    return STATUS_OK;
}

enum status buffer_new(struct buffer *ret, size_t size, struct err *err)
{
    TRY(buffer_new_raw(ret, size, err));
    if (size > 0) memset(buffer_writable(ret), 0, size);
    return STATUS_OK;
}

uint8_t *buffer_writable(struct buffer *buffer)
{
    return (uint8_t *)(uintptr_t)buffer->data;
}

struct buffer buffer_ref(const struct buffer *buffer)
{
    if (buffer->block != NULL)
        atomic_fetch_add_explicit(&buffer->block->references, 1, memory_order_relaxed);
    return *buffer;
}

void buffer_unref(struct buffer *buffer)
{
    struct block *block = buffer->block;
    if (block != NULL && atomic_fetch_sub(&block->references, 1) == 1) {
        if (block->release != NULL) block->release(block->context);
        memory_free(block);
    }
    *buffer = (struct buffer){0};
}

enum status buffer_foreign(struct buffer *ret, const void *data, size_t size,
                           void (*release)(void *context), void *context, struct err *err)
{
    struct block *block = NULL;
    TRY(NEW(&block, 1, err));
    atomic_init(&block->references, 1);
    block->release = release;
    block->context = context;
    *ret = (struct buffer){data, size, block};
    return STATUS_OK;
}

struct buffer buffer_part(const struct buffer *buffer, size_t first, size_t size)
{
    if (size == 0) return (struct buffer){0};
    struct buffer part = buffer_ref(buffer);
    part.data += first;
    part.size = size;
    return part;
}

/* ---- growing ---- */

enum status growing_reserve(struct growing *growing, size_t more, struct err *err)
{
    if (more <= growing->capacity - growing->size) return STATUS_OK;
    size_t wanted = 0;
    if (more > SIZE_MAX / 4 || growing->size > SIZE_MAX / 4) return fail_memory(err, more);
    wanted = growing->size + more;
    if (wanted < growing->capacity + growing->capacity / 2)
        wanted = growing->capacity + growing->capacity / 2;
    TRY(padded(wanted, &wanted, err));
    uint8_t *old = growing->data == NULL ? NULL : growing->data - LINE;
    uint8_t *memory = memory_resize(old, 1, LINE + wanted);
    if (memory == NULL) return fail_memory(err, LINE + wanted);
    growing->data = memory + LINE;
    growing->capacity = wanted;
    return STATUS_OK;
}

enum status growing_append(struct growing *growing, const void *data, size_t size, struct err *err)
{
    if (size == 0) return STATUS_OK;
    TRY(growing_reserve(growing, size, err));
    memcpy(growing->data + growing->size, data, size);
    growing->size += size;
    return STATUS_OK;
}

enum status growing_freeze(struct growing *growing, struct buffer *ret, struct err *err)
{
    *ret = (struct buffer){0};
    if (growing->size == 0) {
        growing_release(growing);
        return STATUS_OK;
    }
    size_t room = 0;
    TRY(padded(growing->size, &room, err));
    uint8_t *memory = growing->data - LINE;
    if (growing->capacity - room > room / 8) {
        uint8_t *fitted = memory_resize(memory, 1, LINE + room);
        if (fitted != NULL) memory = fitted;
    }
    memset(memory + LINE + growing->size, 0, room - growing->size);
    struct block *block = (struct block *)(void *)memory;
    *block = (struct block){.release = NULL};
    atomic_init(&block->references, 1);
    *ret = (struct buffer){memory + LINE, growing->size, block};
    *growing = (struct growing){0};
    return STATUS_OK;
}

void growing_release(struct growing *growing)
{
    if (growing->data != NULL) memory_free(growing->data - LINE);
    *growing = (struct growing){0};
}

/* ---- bitmaps ---- */

/* Eight bits from any place; reads a second byte only where it holds wanted bits. */
static unsigned bits_byte(const uint8_t *bits, int64_t first, int64_t count)
{
    unsigned shift = (unsigned)(first & 7);
    const uint8_t *at = bits + (first >> 3);
    unsigned value = (unsigned)at[0] >> shift;
    if (shift != 0 && count > (int64_t)(8 - shift)) value |= (unsigned)at[1] << (8 - shift);
    if (count < 8) value &= (1u << count) - 1;
    return value & 0xff;
}

void bits_copy(uint8_t *to, int64_t to_first, const uint8_t *from, int64_t from_first,
               int64_t count)
{
    if (count == 0) return;
    while (count > 0 && (to_first & 7) != 0) {
        if (bit_get(from, from_first)) bit_set(to, to_first);
        to_first++, from_first++, count--;
    }
    uint8_t *out = to + (to_first >> 3);
    if ((from_first & 7) == 0 && count >= 8) {
        int64_t whole = count / 8;
        memcpy(out, from + (from_first >> 3), (size_t)whole);
        out += whole, from_first += whole * 8, count -= whole * 8;
    }
    for (; count > 0; count -= 8, from_first += 8)
        *out++ = (uint8_t)bits_byte(from, from_first, count);
}

void bits_fill(uint8_t *to, int64_t first, int64_t count)
{
    if (count == 0) return;
    for (; count > 0 && (first & 7) != 0; first++, count--)
        bit_set(to, first);
    if (count >= 8) memset(to + (first >> 3), 0xff, (size_t)(count / 8));
    for (first += count / 8 * 8, count &= 7; count > 0; first++, count--)
        bit_set(to, first);
}

/* ---- offsets ---- */

enum status offset_put(struct buffer *offsets, bool large, int64_t place, int64_t value,
                       struct err *err)
{
    if (large) {
        ((int64_t *)(void *)buffer_writable(offsets))[place] = value;
        return STATUS_OK;
    }
    if (value > INT32_MAX) {
        enum status status = fail(err, STATUS_FAILED,
                                  "%lld bytes or items in one column are more than 32-bit offsets "
                                  "reach",
                                  (long long)value);
        err_hint(err, "use fewer rows a batch");
        return status;
    }
    ((int32_t *)(void *)buffer_writable(offsets))[place] = (int32_t)value;
    return STATUS_OK;
}

enum status offsets_rebase(struct buffer *to, int64_t to_first, const struct buffer *offsets,
                           bool large, int64_t first, int64_t count, int64_t base, struct err *err)
{
    int64_t from = offset_at(offsets, large, first);
    int64_t end = offset_at(offsets, large, first + count) - from + base;
    TRY(offset_put(to, large, to_first + count, end, err)); /* the largest: the others fit too */
    int64_t shift = base - from;
    if (offsets->data == NULL) return offset_put(to, large, to_first, base, err);
    if (!large) {
        int32_t *out = (int32_t *)(void *)buffer_writable(to) + to_first;
        const int32_t *in = (const int32_t *)(const void *)offsets->data + first;
        kernels()->offsets_shift(out, in, count + 1, (int32_t)shift);
        return STATUS_OK;
    }
    int64_t *out = (int64_t *)(void *)buffer_writable(to) + to_first;
    const int64_t *in = (const int64_t *)(const void *)offsets->data + first;
    for (int64_t i = 0; i <= count; i++)
        out[i] = in[i] + shift;
    return STATUS_OK;
}
