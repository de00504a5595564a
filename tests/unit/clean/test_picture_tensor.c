/* tests/unit/clean/test_picture_tensor.c: exact tensors of tiny PNG pictures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "clean/picture_tensor.h"

#include <png.h>
#include <string.h>

#include <cmocka.h>

/* value of pixel i is i x step, in three channels 0, 1, 2 apart */
static struct str make_png(uint8_t *room, size_t size, uint32_t width, uint32_t height, int step)
{
    uint8_t rgb[192];
    png_image image = {
        .version = PNG_IMAGE_VERSION, .width = width, .height = height, .format = PNG_FORMAT_RGB};
    for (uint32_t i = 0; i < width * height * 3; i++)
        rgb[i] = (uint8_t)(i / 3 * (uint32_t)step + i % 3);
    assert_true(png_image_write_to_memory(&image, room, &size, 0, rgb, 0, NULL));
    return (struct str){(char *)room, size};
}

static void make(struct picture_tensor tensor, struct str bytes, void *ret)
{
    struct picture_fault fault;
    tensor.limits = picture_limits_default;
    picture_tensor_scale(&tensor, (double[]){0, 0, 0}, (double[]){1, 0.5, 0.25});
    assert_int_equal(picture_tensor_make(&tensor, bytes, ret, &fault, NULL), STATUS_OK);
    assert_string_equal(fault.reason, "");
}

/* 4 x 2 with 0 10 20 30 / 40 50 60 70 in red. */
static void shrinks_by_the_mean(void **state)
{
    (void)state;
    uint8_t room[1024], got[18];
    struct str png = make_png(room, sizeof room, 4, 2, 10);
    struct picture_tensor tensor = {.width = 2,
                                    .height = 1,
                                    .fit = TENSOR_STRETCH,
                                    .layout = TENSOR_CHW,
                                    .dtype = TENSOR_UINT8};
    make(tensor, png, got);
    assert_memory_equal(got, ((uint8_t[]){25, 45, 26, 46, 27, 47}), 6);
    tensor.layout = TENSOR_HWC;
    make(tensor, png, got);
    assert_memory_equal(got, ((uint8_t[]){25, 26, 27, 45, 46, 47}), 6);
    /* the middle two columns */
    tensor.fit = TENSOR_CROP;
    tensor.width = tensor.height = 2;
    tensor.layout = TENSOR_CHW;
    make(tensor, png, got);
    assert_memory_equal(got, ((uint8_t[]){10, 20, 50, 60}), 4);
    /* halved, above a black line or below one */
    tensor.fit = TENSOR_PAD;
    make(tensor, png, got);
    assert_memory_equal(got, ((uint8_t[]){25, 45, 0, 0}), 4);
    /* a place of 4/3 pixels: (0 + 10 / 3) / (4 / 3) = 2.5 */
    tensor.fit = TENSOR_STRETCH;
    tensor.width = 3;
    make(tensor, png, got);
    assert_memory_equal(got, ((uint8_t[]){3, 15, 28, 43, 55, 68}), 6);
}

/* The same rows by a triangle (weights 3 3 1 of 7), by the nearest, and as luma. */
static void other_ways_to_shrink(void **state)
{
    (void)state;
    uint8_t room[1024], got[18];
    struct str png = make_png(room, sizeof room, 4, 2, 10);
    struct picture_tensor tensor = {.width = 2,
                                    .height = 1,
                                    .fit = TENSOR_STRETCH,
                                    .layout = TENSOR_HWC,
                                    .dtype = TENSOR_UINT8,
                                    .resize = RESIZE_BILINEAR};
    make(tensor, png, got);
    assert_memory_equal(got, ((uint8_t[]){27, 28, 29, 43, 44, 45}), 6);
    tensor.resize = RESIZE_NEAREST; /* centers at 1 and 3, of the lower row */
    make(tensor, png, got);
    assert_memory_equal(got, ((uint8_t[]){50, 51, 52, 70, 71, 72}), 6);
    tensor.gray = true; /* x, x + 1, x + 2 have the luma x + 0.8 */
    assert_int_equal(picture_tensor_bytes(&tensor), 2);
    make(tensor, png, got);
    assert_memory_equal(got, ((uint8_t[]){51, 71}), 2);
    tensor.resize = RESIZE_AREA;
    make(tensor, png, got);
    assert_memory_equal(got, ((uint8_t[]){26, 46}), 2);
}

