/* test_picture_header.c: width and height from a header; faults of broken ones; bounded memory. */
#include "csv_test.h"

#include "ingest/picture_header.h"

/* 3 x 2, gray: signature, IHDR and the beginning of IDAT. */
static const uint8_t png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0,    0,    0,
                              13,   'I', 'H', 'D', 'R',  0,    0,    0,    3,    0,    0,
                              0,    2,   8,   0,   0,    0,    0,    0xb8, 0x1f, 0x39, 0xc6,
                              0,    0,   0,   11,  'I',  'D',  'A',  'T'};
/* 5 x 4, gray, up to the start of its scan. */
static const uint8_t jpeg[] = {0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, 0, 4, 0, 5,  1, 1,
                               0x11, 0,    0xff, 0xda, 0, 8,  1, 1, 0, 0, 63, 0, 0};

static struct picture_header header_of(const void *data, size_t size)
{
    struct picture_header header;
    picture_header_read((struct str){data, size}, &header);
    assert_int_equal(memory_in_use(), 0);
    return header;
}

static void sizes_are_read(void **state)
{
    (void)state;
    struct picture_header header = header_of(png, sizeof png);
    assert_string_equal(header.fault, "");
    assert_int_equal(header.kind, PICTURE_PNG);
    assert_int_equal(header.width, 3);
    assert_int_equal(header.height, 2);
    header = header_of(jpeg, sizeof jpeg);
    assert_string_equal(header.fault, "");
    assert_int_equal(header.kind, PICTURE_JPEG);
    assert_int_equal(header.width, 5);
    assert_int_equal(header.height, 4);
}

static void a_cut_header_is_a_fault(void **state)
{
    (void)state;
    for (size_t size = 8; size < sizeof png; size++)
        if (header_of(png, size).fault[0] == '\0') fail_msg("png of %zu bytes", size);
    for (size_t size = 3; size < 23; size++)
        if (header_of(jpeg, size).fault[0] == '\0') fail_msg("jpeg of %zu bytes", size);
}

static void text_is_no_picture(void **state)
{
    (void)state;
    struct picture_header header = header_of("hello, world", 12);
    assert_int_equal(header.kind, PICTURE_NONE);
    assert_string_not_equal(header.fault, "");
    assert_int_equal(header_of("", 0).kind, PICTURE_NONE);
}

static void any_changed_byte_is_survived(void **state)
{
    (void)state;
    uint8_t changed[sizeof png];
    for (size_t i = 8; i < sizeof png; i++)
        for (int value = 0; value < 256; value++) {
            memcpy(changed, png, sizeof png);
            changed[i] = (uint8_t)value;
            header_of(changed, sizeof changed);
        }
    uint8_t other[sizeof jpeg];
    for (size_t i = 3; i < sizeof jpeg; i++)
        for (int value = 0; value < 256; value++) {
            memcpy(other, jpeg, sizeof jpeg);
            other[i] = (uint8_t)value;
            header_of(other, sizeof other);
        }
    assert_true(memory_peak() < 64u << 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_read),
        cmocka_unit_test(a_cut_header_is_a_fault),
        cmocka_unit_test(text_is_no_picture),
        cmocka_unit_test(any_changed_byte_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
