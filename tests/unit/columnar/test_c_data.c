/* The C Data and C Stream Interfaces: each golden stream exported, imported again, and compared.
 * Argument: the folder of golden files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"
#include "columnar/c_data.h"

#include <glob.h>
#include <stdio.h>

/* last: it defines a macro named fail */
#include <cmocka.h>

#define OK(expression) assert_int_equal((expression), STATUS_OK)

static const char *folder;

static struct ipc_reader *open_reader(const char *path)
{
    struct input *input = NULL;
    struct ipc_reader *reader = NULL;
    struct err err = {0};
    OK(input_open(&input, path, &err));
    OK(ipc_reader_open(&reader, &input, 1, &err));
    return reader;
}

static void check_batch(const struct batch *a, const struct batch *b)
{
    assert_int_equal(a->rows, b->rows);
    for (size_t i = 0; i < a->schema->count; i++)
        assert_true(array_equal(&a->schema->fields[i], a->columns[i], b->columns[i]));
}

static void check_stream(const char *path)
{
    struct ipc_reader *given = open_reader(path), *reference = open_reader(path);
    struct ArrowArrayStream stream = {0};
    struct ArrowSchema exported = {0};
    struct schema *schema = NULL;
    struct err err = {0};
    bool end = false, reference_end = false;
    OK(c_stream_export(&given, &stream, &err));
    assert_int_equal(stream.get_schema(&stream, &exported), 0);
    OK(c_schema_import(&exported, &schema, &err));
    assert_null(exported.release);
    assert_true(schema_equal(schema, ipc_reader_schema(reference)));
    for (;;) {
        struct batch batch = {0}, expected = {0};
        OK(c_stream_next(&stream, schema, &batch, &end, &err));
        OK(ipc_reader_next(reference, &expected, &reference_end, &err));
        assert_int_equal(end, reference_end);
        if (end) break;
        check_batch(&expected, &batch);
        batch_release(&batch);
        batch_release(&expected);
    }
    stream.release(&stream);
    schema_unref(&schema);
    ipc_reader_close(&reference);
}

static void test_golden(void **state)
{
    (void)state;
    glob_t paths;
    char pattern[1024];
    snprintf(pattern, sizeof pattern, "%s/*/*.stream", folder);
    assert_int_equal(glob(pattern, 0, NULL, &paths), 0);
    size_t before = memory_in_use();
    for (size_t i = 0; i < paths.gl_pathc; i++) {
        check_stream(paths.gl_pathv[i]);
        if (memory_in_use() != before) print_message("%s\n", paths.gl_pathv[i]);
        assert_int_equal(memory_in_use(), before);
    }
    globfree(&paths);
}

/* A producer may hand out the middle of its arrays. */
static void test_offset(void **state)
{
    (void)state;
    static const int32_t numbers[] = {1, 2, 3, 4, 5};
    const void *buffers[] = {NULL, numbers}, *top[] = {NULL};
    struct ArrowArray child = {.length = 3, .offset = 2, .n_buffers = 2, .buffers = buffers};
    struct ArrowArray *children[] = {&child};
    struct ArrowArray array = {
        .length = 3, .n_buffers = 1, .buffers = top, .n_children = 1, .children = children};
    struct schema *schema = NULL;
    struct batch batch = {0};
    struct err err = {0};
    OK(schema_new(&schema, &err));
    OK(schema_add_column(schema, "n", TYPE_INT32, &err));
    OK(c_batch_import(&array, schema, &batch, &err));
    assert_int_equal(((const int32_t *)array_values(batch.columns[0]))[0], 3);
    batch_release(&batch);
    schema_unref(&schema);
}

static void test_refusals(void **state)
{
    (void)state;
    struct err err = {0};
    struct schema *schema = NULL;
    struct ArrowSchema child = {.format = "tsq:", .name = "t"}, *children[] = {&child};
    struct ArrowSchema top = {.format = "+s", .n_children = 1, .children = children};
    assert_int_equal(c_schema_import(&top, &schema, &err), STATUS_FAILED);
    assert_string_equal(err.message, "column \"t\": format \"tsq:\" is not known");
    struct ArrowSchema plain = {.format = "l"};
    assert_int_equal(c_schema_import(&plain, &schema, &err), STATUS_FAILED);
}

int main(int argc, char **argv)
{
    folder = argc > 1 ? argv[1] : ".";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_offset),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
