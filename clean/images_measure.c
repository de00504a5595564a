/* clean/images_measure.c: measures a picture while it is decoded.
 *
 * Brightness is luma (ITU-R BT.601) in 256 steps. Detail is the variance of the Laplacian
 * (Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", ICPR 2000) by the variance
 * of the picture itself, so that contrast does not count, on a reduced plane of at most PLANE_SIDE
 * pixels a side, so that resolution does not count: a sharp photograph has edges at that size too.
 */
#include "clean/images_measure.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

#define PLANE_SIDE 128
#define PLANE_UNIT 16 /* of the plane's values: sixteenths of a brightness step */
#define GRAY_SLACK 2  /* spread of R, G, B that rounding and JPEG give a gray pixel */

struct measuring {
    struct picture_info info;
    uint64_t histogram[256];
    uint64_t colored;
    uint32_t width, height; /* of the plane */
    uint32_t row;           /* of the plane, being filled */
    uint32_t row_lines;     /* picture rows in it so far */
    uint64_t *sums;         /* of that row */
    int32_t *plane;
};

/* ---- rows in ---- */

/* Pictures smaller than the plane keep their size. */
static uint32_t reduced(uint32_t side, uint32_t longest)
{
    if (longest <= PLANE_SIDE) return side;
    uint32_t size = (uint32_t)((uint64_t)side * PLANE_SIDE / longest);
    return size == 0 ? 1 : size;
}

static enum status begin_picture(void *context, const struct picture_info *info, struct err *err)
{
    struct measuring *measuring = context;
    measuring->info = *info;
    uint32_t longest = info->width > info->height ? info->width : info->height;
    measuring->width = reduced(info->width, longest);
    measuring->height = reduced(info->height, longest);
    TRY(NEW(&measuring->sums, (size_t)measuring->width, err));
    return NEW(&measuring->plane, (size_t)measuring->width * measuring->height, err);
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

/* First picture column of a plane column; a cell spans those up to the next one's. */
static uint32_t cell_start(const struct measuring *measuring, uint32_t cell)
{
    return (uint32_t)(((uint64_t)cell * measuring->info.width + measuring->width - 1) /
                      measuring->width);
}

/* Ends a plane row: sums become means. */
static void close_plane_row(struct measuring *measuring)
{
    int32_t *out = measuring->plane + (size_t)measuring->row * measuring->width;
    for (uint32_t x = 0; x < measuring->width; x++) {
        uint64_t pixels = (uint64_t)measuring->row_lines *
                          (cell_start(measuring, x + 1) - cell_start(measuring, x));
        out[x] = (int32_t)(PLANE_UNIT * measuring->sums[x] / pixels);
        measuring->sums[x] = 0;
    }
    measuring->row_lines = 0;
}

static enum status take_row(void *context, uint32_t y, const uint8_t *pixels, struct err *err)
{
    (void)err;
    struct measuring *measuring = context;
    size_t channels = (size_t)measuring->info.channels;
    for (uint32_t cell = 0, x = 0; cell < measuring->width; cell++) {
        uint64_t sum = 0;
        for (uint32_t end = cell_start(measuring, cell + 1); x < end; x++) {
            const uint8_t *pixel = pixels + x * channels;
            uint8_t value = channels == 1 ? pixel[0] : luma(measuring, pixel);
            measuring->histogram[value]++;
            sum += value;
        }
        measuring->sums[cell] += sum;
    }
    measuring->row_lines++;
    uint64_t next = ((uint64_t)y + 1) * measuring->height / measuring->info.height;
    if (next > measuring->row) {
        close_plane_row(measuring);
        measuring->row++;
    }
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

/* Variance times the square of the count, from sums: exact. */
struct moments {
    int64_t count, sum, squares;
};

static void add_moment(struct moments *moments, int64_t value)
{
    moments->count++;
    moments->sum += value;
    moments->squares += value * value;
}

static double variance(const struct moments *moments)
{
    double count = (double)moments->count, mean = (double)moments->sum / count;
    return (double)moments->squares / count - mean * mean;
}

static double detail_of(const struct measuring *measuring)
{
    size_t width = measuring->width, height = measuring->height;
    struct moments values = {0}, edges = {0};
    if (width < 3 || height < 3) return 1;
    for (size_t i = 0; i < width * height; i++)
        add_moment(&values, measuring->plane[i]);
    for (size_t y = 1; y + 1 < height; y++)
        for (size_t x = 1; x + 1 < width; x++) {
            const int32_t *at = measuring->plane + y * width + x;
            add_moment(&edges, (int64_t)at[-1] + at[1] + *(at - width) + at[width] - 4 * at[0]);
        }
    double spread = variance(&values);
    return spread <= 0 ? 0 : variance(&edges) / spread;
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
    ret->detail = detail_of(measuring);
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
