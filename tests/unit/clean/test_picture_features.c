/* tests/unit/clean/test_picture_features.c: features of pictures whose shapes are known. */
#include "tests/unit/clean/harness.h"

#include "clean/picture_hog.h"
#include "clean/picture_patches.h"

#include <math.h>

#define SIDE  32
#define BYTES (SIDE * SIDE * 3)

/* Brightness as a plane: 4 a pixel to the right (or down). */
static void make_ramp(uint8_t *pixels, bool down)
{
    for (size_t y = 0; y < SIDE; y++)
        for (size_t x = 0; x < SIDE; x++)
            for (size_t channel = 0; channel < 3; channel++)
                pixels[(y * SIDE + x) * 3 + channel] = (uint8_t)(4 * (down ? y : x));
}

static void make_noise(uint8_t *pixels, uint64_t state)
{
    for (size_t i = 0; i < BYTES; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        pixels[i] = (uint8_t)(state >> 56);
    }
}

static float work[SIDE * SIDE * 9 / 16];

/* Every gradient of a ramp to the right points to 0 degrees: it lies between the ninth and the
 * first orientation, half in each. A block inside has 8 equal values, 1 / sqrt(8) each, cut at 0.2
 * and scaled back to the same. */
static void a_ramp_has_one_direction(void **unused)
{
    (void)unused;
    uint8_t pixels[BYTES];
    static float values[1860];
    assert_int_equal(picture_hog_values(SIDE), 1860);
    make_ramp(pixels, false);
    picture_hog(pixels, SIDE, work, values);
    const float *block = values + (3 * 7 + 3) * 36; /* the one in the middle */
    for (size_t i = 0; i < 36; i++) {
        bool voted = i % 9 == 0 || i % 9 == 8;
        assert_true(fabsf(block[i] - (voted ? 0.35355f : 0)) < 1e-3f);
    }
    make_ramp(pixels, true); /* 90 degrees: the middle of the fifth orientation, 1 / sqrt(4) each */
    picture_hog(pixels, SIDE, work, values);
    for (size_t i = 0; i < 36; i++)
        assert_true(fabsf(block[i] - (i % 9 == 4 ? 0.5f : 0)) < 1e-3f);
}

/* Area 0 has columns 0 ... 7: levels 0, 4 ... 28, mean 14, deviation 4 sqrt(63 / 12). */
static void colors_are_means_and_deviations(void **unused)
{
    (void)unused;
    uint8_t pixels[BYTES];
    static float values[1860];
    make_ramp(pixels, false);
    picture_hog(pixels, SIDE, work, values);
    const float *area = values + 1764;
    assert_true(fabsf(area[0] - 14 / 255.f) < 1e-6f);
    assert_true(fabsf(area[3] - 4 * sqrtf(63 / 12.f) / 255) < 1e-6f);
    assert_true(fabsf(area[6] - 46 / 255.f) < 1e-6f); /* the next one to the right: 32 more */
}

static void blank_pictures_are_no_division_by_zero(void **unused)
{
    (void)unused;
    uint8_t pixels[BYTES] = {0};
    static float values[1860];
    picture_hog(pixels, SIDE, work, values);
    for (size_t i = 0; i < 1860; i++)
        assert_true(values[i] == 0);
}

static void mirror(const uint8_t *pixels, uint8_t *ret)
{
    for (size_t y = 0; y < SIDE; y++)
        for (size_t x = 0; x < SIDE; x++)
            memcpy(ret + (y * SIDE + x) * 3, pixels + (y * SIDE + SIDE - 1 - x) * 3, 3);
}

static void mirrored_pictures_have_mirrored_values(void **unused)
{
    (void)unused;
    uint8_t pixels[BYTES], other[BYTES];
    static float values[1860], mirrored[1860];
    make_noise(pixels, 7);
    mirror(pixels, other);
    picture_hog(pixels, SIDE, work, values);
    picture_hog(other, SIDE, work, mirrored);
    for (size_t i = 0; i < 1860; i++) {
        size_t at = picture_hog_mirror(SIDE, i);
        assert_int_equal(picture_hog_mirror(SIDE, at), i);
        assert_true(fabsf(values[i] - mirrored[at]) < 1e-4f);
    }
}

