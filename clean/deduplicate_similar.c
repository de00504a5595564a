/* clean/deduplicate_similar.c: how alike two short strings are. */
#include "clean/deduplicate_similar.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>
#include <utf8proc.h>

#define CHARACTERS_MOST 256
#define PREFIX_MOST     4
#define PREFIX_WEIGHT   0.1
#define BOOST_FROM      0.7

static size_t characters_of(struct str text, int32_t *ret)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size && count < CHARACTERS_MOST; count++) {
        uint8_t byte = (uint8_t)text.data[i];
        ret[count] = byte;
        if (byte < 0x80) {
            i++;
            continue;
        }
        utf8proc_ssize_t size = utf8proc_iterate((const utf8proc_uint8_t *)text.data + i,
                                                 (utf8proc_ssize_t)(text.size - i), &ret[count]);
        i += size < 1 ? 1 : (size_t)size;
        if (size < 1) ret[count] = byte;
    }
    return count;
}

/* Marks the characters that have an equal one near enough in the other string. */
static size_t match(const int32_t *a, size_t a_size, const int32_t *b, size_t b_size, bool *a_has,
                    bool *b_has)
{
    size_t longer = a_size > b_size ? a_size : b_size, matches = 0;
    size_t reach = longer / 2 > 0 ? longer / 2 - 1 : 0;
    for (size_t i = 0; i < a_size; i++) {
        size_t from = i > reach ? i - reach : 0;
        size_t end = i + reach + 1 < b_size ? i + reach + 1 : b_size;
        for (size_t j = from; j < end; j++) {
            if (b_has[j] || a[i] != b[j]) continue;
            a_has[i] = b_has[j] = true;
            matches++;
            break;
        }
    }
    return matches;
}

static size_t transpositions(const int32_t *a, size_t a_size, const int32_t *b, const bool *a_has,
                             const bool *b_has)
{
    size_t j = 0, out_of_place = 0;
    for (size_t i = 0; i < a_size; i++) {
        if (!a_has[i]) continue;
        while (!b_has[j])
            j++;
        out_of_place += a[i] != b[j++];
    }
    return out_of_place / 2;
}

static double raise(double jaro, size_t prefix)
{
    return jaro > BOOST_FROM ? jaro + (double)prefix * PREFIX_WEIGHT * (1 - jaro) : jaro;
}

/* ---- short ASCII strings: sets of places are bits of a word ---- */

#define BITS 64

static bool is_short_ascii(struct str text)
{
    uint8_t all = 0;
    if (text.size > BITS) return false;
    for (size_t i = 0; i < text.size; i++)
        all |= (uint8_t)text.data[i];
    return all < 0x80;
}

/* The places of `b` that are at most `reach` from place `i`. */
static uint64_t within(size_t i, size_t reach)
{
    uint64_t up_to = i + reach >= BITS - 1 ? UINT64_MAX : (2ull << (i + reach)) - 1;
    return i > reach ? up_to & ~((1ull << (i - reach)) - 1) : up_to;
}

static size_t match_bits(struct str a, struct str b, uint64_t *ret_a, uint64_t *ret_b)
{
    uint64_t where[128]; /* by character: its places in b */
    size_t longer = a.size > b.size ? a.size : b.size, matches = 0;
    size_t reach = longer / 2 > 0 ? longer / 2 - 1 : 0;
    for (size_t i = 0; i < a.size; i++)
        where[(uint8_t)a.data[i]] = 0;
    for (size_t i = 0; i < b.size; i++)
        where[(uint8_t)b.data[i]] = 0;
    for (size_t i = 0; i < b.size; i++)
        where[(uint8_t)b.data[i]] |= 1ull << i;
    *ret_a = *ret_b = 0;
    for (size_t i = 0; i < a.size; i++) {
        uint64_t free = where[(uint8_t)a.data[i]] & within(i, reach) & ~*ret_b;
        if (free == 0) continue;
        *ret_b |= free & -free;
        *ret_a |= 1ull << i;
        matches++;
    }
    return matches;
}

