/* clean/picture_tensor.h: the bytes of a picture to a tensor of fixed shape.
 *
 * Decoded to RGB, turned upright (clean/picture_exif.h), cut or padded to the wanted shape, resized
 * and written as 8-bit values or as (value / 255 - mean) / std. Resizing is separable, by axis
 * (clean/picture_resize.h). All of it is integer arithmetic and a table of 256 results, so
 * every CPU writes the same bytes. Rows come from the decoder one at a time: what is held is a few
 * rows and one small picture. JPEG is decoded at 1/2 or 1/4 where
 * that is still at least twice as large, by side, as what is wanted: on noisy pictures the mean
 * difference from a whole decode stays around 1 of 255 levels. */
#ifndef CLEAN_PICTURE_TENSOR_H
#define CLEAN_PICTURE_TENSOR_H

#include "clean/picture.h"
#include "clean/picture_resize.h"

enum tensor_fit { TENSOR_CROP, TENSOR_STRETCH, TENSOR_PAD }; /* crop and pad keep the aspect */
enum tensor_layout { TENSOR_CHW, TENSOR_HWC };
enum tensor_dtype { TENSOR_FLOAT32, TENSOR_FLOAT16, TENSOR_UINT8 };

struct picture_tensor {
    uint32_t width, height; /* 1 ... 4096 */
    enum tensor_fit fit;    /* crop: the middle; pad: black around */
    enum tensor_layout layout;
    enum tensor_dtype dtype;
    enum resize_method resize;
    bool gray; /* one channel, luma (ITU-R BT.601), instead of three */
    struct picture_limits limits;
    float floats[3][256]; /* results by channel and value; filled by picture_tensor_scale */
    uint16_t halves[3][256];
};

/* Fills the tables; std above 0. */
void picture_tensor_scale(struct picture_tensor *tensor, const double *mean, const double *std);
static inline uint32_t picture_tensor_channels(const struct picture_tensor *tensor)
{
    return tensor->gray ? 1 : 3;
}
/* Bytes of one tensor: channels x height x width x 1, 2 or 4. */
size_t picture_tensor_bytes(const struct picture_tensor *tensor);
/* Writes picture_tensor_bytes(tensor) bytes to ret; with a fault they mean nothing. Gray pictures
 * have three equal channels. Any thread. */
MUST_CHECK enum status picture_tensor_make(const struct picture_tensor *tensor, struct str bytes,
                                           void *ret, struct picture_fault *ret_fault,
                                           struct err *err);

#endif
