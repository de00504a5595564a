/* test_allocation.c: every request for memory fails once: a clean error, nothing kept, no crash. */
#include "csv_test.h"

#include "ingest/objects.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

extern const struct source_kind source_csv, source_jsonl, source_images, source_arrow;

static enum status convert_all(const struct source_kind *kind, struct source *source,
                               struct err *err)
{
    for (;;) {
        struct source_piece *piece = NULL;
        struct source_rows rows = {0};
        TRY(kind->cut(source, &piece, err));
        if (piece == NULL) return STATUS_OK;
        enum status status = kind->convert(source, piece, &rows, err);
        source_rows_release(&rows);
        kind->free_piece(&piece);
        TRY(status);
    }
}

static enum status read_once(const struct source_kind *kind, const char *path, struct err *err)
{
    struct source_options options = csv_options();
    struct source *source = NULL;
    options.chunk_rows = 3;
    enum status status = kind->open(&source, path, &options, err);
    if (status == STATUS_OK) status = convert_all(kind, source, err);
    if (source != NULL) kind->close(&source);
    return status;
}

/* A request may fail and be made up for: libcsv asks again for less. */
static void fail_each(const struct source_kind *kind, const char *path)
{
    struct err err = {0};
    uint64_t request = 0, made;
    do {
        memory_fail_at(++request);
        enum status status = read_once(kind, path, &err);
        made = memory_requests();
        memory_fail_at(0);
        if (status != STATUS_OK && status != STATUS_MEMORY)
            fail_msg("request %llu: %s", (unsigned long long)request, err.message);
        if (memory_in_use() != 0) fail_msg("request %llu is kept", (unsigned long long)request);
    } while (made >= request);
    assert_true(request > 20);
}

static void put(const char *path, const char *text, size_t size)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    fclose(file);
}

static void tables(void **state)
{
    (void)state;
    char path[] = "/tmp/test-allocation-XXXXXX";
    close(mkstemp(path));
    const char *csv = "id,t,x\n1,\"a \"\"b\"\"\",1.5\n2,5\" c,\n3,\"open,2\n4,z\n5,\xff,1\n";
    put(path, csv, strlen(csv));
    fail_each(&source_csv, path);
    const char *json =
        "{\"a\":1,\"b\":{\"c\":[1,2]}}\n{\"a\":\"\\u00e9\"}\n{\"a\":1,\"a\":2}\n[1]\n{}\n";
    put(path, json, strlen(json));
    fail_each(&source_jsonl, path);
    unlink(path);
}

/* A stream of one dictionary column and several batches. */
static void arrow(void **state)
{
    (void)state;
    char path[] = "/tmp/test-allocation-XXXXXX";
    close(mkstemp(path));
    struct schema *schema = NULL;
    struct batch_builder *builder = NULL;
    struct output *output = NULL;
    struct ipc_writer *writer = NULL;
    struct field field = field_dictionary("s");
    assert_int_equal(schema_new(&schema, NULL), STATUS_OK);
    assert_int_equal(schema_add(schema, &field, NULL), STATUS_OK);
    assert_int_equal(batch_builder_open(&builder, schema, 4, NULL), STATUS_OK);
    assert_int_equal(output_open(&output, path, NULL), STATUS_OK);
    assert_int_equal(
        ipc_writer_open(&writer, output, schema, (struct ipc_options){.format = IPC_STREAM}, NULL),
        STATUS_OK);
    for (int i = 0; i < 4; i++) {
        OWNED(batch_release) struct batch batch = {0};
        for (int row = 0; row < 4; row++)
            assert_int_equal(
                build_text(batch_builder_column(builder, 0), str_of(row % 2 ? "a" : "b"), NULL),
                STATUS_OK);
        assert_int_equal(batch_builder_finish(builder, &batch, NULL), STATUS_OK);
        assert_int_equal(ipc_writer_add(writer, &batch, NULL), STATUS_OK);
    }
    assert_int_equal(ipc_writer_finish(writer, NULL), STATUS_OK);
    assert_int_equal(output_commit(output, NULL), STATUS_OK);
    ipc_writer_close(&writer);
    output_close(&output);
    batch_builder_close(&builder);
    schema_unref(&schema);
    fail_each(&source_arrow, path);
    unlink(path);
}

static void pictures(void **state)
{
    (void)state;
    static const char png[] = "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x03\0\0\0\x02\x08\0\0\0\0"
                              "\xb8\x1f\x39\xc6\0\0\0\x0bIDAT";
    char folder[] = "/tmp/test-allocation-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a.png", folder);
    put(path, png, sizeof png - 1);
    fail_each(&source_images, folder);
    unlink(path);
    rmdir(folder);
}

/* ---- packed files and archives ---- */

static enum status open_objects_once(char *path, struct err *err)
{
    const struct objects_wanted wanted = {
        .limits = {.unpack = {.ratio = UNPACK_RATIO}, .members = BUNDLE_MEMBERS}};
    struct objects objects;
    enum status status = objects_open(&objects, &path, 1, &wanted, err);
    const struct source_kind *kind = NULL;
    if (status == STATUS_OK) status = object_kind(&objects.items[0], &kind, err);
    objects_release(&objects);
    return status;
}

static void containers(void **state)
{
    (void)state;
    char folder[] = "/tmp/test-allocation-XXXXXX", command[512];
    static const char *const names[] = {"t.gz", "t.bz2", "t.xz", "t.zst", "t.tar", "t.tgz"};
    assert_non_null(mkdtemp(folder));
    snprintf(
        command, sizeof command,
        "cd %s && printf 'a,b\\n1,x\\n' >t.csv && gzip -c t.csv >t.gz && bzip2 -c t.csv >t.bz2 && "
        "xz -0c t.csv >t.xz && zstd -qc t.csv >t.zst && tar cf t.tar t.csv t.gz && "
        "tar czf t.tgz t.csv",
        folder);
    assert_int_equal(system(command), 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[64];
        struct err err = {0};
        uint64_t request = 0, made;
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        do {
            memory_fail_at(++request);
            enum status status = open_objects_once(path, &err);
            made = memory_requests();
            memory_fail_at(0);
            if (status != STATUS_OK && status != STATUS_MEMORY)
                fail_msg("%s: request %llu: %s", names[i], (unsigned long long)request,
                         err.message);
            if (memory_in_use() != 0)
                fail_msg("%s: request %llu is kept", names[i], (unsigned long long)request);
        } while (made >= request);
        assert_true(request > 5);
    }
    snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(tables), cmocka_unit_test(arrow),
                                       cmocka_unit_test(pictures), cmocka_unit_test(containers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
