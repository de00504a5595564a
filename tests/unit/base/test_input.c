/* tests/unit/base/test_input.c */
#include "folder.h"

#include "base/input.h"
#include "base/output.h"

#include <fcntl.h>

static void a_file_is_read_peeked_and_seeked(void **state)
{
    (void)state;
    struct err err = {0};
    char text[16];
    size_t size = 0;
    OWNED(input_close) struct input *input = NULL;
    file_write("f", "0123456789");
    CHECK_OK(input_open(&input, "f", &err), &err);
    assert_int_equal(input_size(input), 10);
    CHECK_OK(input_peek(input, text, 4, &size, &err), &err);
    assert_memory_equal(text, "0123", 4);
    assert_int_equal(input_position(input), 0);
    CHECK_OK(input_read_exact(input, text, 6, &err), &err);
    assert_memory_equal(text, "012345", 6);
    CHECK_OK(input_peek(input, text, 16, &size, &err), &err);
    assert_int_equal(size, 4);
    CHECK_OK(input_read_at(input, text, 2, 8, &err), &err);
    assert_memory_equal(text, "89", 2);
    assert_int_equal(input_position(input), 6);
    CHECK_FAILS(input_read_at(input, text, 3, 8, &err), STATUS_FAILED, &err, "behind its end");
    CHECK_FAILS(input_read_at(input, text, 2, UINT64_MAX, &err), STATUS_FAILED, &err, "end");
    CHECK_FAILS(input_read_exact(input, text, 5, &err), STATUS_FAILED, &err,
                "ends after 4 of 5 bytes");
}

static void a_pipe_has_no_size(void **state)
{
    (void)state;
    struct err err = {0};
    int ends[2];
    char text[8];
    size_t size = 0;
    assert_int_equal(pipe(ends), 0);
    CHECK_OK(write_all(ends[1], "abc", 3, &err), &err);
    close(ends[1]);
    OWNED(input_close) struct input *input = NULL;
    CHECK_OK(input_from_descriptor(&input, ends[0], "pipe", &err), &err);
    assert_int_equal(input_size(input), -1);
    CHECK_OK(input_peek(input, text, 8, &size, &err), &err);
    assert_int_equal(size, 3);
    CHECK_OK(input_read(input, text, 8, &size, &err), &err);
    assert_memory_equal(text, "abc", 3);
    CHECK_OK(input_read(input, text, 8, &size, &err), &err);
    assert_int_equal(size, 0);
    CHECK_FAILS(input_read_at(input, text, 1, 0, &err), STATUS_FAILED, &err, "pipe");
}

static void memory_is_an_input_too(void **state)
{
    (void)state;
    struct err err = {0};
    char text[8];
    size_t size = 0;
    OWNED(input_close) struct input *input = NULL;
    CHECK_OK(input_from_memory(&input, "abc", 3, "words", &err), &err);
    assert_string_equal(input_name(input), "words");
    assert_int_equal(input_size(input), 3);
    CHECK_OK(input_read(input, text, 2, &size, &err), &err);
    CHECK_OK(input_read(input, text, 2, &size, &err), &err);
    assert_int_equal(size, 1);
    assert_int_equal(text[0], 'c');
}

static void a_part_of_a_file_has_its_own_ends(void **state)
{
    (void)state;
    struct err err = {0};
    char text[16];
    size_t size = 0;
    file_write("f", "0123456789");
    OWNED(descriptor_close) int descriptor = open("f", O_RDONLY);
    OWNED(input_close) struct input *input = NULL;
    OWNED(input_close) struct input *other = NULL;
    CHECK_OK(input_from_part(&input, descriptor, 2, 5, "part", &err), &err);
    CHECK_OK(input_from_part(&other, descriptor, 9, 1, "other", &err), &err);
    assert_int_equal(input_size(input), 5);
    assert_true(input_is_private(input));
    assert_int_equal(input_descriptor(input), -1);
    CHECK_OK(input_peek(input, text, 3, &size, &err), &err);
    assert_memory_equal(text, "234", 3);
    CHECK_OK(input_read_exact(other, text, 1, &err), &err);
    assert_int_equal(text[0], '9');
    CHECK_OK(input_read_exact(input, text, 5, &err), &err);
    assert_memory_equal(text, "23456", 5);
    CHECK_OK(input_read(input, text, 8, &size, &err), &err);
    assert_int_equal(size, 0);
    CHECK_OK(input_read_at(input, text, 2, 3, &err), &err);
    assert_memory_equal(text, "56", 2);
    CHECK_FAILS(input_read_at(input, text, 3, 3, &err), STATUS_FAILED, &err, "behind its end");
}

static enum status count_down(void *context, void *ret, size_t room, size_t *ret_size,
                              struct err *err)
{
    (void)err;
    int *left = context;
    *ret_size = *left > 0 && room > 0;
    if (*ret_size > 0) *(char *)ret = (char)('0' + (*left)--);
    return STATUS_OK;
}
static void set_closed(void *context)
{
    *(int *)context = -1;
}

static void a_stream_is_read_and_closed(void **state)
{
    (void)state;
    static const struct input_stream stream = {count_down, set_closed};
    struct err err = {0};
    char text[8];
    size_t size = 0;
    int left = 3;
    struct input *input = NULL;
    CHECK_OK(input_from_stream(&input, &stream, &left, "count", &err), &err);
    assert_int_equal(input_size(input), -1);
    assert_false(input_is_private(input));
    CHECK_OK(input_peek(input, text, 8, &size, &err), &err);
    assert_int_equal(size, 3);
    CHECK_OK(input_read_exact(input, text, 3, &err), &err);
    assert_memory_equal(text, "321", 3);
    CHECK_OK(input_read(input, text, 8, &size, &err), &err);
    assert_int_equal(size, 0);
    input_close(&input);
    assert_int_equal(left, -1);
}

static void what_is_no_file_is_refused(void **state)
{
    (void)state;
    struct err err = {0};
    struct input *input = NULL;
    CHECK_FAILS(input_open(&input, "absent", &err), STATUS_FAILED, &err, "absent");
    CHECK_FAILS(input_open(&input, ".", &err), STATUS_FAILED, &err, "folder");
    assert_true(err.hint[0] != '\0');
    assert_null(input);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_peeked_and_seeked),
        cmocka_unit_test(a_pipe_has_no_size),
        cmocka_unit_test(memory_is_an_input_too),
        cmocka_unit_test(a_part_of_a_file_has_its_own_ends),
        cmocka_unit_test(a_stream_is_read_and_closed),
        cmocka_unit_test(what_is_no_file_is_refused),
    };
    return cmocka_run_group_tests_name("base input", tests, folder_enter, folder_leave);
}
