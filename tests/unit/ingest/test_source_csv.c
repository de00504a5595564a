/* test_source_csv.c: whole files through the kind: types over all values, any thread count. */
#include "csv_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

extern const struct source_kind source_csv;

static char *write_file(const char *text)
{
    static char path[] = "/tmp/test-source-csv-XXXXXX";
    strcpy(path + sizeof path - 7, "XXXXXX");
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, text, strlen(text)), strlen(text));
    close(descriptor);
    return path;
}

/* All rows of a text, one line of "value|value" each, nulls as "~". */
static char *read_rows(const char *text, struct source_options options, char *ret, size_t room)
{
    struct err err = {0};
    struct source *source = NULL;
    struct source_piece *piece = NULL;
    char *path = write_file(text), value[256];
    assert_ok(source_csv.open(&source, path, &options, &err));
    size_t used = 0;
    const struct schema *schema = source_csv.schema(source);
    for (size_t i = 0; i < schema->count; i++) {
        field_type_text(&schema->fields[i], value, sizeof value);
        used += (size_t)snprintf(ret + used, room - used, "%s:%s ", schema->fields[i].name, value);
    }
    for (;;) {
        assert_ok(source_csv.cut(source, &piece, &err));
        if (piece == NULL) break;
        struct source_rows rows = {0};
        assert_ok(source_csv.convert(source, piece, &rows, &err));
        for (int64_t row = 0; row < rows.batch.rows; row++)
            for (size_t i = 0; i < schema->count; i++) {
                const struct array *column = rows.batch.columns[i];
                bool null = array_is_null(column, row);
                array_value_text(&schema->fields[i], column, row, value, sizeof value);
                used += (size_t)snprintf(ret + used, room - used, "%c%s", i == 0 ? '\n' : '|',
                                         null ? "~" : value);
            }
        source_rows_release(&rows);
        source_csv.free_piece(&piece);
    }
    source_csv.close(&source);
    unlink(path);
    assert_int_equal(memory_in_use(), 0);
    return ret;
}

static void expect(const char *text, const char *rows)
{
    char found[4096];
    read_rows(text, csv_options(), found, sizeof found);
    if (strcmp(found, rows) != 0) fail_msg("found %s\nexpected %s", found, rows);
}

static void types_hold_for_every_value(void **state)
{
    (void)state;
    expect("n,x\n1,a\n2,b\n", "n:int64 x:utf8 \n1|a\n2|b");
    expect("n,x\n1,2.5\n,3\n", "n:int64 x:float64 \n1|2.5\n~|3.0");
    expect("zip,n\n01234,1\n99999,x\n", "zip:utf8 n:utf8 \n01234|1\n99999|x");
    expect("big,mixed\n9223372036854775808,9007199254740993\n1,0.5\n",
           "big:utf8 mixed:utf8 \n9223372036854775808|9007199254740993\n1|0.5");
    expect("b,d\ntrue,2024-02-29\nfalse,\n", "b:bool d:date32 \ntrue|2024-02-29\nfalse|~");
}

static void empty_and_quoted_empty_differ_in_text_only(void **state)
{
    (void)state;
    expect("t,n\n\"\",\"\"\n,\nx,5\n", "t:utf8 n:int64 \n|~\n~|~\nx|5");
    expect("a,b\n,1\n", "a:utf8 b:int64 \n~|1");
}

static void a_late_surprise_makes_it_text(void **state)
{
    (void)state;
    enum { ROWS = 30000 };
    char *text = memory_get(ROWS, 16);
    size_t size = (size_t)sprintf(text, "n\n");
    for (int i = 0; i < ROWS; i++)
        size += (size_t)sprintf(text + size, "%d\n", i);
    sprintf(text + size, "late\n");
    struct source_options options = csv_options();
    struct err err = {0};
    struct source *source = NULL;
    options.chunk_bytes = 4096;
    char *path = write_file(text);
    assert_ok(source_csv.open(&source, path, &options, &err));
    assert_int_equal(source_csv.schema(source)->fields[0].type.id, TYPE_UTF8);
    source_csv.close(&source);
    unlink(path);
    memory_free(text);
}

static void named_columns_stay_text(void **state)
{
    (void)state;
    const char *names[] = {"n"};
    struct text_list list = {names, 1};
    struct source_options options = csv_options();
    options.text_columns = &list;
    char found[256];
    assert_string_equal(read_rows("n,m\n1,2\n", options, found, sizeof found),
                        "n:utf8 m:int64 \n1|2");
}

static void threads_and_pieces_change_nothing(void **state)
{
    (void)state;
    char text[3000] = "id,text,x\n", one[6000], other[6000];
    for (int i = 0; i < 60; i++)
        sprintf(text + strlen(text), "%d,\"line %d\n,\"\"q\"\"\",%d.25\n", i, i, i * 3);
    struct source_options options = csv_options();
    read_rows(text, options, one, sizeof one);
    options.threads = 3;
    options.chunk_rows = 7;
    assert_string_equal(read_rows(text, options, other, sizeof other), one);
}

static void sources_are_unified(void **state)
{
    (void)state;
    struct source_options options = csv_options();
    struct source *sources[2] = {NULL, NULL};
    struct err err = {0};
    char first[64];
    strcpy(first, write_file("a,b\n1,2\n"));
    assert_ok(source_csv.open(&sources[0], first, &options, &err));
    char *second = write_file("b,a\nx,1.5\n");
    assert_ok(source_csv.open(&sources[1], second, &options, &err));
    assert_ok(source_csv.unify(sources, 2, &err));
    assert_int_equal(source_csv.schema(sources[0])->fields[0].type.id, TYPE_FLOAT64);
    assert_int_equal(source_csv.schema(sources[1])->fields[0].type.id, TYPE_UTF8);
    for (size_t i = 0; i < 2; i++)
        source_csv.close(&sources[i]);
    unlink(first);
    unlink(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_hold_for_every_value),
        cmocka_unit_test(empty_and_quoted_empty_differ_in_text_only),
        cmocka_unit_test(a_late_surprise_makes_it_text),
        cmocka_unit_test(named_columns_stay_text),
        cmocka_unit_test(threads_and_pieces_change_nothing),
        cmocka_unit_test(sources_are_unified),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
