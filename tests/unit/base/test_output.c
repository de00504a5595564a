/* tests/unit/base/test_output.c: outputs and descriptors. */
#include "folder.h"

#include "base/output.h"

#include <fcntl.h>
#include <signal.h>

static void a_file_appears_at_commit(void **state)
{
    (void)state;
    struct err err = {0};
    OWNED(output_close) struct output *output = NULL;
    file_write("f", "old");
    CHECK_OK(output_open(&output, "f", &err), &err);
    CHECK_OK(output_write(output, "new", 3, &err), &err);
    CHECK_OK(output_flush(output, &err), &err);
    assert_string_equal(file_read("f"), "old");
    assert_int_equal(output_position(output), 3);
    CHECK_OK(output_commit(output, &err), &err);
    assert_string_equal(file_read("f"), "new");
    output_close(&output);
    assert_int_equal(folder_count(), 1);
}

static void without_commit_nothing_is_left(void **state)
{
    (void)state;
    struct err err = {0};
    struct output *output = NULL;
    CHECK_OK(output_open(&output, "never", &err), &err);
    CHECK_OK(output_write(output, "x", 1, &err), &err);
    output_close(&output);
    assert_string_equal(file_read("never"), "");
    assert_int_equal(folder_count(), 1);
}

static void large_writes_keep_their_order(void **state)
{
    (void)state;
    struct err err = {0};
    OWNED(output_close) struct output *output = NULL;
    static char block[300000];
    memset(block, 'b', sizeof block);
    CHECK_OK(output_open(&output, "large", &err), &err);
    CHECK_OK(output_write(output, "a", 1, &err), &err);
    CHECK_OK(output_write(output, block, sizeof block, &err), &err);
    CHECK_OK(output_write(output, "c", 1, &err), &err);
    CHECK_OK(output_commit(output, &err), &err);
    FILE *file = fopen("large", "r");
    assert_non_null(file);
    assert_int_equal(fgetc(file), 'a');
    assert_int_equal(fgetc(file), 'b');
    assert_int_equal(fseek(file, -2, SEEK_END), 0);
    assert_int_equal(fgetc(file), 'b');
    assert_int_equal(fgetc(file), 'c');
    assert_int_equal(ftell(file), (long)sizeof block + 2);
    fclose(file);
}

static void devices_are_not_replaced(void **state)
{
    (void)state;
    struct err err = {0};
    OWNED(output_close) struct output *output = NULL;
    assert_int_equal(symlink("/dev/full", "device"), 0);
    CHECK_OK(output_open(&output, "device", &err), &err);
    CHECK_OK(output_write(output, "x", 1, &err), &err);
    CHECK_FAILS(output_commit(output, &err), STATUS_FAILED, &err, "No space left");
    output_close(&output);
    struct stat info;
    assert_int_equal(stat("device", &info), 0);
    assert_true(S_ISCHR(info.st_mode));
    CHECK_FAILS(output_open(&output, ".", &err), STATUS_FAILED, &err, "directory");
    CHECK_FAILS(output_open(&output, "no/where", &err), STATUS_FAILED, &err, "no/where");
    assert_true(err.hint[0] != '\0');
}

static void a_closed_reader_is_downstream(void **state)
{
    (void)state;
    struct err err = {0};
    int ends[2];
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    CHECK_FAILS(write_all(ends[1], "x", 1, &err), STATUS_DOWNSTREAM, &err, "write");
    close(ends[1]);
}

static void memory_is_an_output_too(void **state)
{
    (void)state;
    struct err err = {0};
    OWNED(bytes_release) struct bytes bytes = bytes_limited(4);
    OWNED(output_close) struct output *output = NULL;
    CHECK_OK(output_to_memory(&output, &bytes, &err), &err);
    CHECK_OK(output_write(output, "abcd", 4, &err), &err);
    CHECK_TEXT(bytes, "abcd");
    CHECK_FAILS(output_write(output, "e", 1, &err), STATUS_FAILED, &err, "limited to 4");
}

static void temporaries_have_no_name(void **state)
{
    (void)state;
    struct err err = {0};
    int before = folder_count();
    OWNED(descriptor_close) int descriptor = -1;
    setenv("TMPDIR", folder_path, 1);
    CHECK_OK(temporary_open(&descriptor, &err), &err);
    assert_int_equal(folder_count(), before);
    struct stat info;
    assert_int_equal(fstat(descriptor, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    char back[3];
    CHECK_OK(pwrite_all(descriptor, "xyz", 3, 5, &err), &err);
    CHECK_OK(pread_all(descriptor, back, 3, 5, &err), &err);
    assert_memory_equal(back, "xyz", 3);
    CHECK_FAILS(pread_all(descriptor, back, 3, 6, &err), STATUS_FAILED, &err, "early");
    setenv("TMPDIR", "/no/such/folder", 1);
    int other = -1;
    CHECK_FAILS(temporary_open(&other, &err), STATUS_FAILED, &err, "/no/such/folder");
    unsetenv("TMPDIR");
    CHECK_OK(directory_sync(folder_path, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_appears_at_commit),
        cmocka_unit_test(without_commit_nothing_is_left),
        cmocka_unit_test(large_writes_keep_their_order),
        cmocka_unit_test(devices_are_not_replaced),
        cmocka_unit_test(a_closed_reader_is_downstream),
        cmocka_unit_test(memory_is_an_output_too),
        cmocka_unit_test(temporaries_have_no_name),
    };
    return cmocka_run_group_tests_name("base output", tests, folder_enter, folder_leave);
}
