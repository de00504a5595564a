/* tests/unit/clean/test_picture_exif.c: orientation from crafted bytes, whole and broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "clean/picture_exif.h"

#include <string.h>

#include <cmocka.h>

struct made {
    char bytes[128];
    size_t size;
};

static void add(struct made *made, const char *bytes, size_t size)
{
    memcpy(made->bytes + made->size, bytes, size);
    made->size += size;
}

/* One directory: ImageWidth, then Orientation. */
static void add_tiff(struct made *made, bool big, int orientation)
{
    const char value = (char)orientation;
    if (big) {
        add(made, "MM\0*\0\0\0\x08\0\x02\1\0\0\3\0\0\0\1\0\7\0\0\1\x12\0\3\0\0\0\1\0", 31);
        add(made, &value, 1);
        add(made, "\0\0", 2);
    } else {
        add(made, "II*\0\x08\0\0\0\x02\0\0\1\3\0\1\0\0\0\7\0\0\0\x12\1\3\0\1\0\0\0", 30);
        add(made, &value, 1);
        add(made, "\0\0\0", 3);
    }
}

static struct made jpeg_of(bool big, int orientation)
{
    struct made made = {.size = 0};
    add(&made,
        "\xff\xd8\xff\xe0\0\4ab\xff\xff\xe1\0\x2a"
        "Exif\0\0",
        19);
    add_tiff(&made, big, orientation);
    add(&made, "\xff\xda\0\2", 4);
    return made;
}

static struct made png_of(bool big, int orientation)
{
    struct made made = {.size = 0};
    add(&made,
        "\x89PNG\r\n\x1a\n\0\0\0\1tEXtx....\0\0\0\x22"
        "eXIf",
        29);
    add_tiff(&made, big, orientation);
    add(&made, "....", 4);
    return made;
}

static int read_made(const struct made *made, size_t size)
{
    return picture_orientation((struct str){made->bytes, size});
}

static void all_eight_in_both_orders(void **state)
{
    (void)state;
    for (int value = 1; value <= 8; value++)
        for (int big = 0; big <= 1; big++) {
            struct made jpeg = jpeg_of(big, value), png = png_of(big, value);
            assert_int_equal(read_made(&jpeg, jpeg.size), value);
            assert_int_equal(read_made(&png, png.size), value);
        }
}

static void broken_means_as_stored(void **state)
{
    (void)state;
    struct made jpeg = jpeg_of(true, 9), png = png_of(false, 0);
    assert_int_equal(read_made(&jpeg, jpeg.size), 1);
    assert_int_equal(read_made(&png, png.size), 1);
    jpeg = jpeg_of(true, 6);
    png = png_of(true, 6);
    for (size_t size = 0; size + 4 < jpeg.size; size++)
        assert_int_equal(read_made(&jpeg, size), 1);
    for (size_t size = 0; size < png.size; size++)
        assert_int_equal(read_made(&png, size), 1);
}

/* Each byte set to its extremes: nothing may be read outside (the sanitizers watch). */
static void hostile_bytes_stay_inside(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        struct made whole = kind & 1 ? jpeg_of(kind & 2, 6) : png_of(kind & 2, 6);
        for (size_t at = 0; at < whole.size; at++)
            for (int value = 0; value < 256; value++) {
                struct made made = whole;
                made.bytes[at] = (char)value;
                int orientation = read_made(&made, made.size);
                assert_in_range(orientation, 1, 8);
            }
    }
}

static void places_follow_the_standard(void **state)
{
    (void)state;
    /* Where the stored top left of 3 x 2 is shown. */
    const uint32_t corners[9][2] = {{0, 0}, {0, 0}, {2, 0}, {2, 1}, {0, 1},
                                    {0, 0}, {1, 0}, {1, 2}, {0, 2}};
    for (int value = 1; value <= 8; value++) {
        uint32_t x, y;
        orientation_place(value, 3, 2, 0, 0, &x, &y);
        assert_int_equal(x, corners[value][0]);
        assert_int_equal(y, corners[value][1]);
        assert_int_equal(orientation_turns(value), value > 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_eight_in_both_orders),
        cmocka_unit_test(broken_means_as_stored),
        cmocka_unit_test(hostile_bytes_stay_inside),
        cmocka_unit_test(places_follow_the_standard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
