/* columnar/parquet_delta.c: integers as differences in packed blocks. */
#include "columnar/parquet_runs.h"

#include <string.h>

#define BLOCK_MAXIMUM ((uint64_t)1 << 24) /* values of a block */

static enum status fail_short(struct err *err)
{
    return fail(err, STATUS_FAILED, "packed differences end too early");
}

static enum status varint(struct delta *delta, uint64_t *ret, struct err *err)
{
    *ret = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (delta->at >= delta->end) return fail_short(err);
        uint8_t byte = *delta->at++;
        *ret |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return STATUS_OK;
    }
    return fail(err, STATUS_FAILED, "a difference of more than 64 bits");
}

static enum status zigzag(struct delta *delta, uint64_t *ret, struct err *err)
{
    uint64_t value = 0;
    TRY(varint(delta, &value, err));
    *ret = value >> 1 ^ (0 - (value & 1));
    return STATUS_OK;
}

enum status delta_over(struct delta *ret, const uint8_t *data, size_t size, struct err *err)
{
    uint64_t block = 0;
    *ret = (struct delta){.at = data, .end = data + size, .first = true};
    TRY(varint(ret, &block, err));
    TRY(varint(ret, &ret->minis, err));
    TRY(varint(ret, &ret->left, err));
    TRY(zigzag(ret, &ret->value, err));
    if (block == 0 || block > BLOCK_MAXIMUM || ret->minis == 0 || ret->minis > block ||
        block % ret->minis != 0 || block / ret->minis % 8 != 0)
        return fail(err, STATUS_FAILED, "blocks of %llu differences in %llu parts",
                    (unsigned long long)block, (unsigned long long)ret->minis);
    ret->per_mini = block / ret->minis;
    ret->mini = ret->minis; /* the next difference begins a block */
    return STATUS_OK;
}

static enum status begin_block(struct delta *delta, struct err *err)
{
    TRY(zigzag(delta, &delta->least, err));
    if ((uint64_t)(delta->end - delta->at) < delta->minis) return fail_short(err);
    delta->widths = delta->at;
    delta->at += delta->minis;
    delta->mini = 0;
    return STATUS_OK;
}

/* The last one of all may be cut short behind its last value. */
static enum status begin_mini(struct delta *delta, struct err *err)
{
    if (delta->mini == delta->minis) TRY(begin_block(delta, err));
    delta->width = delta->widths[delta->mini++];
    if (delta->width > 64) return fail(err, STATUS_FAILED, "differences of %u bits", delta->width);
    uint64_t bytes = delta->per_mini * delta->width / 8, room = (uint64_t)(delta->end - delta->at);
    if (bytes > room) bytes = room;
    delta->bits = delta->at;
    delta->bit = 0;
    delta->bit_end = bytes * 8;
    delta->at += bytes;
    delta->mini_left = delta->per_mini;
    return STATUS_OK;
}

static uint64_t packed_value(const struct delta *delta, uint64_t bit)
{
    const uint8_t *from = delta->bits + (bit >> 3);
    unsigned shift = (unsigned)(bit & 7), width = delta->width;
    uint64_t low = 0, mask = width == 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1;
    size_t bytes = (shift + width + 7) / 8, there = bytes < 8 ? bytes : 8;
    if ((bit >> 3) + 8 <= delta->bit_end >> 3)
        memcpy(&low, from, sizeof low);
    else
        memcpy(&low, from, there);
    if (bytes > 8) return (low >> shift | (uint64_t)from[8] << (64 - shift)) & mask;
    return low >> shift & mask;
}

/* Differences of the current miniblock. */
static enum status take_part(struct delta *delta, int64_t *ret, size_t count, struct err *err)
{
    if (delta->width > 0 && (delta->bit_end - delta->bit) / delta->width < count)
        return fail_short(err);
    if (delta->width == 0) {
        for (size_t i = 0; i < count; i++)
            ret[i] = (int64_t)(delta->value += delta->least);
        return STATUS_OK;
    }
    for (size_t i = 0; i < count; i++, delta->bit += delta->width)
        ret[i] = (int64_t)(delta->value += delta->least + packed_value(delta, delta->bit));
    return STATUS_OK;
}

enum status delta_take(struct delta *delta, int64_t *ret, size_t count, struct err *err)
{
    if (count > delta->left) return fail_short(err);
    delta->left -= count;
    if (count > 0 && delta->first) {
        *ret++ = (int64_t)delta->value;
        count--;
        delta->first = false;
    }
    while (count > 0) {
        if (delta->mini_left == 0) TRY(begin_mini(delta, err));
        size_t part = delta->mini_left < count ? (size_t)delta->mini_left : count;
        TRY(take_part(delta, ret, part, err));
        delta->mini_left -= part;
        ret += part;
        count -= part;
    }
    return STATUS_OK;
}

enum status delta_end(struct delta delta, const uint8_t **ret, struct err *err)
{
    uint64_t left = delta.left > 0 ? delta.left - 1 : 0;
    while (left > 0) {
        TRY(begin_mini(&delta, err));
        left -= left < delta.per_mini ? left : delta.per_mini;
    }
    *ret = delta.at;
    return STATUS_OK;
}
