/* clean/picture_tensor.c: the stored picture is resized as it lies and turned when it is written.
 */
#include "clean/picture_tensor.h"

#include "base/memory.h"
#include "clean/element.h"
#include "clean/picture_exif.h"
#include "clean/picture_resize.h"
#include "columnar/layout.h"

#include <stdio.h>

struct job {
    const struct picture_tensor *tensor;
    int orientation;
    uint32_t width, height; /* of the frame as the stored picture lies */
    uint32_t left, top;     /* of the picture in it */
    uint32_t inner_width, inner_height;
    struct resizing resizing;
    uint8_t *picture; /* resized, inner_width x inner_height */
    uint8_t *gray;    /* a row of RGB as luma; NULL where rows come as they are wanted */
    uint32_t row_width;
    bool too_wide;
};

/* ---- geometry ---- */

static uint32_t at_least_one(uint64_t value)
{
    return value > 0 ? (uint32_t)value : 1;
}

/* The middle of a source axis of `size`, `part` long. */
static struct resize_span middle(uint32_t size, uint64_t part, uint32_t to, uint32_t scale)
{
    uint32_t taken = at_least_one(part);
    return (struct resize_span){(size - taken) / 2, taken, to, scale};
}

/* Places the picture in the frame and says which part of it is used. */
static void arrange(struct job *job, const struct picture_info *info, struct resize_span *across,
                    struct resize_span *down)
{
    uint64_t width = info->whole_width, height = info->whole_height;
    bool wide = width * job->height >= height * job->width; /* wider than the frame */
    job->inner_width = job->width;
    job->inner_height = job->height;
    if (job->tensor->fit == TENSOR_CROP && wide)
        width = (height * job->width + job->height / 2) / job->height;
    else if (job->tensor->fit == TENSOR_CROP)
        height = (width * job->height + job->width / 2) / job->width;
    else if (job->tensor->fit == TENSOR_PAD && wide)
        job->inner_height = at_least_one((height * job->width + width / 2) / width);
    else if (job->tensor->fit == TENSOR_PAD)
        job->inner_width = at_least_one((width * job->height + height / 2) / height);
    if (width > info->whole_width) width = info->whole_width;
    if (height > info->whole_height) height = info->whole_height;
    job->left = (job->width - job->inner_width) / 2;
    job->top = (job->height - job->inner_height) / 2;
    *across = middle(info->whole_width, width, job->inner_width, info->scale);
    *down = middle(info->whole_height, height, job->inner_height, info->scale);
}

/* ---- rows from the decoder ---- */

static enum status begin(void *context, const struct picture_info *info, struct err *err)
{
    struct job *job = context;
    struct resize_span across, down;
    arrange(job, info, &across, &down);
    uint32_t channels = job->tensor->gray ? 1 : (uint32_t)info->channels;
    uint64_t needed = resizing_bytes(&across, &down, channels);
    if (needed > job->tensor->limits.memory) {
        job->too_wide = true;
        return fail(err, STATUS_FAILED, "rows of %u pixels need %llu bytes", info->width,
                    (unsigned long long)needed);
    }
    job->row_width = info->width;
    if (channels < (uint32_t)info->channels) TRY(NEW(&job->gray, info->width, err));
    TRY(NEW(&job->picture, (size_t)job->inner_width * job->inner_height * channels, err));
    return resizing_open(&job->resizing, job->tensor->resize, &across, &down, channels,
                         job->picture, err);
}

/* Luma of ITU-R BT.601 in 1 / 65536, as Pillow and libjpeg take it. */
static void to_gray(const uint8_t *restrict rgb, uint32_t count, uint8_t *restrict ret)
{
    for (uint32_t x = 0; x < count; x++, rgb += 3)
        ret[x] = (uint8_t)((rgb[0] * 19595u + rgb[1] * 38470u + rgb[2] * 7471u + 0x8000u) >> 16);
}

static enum status take_row(void *context, uint32_t y, const uint8_t *pixels, struct err *err)
{
    (void)err;
    struct job *job = context;
    if (job->gray != NULL) to_gray(pixels, job->row_width, job->gray);
    resizing_row(&job->resizing, y, job->gray != NULL ? job->gray : pixels);
    return STATUS_OK;
}

/* ---- the tensor ---- */

static void put(const struct picture_tensor *tensor, size_t at, uint32_t channel, uint8_t value,
                void *ret)
{
    switch (tensor->dtype) {
    case TENSOR_UINT8: ((uint8_t *)ret)[at] = value; break;
    case TENSOR_FLOAT16: ((uint16_t *)ret)[at] = tensor->halves[channel][value]; break;
    case TENSOR_FLOAT32: ((float *)ret)[at] = tensor->floats[channel][value]; break;
    }
}

/* Steps in the tensor, in values. */
struct strides {
    int64_t first, x, y, channel;
};

