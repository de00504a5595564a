/* clean/picture_hog.c: gradients, cells, blocks, colors. */
#include "clean/picture_hog.h"

#include <math.h>
#include <string.h>

#define CELL         4
#define ORIENTATIONS 9
#define BLOCK        (4 * ORIENTATIONS)
#define AREAS        4 /* of color, by side */
#define AREA_VALUES  6 /* three means, three deviations */
#define CUT          0.2f
#define DARK         (1e-5f * 255 * 255) /* added to the squares of a block: noise stays small */
#define BRIGHT       1e-5f               /* the same after the cut */

static size_t blocks_of(uint32_t side)
{
    return side / CELL - 1;
}

size_t picture_hog_values(uint32_t side)
{
    return blocks_of(side) * blocks_of(side) * BLOCK + (size_t)AREAS * AREAS * AREA_VALUES;
}

size_t picture_hog_mirror(uint32_t side, size_t at)
{
    size_t blocks = blocks_of(side), shapes = blocks * blocks * BLOCK;
    if (at >= shapes) {
        size_t area = (at - shapes) / AREA_VALUES, x = area % AREAS;
        return at + (AREAS - 1 - 2 * x) * AREA_VALUES;
    }
    size_t orientation = at % ORIENTATIONS, cell = at / ORIENTATIONS % 4, block = at / BLOCK;
    size_t x = block % blocks, y = block / blocks;
    return ((y * blocks + blocks - 1 - x) * 4 + (cell ^ 1)) * ORIENTATIONS + ORIENTATIONS - 1 -
           orientation;
}

/* ---- gradients ---- */

/* Of z from 0 to 1, off by at most 1e-5 (Abramowitz and Stegun 4.4.49). */
static float arctangent(float z)
{
    float s = z * z;
    return z *
           (0.9998660f + s * (-0.3302995f + s * (0.1801410f + s * (-0.0851330f + s * 0.0208351f))));
}

/* The direction of an edge, 0 ... 9 for 0 ... 180 degrees. */
static float direction(float x, float y)
{
    const float quarter = 1.57079633f, half = 3.14159265f;
    float wide = fabsf(x), high = fabsf(y);
    float angle =
        wide >= high ? arctangent(wide > 0 ? high / wide : 0) : quarter - arctangent(wide / high);
    if ((x < 0) != (y < 0) && x != 0 && y != 0) angle = half - angle;
    return angle * (ORIENTATIONS / half);
}

static void gradient(const uint8_t *pixels, uint32_t side, uint32_t x, uint32_t y, float *ret_x,
                     float *ret_y)
{
    const uint8_t *at = pixels + ((size_t)y * side + x) * 3;
    size_t line = (size_t)side * 3;
    int most = -1;
    for (size_t channel = 0; channel < 3; channel++) {
        int across = x > 0 && x + 1 < side ? at[channel + 3] - *(at + channel - 3) : 0;
        int down = y > 0 && y + 1 < side ? at[channel + line] - *(at + channel - line) : 0;
        if (across * across + down * down <= most) continue;
        most = across * across + down * down;
        *ret_x = (float)across;
        *ret_y = (float)down;
    }
}

/* A gradient's share of the two orientations around it. */
static void vote(float *cell, float x, float y)
{
    float strength = sqrtf(x * x + y * y);
    if (strength == 0) return;
    float place = direction(x, y) - 0.5f, low = floorf(place), share = place - low;
    int first = ((int)low + ORIENTATIONS) % ORIENTATIONS;
    cell[first] += strength * (1 - share);
    cell[(first + 1) % ORIENTATIONS] += strength * share;
}

/* ---- blocks ---- */

static void scale(float *block, float added)
{
    float squares = added;
    for (int i = 0; i < BLOCK; i++)
        squares += block[i] * block[i];
    float length = sqrtf(squares);
    for (int i = 0; i < BLOCK; i++)
        block[i] /= length;
}

static void make_block(const float *cells, uint32_t across, size_t x, size_t y, float *ret)
{
    for (size_t i = 0; i < 4; i++)
        memcpy(ret + i * ORIENTATIONS, cells + ((y + i / 2) * across + x + i % 2) * ORIENTATIONS,
               ORIENTATIONS * sizeof *ret);
    scale(ret, DARK);
    for (int i = 0; i < BLOCK; i++)
        ret[i] = fminf(ret[i], CUT);
    scale(ret, BRIGHT);
}

/* ---- colors ---- */

static void measure_area(const uint8_t *pixels, uint32_t side, uint32_t left, uint32_t top,
                         float *ret)
{
    uint32_t wide = side / AREAS;
    for (uint32_t channel = 0; channel < 3; channel++) {
        uint64_t sum = 0, squares = 0;
        for (uint32_t y = top; y < top + wide; y++)
            for (uint32_t x = left; x < left + wide; x++) {
                uint64_t value = pixels[((size_t)y * side + x) * 3 + channel];
                sum += value;
                squares += value * value;
            }
        float count = (float)(wide * wide), mean = (float)sum / count;
        float spread = (float)(squares * wide * wide - sum * sum) / (count * count);
        ret[channel] = mean / 255;
        ret[3 + channel] = sqrtf(spread) / 255;
    }
}

void picture_hog(const uint8_t *pixels, uint32_t side, float *cells, float *ret)
{
    uint32_t across = side / CELL;
    size_t blocks = blocks_of(side);
    memset(cells, 0, (size_t)across * across * ORIENTATIONS * sizeof *cells);
    for (uint32_t y = 0; y < side; y++)
        for (uint32_t x = 0; x < side; x++) {
            float gx = 0, gy = 0;
            gradient(pixels, side, x, y, &gx, &gy);
            vote(cells + ((size_t)(y / CELL) * across + x / CELL) * ORIENTATIONS, gx, gy);
        }
    for (size_t y = 0; y < blocks; y++)
        for (size_t x = 0; x < blocks; x++, ret += BLOCK)
            make_block(cells, across, x, y, ret);
    for (uint32_t y = 0; y < AREAS; y++)
        for (uint32_t x = 0; x < AREAS; x++, ret += AREA_VALUES)
            measure_area(pixels, side, x * side / AREAS, y * side / AREAS, ret);
}
