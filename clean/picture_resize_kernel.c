/* clean/picture_resize_kernel.c: the inner loops of the resize, compiled once for each x86-64
 * level. */
#include "clean/picture_resize_kernel.h"

#include "clean/picture_resize.h"

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

static void add(uint32_t *restrict sums, const uint8_t *restrict pixels, size_t count,
                uint32_t weight)
{
    const int16_t narrow = (int16_t)weight; /* products of 16 bits are cheap */
    for (size_t i = 0; i < count; i++)
        sums[i] += (uint32_t)((int16_t)pixels[i] * narrow);
}

static void settle(uint16_t *restrict settled, uint32_t *restrict sums, size_t count)
{
    const unsigned shift = RESIZE_ROW_BITS - 8;
    for (size_t i = 0; i < count; i++) {
        settled[i] = (uint16_t)((sums[i] + (1u << (shift - 1))) >> shift);
        sums[i] = 0;
    }
}

#ifdef __SSE2__

/* Sixteen values of two rows, or of one and nothing, added to their sums. */
static inline void blend_two(__m128i sums[4], __m128i a, __m128i b, __m128i weights)
{
    const __m128i zero = _mm_setzero_si128();
    __m128i low = _mm_unpacklo_epi8(a, b), high = _mm_unpackhi_epi8(a, b);
    sums[0] = _mm_add_epi32(sums[0], _mm_madd_epi16(_mm_unpacklo_epi8(low, zero), weights));
    sums[1] = _mm_add_epi32(sums[1], _mm_madd_epi16(_mm_unpackhi_epi8(low, zero), weights));
    sums[2] = _mm_add_epi32(sums[2], _mm_madd_epi16(_mm_unpacklo_epi8(high, zero), weights));
    sums[3] = _mm_add_epi32(sums[3], _mm_madd_epi16(_mm_unpackhi_epi8(high, zero), weights));
}

/* Sums of 0 ... 65535 to 16 bits. There is only a signed way before SSE 4.1. */
static inline __m128i narrowed(__m128i low, __m128i high)
{
    const __m128i half = _mm_set1_epi32(1 << 15);
    __m128i both = _mm_packs_epi32(_mm_sub_epi32(low, half), _mm_sub_epi32(high, half));
    return _mm_xor_si128(both, _mm_set1_epi16(INT16_MIN));
}

static inline __m128i load(const void *from)
{
    return _mm_loadu_si128(from);
}

/* Returns how many values it did. */
static size_t blend_vectors(uint16_t *restrict settled, const uint8_t *const *restrict rows,
                            const uint32_t *restrict weights, uint32_t row_count, size_t count)
{
    const int shift = RESIZE_ROW_BITS - 8;
    size_t i = 0;
    for (; i + 16 <= count; i += 16) {
        __m128i start = _mm_set1_epi32(1 << (shift - 1)), sums[4] = {start, start, start, start};
        uint32_t row = 0;
        for (; row + 1 < row_count; row += 2)
            blend_two(sums, load(rows[row] + i), load(rows[row + 1] + i),
                      _mm_set1_epi32((int32_t)(weights[row] | weights[row + 1] << 16)));
        if (row < row_count)
            blend_two(sums, load(rows[row] + i), _mm_setzero_si128(),
                      _mm_set1_epi32((int32_t)weights[row]));
        for (int k = 0; k < 4; k++)
            sums[k] = _mm_srli_epi32(sums[k], shift);
        _mm_storeu_si128((__m128i *)(void *)(settled + i), narrowed(sums[0], sums[1]));
        _mm_storeu_si128((__m128i *)(void *)(settled + i + 8), narrowed(sums[2], sums[3]));
    }
    return i;
}

#else

static size_t blend_vectors(uint16_t *restrict settled, const uint8_t *const *restrict rows,
                            const uint32_t *restrict weights, uint32_t row_count, size_t count)
{
    (void)settled, (void)rows, (void)weights, (void)row_count, (void)count;
    return 0;
}

#endif

static void blend(uint16_t *restrict settled, const uint8_t *const *restrict rows,
                  const uint32_t *restrict weights, uint32_t row_count, size_t count)
{
    const unsigned shift = RESIZE_ROW_BITS - 8;
    for (size_t i = blend_vectors(settled, rows, weights, row_count, count); i < count; i++) {
        uint32_t sum = 1u << (shift - 1);
        for (uint32_t row = 0; row < row_count; row++)
            sum += rows[row][i] * weights[row];
        settled[i] = (uint16_t)(sum >> shift);
    }
}

