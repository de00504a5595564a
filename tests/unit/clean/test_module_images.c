/* tests/unit/clean/test_module_images.c: broken and odd pictures are told from good ones. */
#include "harness.h"

#include "base/memory.h"
#include "clean/picture.h"

#include <png.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h> /* behind stdio.h, which it needs */

extern const struct clean_module module_images;

/* ---- pictures made here ---- */

enum pattern {
    PATTERN_CHECKS,
    PATTERN_DARK,
    PATTERN_LIGHT,
    PATTERN_WHITE,
    PATTERN_SOFT,
    PATTERN_GRAY
};

/* Small irregular tiles have sharp edges and all brightnesses. */
static uint8_t shade(enum pattern pattern, int x, int y, int c)
{
    int tile = (x / 4 * 7 + y / 4 * 13 + (pattern == PATTERN_GRAY ? 0 : c * 50)) * 37 % 251;
    switch (pattern) {
    case PATTERN_DARK: return (uint8_t)(tile / 10);
    case PATTERN_LIGHT: return (uint8_t)(230 + tile / 11);
    case PATTERN_WHITE: return 255;
    case PATTERN_SOFT: return (uint8_t)((x + y * (c + 1) / 2) % 251);
    case PATTERN_CHECKS:
    case PATTERN_GRAY: break;
    }
    return (uint8_t)tile;
}

static void paint(uint8_t *rgb, int width, int height, enum pattern pattern)
{
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int c = 0; c < 3; c++)
                rgb[(y * width + x) * 3 + c] = shade(pattern, x, y, c);
}

static struct str make_png(uint8_t *room, size_t size, int width, int height, enum pattern pattern)
{
    uint8_t *rgb = malloc((size_t)(width * height * 3));
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)width,
                       .height = (png_uint_32)height,
                       .format = PNG_FORMAT_RGB};
    paint(rgb, width, height, pattern);
    assert_true(png_image_write_to_memory(&image, room, &size, 0, rgb, 0, NULL));
    free(rgb);
    return (struct str){(char *)room, size};
}

