/* columnar/kernels.c: the hot loops. Compiled once a level with -DKERNEL_LEVEL=N: plain C that the
 * compiler turns into the vector instructions of that level. */
#include "columnar/kernels.h"

#include "columnar/kernel_levels.h"

#include <math.h>
#include <string.h>

static inline bool bit(const uint8_t *bits, int64_t place)
{
    return ((bits[place >> 3] >> (place & 7)) & 1) != 0;
}

static int64_t bits_count(const uint8_t *bits, int64_t first, int64_t count)
{
    int64_t set = 0;
    for (; count > 0 && (first & 7) != 0; first++, count--)
        set += bit(bits, first);
    const uint8_t *at = bits + (first >> 3);
    for (; count >= 64; count -= 64, at += 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        set += __builtin_popcountll(word);
    }
    for (int64_t i = 0; i < count; i++)
        set += bit(at, i);
    return set;
}

/* ---- nulls ---- */

#define ZERO_NULLS(type)                                                                           \
    static void zero_nulls_##type(type *values, const uint8_t *validity, int64_t count)            \
    {                                                                                              \
        for (int64_t i = 0; i < count; i++)                                                        \
            values[i] = bit(validity, i) ? values[i] : 0;                                          \
    }                                                                                              \
    static bool nulls_zero_##type(const type *values, const uint8_t *validity, int64_t count)      \
    {                                                                                              \
        type seen = 0;                                                                             \
        for (int64_t i = 0; i < count; i++)                                                        \
            seen = (type)(seen | (bit(validity, i) ? 0 : values[i]));                              \
        return seen == 0;                                                                          \
    }
ZERO_NULLS(uint8_t)
ZERO_NULLS(uint16_t)
ZERO_NULLS(uint32_t)
ZERO_NULLS(uint64_t)

static void zero_nulls(uint8_t *values, size_t width, const uint8_t *validity, int64_t count)
{
    void *at = values;
    switch (width) {
    case 1: zero_nulls_uint8_t(at, validity, count); return;
    case 2: zero_nulls_uint16_t(at, validity, count); return;
    case 4: zero_nulls_uint32_t(at, validity, count); return;
    case 8: zero_nulls_uint64_t(at, validity, count); return;
    default:
        for (int64_t i = 0; i < count; i++)
            if (!bit(validity, i)) memset(values + (size_t)i * width, 0, width);
    }
}

static bool slot_is_zero(const uint8_t *slot, size_t width)
{
    uint8_t seen = 0;
    for (size_t i = 0; i < width; i++)
        seen |= slot[i];
    return seen == 0;
}

static bool nulls_are_zero(const uint8_t *values, size_t width, const uint8_t *validity,
                           int64_t count)
{
    const void *at = values;
    switch (width) {
    case 1: return nulls_zero_uint8_t(at, validity, count);
    case 2: return nulls_zero_uint16_t(at, validity, count);
    case 4: return nulls_zero_uint32_t(at, validity, count);
    case 8: return nulls_zero_uint64_t(at, validity, count);
    default:
        for (int64_t i = 0; i < count; i++)
            if (!bit(validity, i) && !slot_is_zero(values + (size_t)i * width, width)) return false;
        return true;
    }
}

/* ---- offsets ---- */

/* A quick pass that only says yes or no, and a slow one to find the place. */
#define OFFSETS_CHECK(name, type)                                                                  \
    static int64_t name(const type *offsets, int64_t count, int64_t limit)                         \
    {                                                                                              \
        int wrong = offsets[0] < 0 || offsets[count] > limit;                                      \
        for (int64_t i = 0; i < count; i++)                                                        \
            wrong |= offsets[i + 1] < offsets[i];                                                  \
        if (!wrong) return count + 1;                                                              \
        if (offsets[0] < 0 || offsets[0] > limit) return 0;                                        \
        for (int64_t i = 0; i < count; i++)                                                        \
            if (offsets[i + 1] < offsets[i] || offsets[i + 1] > limit) return i + 1;               \
        return count + 1;                                                                          \
    }
OFFSETS_CHECK(offsets_check, int32_t)
OFFSETS_CHECK(offsets_check_large, int64_t)

