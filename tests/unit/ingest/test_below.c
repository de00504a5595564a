/* tests/unit/ingest/test_below.c: links and ways out of a folder that strangers write into. */
#include "tests/unit/base/check.h"

#include "base/output.h"
#include "ingest/below.h"
#include "ingest/file_list.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int folder = -1;

static void write_text(const char *path, const char *text)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), strlen(text));
    close(file);
}

static char scratch[] = "/tmp/below-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(scratch));
    assert_int_equal(chdir(scratch), 0);
    mkdir("drop", 0700), mkdir("drop/in", 0700), mkdir("drop/in/deep", 0700);
    mkdir("outside", 0700);
    write_text("outside/a", "secret");
    write_text("drop/a", "a"), write_text("drop/in/a", "in"), write_text("drop/in/deep/a", "deep");
    assert_int_equal(symlink("../outside/a", "drop/last"), 0);
    assert_int_equal(symlink("../outside", "drop/way"), 0);
    assert_int_equal(symlink("in", "drop/inner"), 0);
    assert_int_equal(symlink("/", "drop/root"), 0);
    folder = open("drop", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(folder >= 0);
    return 0;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info, (void)kind, (void)at;
    return remove(path);
}

static int leave_folder(void **state)
{
    (void)state;
    close(folder);
    return nftw(scratch, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void holds(int (*open_it)(int, const char *, int), const char *path, const char *text)
{
    char got[16] = "";
    int file = open_it(folder, path, O_RDONLY | O_CLOEXEC);
    assert_true(file >= 0);
    assert_int_equal(read(file, got, sizeof got - 1), strlen(text));
    assert_string_equal(got, text);
    close(file);
}

static void refused(int (*open_it)(int, const char *, int), const char *path)
{
    int file = open_it(folder, path, O_RDONLY | O_CLOEXEC);
    if (file >= 0) print_message("opened \"%s\"\n", path);
    assert_int_equal(file, -1);
}

static void no_way_leads_out(void **state)
{
    (void)state;
    static int (*const ways[])(int, const char *, int) = {open_below, open_below_by_parts};
    static const char *const bad[] = {"last",
                                      "way/a",
                                      "inner/a",
                                      "inner/deep/a",
                                      "root/etc/passwd",
                                      "../outside/a",
                                      "in/../../outside/a",
                                      "/etc/passwd",
                                      "in/missing"};
    for (size_t i = 0; i < 2; i++) {
        holds(ways[i], "a", "a");
        holds(ways[i], "in/a", "in");
        holds(ways[i], "in/deep/a", "deep");
        for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
            refused(ways[i], bad[k]);
    }
}

static void read_listed(const struct file_list *files, const char *path, const char *expected,
                        const char *rule)
{
    struct err err = {0};
    OWNED(bytes_release) struct bytes bytes = bytes_limited(1024);
    struct file_fault fault = {0};
    for (size_t i = 0; i < files->count; i++) {
        if (strcmp(files->items[i].path, path) != 0) continue;
        CHECK_OK(listed_file_read(files, &files->items[i], 1024, &bytes, &fault, &err), &err);
    }
    assert_int_equal(bytes.size, strlen(expected));
    assert_memory_equal(bytes.data == NULL ? (const void *)"" : bytes.data, expected, bytes.size);
    if (rule == NULL)
        assert_null(fault.rule);
    else
        assert_string_equal(fault.rule, rule);
}

/* Between listing and reading: a folder becomes a link, a file becomes one, the folder itself is
 * another one. */
static void swaps_after_the_listing_are_seen(void **state)
{
    (void)state;
    OWNED(arena_close) struct arena *arena = NULL;
    struct file_list files = {0};
    struct err err = {0};
    CHECK_OK(arena_open(&arena, &err), &err);
    CHECK_OK(file_list_open(&files, "drop", NULL, arena, &err), &err);
    assert_int_equal(files.count, 3);
    assert_int_equal(files.not_files, 4);
    rename("drop/in/deep", "drop/in/was");
    assert_int_equal(symlink("../../outside", "drop/in/deep"), 0);
    read_listed(&files, "in/deep/a", "", "unreadable");
    unlink("drop/a");
    assert_int_equal(symlink("../outside/a", "drop/a"), 0);
    read_listed(&files, "a", "", "unreadable");
    rename("drop", "was");
    assert_int_equal(symlink("outside", "drop"), 0);
    read_listed(&files, "in/a", "in", NULL);
    file_list_release(&files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_way_leads_out),
        cmocka_unit_test(swaps_after_the_listing_are_seen),
    };
    return cmocka_run_group_tests(tests, make_folder, leave_folder);
}