static uint8_t rounded(uint32_t sum)
{
    return (uint8_t)((sum + (1u << 23)) >> 24);
}

typedef uint16_t four_narrow __attribute__((vector_size(8)));
typedef uint32_t four __attribute__((vector_size(16)));

/* Three channels and one value behind them in a vector. */
static void across_rgb(const struct resize_place *places, const uint32_t *restrict weights,
                       uint32_t to, const uint16_t *restrict settled, uint32_t left,
                       uint8_t *restrict ret)
{
    for (uint32_t x = 0; x < to; x++, ret += 3) {
        const struct resize_place *place = &places[x];
        const uint32_t *weight = weights + place->at;
        const uint16_t *in = settled + 3 * (size_t)(place->first - left);
        four sums = {0};
        for (uint32_t i = 0; i < place->count; i++, in += 3) {
            four_narrow pixel;
            memcpy(&pixel, in, sizeof pixel);
            sums += __builtin_convertvector(pixel, four) * weight[i];
        }
        ret[0] = rounded(sums[0]);
        ret[1] = rounded(sums[1]);
        ret[2] = rounded(sums[2]);
    }
}

#ifdef __SSE2__

/* Two neighboring pixels of a row times their weights: values are taken as v - 2^15, which the sum
 * makes up for because the weights of a place add up to 2^16. */
static inline __m128i two_pixels(const uint16_t *in, const int16_t *pair)
{
    int32_t weights;
    memcpy(&weights, pair, sizeof weights);
    __m128i a = _mm_loadl_epi64((const __m128i *)(const void *)in);
    __m128i b = _mm_loadl_epi64((const __m128i *)(const void *)(in + 3));
    __m128i both = _mm_xor_si128(_mm_unpacklo_epi16(a, b), _mm_set1_epi16(INT16_MIN));
    return _mm_madd_epi16(both, _mm_set1_epi32(weights));
}

static inline __m128i one_place(const uint16_t *in, const int16_t *pairs, uint32_t count)
{
    __m128i sums = _mm_set1_epi32((int32_t)(1u << 31 | 1u << 23));
    for (uint32_t i = 0; i < count; i += 2)
        sums = _mm_add_epi32(sums, two_pixels(in + 3 * (size_t)i, pairs + i));
    return _mm_srli_epi32(sums, 24);
}

/* `count` is known where it is called, so that the loops over it are unrolled. */
static inline __attribute__((always_inline)) void
across_even(const struct resize_place *places, const int16_t *restrict pairs, uint32_t to,
            const uint16_t *restrict settled, uint32_t left, uint8_t *restrict ret, uint32_t count)
{
    for (uint32_t x = 0; x < to; x++, ret += 3, pairs += count) {
        __m128i place = one_place(settled + 3 * (size_t)(places[x].first - left), pairs, count);
        place = _mm_packs_epi32(place, place);
        int32_t rgb = _mm_cvtsi128_si32(_mm_packus_epi16(place, place));
        memcpy(ret, &rgb, x + 1 < to ? 4 : 3); /* the fourth byte is written over */
    }
}

static void across_pairs(const struct resize_place *places, const int16_t *restrict pairs,
                         uint32_t to, const uint16_t *restrict settled, uint32_t left,
                         uint8_t *restrict ret)
{
    switch (places[0].count) {
    case 2: across_even(places, pairs, to, settled, left, ret, 2); break;
    case 4: across_even(places, pairs, to, settled, left, ret, 4); break;
    case 6: across_even(places, pairs, to, settled, left, ret, 6); break;
    default: across_even(places, pairs, to, settled, left, ret, places[0].count);
    }
}

#else
#define across_pairs NULL
#endif

static void across_gray(const struct resize_place *places, const uint32_t *restrict weights,
                        uint32_t to, const uint16_t *restrict settled, uint32_t left,
                        uint8_t *restrict ret)
{
    for (uint32_t x = 0; x < to; x++) {
        const struct resize_place *place = &places[x];
        const uint32_t *weight = weights + place->at;
        const uint16_t *in = settled + (place->first - left);
        uint32_t sum = 0;
        for (uint32_t i = 0; i < place->count; i++)
            sum += weight[i] * in[i];
        ret[x] = rounded(sum);
    }
}

#define NAME_OF(level)  resize_kernels_v##level
#define TABLE_OF(level) NAME_OF(level)
extern const struct resize_kernels TABLE_OF(KERNEL_LEVEL);
const struct resize_kernels TABLE_OF(KERNEL_LEVEL) = {add,        settle,       blend,
                                                      across_rgb, across_pairs, across_gray};
