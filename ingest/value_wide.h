/* ingest/value_wide.h: short reals, all their digits at once instead of one after the other, so
 * that no branch depends on how long they are. For loops over columns; value.h is what it must
 * agree with, and what is asked where it says no.
 *
 * Eight digits become a number by three multiplications (D. Lemire, "Number Parsing at a Gigabyte
 * per Second", 2021, section 5). The host is little-endian (base checks). */
#ifndef INGEST_VALUE_WIDE_H
#define INGEST_VALUE_WIDE_H

#include "base/str.h"

#include <string.h>

/* Bytes from the beginning of a value on that must be readable, whatever its size. */
#define WIDE_READS 10

#define WIDE_EACH(byte) ((uint64_t)(byte)*0x0101010101010101u)

static inline bool wide_all_digits(uint64_t digits)
{
    return (((digits + WIDE_EACH(0x76)) | digits) & WIDE_EACH(0x80)) == 0;
}

static inline uint64_t wide_eight(uint64_t digits)
{
    digits = digits * (1 + (10 << 8)) >> 8;
    digits = (digits & 0x00ff00ff00ff00ff) * (1 + (100 << 16)) >> 16;
    return (digits & 0x0000ffff0000ffff) * (1 + (10000ull << 32)) >> 32;
}

/* As value_real where true: at most eight digits, in at most nine bytes behind the sign. Number and
 * power of ten are exact doubles, so that their quotient is rounded once (Clinger 1990). */
static inline bool wide_real(struct str value, double *ret)
{
    static const double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8};
    size_t negative = value.data[0] == '-', count = value.size - negative, before = count;
    const char *data = value.data + negative;
    uint64_t text, behind_point;
    if (count - 1 >= 9) return false;
    memcpy(&text, data, sizeof text);
    memcpy(&behind_point, data + 1, sizeof text);
    uint64_t points = text ^ WIDE_EACH('.');
    points = (points - WIDE_EACH(1)) & ~points & WIDE_EACH(0x80);
    size_t point = points == 0 ? 8 : (size_t)__builtin_ctzll(points) / 8;
    if (point < count) {
        if (point == 8) return false;
        uint64_t front = (1ull << 8 * point) - 1;
        text = (text & front) | (behind_point & ~front);
        before = point;
        count--;
    }
    if (before == 0 || (before > 1 && data[0] == '0')) return false;
    uint64_t digits = (text ^ WIDE_EACH('0')) << 8 * (8 - count);
    double size = (double)(int64_t)wide_eight(digits) / powers[count - before];
    *ret = negative ? -size : size;
    return wide_all_digits(digits);
}

#endif