#define PICTURES 40

static struct patches *learn(const uint8_t *pixels, size_t threads)
{
    uint64_t hashes[PICTURES];
    struct patches *patches = NULL;
    for (size_t i = 0; i < PICTURES; i++)
        hashes[i] = i * 0x9e3779b97f4a7c15u;
    assert_int_equal(patches_open(&patches, SIDE, NULL), STATUS_OK);
    assert_int_equal(patches_learn(patches, pixels, BYTES, hashes, PICTURES, threads, NULL),
                     STATUS_OK);
    return patches;
}

/* The same values for a picture and its mirror image, and the same bits for any threads and for
 * what was saved and loaded. */
static void patches_see_mirror_images_as_one(void **unused)
{
    (void)unused;
    static uint8_t pixels[PICTURES * BYTES], other[BYTES];
    static float values[4][PATCH_FEATURES];
    for (size_t i = 0; i < PICTURES; i++)
        make_noise(pixels + i * BYTES, i);
    struct patches *one = learn(pixels, 1), *two = learn(pixels, 2), *loaded = NULL;
    OWNED(memory_release) float *room = memory_get(patches_work(one), sizeof *room);
    mirror(pixels, other);
    patches_encode(one, pixels, room, values[0]);
    patches_encode(two, pixels, room, values[1]);
    patches_encode(one, other, room, values[2]);
    assert_memory_equal(values[0], values[1], sizeof values[0]);
    float most = 0;
    for (size_t i = 0; i < PATCH_FEATURES; i++) {
        assert_true(isfinite(values[0][i]) && values[0][i] >= 0);
        most = fmaxf(most, values[0][i]);
    }
    assert_true(most > 0);
    for (size_t i = 0; i < PATCH_FEATURES; i++)
        assert_true(fabsf(values[0][i] - values[2][i]) < 1e-3f * most);
    OWNED(bytes_release) struct bytes json = bytes_limited(1 << 22);
    OWNED(yaml_close) struct yaml *yaml = NULL;
    assert_int_equal(patches_save(one, &json, NULL), STATUS_OK);
    assert_int_equal(yaml_parse_within(&yaml, NULL,
                                       (struct str){(const char *)json.data, json.size}, 1 << 22,
                                       1 << 20, NULL),
                     STATUS_OK);
    assert_int_equal(patches_open(&loaded, SIDE, NULL), STATUS_OK);
    assert_int_equal(patches_load(loaded, yaml_root(yaml), NULL), STATUS_OK);
    patches_encode(loaded, pixels, room, values[3]);
    assert_memory_equal(values[0], values[3], sizeof values[0]);
    patches_close(&one);
    patches_close(&two);
    patches_close(&loaded);
}

static void patches_of_one_flat_picture(void **unused)
{
    (void)unused;
    uint8_t pixels[BYTES] = {0};
    uint64_t hash = 1;
    float values[PATCH_FEATURES];
    struct patches *patches = NULL;
    assert_int_equal(patches_open(&patches, SIDE, NULL), STATUS_OK);
    assert_int_equal(patches_learn(patches, pixels, BYTES, &hash, 1, 1, NULL), STATUS_OK);
    OWNED(memory_release) float *room = memory_get(patches_work(patches), sizeof *room);
    patches_encode(patches, pixels, room, values);
    for (size_t i = 0; i < PATCH_FEATURES; i++)
        assert_true(isfinite(values[i]));
    patches_close(&patches);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ramp_has_one_direction),
        cmocka_unit_test(colors_are_means_and_deviations),
        cmocka_unit_test(blank_pictures_are_no_division_by_zero),
        cmocka_unit_test(mirrored_pictures_have_mirrored_values),
        cmocka_unit_test(patches_see_mirror_images_as_one),
        cmocka_unit_test(patches_of_one_flat_picture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
