/* test_source_images.c: folders of pictures as rows, broken ones as rejects. */
#include "csv_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

extern const struct source_kind source_images;

static const char png[] = "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x03\0\0\0\x02\x08\0\0\0\0"
                          "\xb8\x1f\x39\xc6\0\0\0\x0bIDAT";

struct folder {
    char path[64];
};

static void put(const struct folder *folder, const char *name, const void *data, size_t size)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder->path, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    fclose(file);
}

static int make(void **state)
{
    static struct folder folder;
    char path[256];
    strcpy(folder.path, "/tmp/test-source-images-XXXXXX");
    if (mkdtemp(folder.path) == NULL) return -1;
    snprintf(path, sizeof path, "%s/cat", folder.path);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/link.png", folder.path);
    if (symlink("cat/b.png", path) != 0) return -1;
    put(&folder, "cat/b.png", png, sizeof png - 1);
    put(&folder, "cat/a.JPG", png, sizeof png - 1); /* a PNG in truth */
    put(&folder, "no-suffix", png, sizeof png - 1);
    put(&folder, "notes.txt", "text", 4);
    put(&folder, "empty.png", "", 0);
    put(&folder, "text.png", "hello", 5);
    put(&folder, "cut.png", png, 20);
    *state = &folder;
    return 0;
}

static int clear(void **state)
{
    char command[128];
    const struct folder *folder = *state;
    snprintf(command, sizeof command, "rm -r %s", folder->path);
    return system(command);
}

static void all_pictures_but_the_broken_are_rows(void **state)
{
    const struct folder *folder = *state;
    struct source_options options = csv_options();
    options.label_from = LABEL_DIRECTORY;
    struct source *source = NULL;
    struct source_piece *piece = NULL;
    struct source_rows rows = {0};
    struct source_record record = {0};
    struct err err = {0};
    char remark[128];
    assert_ok(source_images.open(&source, folder->path, &options, &err));
    assert_ok(source_images.cut(source, &piece, &err));
    assert_ok(source_images.convert(source, piece, &rows, &err));
    assert_int_equal(rows.batch.rows, 3);
    assert_int_equal(rows.reject_count, 3);
    const struct schema *schema = source_images.schema(source);
    static const char *const paths[] = {"cat/a.JPG", "cat/b.png", "no-suffix"};
    static const char *const rules[] = {"header", "empty file", "signature"};
    static const int64_t records[] = {1, 2, 5}, rejected[] = {3, 4, 6};
    for (int64_t i = 0; i < 3; i++) {
        struct str text;
        assert_true(str_is(array_text(rows.batch.columns[0], i), paths[i]));
        assert_int_equal(array_text(rows.batch.columns[2], i).size, sizeof png - 1);
        assert_true(str_is(array_text(rows.batch.columns[3], i), "png"));
        assert_int_equal(array_text_at(&schema->fields[1], rows.batch.columns[1], i, &text), i < 2);
        assert_int_equal(((const int64_t *)array_values(rows.batch.columns[4]))[i], 3);
        assert_int_equal(rows.records[i], records[i]);
        assert_string_equal(rows.rejects[i].rule, rules[i]);
        assert_int_equal(rows.rejects[i].record, rejected[i]);
    }
    source_rows_release(&rows);
    source_images.free_piece(&piece);
    assert_ok(source_images.cut(source, &piece, &err));
    assert_null(piece);
    assert_ok(source_images.describe(source, &record, &err));
    assert_int_equal(record.records, 6);
    source_images.remark(source, remark, sizeof remark);
    assert_string_equal(remark, "1 other file and 1 link or device ignored");
    source_images.close(&source);
    assert_int_equal(memory_in_use(), 0);
}

static void limits_make_rejects(void **state)
{
    const struct folder *folder = *state;
    struct source_options options = csv_options();
    options.pixel_limit = 5;
    struct source *source = NULL;
    struct source_piece *piece = NULL;
    struct source_rows rows = {0};
    struct err err = {0};
    assert_ok(source_images.open(&source, folder->path, &options, &err));
    assert_ok(source_images.cut(source, &piece, &err));
    assert_ok(source_images.convert(source, piece, &rows, &err));
    assert_int_equal(rows.batch.rows, 0);
    assert_string_equal(rows.rejects[0].rule, "pixels");
    source_rows_release(&rows);
    source_images.free_piece(&piece);
    source_images.close(&source);
}

static void a_folder_without_pictures_is_an_error(void **state)
{
    (void)state;
    char path[] = "/tmp/test-source-images-XXXXXX";
    struct source_options options = csv_options();
    struct source *source = NULL;
    struct err err = {0};
    assert_non_null(mkdtemp(path));
    assert_int_equal(source_images.open(&source, path, &options, &err), STATUS_FAILED);
    assert_null(source);
    rmdir(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_pictures_but_the_broken_are_rows),
        cmocka_unit_test(limits_make_rejects),
        cmocka_unit_test(a_folder_without_pictures_is_an_error),
    };
    return cmocka_run_group_tests(tests, make, clear);
}