static struct str make_jpeg(uint8_t *room, size_t size, int width, int height, enum pattern pattern)
{
    uint8_t *rgb = malloc((size_t)(width * height * 3));
    unsigned char *out = room;
    unsigned long out_size = size;
    struct jpeg_error_mgr errors;
    struct jpeg_compress_struct jpeg = {.err = jpeg_std_error(&errors)};
    paint(rgb, width, height, pattern);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &out, &out_size);
    jpeg.image_width = (JDIMENSION)width;
    jpeg.image_height = (JDIMENSION)height;
    jpeg.input_components = 3;
    jpeg.in_color_space = JCS_RGB;
    jpeg_set_defaults(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    for (int y = 0; y < height; y++) {
        JSAMPROW rows[1] = {rgb + (size_t)(y * width * 3)};
        jpeg_write_scanlines(&jpeg, rows, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    free(rgb);
    return (struct str){(char *)room, out_size};
}

/* ---- rows of pictures ---- */

struct album {
    struct schema *schema;
    struct batch_builder *builder;
    struct batch batch;
};

static void album_open(struct album *album)
{
    *album = (struct album){0};
    assert_int_equal(schema_new(&album->schema, NULL), STATUS_OK);
    assert_int_equal(schema_add_column(album->schema, "path", TYPE_UTF8, NULL), STATUS_OK);
    assert_int_equal(schema_add_column(album->schema, "image", TYPE_BINARY, NULL), STATUS_OK);
    assert_int_equal(batch_builder_open(&album->builder, album->schema, 0, NULL), STATUS_OK);
}

static void album_add(struct album *album, const char *path, struct str bytes)
{
    assert_int_equal(build_text(batch_builder_column(album->builder, 0), str_of(path), NULL),
                     STATUS_OK);
    struct builder *image = batch_builder_column(album->builder, 1);
    assert_int_equal(bytes.data == NULL ? build_null(image, NULL) : build_text(image, bytes, NULL),
                     STATUS_OK);
}

static const struct batch *album_close(struct album *album)
{
    assert_int_equal(batch_builder_finish(album->builder, &album->batch, NULL), STATUS_OK);
    batch_builder_close(&album->builder);
    schema_unref(&album->schema);
    return &album->batch;
}

/* The words for one picture; NULL for none. */
static void expect_issues(const char *path, struct str bytes, const char *wanted)
{
    struct album album;
    struct trial trial = {.words = "images on_fail=flag"};
    struct str issues = {NULL, 0};
    album_open(&album);
    album_add(&album, path, bytes);
    trial_run(&trial, &module_images, album_close(&album));
    const struct batch *output = &trial.output;
    bool some = array_text_at(&output->schema->fields[3], output->columns[3], 0, &issues);
    if (wanted == NULL)
        assert_false(some);
    else if (!some || !str_is(issues, wanted))
        fail_msg("%.*s is not %s", (int)issues.size, issues.data, wanted);
    assert_int_equal(array_bool(output->columns[2], 0),
                     wanted == NULL || strstr(wanted, "unreadable") == NULL);
    trial_close(&trial);
    batch_release(&album.batch);
}

static uint8_t room[1 << 20];

static void good_pictures_have_no_issues(void **unused)
{
    (void)unused;
    expect_issues("a.png", make_png(room, sizeof room, 90, 60, PATTERN_CHECKS), NULL);
    expect_issues("a.jpeg", make_jpeg(room, sizeof room, 90, 60, PATTERN_CHECKS), NULL);
    expect_issues("no extension", make_jpeg(room, sizeof room, 90, 60, PATTERN_CHECKS), NULL);
}

static void odd_pictures_are_named(void **unused)
{
    (void)unused;
    expect_issues("a.png", make_png(room, sizeof room, 90, 60, PATTERN_DARK), "dark");
    expect_issues("a.png", make_png(room, sizeof room, 90, 60, PATTERN_LIGHT), "light");
    expect_issues("a.png", make_png(room, sizeof room, 90, 60, PATTERN_WHITE), "light, blank");
    expect_issues("a.png", make_png(room, sizeof room, 90, 60, PATTERN_SOFT), "blurry");
    expect_issues("a.png", make_png(room, sizeof room, 90, 60, PATTERN_GRAY), "grayscale");
    expect_issues("a.png", make_png(room, sizeof room, 90, 20, PATTERN_CHECKS), "odd aspect");
    expect_issues("a.jpg", make_png(room, sizeof room, 90, 60, PATTERN_CHECKS), "extension");
}

static void broken_pictures_are_unreadable(void **unused)
{
    (void)unused;
    struct str png = make_png(room, sizeof room, 90, 60, PATTERN_CHECKS);
    expect_issues("a.png", (struct str){png.data, png.size / 2}, "unreadable");
    expect_issues("a.png", (struct str){png.data, png.size - 6}, "unreadable");
    room[png.size / 2] ^= 0x10;
    expect_issues("a.png", png, "unreadable");
    struct str jpeg = make_jpeg(room, sizeof room, 90, 60, PATTERN_CHECKS);
    expect_issues("a.jpg", (struct str){jpeg.data, jpeg.size / 2}, "unreadable");
    expect_issues("a.jpg", (struct str){jpeg.data, jpeg.size - 2}, "unreadable");
    expect_issues("a.jpg", (struct str){jpeg.data, 5}, "unreadable");
    expect_issues("a.jpg", str_of("not a picture"), "unreadable");
    expect_issues("a.jpg", (struct str){"", 0}, "unreadable");
}

static void unreadable_rows_are_rejected_with_a_reason(void **unused)
{
    (void)unused;
    struct album album;
    struct trial trial = {.words = "images checks=dark on_issue=report"};
    album_open(&album);
    album_add(&album, "a.png", str_of("text"));
    album_add(&album, "none", (struct str){NULL, 0});
    album_add(&album, "c.png", make_png(room, sizeof room, 90, 60, PATTERN_DARK));
    trial_run(&trial, &module_images, album_close(&album));
    assert_int_equal(trial.output.rows, 2);
    assert_int_equal(trial.output.schema->count, 2);
    assert_int_equal(trial.removal_count, 1);
    assert_string_equal(trial.removals[0].rule, "unreadable");
    assert_true(str_is(trial.removals[0].value, "neither a PNG nor a JPEG signature"));
    assert_int_equal(trial.finding_count, 1);
    assert_string_equal(trial.findings[0].rule, "dark");
    trial_close(&trial);
    batch_release(&album.batch);
}

static void pictures_beyond_the_limits_are_unreadable(void **unused)
{
    (void)unused;
    struct album album;
    struct trial trial = {.words = "images pixels=5399 on_fail=null on_issue=report"};
    album_open(&album);
    album_add(&album, "a.png", make_png(room, sizeof room, 90, 60, PATTERN_CHECKS));
    trial_run(&trial, &module_images, album_close(&album));
    assert_string_equal(trial_text(&trial), "path|image\na.png|\n");
    assert_int_equal(trial.cells, 1);
    trial_close(&trial);
    batch_release(&album.batch);
}

static void an_odd_size_is_held_against_the_usual_one(void **unused)
{
    (void)unused;
    struct album album;
    struct trial trial = {.words = "images checks=odd_size odd_size=3"};
    struct str issues;
    album_open(&album);
    for (int i = 0; i < 3; i++)
        album_add(&album, "a.png", make_png(room, sizeof room, 30, 20, PATTERN_CHECKS));
    album_add(&album, "b.png", make_png(room, sizeof room, 120, 80, PATTERN_CHECKS));
    album_add(&album, "c.png", str_of("broken"));
    trial_run(&trial, &module_images, album_close(&album));
    const struct batch *output = &trial.output;
    assert_int_equal(output->rows, 4);
    assert_false(array_text_at(&output->schema->fields[3], output->columns[3], 0, &issues));
    assert_true(array_text_at(&output->schema->fields[3], output->columns[3], 3, &issues));
    assert_true(str_is(issues, "odd size"));
    trial_close(&trial);
    batch_release(&album.batch);
}

static void settings_are_checked(void **unused)
{
    (void)unused;
    const char *const words[] = {"images checks=darkness", "images column=photo",
                                 "images column=path"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct album album;
        struct trial trial = {.words = words[i]};
        album_open(&album);
        assert_int_equal(trial_try(&trial, &module_images, album_close(&album)), STATUS_USAGE);
        trial_close(&trial);
        batch_release(&album.batch);
    }
}

static enum status take_any(void *context, const struct picture_info *info, struct err *err)
{
    (void)context;
    (void)info;
    (void)err;
    return STATUS_OK;
}

static enum status take_row(void *context, uint32_t y, const uint8_t *pixels, struct err *err)
{
    (void)pixels;
    (void)err;
    *(uint32_t *)context = y + 1;
    return STATUS_OK;
}

/* A picture that could not be decoded for want of memory is not a broken one: it would be rejected,
 * and the run would end well without it. */
static void memory_is_no_fault_of_the_picture(void **unused)
{
    (void)unused;
    struct str png = make_png(room, sizeof room, 90, 60, PATTERN_CHECKS);
    uint32_t rows = 0;
    const struct picture_sink sink = {.context = &rows, .begin = take_any, .row = take_row};
    enum status status = STATUS_MEMORY;
    uint64_t request = 0;

    while (status != STATUS_OK) {
        struct picture_fault fault;
        struct err err = {0};
        memory_fail_at(++request);
        status = picture_decode(png, &picture_limits_default, &sink, &fault, &err);
        memory_fail_at(0);
        assert_true(status == STATUS_MEMORY || (status == STATUS_OK && fault.reason[0] == '\0'));
    }
    assert_int_equal(rows, 60);
    assert_true(request > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_pictures_have_no_issues),
        cmocka_unit_test(odd_pictures_are_named),
        cmocka_unit_test(broken_pictures_are_unreadable),
        cmocka_unit_test(unreadable_rows_are_rejected_with_a_reason),
        cmocka_unit_test(pictures_beyond_the_limits_are_unreadable),
        cmocka_unit_test(an_odd_size_is_held_against_the_usual_one),
        cmocka_unit_test(settings_are_checked),
        cmocka_unit_test(memory_is_no_fault_of_the_picture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