/* Turning is a first place and two steps. */
static struct strides strides_of(const struct job *job)
{
    const struct picture_tensor *tensor = job->tensor;
    int64_t pixel = tensor->layout == TENSOR_HWC ? picture_tensor_channels(tensor) : 1;
    int64_t line = pixel * tensor->width;
    uint32_t at[3][2];
    const uint32_t from[3][2] = {{0, 0}, {job->width > 1, 0}, {0, job->height > 1}};
    for (int i = 0; i < 3; i++)
        orientation_place(job->orientation, job->width, job->height, from[i][0], from[i][1],
                          &at[i][0], &at[i][1]);
    int64_t places[3];
    for (int i = 0; i < 3; i++)
        places[i] = at[i][0] * pixel + at[i][1] * line;
    return (struct strides){
        .first = places[0],
        .x = places[1] - places[0],
        .y = places[2] - places[0],
        .channel = tensor->layout == TENSOR_HWC ? 1 : (int64_t)tensor->width * tensor->height,
    };
}

/* Float32 of one channel, the usual case: straight through the table. */
static void write_floats(const float *table, const uint8_t *pixels, size_t step, uint32_t count,
                         float *ret, int64_t stride)
{
    for (uint32_t x = 0; x < count; x++, pixels += step, ret += stride)
        *ret = table[*pixels];
}

static void write_row(const struct job *job, const struct strides *strides, uint32_t y, void *ret)
{
    const struct picture_tensor *tensor = job->tensor;
    size_t step = job->resizing.channels;
    const uint8_t *row = job->picture + (size_t)y * job->inner_width * step;
    int64_t line = strides->first + (job->top + y) * strides->y + job->left * strides->x;
    for (uint32_t channel = 0; channel < picture_tensor_channels(tensor); channel++) {
        const uint8_t *pixels = row + (step == 3 ? channel : 0);
        int64_t at = line + channel * strides->channel;
        if (tensor->dtype == TENSOR_FLOAT32) {
            write_floats(tensor->floats[channel], pixels, step, job->inner_width, (float *)ret + at,
                         strides->x);
            continue;
        }
        for (uint32_t x = 0; x < job->inner_width; x++, pixels += step, at += strides->x)
            put(tensor, (size_t)at, channel, *pixels, ret);
    }
}

static void write_black(const struct picture_tensor *tensor, void *ret)
{
    size_t count = (size_t)tensor->width * tensor->height;
    uint32_t channels = picture_tensor_channels(tensor);
    for (uint32_t channel = 0; channel < channels; channel++)
        for (size_t i = 0; i < count; i++)
            put(tensor, tensor->layout == TENSOR_HWC ? channels * i + channel : channel * count + i,
                channel, 0, ret);
}

static void write_tensor(const struct job *job, void *ret)
{
    struct strides strides = strides_of(job);
    if (job->inner_width < job->width || job->inner_height < job->height)
        write_black(job->tensor, ret);
    for (uint32_t y = 0; y < job->inner_height; y++)
        write_row(job, &strides, y, ret);
}

/* ---- one picture ---- */

void picture_tensor_scale(struct picture_tensor *tensor, const double *mean, const double *std)
{
    for (uint32_t channel = 0; channel < picture_tensor_channels(tensor); channel++)
        for (int value = 0; value < 256; value++) {
            tensor->floats[channel][value] =
                element_pixel((uint8_t)value, mean[channel], std[channel]);
            tensor->halves[channel][value] =
                half_from_double((value / 255.0 - mean[channel]) / std[channel]);
        }
}

size_t picture_tensor_bytes(const struct picture_tensor *tensor)
{
    size_t width = tensor->dtype == TENSOR_UINT8 ? 1 : tensor->dtype == TENSOR_FLOAT16 ? 2 : 4;
    return (size_t)picture_tensor_channels(tensor) * tensor->width * tensor->height * width;
}

enum status picture_tensor_make(const struct picture_tensor *tensor, struct str bytes, void *ret,
                                struct picture_fault *ret_fault, struct err *err)
{
    int orientation = picture_orientation(bytes);
    bool turned = orientation_turns(orientation);
    struct job job = {
        .tensor = tensor,
        .orientation = orientation,
        .width = turned ? tensor->height : tensor->width,
        .height = turned ? tensor->width : tensor->height,
    };
    /* Half and quarter sizes are means of areas; luma alone is asked for in full size. */
    bool area = tensor->resize == RESIZE_AREA;
    struct picture_sink sink = {&job,
                                begin,
                                take_row,
                                .gray_side = tensor->gray ? UINT32_MAX : 0,
                                .least_width = area ? 2 * job.width : 0,
                                .least_height = area ? 2 * job.height : 0};
    struct err own = {0};
    enum status status = picture_decode(bytes, &tensor->limits, &sink, ret_fault, &own);
    if (status == STATUS_OK && ret_fault->reason[0] == '\0') write_tensor(&job, ret);
    resizing_release(&job.resizing);
    memory_release(&job.picture);
    memory_release(&job.gray);
    if (job.too_wide) {
        snprintf(ret_fault->reason, sizeof ret_fault->reason, "%.150s", own.message);
        return STATUS_OK;
    }
    if (status != STATUS_OK && err != NULL) *err = own;
    return status;
}
