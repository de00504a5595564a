/* clean/picture_resize_kernel.h: the inner loops of the resize, chosen by the processor's level.
 * All integers: the same bytes at every level, and by the plain loops (`add` and `settle`,
 * `across_rgb`) as by those that multiply two values at a time (`blend`, `across_pairs`). */
#ifndef CLEAN_PICTURE_RESIZE_KERNEL_H
#define CLEAN_PICTURE_RESIZE_KERNEL_H

#include <stddef.h>
#include <stdint.h>

struct resize_place;

struct resize_kernels {
    /* sums[i] += pixels[i] * weight; weight at most 1 << 14. */
    void (*add)(uint32_t *sums, const uint8_t *pixels, size_t count, uint32_t weight);
    /* settled[i] = sums[i] / 2^6, rounded; sums become 0. */
    void (*settle)(uint16_t *settled, uint32_t *sums, size_t count);
    /* Both at once for a place whose rows are all at hand. */
    void (*blend)(uint16_t *settled, const uint8_t *const *rows, const uint32_t *weights,
                  uint32_t row_count, size_t count);
    /* One row of `to` places of three channels, or of one. `settled` begins with source pixel
     * `left` and has one value more than its row. */
    void (*across_rgb)(const struct resize_place *places, const uint32_t *weights, uint32_t to,
                       const uint16_t *settled, uint32_t left, uint8_t *ret);
    /* The same where every place has the same even count and no weight is above INT16_MAX; `pairs`
     * are the weights in the order of places. NULL where the processor has nothing for it. */
    void (*across_pairs)(const struct resize_place *places, const int16_t *pairs, uint32_t to,
                         const uint16_t *settled, uint32_t left, uint8_t *ret);
    void (*across_gray)(const struct resize_place *places, const uint32_t *weights, uint32_t to,
                        const uint16_t *settled, uint32_t left, uint8_t *ret);
};

const struct resize_kernels *resize_kernels(void);

#endif
