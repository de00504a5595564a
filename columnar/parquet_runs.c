/* columnar/parquet_runs.c: runs and packed bits: levels, dictionary indices, booleans. */
#include "columnar/parquet_runs.h"

#include "columnar/kernels.h"
#include "columnar/layout.h"

unsigned bits_for(uint32_t most)
{
    return most == 0 ? 0 : 32 - (unsigned)__builtin_clz(most);
}

struct runs runs_over(const uint8_t *data, size_t size, unsigned width)
{
    struct runs runs = {.at = data, .end = size == 0 ? data : data + size, .width = width};
    if (width == 0) runs.left = UINT64_MAX;
    return runs;
}

struct runs runs_over_reversed(const uint8_t *data, size_t size, unsigned width, uint64_t count)
{
    struct runs runs = runs_over(data, size, width);
    if (width == 0) return runs;
    runs.packed = runs.reversed = true;
    runs.left = count;
    runs.bits = data;
    runs.bit_end = (uint64_t)size * 8;
    runs.at = runs.end;
    return runs;
}

/* ULEB128 of a run's head. */
static bool read_head(struct runs *runs, uint64_t *ret)
{
    *ret = 0;
    for (unsigned shift = 0; shift < 42 && runs->at < runs->end; shift += 7) {
        uint8_t byte = *runs->at++;
        *ret |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return true;
    }
    return false;
}

static bool begin_run(struct runs *runs)
{
    uint64_t head = 0, room = (uint64_t)(runs->end - runs->at);
    if (!read_head(runs, &head)) return false;
    room = (uint64_t)(runs->end - runs->at);
    runs->packed = (head & 1) != 0;
    if (!runs->packed) {
        size_t bytes = (runs->width + 7) / 8;
        runs->left = head >> 1;
        runs->value = 0;
        if (bytes > room) return false;
        memcpy(&runs->value, runs->at, bytes);
        runs->at += bytes;
        return runs->width == 32 || runs->value >> runs->width == 0;
    }
    uint64_t bytes = (head >> 1) * runs->width; /* 8 values in `width` bytes */
    if (bytes > room) bytes = room;             /* the last one may be cut short */
    runs->bits = runs->at;
    runs->bit = 0;
    runs->bit_end = bytes * 8;
    runs->left = bytes * 8 / runs->width;
    runs->at += bytes;
    return true;
}

static enum status need_run(struct runs *runs, struct err *err)
{
    while (runs->left == 0)
        if (!begin_run(runs)) return fail(err, STATUS_FAILED, "runs end too early or are damaged");
    if (runs->packed && runs->bit_end - runs->bit < runs->width)
        return fail(err, STATUS_FAILED, "packed values end too early");
    return STATUS_OK;
}

/* ---- packed bits ---- */

static uint32_t reversed_value(const uint8_t *bits, uint64_t bit, unsigned width)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < width; i++, bit++)
        value = value << 1 | ((uint32_t)bits[bit >> 3] >> (7 - (bit & 7)) & 1);
    return value;
}

static uint32_t slow_value(const uint8_t *bits, uint64_t bit, unsigned width)
{
    uint64_t word = 0;
    size_t bytes = ((bit & 7) + width + 7) / 8;
    memcpy(&word, bits + (bit >> 3), bytes);
    return (uint32_t)(word >> (bit & 7) & (((uint64_t)1 << width) - 1));
}

/* The bits are there: the caller has checked. */
static void unpack(const struct runs *runs, uint32_t *ret, size_t count)
{
    uint64_t bit = runs->bit, mask = ((uint64_t)1 << runs->width) - 1;
    size_t i = 0;
    if (runs->reversed) {
        for (; i < count; i++, bit += runs->width)
            ret[i] = reversed_value(runs->bits, bit, runs->width);
        return;
    }
    for (; i < count && (bit >> 3) + 8 <= runs->bit_end >> 3; i++, bit += runs->width) {
        uint64_t word;
        memcpy(&word, runs->bits + (bit >> 3), sizeof word);
        ret[i] = (uint32_t)(word >> (bit & 7) & mask);
    }
    for (; i < count; i++, bit += runs->width)
        ret[i] = slow_value(runs->bits, bit, runs->width);
}

/* How many of `count` values the current run gives at once. */
static uint64_t run_part(const struct runs *runs, uint64_t count)
{
    uint64_t part = runs->left < count ? runs->left : count;
    if (!runs->packed) return part;
    uint64_t there = (runs->bit_end - runs->bit) / runs->width;
    return there < part ? there : part;
}

static void advance(struct runs *runs, uint64_t part)
{
    if (runs->width == 0) return;
    runs->left -= part;
    runs->bit += runs->packed ? part * runs->width : 0;
}

enum status runs_take(struct runs *runs, uint32_t *ret, size_t count, struct err *err)
{
    while (count > 0) {
        TRY(need_run(runs, err));
        size_t part = (size_t)run_part(runs, count);
        if (runs->packed)
            unpack(runs, ret, part);
        else
            for (size_t i = 0; i < part; i++)
                ret[i] = runs->value;
        advance(runs, part);
        ret += part;
        count -= part;
    }
    return STATUS_OK;
}

enum status runs_skip(struct runs *runs, uint64_t count, uint32_t value, uint64_t *ret_equal,
                      struct err *err)
{
    uint32_t block[256];
    *ret_equal = 0;
    while (count > 0) {
        TRY(need_run(runs, err));
        uint64_t part = run_part(runs, count);
        if (!runs->packed) {
            *ret_equal += runs->value == value ? part : 0;
        } else {
            part = part < 256 ? part : 256;
            unpack(runs, block, (size_t)part);
            for (size_t i = 0; i < part; i++)
                *ret_equal += block[i] == value;
        }
        advance(runs, part);
        count -= part;
    }
    return STATUS_OK;
}

/* Packed values as bits; single bits are copied as they are. */
static int64_t packed_bits(const struct runs *runs, uint32_t value, uint8_t *bits, int64_t first,
                           int64_t part)
{
    uint32_t block[256];
    int64_t equal = 0;
    if (runs->width == 1 && value == 1 && !runs->reversed) {
        bits_copy(bits, first, runs->bits, (int64_t)runs->bit, part);
        return kernels()->bits_count(bits, first, part);
    }
    unpack(runs, block, (size_t)part);
    for (int64_t i = 0; i < part; i++) {
        if (block[i] == value) bit_set(bits, first + i);
        equal += block[i] == value;
    }
    return equal;
}

enum status runs_take_bits(struct runs *runs, uint32_t value, uint8_t *bits, int64_t first,
                           int64_t count, int64_t *ret_equal, struct err *err)
{
    *ret_equal = 0;
    while (count > 0) {
        TRY(need_run(runs, err));
        int64_t part = (int64_t)run_part(runs, (uint64_t)count);
        if (runs->packed && !(runs->width == 1 && value == 1 && !runs->reversed) && part > 256)
            part = 256;
        if (runs->packed) {
            *ret_equal += packed_bits(runs, value, bits, first, part);
        } else if (runs->value == value) {
            bits_fill(bits, first, part);
            *ret_equal += part;
        }
        advance(runs, (uint64_t)part);
        first += part;
        count -= part;
    }
    return STATUS_OK;
}
