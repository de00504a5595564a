/* test_verify.c: every flipped bit of a chunk is found, every cut and every missing file. */
#include "rows.h"
#include "scratch.h"

#include "lineage/chunk.h"
#include "lineage/version.h"

#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct version commit_small(struct scratch *scratch)
{
    struct run *run = NULL;
    struct version_writer *writer = NULL;
    struct version version = {0};
    struct batch batch = make_rows(0, 12);

    check_ok(run_begin(&run, scratch->store, "put", scratch_invocation(scratch), &scratch->err),
             &scratch->err);
    check_ok(version_writer_open(&writer, run, "raw/orders", batch.schema, false, &scratch->err),
             &scratch->err);
    check_ok(version_writer_add(writer, &batch, &scratch->err), &scratch->err);
    check_ok(version_writer_commit(writer, &version, &scratch->err), &scratch->err);
    version_writer_close(&writer);
    run_close(&run);
    batch_release(&batch);
    return version;
}

static int open_chunk(struct scratch *scratch, off_t *ret_size)
{
    const char *digest = scratch_ask(scratch, "SELECT digest FROM chunks");
    char *path = chunk_path(scratch->store, digest);
    struct stat status;
    int file = open(path, O_RDWR);

    assert_true(file >= 0);
    assert_int_equal(fstat(file, &status), 0);
    *ret_size = status.st_size;
    memory_free(path);
    return file;
}

static void every_flipped_bit_is_found(void **state)
{
    struct scratch *scratch = *state;
    struct version version = commit_small(scratch);
    off_t size;
    int file = open_chunk(scratch, &size);
    int64_t flipped = 0, found = 0;

    check_ok(version_verify(scratch->store, &version, &scratch->err), &scratch->err);
    for (off_t at = 0; at < size; at++) {
        uint8_t byte;
        assert_int_equal(pread(file, &byte, 1, at), 1);
        for (int bit = 0; bit < 8; bit++) {
            uint8_t other = (uint8_t)(byte ^ (1 << bit));
            assert_int_equal(pwrite(file, &other, 1, at), 1);
            flipped++;
            found += version_verify(scratch->store, &version, NULL) == STATUS_FAILED;
        }
        assert_int_equal(pwrite(file, &byte, 1, at), 1);
    }
    check_ok(version_verify(scratch->store, &version, &scratch->err), &scratch->err);
    assert_true(flipped > 8000);
    assert_int_equal(found, flipped);
    close(file);
}

static void a_cut_or_missing_chunk_is_found(void **state)
{
    struct scratch *scratch = *state;
    struct version version = commit_small(scratch);
    off_t size;
    int file = open_chunk(scratch, &size);
    char *path = chunk_path(scratch->store, scratch_ask(scratch, "SELECT digest FROM chunks"));

    assert_int_equal(ftruncate(file, size - 1), 0);
    assert_int_equal(version_verify(scratch->store, &version, NULL), STATUS_FAILED);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(version_verify(scratch->store, &version, NULL), STATUS_FAILED);
    memory_free(path);
    close(file);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_make, scratch_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_flipped_bit_is_found),
        TEST(a_cut_or_missing_chunk_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
