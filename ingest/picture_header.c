/* ingest/picture_header.c: format, width and height of a PNG or JPEG, from its header alone.
 *
 * libpng and libjpeg-turbo run with a budget for their memory, ancillary data skipped and warnings
 * of the JPEG reader as errors, because at their defaults a file of 57 bytes costs 1 GiB. Both
 * leave by longjmp; nothing of ours is allocated in between. */
#include "ingest/picture_header.h"

#include "base/memory.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>

#define BUDGET_BYTES (64u << 20)

enum picture_kind picture_signature(struct str bytes)
{
    if (bytes.size >= 8 && memcmp(bytes.data, "\x89PNG\r\n\x1a\n", 8) == 0) return PICTURE_PNG;
    if (bytes.size >= 3 && memcmp(bytes.data, "\xff\xd8\xff", 3) == 0) return PICTURE_JPEG;
    return PICTURE_NONE;
}

const char *picture_kind_name(enum picture_kind kind)
{
    return kind == PICTURE_PNG ? "png" : kind == PICTURE_JPEG ? "jpeg" : "none";
}

/* ---- PNG ---- */

struct png_context {
    struct str left;  /* not yet read */
    size_t allocated; /* so far; frees are not counted back: a header needs little */
    bool *no_memory;
    char *fault;
    size_t fault_room;
};

static png_voidp png_budget_get(png_structp png, png_alloc_size_t size)
{
    struct png_context *context = png_get_mem_ptr(png);
    if (size > BUDGET_BYTES - context->allocated) return NULL;
    void *memory = memory_get_raw(size, 1);
    if (memory == NULL)
        *context->no_memory = true;
    else
        context->allocated += size;
    return memory;
}

static void png_budget_free(png_structp png, png_voidp memory)
{
    (void)png;
    memory_free(memory);
}

static void png_take_error(png_structp png, png_const_charp message)
{
    struct png_context *context = png_get_error_ptr(png);
    snprintf(context->fault, context->fault_room, "%s", message);
    png_longjmp(png, 1);
}

static void png_ignore_warning(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static void png_read_memory(png_structp png, png_bytep ret, size_t size)
{
    struct png_context *context = png_get_io_ptr(png);
    if (size > context->left.size) png_error(png, "the file ends inside its header");
    memcpy(ret, context->left.data, size);
    context->left.data += size;
    context->left.size -= size;
}

static void png_header_inside(png_structp png, png_infop info, struct picture_header *ret)
{
    if (setjmp(png_jmpbuf(png))) return;
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_set_user_limits(png, 0x7fffffff, 0x7fffffff); /* the caller counts pixels */
    png_read_info(png, info);
    ret->width = png_get_image_width(png, info);
    ret->height = png_get_image_height(png, info);
    ret->passes = png_get_interlace_type(png, info) == PNG_INTERLACE_NONE ? 1 : 7;
}

static void read_png(struct str bytes, struct picture_header *ret)
{
    struct png_context context = {.left = bytes,
                                  .no_memory = &ret->no_memory,
                                  .fault = ret->fault,
                                  .fault_room = sizeof ret->fault};
    png_structp png =
        png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &context, png_take_error,
                                 png_ignore_warning, &context, png_budget_get, png_budget_free);
    png_infop info = png == NULL ? NULL : png_create_info_struct(png);
    if (info == NULL) {
        snprintf(ret->fault, sizeof ret->fault, "no memory to read its header");
    } else {
        png_set_read_fn(png, &context, png_read_memory);
        png_header_inside(png, info, ret);
    }
    png_destroy_read_struct(&png, &info, NULL);
}

/* ---- JPEG ---- */

struct jpeg_context {
    struct jpeg_error_mgr manager; /* first: libjpeg hands out its address */
    jmp_buf leave;
    char *fault;
    size_t fault_room;
};

static void jpeg_take_error(j_common_ptr common)
{
    struct jpeg_context *context = (struct jpeg_context *)common->err;
    char message[JMSG_LENGTH_MAX];
    common->err->format_message(common, message);
    snprintf(context->fault, context->fault_room, "%s", message);
    longjmp(context->leave, 1);
}

static void jpeg_take_message(j_common_ptr common, int level)
{
    if (level < 0) jpeg_take_error(common); /* a warning: the data is corrupt */
}

static void jpeg_header_inside(struct jpeg_decompress_struct *jpeg, struct str bytes,
                               struct jpeg_context *context, struct picture_header *ret)
{
    if (setjmp(context->leave)) return;
    jpeg_create_decompress(jpeg);
    jpeg->mem->max_memory_to_use = BUDGET_BYTES;
    jpeg_mem_src(jpeg, (const unsigned char *)bytes.data, (unsigned long)bytes.size);
    (void)jpeg_read_header(jpeg, TRUE);
    ret->width = jpeg->image_width;
    ret->height = jpeg->image_height;
}

static void read_jpeg(struct str bytes, struct picture_header *ret)
{
    struct jpeg_context context = {.fault = ret->fault, .fault_room = sizeof ret->fault};
    struct jpeg_decompress_struct jpeg = {0};
    jpeg.err = jpeg_std_error(&context.manager);
    context.manager.error_exit = jpeg_take_error;
    context.manager.emit_message = jpeg_take_message;
    jpeg_header_inside(&jpeg, bytes, &context, ret);
    jpeg_destroy_decompress(&jpeg);
}

void picture_header_read(struct str bytes, struct picture_header *ret)
{
    *ret = (struct picture_header){.kind = picture_signature(bytes), .passes = 1};
    if (ret->kind == PICTURE_PNG) read_png(bytes, ret);
    if (ret->kind == PICTURE_JPEG) read_jpeg(bytes, ret);
    if (ret->kind == PICTURE_NONE)
        snprintf(ret->fault, sizeof ret->fault, "neither a PNG nor a JPEG signature");
    else if (ret->fault[0] == '\0' && (ret->width == 0 || ret->height == 0))
        snprintf(ret->fault, sizeof ret->fault, "no width or no height");
}
