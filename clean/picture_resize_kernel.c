/* clean/picture_resize_kernel.c: the inner loops of the resize, compiled once for each x86-64
 * level. */
#include "clean/picture_resize_kernel.h"

#include "clean/picture_resize.h"

#include <string.h>

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
const struct resize_kernels TABLE_OF(KERNEL_LEVEL) = {add, settle, across_rgb, across_gray};
