/* clean/picture_resize.h: resizes 8-bit pictures row by row with integer weights.
 *
 * area      an axis shrinks by the mean over the covered area, pixels at its border by their share
 *           (OpenCV's INTER_AREA);
 * bilinear  by a triangle two places wide (Pillow's BILINEAR, torchvision's with antialias);
 * nearest   the pixel whose center is next (Pillow's NEAREST).
 * Area and bilinear grow linearly between pixel centers. Weights of one place add up to exactly 1.
 */
#ifndef CLEAN_PICTURE_RESIZE_H
#define CLEAN_PICTURE_RESIZE_H

#include "base/err.h"
#include "clean/picture_resize_kernel.h"

#include <stdbool.h>
#include <stdint.h>

/* Of the weights down: 255 << 14 and the settled 8 bits stay within 32 and 16 bits. */
#define RESIZE_ROW_BITS 14

enum resize_method { RESIZE_AREA, RESIZE_BILINEAR, RESIZE_NEAREST };

/* Places that are being summed at a time: triangles overlap by half. */
#define RESIZE_OPEN 4
/* Places of at most so many rows are made from the rows themselves. */
#define RESIZE_KEPT 8

/* Part of one axis of the source that becomes `to` places. */
struct resize_span {
    uint32_t first, size; /* in pixels of the whole picture */
    uint32_t to;
    uint32_t scale; /* whole pixels a source pixel stands for, by side; above 1 only to shrink */
};

/* What one place is made of: source first ... first + count - 1, weights in a table from `at`. */
struct resize_place {
    uint32_t first, count, at;
};
struct resize_axis {
    struct resize_place *places;
    uint32_t *weights;
};

struct resizing {
    struct resize_span across, down;
    uint32_t channels;
    const struct resize_kernels *kernels;
    struct resize_axis columns, rows;
    int16_t *pairs;              /* the weights of `columns` where these are even and narrow */
    uint32_t left, width;        /* of the source rows that are used */
    uint8_t *kept;               /* the last rows, RESIZE_KEPT of them in turn; or, where a place */
    uint32_t *sums[RESIZE_OPEN]; /* has more of them, its sums so far, a source row wide */
    uint16_t *settled;           /* what comes of them, in 1/256 of a level */
    uint32_t place;              /* next row to make */
    uint8_t *ret;                /* down.to x across.to x channels; taken from outside */
};

/* Bytes resizing_open will take. */
uint64_t resizing_bytes(const struct resize_span *across, const struct resize_span *down,
                        uint32_t channels);
MUST_CHECK enum status resizing_open(struct resizing *ret, enum resize_method method,
                                     const struct resize_span *across,
                                     const struct resize_span *down, uint32_t channels,
                                     uint8_t *picture, struct err *err);
/* Row y of the source, in order; rows outside of the span are skipped. */
void resizing_row(struct resizing *resizing, uint32_t y, const uint8_t *pixels);
void resizing_release(struct resizing *resizing);

#endif