static void grows_linearly(void **state)
{
    (void)state;
    uint8_t room[1024], got[48];
    struct str png = make_png(room, sizeof room, 2, 2, 40); /* 0 40 / 80 120 */
    struct picture_tensor tensor = {.width = 4,
                                    .height = 4,
                                    .fit = TENSOR_STRETCH,
                                    .layout = TENSOR_CHW,
                                    .dtype = TENSOR_UINT8};
    make(tensor, png, got);
    assert_memory_equal(
        got, ((uint8_t[]){0, 10, 30, 40, 20, 30, 50, 60, 60, 70, 90, 100, 80, 90, 110, 120}), 16);
}

static void floats_are_scaled_by_channel(void **state)
{
    (void)state;
    uint8_t room[1024];
    float got[12];
    struct str png = make_png(room, sizeof room, 2, 2, 40);
    struct picture_tensor tensor = {
        .width = 2, .height = 2, .layout = TENSOR_CHW, .dtype = TENSOR_FLOAT32};
    make(tensor, png, got);
    for (int i = 0; i < 12; i++) {
        double std = i < 4 ? 1 : i < 8 ? 0.5 : 0.25;
        assert_true(got[i] == (float)((i % 4 * 40 + i / 4) / 255. / std));
    }
}

static uint32_t crc_of(const uint8_t *bytes, size_t size)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size * 8; i++) {
        if (i % 8 == 0) crc ^= bytes[i / 8];
        crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
    }
    return ~crc;
}

/* eXIf goes in behind the header (8 + 25 bytes). */
static struct str turned(uint8_t *ret, struct str png, int orientation)
{
    uint8_t chunk[38] = "\0\0\0\x1a"
                        "eXIfMM\0*\0\0\0\x08\0\x01\x01\x12\0\3\0\0\0\1\0";
    chunk[8 + 19] = (uint8_t)orientation;
    uint32_t crc = crc_of(chunk + 4, 30);
    for (int i = 0; i < 4; i++)
        chunk[34 + i] = (uint8_t)(crc >> (24 - 8 * i));
    memcpy(ret, png.data, 33);
    memcpy(ret + 33, chunk, sizeof chunk);
    memcpy(ret + 33 + sizeof chunk, png.data + 33, png.size - 33);
    return (struct str){(char *)ret, png.size + sizeof chunk};
}

static void every_orientation_is_upright(void **state)
{
    (void)state;
    uint8_t room[512], whole[1024], got[18];
    struct str png = make_png(room, sizeof room, 3, 2, 10); /* 0 10 20 / 30 40 50 */
    const uint8_t expected[9][6] = {
        [1] = {0, 10, 20, 30, 40, 50}, [2] = {20, 10, 0, 50, 40, 30}, [3] = {50, 40, 30, 20, 10, 0},
        [4] = {30, 40, 50, 0, 10, 20}, [5] = {0, 30, 10, 40, 20, 50}, [6] = {30, 0, 40, 10, 50, 20},
        [7] = {50, 20, 40, 10, 30, 0}, [8] = {20, 50, 10, 40, 0, 30}};
    for (int value = 1; value <= 8; value++) {
        struct picture_tensor tensor = {.width = value > 4 ? 2 : 3,
                                        .height = value > 4 ? 3 : 2,
                                        .layout = TENSOR_CHW,
                                        .dtype = TENSOR_UINT8};
        make(tensor, turned(whole, png, value), got);
        assert_memory_equal(got, expected[value], 6);
    }
}

static void a_cut_file_is_a_fault(void **state)
{
    (void)state;
    uint8_t room[512], got[48];
    struct str png = make_png(room, sizeof room, 4, 4, 10);
    struct picture_tensor tensor = {
        .width = 4, .height = 4, .dtype = TENSOR_UINT8, .limits = picture_limits_default};
    for (size_t size = 0; size < png.size; size++) {
        struct picture_fault fault;
        assert_int_equal(
            picture_tensor_make(&tensor, (struct str){png.data, size}, got, &fault, NULL),
            STATUS_OK);
        assert_string_not_equal(fault.reason, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shrinks_by_the_mean),
        cmocka_unit_test(other_ways_to_shrink),
        cmocka_unit_test(grows_linearly),
        cmocka_unit_test(floats_are_scaled_by_channel),
        cmocka_unit_test(every_orientation_is_upright),
        cmocka_unit_test(a_cut_file_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
