/* test_csv_cut.c: pieces hold every byte once, with the right offset, record and line. */
#include "csv_test.h"

#include <stdio.h>

static const struct csv_dialect comma = {.delimiter = ',', .quote = '"', .fields = 2};

struct cutting {
    struct input *input;
    struct csv_cutter *cutter;
    struct err err;
};

static void begin(struct cutting *cutting, const void *data, size_t size,
                  const struct source_options *options)
{
    struct err err = {0};
    assert_ok(input_from_memory(&cutting->input, data, size, "test", &err));
    assert_ok(csv_cutter_open(&cutting->cutter, cutting->input, &comma, options, NULL, &err));
}

static struct csv_piece *next(struct cutting *cutting)
{
    struct err err = {0};
    struct csv_piece *piece = NULL;
    assert_ok(csv_cut(cutting->cutter, &piece, &err));
    return piece;
}

static void end(struct cutting *cutting)
{
    assert_null(next(cutting));
    csv_cutter_close(&cutting->cutter);
    input_close(&cutting->input);
    assert_int_equal(memory_in_use(), 0);
}

static void pieces_end_at_the_row_limit(void **state)
{
    (void)state;
    const char *text = "1,a\n\n2,\"b\nb\"\n3,c\r\n4,d";
    struct source_options options = csv_options();
    options.chunk_rows = 2;
    struct cutting cutting = {0};
    begin(&cutting, text, strlen(text), &options);
    struct csv_piece *first = next(&cutting), *second = next(&cutting);
    assert_int_equal(first->records, 2);
    assert_int_equal(first->blank_lines, 1);
    assert_int_equal(first->size, 13);
    assert_int_equal(second->offset, 13);
    assert_int_equal(second->first_record, 3);
    assert_int_equal(second->first_line, 5);
    assert_memory_equal(second->data, "3,c\r\n4,d", 8);
    csv_piece_free(&first);
    csv_piece_free(&second);
    end(&cutting);
}

static void every_byte_is_in_one_piece(void **state)
{
    (void)state;
    enum { ROWS = 60000 };
    char *text = memory_get(ROWS, 32);
    size_t size = 0;
    for (int i = 0; i < ROWS; i++)
        size += (size_t)sprintf(text + size, i % 7 == 0 ? "%d,\"x\ny\"\r\n" : "%d,plain\n", i);
    struct source_options options = csv_options();
    options.chunk_bytes = 100000;
    struct cutting cutting = {0};
    begin(&cutting, text, size, &options);
    size_t seen = 0, pieces = 0;
    int64_t records = 0;
    for (struct csv_piece *piece; (piece = next(&cutting)) != NULL; csv_piece_free(&piece)) {
        assert_int_equal(piece->offset, seen);
        assert_int_equal(piece->first_record, records + 1);
        assert_memory_equal(piece->data, text + seen, piece->size);
        assert_true(piece->size + (size_t)piece->records * 16 <= 100000);
        seen += piece->size;
        records += piece->records;
        pieces++;
    }
    assert_int_equal(seen, size);
    assert_int_equal(records, ROWS);
    assert_true(pieces > 10);
    memory_free(text);
    end(&cutting);
}

static void an_unclosed_quote_does_not_swallow_the_file(void **state)
{
    (void)state;
    enum { ROWS = 200000 };
    char *text = memory_get(ROWS + 1, 16);
    size_t size = (size_t)sprintf(text, "0,\"open\n");
    for (int i = 1; i < ROWS; i++)
        size += (size_t)sprintf(text + size, "%d,ok\n", i);
    struct source_options options = csv_options();
    struct cutting cutting = {0};
    begin(&cutting, text, size, &options);
    int64_t records = 0;
    size_t bad = 0;
    for (struct csv_piece *piece; (piece = next(&cutting)) != NULL; csv_piece_free(&piece)) {
        records += piece->records;
        bad += piece->bad_count;
    }
    assert_int_equal(records, ROWS);
    assert_int_equal(bad, 1);
    memory_free(text);
    end(&cutting);
}

/* Each line opens a quote that neither closes nor fails before the end of the file. */
static void hostile_quotes_take_linear_time(void **state)
{
    (void)state;
    enum { LINES = 400000 };
    char *text = memory_get(LINES, 8);
    size_t size = 0;
    for (int i = 0; i < LINES; i++)
        size += (size_t)sprintf(text + size, "x\",\",\n");
    struct source_options options = csv_options();
    struct cutting cutting = {0};
    begin(&cutting, text, size, &options);
    int64_t records = 0;
    for (struct csv_piece *piece; (piece = next(&cutting)) != NULL; csv_piece_free(&piece))
        records += piece->records;
    assert_int_equal(records, LINES);
    memory_free(text);
    end(&cutting);
}

static void a_line_without_end_is_one_reject(void **state)
{
    (void)state;
    size_t size = (size_t)70 << 20;
    char *text = memory_get_raw(size, 1);
    memset(text, 'x', size);
    memcpy(text + size - 5, "\n1,b\n", 5);
    struct source_options options = csv_options();
    struct cutting cutting = {0};
    begin(&cutting, text, size, &options);
    struct csv_piece *first = next(&cutting), *second = next(&cutting);
    assert_int_equal(first->bad_count, 1);
    assert_int_equal(first->bad[0].fault, CSV_RECORD_TOO_LONG);
    assert_int_equal(second->first_record, 2);
    assert_int_equal(second->first_line, 2);
    assert_memory_equal(second->data, "1,b\n", 4);
    csv_piece_free(&first);
    csv_piece_free(&second);
    memory_free(text);
    end(&cutting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_end_at_the_row_limit),
        cmocka_unit_test(every_byte_is_in_one_piece),
        cmocka_unit_test(an_unclosed_quote_does_not_swallow_the_file),
        cmocka_unit_test(hostile_quotes_take_linear_time),
        cmocka_unit_test(a_line_without_end_is_one_reject),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
