/* clean/picture_hog.h: what shapes and colors a small picture has, as numbers.
 *
 * Histograms of oriented gradients (Dalal and Triggs, CVPR 2005): cells of 4 x 4 pixels, nine
 * unsigned orientations with each gradient shared between the two nearest, blocks of 2 x 2 cells
 * with their length cut at 0.2 (L2-Hys), the strongest channel of each pixel. Behind them mean and
 * deviation of each channel in 4 x 4 areas. Own arctangent: the same bits on every CPU. */
#ifndef CLEAN_PICTURE_HOG_H
#define CLEAN_PICTURE_HOG_H

#include <stddef.h>
#include <stdint.h>

/* Values of a picture of side x side (a multiple of 8): 1,860 for 32. */
size_t picture_hog_values(uint32_t side);
/* Floats that picture_hog works in. */
static inline size_t picture_hog_work(size_t side)
{
    return side * side * 9 / 16;
}
/* pixels  side x side x 3, RGB
 * work    picture_hog_work(side) floats */
void picture_hog(const uint8_t *pixels, uint32_t side, float *work, float *ret);
/* The place at which value `at` lies in the values of the mirrored picture. */
size_t picture_hog_mirror(uint32_t side, size_t at);

#endif
