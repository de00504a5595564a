/* clean/images_measure.c: measures a picture while it is decoded.
 *
 * Brightness is luma (ITU-R BT.601) in 256 steps. Blur is Crete, Dolmiere, Ladret, Nicolas: "The
 * blur effect: perception and estimation with a new no-reference perceptual blur metric" (SPIE
 * 6492, 2007): blur a picture once more and see how much of its variation is lost; a sharp picture
 * loses much. It is measured on a box-reduced plane of at most PLANE_SIDE pixels a side, so that it
 * speaks of the picture and not of its resolution. */
#include "clean/images_measure.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

#define PLANE_SIDE 512
#define TAPS       9 /* of the re-blur */
#define GRAY_SLACK 2 /* spread of R, G, B that rounding and JPEG give a gray pixel */

struct measuring {
    struct picture_info info;
    uint64_t histogram[256];
    uint64_t colored;
    uint32_t reduction; /* pixels of the picture a side of one plane pixel */
    uint32_t width, height;
    uint32_t *sums; /* of the plane row being filled */
    uint8_t *plane;
};

/* ---- rows in ---- */

static enum status begin_picture(void *context, const struct picture_info *info, struct err *err)
{
    struct measuring *measuring = context;
    measuring->info = *info;
    uint32_t longest = info->width > info->height ? info->width : info->height;
    uint32_t reduction = (longest + PLANE_SIDE - 1) / PLANE_SIDE;
    if (reduction == 0) reduction = 1;
    measuring->reduction = reduction;
    measuring->width = info->width / reduction;
    measuring->height = info->height / reduction;
    TRY(NEW(&measuring->sums, (size_t)measuring->width + 1, err));
    return NEW(&measuring->plane, (size_t)measuring->width * measuring->height + 1, err);
}

static uint8_t luma(struct measuring *measuring, const uint8_t *rgb)
{
    unsigned red = rgb[0], green = rgb[1], blue = rgb[2];
    unsigned most = red > green ? red : green, least = red < green ? red : green;
    if (blue > most) most = blue;
    if (blue < least) least = blue;
    measuring->colored += most - least > GRAY_SLACK;
    return (uint8_t)((77 * red + 150 * green + 29 * blue + 128) >> 8);
}

/* Ends a plane row: sums become means. */
static void close_plane_row(struct measuring *measuring, uint32_t row)
{
    uint32_t cell = measuring->reduction * measuring->reduction;
    uint8_t *out = measuring->plane + (size_t)row * measuring->width;
    for (uint32_t x = 0; x < measuring->width; x++) {
        out[x] = (uint8_t)(measuring->sums[x] / cell);
        measuring->sums[x] = 0;
    }
}

static enum status take_row(void *context, uint32_t y, const uint8_t *pixels, struct err *err)
{
    (void)err;
    struct measuring *measuring = context;
    uint32_t reduction = measuring->reduction, filled = 0, cell = 0;
    size_t channels = (size_t)measuring->info.channels;
    for (uint32_t x = 0; x < measuring->info.width; x++) {
        const uint8_t *pixel = pixels + x * channels;
        uint8_t value = channels == 1 ? pixel[0] : luma(measuring, pixel);
        measuring->histogram[value]++;
        if (cell < measuring->width) measuring->sums[cell] += value;
        if (++filled == reduction) {
            filled = 0;
            cell++;
        }
    }
    uint32_t row = y / reduction;
    if (y % reduction == reduction - 1 && row < measuring->height) close_plane_row(measuring, row);
    return STATUS_OK;
}

/* ---- numbers out ---- */

static double percentile(const uint64_t histogram[256], uint64_t count, uint64_t per_cent)
{
    uint64_t wanted = (count * per_cent + 99) / 100, seen = 0;
    for (int value = 0; value < 256; value++) {
        seen += histogram[value];
        if (seen >= wanted && seen > 0) return value / 255.0;
    }
    return 1;
}

static double entropy(const uint64_t histogram[256], uint64_t count)
{
    double bits = 0;
    for (int value = 0; value < 256; value++) {
        if (histogram[value] == 0) continue;
        double share = (double)histogram[value] / (double)count;
        bits -= share * log2(share);
    }
    return bits;
}

/* Variation along one line of `count` pixels `step` apart, before and what the re-blur took. All
 * values are TAPS times the mean, so that they stay whole. */
static void line_variation(const uint8_t *line, size_t step, uint32_t count, uint64_t *before,
                           uint64_t *lost)
{
    for (uint32_t i = TAPS / 2 + 1; i + TAPS / 2 < count; i++) {
        int change = line[(i + TAPS / 2) * step] - line[(i - TAPS / 2 - 1) * step];
        int sharp = TAPS * abs(line[i * step] - line[(i - 1) * step]);
        int soft = abs(change);
        *before += (uint64_t)sharp;
        if (sharp > soft) *lost += (uint64_t)(sharp - soft);
    }
}

static double blur_of(const struct measuring *measuring)
{
    uint32_t width = measuring->width, height = measuring->height;
    if (width <= TAPS || height <= TAPS) return 0;
    uint64_t across = 0, across_lost = 0, down = 0, down_lost = 0;
    for (uint32_t y = 0; y < height; y++)
        line_variation(measuring->plane + (size_t)y * width, 1, width, &across, &across_lost);
    for (uint32_t x = 0; x < width; x++)
        line_variation(measuring->plane + x, width, height, &down, &down_lost);
    double blur_across = across == 0 ? 0 : 1 - (double)across_lost / (double)across;
    double blur_down = down == 0 ? 0 : 1 - (double)down_lost / (double)down;
    return blur_across > blur_down ? blur_across : blur_down;
}

static void conclude(const struct measuring *measuring, struct images_measure *ret)
{
    uint64_t count = (uint64_t)measuring->info.width * measuring->info.height;
    double width = measuring->info.width, height = measuring->info.height;
    ret->info = measuring->info;
    ret->bright = percentile(measuring->histogram, count, 99);
    ret->shade = percentile(measuring->histogram, count, 1);
    ret->spread = ret->bright - ret->shade;
    ret->information = entropy(measuring->histogram, count);
    ret->blur = blur_of(measuring);
    ret->color = (double)measuring->colored / (double)count;
    ret->aspect = width < height ? width / height : height / width;
}

enum status images_measure(struct str bytes, const struct picture_limits *limits,
                           struct images_measure *ret, struct picture_fault *ret_fault,
                           struct err *err)
{
    struct measuring measuring = {0};
    struct picture_sink sink = {&measuring, begin_picture, take_row};
    enum status status = picture_decode(bytes, limits, &sink, ret_fault, err);
    if (status == STATUS_OK && ret_fault->reason[0] == '\0') conclude(&measuring, ret);
    memory_release(&measuring.sums);
    memory_release(&measuring.plane);
    return status;
}