static size_t transposed_bits(struct str a, struct str b, uint64_t a_has, uint64_t b_has)
{
    size_t out_of_place = 0;
    for (; a_has != 0; a_has &= a_has - 1, b_has &= b_has - 1)
        out_of_place += a.data[__builtin_ctzll(a_has)] != b.data[__builtin_ctzll(b_has)];
    return out_of_place / 2;
}

static double similarity_of(size_t matches, size_t transposed, size_t a_size, size_t b_size,
                            size_t prefix)
{
    double m = (double)matches;
    if (matches == 0) return 0;
    return raise((m / (double)a_size + m / (double)b_size + (m - (double)transposed) / m) / 3,
                 prefix);
}

static double short_similarity(struct str a, struct str b)
{
    uint64_t a_has, b_has;
    size_t prefix = 0, matches = match_bits(a, b, &a_has, &b_has);
    while (prefix < PREFIX_MOST && prefix < a.size && prefix < b.size &&
           a.data[prefix] == b.data[prefix])
        prefix++;
    return similarity_of(matches, transposed_bits(a, b, a_has, b_has), a.size, b.size, prefix);
}

/* ---- any strings ---- */

static double long_similarity(struct str a, struct str b)
{
    int32_t one[CHARACTERS_MOST], two[CHARACTERS_MOST];
    bool one_has[CHARACTERS_MOST], two_has[CHARACTERS_MOST];
    size_t one_size = characters_of(a, one), two_size = characters_of(b, two), prefix = 0;
    memset(one_has, 0, one_size);
    memset(two_has, 0, two_size);
    size_t matches = match(one, one_size, two, two_size, one_has, two_has);
    while (prefix < PREFIX_MOST && prefix < one_size && prefix < two_size &&
           one[prefix] == two[prefix])
        prefix++;
    return similarity_of(matches, transpositions(one, one_size, two, one_has, two_has), one_size,
                         two_size, prefix);
}

double jaro_winkler(struct str a, struct str b)
{
    if (a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0)) return 1;
    if (is_short_ascii(a) && is_short_ascii(b)) return short_similarity(a, b);
    return long_similarity(a, b);
}

double jaro_winkler_bound(size_t a_size, size_t b_size)
{
    if (a_size == 0 || b_size == 0) return a_size == b_size;
    double m = (double)(a_size < b_size ? a_size : b_size);
    return raise((m / (double)a_size + m / (double)b_size + 1) / 3, PREFIX_MOST);
}

/* ---- dates ---- */

#define FAR_DAYS 1461.0 /* four years: no nearer than any two dates */

/* "20161231...", as the first eight digits of a date or moment stand in a cell. */
static bool date_of(struct str cell, int ret[3])
{
    static const size_t ends[] = {4, 6, 8};
    if (cell.size < 8) return false;
    for (size_t part = 0, i = 0; part < 3; part++)
        for (ret[part] = 0; i < ends[part]; i++) {
            if (cell.data[i] < '0' || cell.data[i] > '9') return false;
            ret[part] = ret[part] * 10 + (cell.data[i] - '0');
        }
    return true;
}

/* Months of 30.4 days are near enough for a likeness. */
static double days_of(const int date[3])
{
    return 365.25 * date[0] + 30.4375 * date[1] + date[2];
}

double dates_similarity(struct str a, struct str b)
{
    int x[3], y[3];
    if (!date_of(a, x) || !date_of(b, y)) return jaro_winkler(a, b);
    if (str_equal(a, b)) return 1;
    bool exchanged = x[0] == y[0] && x[1] == y[2] && x[2] == y[1];
    int equal = (x[0] == y[0]) + (x[1] == y[1]) + (x[2] == y[2]);
    double slip = exchanged || equal == 3 ? 0.95 : equal == 2 ? 0.9 : 0;
    double near = 1 - fabs(days_of(x) - days_of(y)) / FAR_DAYS;
    return fmax(slip, fmax(near, 0));
}
