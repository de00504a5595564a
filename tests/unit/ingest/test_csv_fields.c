/* test_csv_fields.c: cells of a piece through libcsv, and its rejects. */
#include "csv_test.h"

struct read {
    struct arena *arena;
    struct str cells[64]; /* row by row; data NULL = null */
    int64_t records[16];
    size_t rows, columns;
    struct source_rows rejected;
};

static enum status keep(void *context, const struct csv_block *block, struct err *err)
{
    struct read *read = context;
    (void)err;
    for (size_t row = 0; row < block->rows; row++) {
        for (size_t column = 0; column < block->columns; column++) {
            struct str text = csv_cell_text(block, row, column);
            bool null = block->cells[column * block->stride + row].size == CSV_NULL;
            text.data = null ? NULL : arena_text(read->arena, text.data, text.size);
            read->cells[read->rows * block->columns + column] = text;
        }
        read->records[read->rows++] = block->records[row];
    }
    read->columns = block->columns;
    return STATUS_OK;
}

static struct read read_text(const char *text, size_t fields, struct source_options options)
{
    struct csv_dialect dialect = {.delimiter = ',', .quote = '"', .fields = fields};
    struct input *input = NULL;
    struct csv_cutter *cutter = NULL;
    struct csv_piece *piece = NULL;
    struct read read = {0};
    const struct csv_taker taker = {&read, keep};
    struct err err = {0};
    assert_ok(arena_open(&read.arena, &err));
    assert_ok(arena_open(&read.rejected.arena, &err));
    assert_ok(input_from_memory(&input, text, strlen(text), "test", &err));
    assert_ok(csv_cutter_open(&cutter, input, &dialect, &options, NULL, &err));
    assert_ok(csv_cut(cutter, &piece, &err));
    assert_ok(csv_fields(&dialect, &options, piece, &taker, &read.rejected, &err));
    for (size_t i = 0; i < read.rejected.reject_count; i++) { /* the piece goes */
        struct str *raw = &read.rejected.rejects[i].raw;
        raw->data = arena_text(read.arena, raw->data, raw->size);
    }
    csv_piece_free(&piece);
    csv_cutter_close(&cutter);
    input_close(&input);
    return read;
}

static void close_read(struct read *read)
{
    source_rows_release(&read->rejected);
    arena_close(&read->arena);
    assert_int_equal(memory_in_use(), 0);
}

static void expect_cell(const struct read *read, size_t row, size_t column, const char *text)
{
    struct str cell = read->cells[row * read->columns + column];
    if (text == NULL)
        assert_null(cell.data);
    else if (cell.data == NULL || !str_is(cell, text))
        fail_msg("found \"%.*s\", expected \"%s\"", (int)cell.size, cell.data, text);
}

static void cells_keep_spaces_quotes_and_lines(void **state)
{
    struct source_options options = *(struct source_options *)*state;
    struct read read = read_text(" a ,\"b \"\"x\"\" \",\"l1\nl2\"\r\n,\"\",3\" c\n", 3, options);
    assert_int_equal(read.rows, 2);
    expect_cell(&read, 0, 0, " a ");
    expect_cell(&read, 0, 1, "b \"x\" ");
    expect_cell(&read, 0, 2, "l1\nl2");
    expect_cell(&read, 1, 0, NULL);
    expect_cell(&read, 1, 1, "");
    expect_cell(&read, 1, 2, "3\" c");
    close_read(&read);
}

static void expect_reject(const struct read *read, size_t index, const char *rule, int64_t record,
                          int64_t offset, int64_t line, const char *raw)
{
    const struct reject *reject = &read->rejected.rejects[index];
    assert_true(index < read->rejected.reject_count);
    assert_string_equal(reject->rule, rule);
    assert_int_equal(reject->record, record);
    assert_int_equal(reject->byte_offset, offset);
    assert_int_equal(reject->line, line);
    if (!str_is(reject->raw, raw)) fail_msg("%.*s", (int)reject->raw.size, reject->raw.data);
}

static void rejects_say_where_and_keep_the_bytes(void **state)
{
    struct source_options options = *(struct source_options *)*state;
    const char *text = "1,\"a\nb\"\n2,b,c\n\n3\n4,\xff\n5,\"x\"y\n6,ok\n7,\"open\n8,ok";
    struct read read = read_text(text, 2, options);
    assert_int_equal(read.rows, 3);
    assert_int_equal(read.records[1], 6);
    assert_int_equal(read.records[2], 8);
    assert_int_equal(read.rejected.reject_count, 5);
    expect_reject(&read, 0, "ragged", 2, 8, 3, "2,b,c");
    expect_reject(&read, 1, "ragged", 3, 15, 5, "3");
    expect_reject(&read, 2, "encoding", 4, 17, 6, "4,\xff");
    expect_reject(&read, 3, "quote", 5, 21, 7, "5,\"x\"y");
    expect_reject(&read, 4, "quote", 7, 33, 9, "7,\"open");
    assert_true(str_is(read.rejected.rejects[0].message, "found 3 fields, expected 2"));
    close_read(&read);
}

static void a_long_field_is_a_reject(void **state)
{
    struct source_options options = *(struct source_options *)*state;
    options.field_limit = 4;
    struct read read = read_text("1,abcd\n2,abcde\n3,ok\n", 2, options);
    assert_int_equal(read.rows, 2);
    expect_reject(&read, 0, "field size", 2, 7, 2, "2,abcde");
    close_read(&read);
}

static void a_blank_line_is_a_record_of_one_column_only(void **state)
{
    struct source_options options = *(struct source_options *)*state;
    struct read read = read_text("a\n\nb\n", 1, options);
    assert_int_equal(read.rows, 3);
    expect_cell(&read, 1, 0, NULL);
    close_read(&read);
    read = read_text("a,1\n\nb,2\n", 2, options);
    assert_int_equal(read.rows, 2);
    assert_int_equal(read.records[1], 2);
    close_read(&read);
}

/* Each case runs through the scanner and through libcsv alone. */
int main(void)
{
    struct source_options fast = csv_options(), reference = csv_options();
    reference.reference = true;
#define BOTH_WAYS(test)                                                                            \
    cmocka_unit_test_prestate(test, &fast), cmocka_unit_test_prestate(test, &reference)
    const struct CMUnitTest tests[] = {
        BOTH_WAYS(cells_keep_spaces_quotes_and_lines),
        BOTH_WAYS(rejects_say_where_and_keep_the_bytes),
        BOTH_WAYS(a_long_field_is_a_reject),
        BOTH_WAYS(a_blank_line_is_a_record_of_one_column_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