static void offsets_shift(int32_t *to, const int32_t *from, int64_t count, int32_t shift)
{
    for (int64_t i = 0; i < count; i++)
        to[i] = from[i] + shift;
}

/* ---- UTF-8 (Unicode 15, table 3-7: no overlong forms, no surrogates, up to U+10FFFF) ---- */

static size_t sequence(const uint8_t *at, size_t room)
{
    uint8_t lead = at[0];
    if (lead < 0x80) return 1;
    if (lead < 0xc2 || lead > 0xf4) return 0;
    size_t size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (size > room) return 0;
    uint8_t least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    uint8_t most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (at[1] < least || at[1] > most) return 0;
    for (size_t i = 2; i < size; i++)
        if ((at[i] & 0xc0) != 0x80) return 0;
    return size;
}

static size_t utf8_check(const uint8_t *text, size_t size)
{
    size_t place = 0;
    while (place < size) {
        while (size - place >= 64) {
            uint8_t seen = 0;
            for (size_t i = 0; i < 64; i++)
                seen |= text[place + i];
            if (seen >= 0x80) break;
            place += 64;
        }
        size_t stop = size - place > 64 ? place + 64 : size;
        while (place < stop) {
            size_t step = sequence(text + place, size - place);
            if (step == 0) return place;
            place += step;
        }
    }
    return size;
}

static bool is_ascii(const uint8_t *text, size_t size)
{
    uint8_t seen = 0;
    for (size_t i = 0; i < size; i++)
        seen |= text[i];
    return seen < 0x80;
}

/* ---- ranges ---- */

#define RANGE(name, type)                                                                          \
    static void name(const type *values, int64_t count, type *ret_least, type *ret_most)           \
    {                                                                                              \
        type least = values[0], most = values[0];                                                  \
        for (int64_t i = 1; i < count; i++) {                                                      \
            least = values[i] < least ? values[i] : least;                                         \
            most = values[i] > most ? values[i] : most;                                            \
        }                                                                                          \
        *ret_least = least;                                                                        \
        *ret_most = most;                                                                          \
    }
RANGE(range_int32, int32_t)
RANGE(range_int64, int64_t)

/* ---- gather and byte order ---- */

#define GATHER(name, type)                                                                         \
    static void name(type *to, const type *from, const int64_t *rows, int64_t count)               \
    {                                                                                              \
        for (int64_t i = 0; i < count; i++)                                                        \
            to[i] = rows[i] < 0 ? 0 : from[rows[i]];                                               \
    }
GATHER(gather_1, uint8_t)
GATHER(gather_2, uint16_t)
GATHER(gather_4, uint32_t)
GATHER(gather_8, uint64_t)

static void gather(uint8_t *to, const uint8_t *from, size_t width, const int64_t *rows,
                   int64_t count)
{
    void *out = to;
    const void *in = from;
    switch (width) {
    case 1: gather_1(out, in, rows, count); return;
    case 2: gather_2(out, in, rows, count); return;
    case 4: gather_4(out, in, rows, count); return;
    case 8: gather_8(out, in, rows, count); return;
    default:
        for (int64_t i = 0; i < count; i++, to += width) {
            if (rows[i] < 0)
                memset(to, 0, width);
            else
                memcpy(to, from + (size_t)rows[i] * width, width);
        }
    }
}

static void swap(uint8_t *to, const uint8_t *from, size_t width, int64_t count)
{
    for (int64_t i = 0; i < count; i++, to += width, from += width)
        for (size_t byte = 0; byte < width; byte++)
            to[byte] = from[width - 1 - byte];
}

const struct kernels KERNEL_TABLE = {
    .bits_count = bits_count,
    .zero_nulls = zero_nulls,
    .nulls_are_zero = nulls_are_zero,
    .offsets_check = offsets_check,
    .offsets_check_large = offsets_check_large,
    .utf8_check = utf8_check,
    .is_ascii = is_ascii,
    .range_int32 = range_int32,
    .range_int64 = range_int64,
    .gather = gather,
    .offsets_shift = offsets_shift,
    .swap = swap,
};
