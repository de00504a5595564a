/* clean/thumbnail.c: a picture made small (JPEG, ITU-T T.81, through libjpeg-turbo). */
#include "clean/thumbnail.h"

#include "base/memory.h"
#include "clean/picture_tensor.h"

#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>

#define QUALITY    72
#define PIXELS     ((size_t)THUMBNAIL_SIDE * THUMBNAIL_SIDE * 3)
#define JPEG_BYTES (PIXELS + 4096) /* more than a JPEG of these pixels takes */

struct compression {
    struct jpeg_error_mgr errors;
    struct jpeg_compress_struct jpeg;
    jmp_buf escape;
    uint8_t *bytes;
    unsigned long size;
};

_Noreturn static void on_error(j_common_ptr jpeg)
{
    struct compression *compression = jpeg->client_data;
    longjmp(compression->escape, 1);
}

static void on_message(j_common_ptr jpeg, int level)
{
    (void)jpeg, (void)level;
}

/* Writes into compression->bytes, which is as large as it can get. */
static bool compress(struct compression *compression, const uint8_t *pixels)
{
    struct jpeg_compress_struct *jpeg = &compression->jpeg;
    if (setjmp(compression->escape) != 0) return false;
    jpeg->err = jpeg_std_error(&compression->errors);
    compression->errors.error_exit = on_error;
    compression->errors.emit_message = on_message;
    jpeg->client_data = compression;
    jpeg_create_compress(jpeg);
    jpeg_mem_dest(jpeg, &compression->bytes, &compression->size);
    jpeg->image_width = jpeg->image_height = THUMBNAIL_SIDE;
    jpeg->input_components = 3;
    jpeg->in_color_space = JCS_RGB;
    jpeg_set_defaults(jpeg);
    jpeg_set_quality(jpeg, QUALITY, TRUE);
    jpeg->dct_method = JDCT_ISLOW;
    jpeg->optimize_coding = TRUE;
    jpeg_start_compress(jpeg, TRUE);
    for (size_t y = 0; y < THUMBNAIL_SIDE; y++) {
        JSAMPROW row = (JSAMPROW)(uintptr_t)(pixels + y * THUMBNAIL_SIDE * 3);
        jpeg_write_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_compress(jpeg);
    return true;
}

static enum status write_jpeg(const uint8_t *pixels, struct bytes *ret, struct err *err)
{
    OWNED(memory_release) struct compression *compression = NULL;
    OWNED(memory_release) uint8_t *room = NULL;
    TRY(NEW(&compression, 1, err));
    TRY(NEW(&room, JPEG_BYTES, err));
    compression->bytes = room;
    compression->size = JPEG_BYTES;
    bool made = compress(compression, pixels);
    jpeg_destroy_compress(&compression->jpeg);
    if (!made || compression->bytes != room) return STATUS_OK;
    return bytes_append(ret, room, compression->size, err);
}

enum status thumbnail_make(struct str picture, struct bytes *ret, struct err *err)
{
    OWNED(memory_release) struct picture_tensor *tensor = NULL;
    OWNED(memory_release) uint8_t *pixels = NULL;
    struct picture_fault fault = {{0}};
    TRY(NEW(&tensor, 1, err));
    TRY(NEW(&pixels, PIXELS, err));
    tensor->width = tensor->height = THUMBNAIL_SIDE;
    tensor->fit = TENSOR_PAD;
    tensor->layout = TENSOR_HWC;
    tensor->dtype = TENSOR_UINT8;
    tensor->resize = RESIZE_AREA;
    tensor->limits = picture_limits_default;
    TRY(picture_tensor_make(tensor, picture, pixels, &fault, err));
    return fault.reason[0] != '\0' ? STATUS_OK : write_jpeg(pixels, ret, err);
}
