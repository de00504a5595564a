/* test_csv_scan.c: the scanner and libcsv give the same pieces, cells and rejects for any bytes. */
#include "csv_test.h"

#include <stdio.h>
#include <stdlib.h>

/* Everything that a reading of some bytes can show, as text. */
struct shown {
    struct bytes text;
};

static enum status show_block(void *context, const struct csv_block *block, struct err *err)
{
    struct shown *shown = context;
    for (size_t row = 0; row < block->rows; row++) {
        TRY(bytes_format(&shown->text, err, "#%lld", (long long)block->records[row]));
        for (size_t column = 0; column < block->columns; column++) {
            struct str cell = csv_cell_text(block, row, column);
            bool null = block->cells[column * block->stride + row].size == CSV_NULL;
            TRY(bytes_append_text(&shown->text, null ? "~" : "|", err));
            TRY(bytes_append(&shown->text, cell.data, cell.size, err));
        }
        TRY(bytes_append_text(&shown->text, "\n", err));
    }
    return STATUS_OK;
}

static void show_piece(struct shown *shown, const struct csv_dialect *dialect,
                       const struct source_options *options, struct csv_piece *piece)
{
    struct err err = {0};
    struct source_rows rows = {0};
    const struct csv_taker taker = {shown, show_block};
    assert_ok(arena_open(&rows.arena, &err));
    assert_ok(bytes_format(
        &shown->text, &err, "piece %llu+%zu record %lld %lld line %lld blank %lld\n",
        (unsigned long long)piece->offset, piece->size, (long long)piece->first_record,
        (long long)piece->records, (long long)piece->first_line, (long long)piece->blank_lines));
    assert_ok(csv_fields(dialect, options, piece, &taker, &rows, &err));
    for (size_t i = 0; i < rows.reject_count; i++) {
        const struct reject *reject = &rows.rejects[i];
        assert_ok(bytes_format(&shown->text, &err, "!%lld %lld %lld %s %s ",
                               (long long)reject->record, (long long)reject->byte_offset,
                               (long long)reject->line, reject->rule, reject->message.data));
        assert_ok(bytes_append(&shown->text, reject->raw.data, reject->raw.size, &err));
    }
    source_rows_release(&rows);
}

static struct shown show(const uint8_t *data, size_t size, const struct csv_dialect *dialect,
                         struct source_options options)
{
    struct err err = {0};
    struct input *input = NULL;
    struct csv_cutter *cutter = NULL;
    struct shown shown = {.text = bytes_limited(64u << 20)};
    assert_ok(input_from_memory(&input, data, size, "test", &err));
    assert_ok(csv_cutter_open(&cutter, input, dialect, &options, NULL, &err));
    for (;;) {
        struct csv_piece *piece = NULL;
        assert_ok(csv_cut(cutter, &piece, &err));
        if (piece == NULL) break;
        show_piece(&shown, dialect, &options, piece);
        csv_piece_free(&piece);
    }
    csv_cutter_close(&cutter);
    input_close(&input);
    return shown;
}

static void expect_same(const uint8_t *data, size_t size, const struct csv_dialect *dialect,
                        struct source_options options)
{
    options.reference = true;
    struct shown reference = show(data, size, dialect, options);
    options.reference = false;
    struct shown fast = show(data, size, dialect, options);
    bool same = fast.text.size == reference.text.size &&
                memcmp(fast.text.data, reference.text.data, fast.text.size) == 0;
    if (!same) {
        fwrite(data, 1, size, stderr);
        fprintf(stderr, "\n--- libcsv\n%.*s\n--- scanner\n%.*s\n", (int)reference.text.size,
                (const char *)reference.text.data, (int)fast.text.size,
                (const char *)fast.text.data);
        fail_msg("different for %zu bytes", size);
    }
    bytes_release(&reference.text);
    bytes_release(&fast.text);
}

static uint64_t random_state = 88172645463325252u;
static uint64_t random_next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* Random bytes of the characters that matter, in many mixtures. */
static void any_bytes(void **state)
{
    (void)state;
    static const char *const mixtures[] = {
        "a,\n\"",
        "aaaa,,\"\"\n",
        "aaaaaaaaaaaaaaaa,,,,\n\n",
        "a,\r\n\"",
        "abc,\r\r\n\n\"",
        "aaaaaaaaaaa\xc3\xa9,,,\"\"\n\xff",
        "\n\n\r,",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,,,,,,\n\"",
    };
    uint8_t data[1500];
    for (int i = 0; i < 12000; i++) {
        const char *mixture = mixtures[random_next() % (sizeof mixtures / sizeof *mixtures)];
        size_t size = 1 + random_next() % (i % 50 == 0 ? sizeof data : 300),
               kinds = strlen(mixture);
        for (size_t k = 0; k < size; k++)
            data[k] = (uint8_t)mixture[random_next() % kinds];
        struct csv_dialect dialect = {
            .delimiter = ',', .quote = i % 9 == 0 ? 0 : '"', .fields = 1 + random_next() % 4};
        struct source_options options = csv_options();
        options.chunk_rows = 1 + (int64_t)(random_next() % 20);
        options.field_limit = i % 5 == 0 ? 6 : 1000;
        if (i % 3 == 0) options.chunk_bytes = 50 + random_next() % 400;
        expect_same(data, size, &dialect, options);
    }
}

/* Well-formed tables with quoted lines and doubled quotes, and a fault here and there. */
static void tables(void **state)
{
    (void)state;
    static const char *const fields[] = {"1",
                                         "",
                                         "\"\"",
                                         "plain text",
                                         "\"a,b\"",
                                         "\"x\"\"y\"\"\"",
                                         "\"two\nlines\"",
                                         "\"\r\n\"",
                                         "5\" pipe",
                                         "\"bad\"x",
                                         "\"open",
                                         "\xc3\xa9\xc3\xa9",
                                         "\xff"};
    char *text = memory_get(1, 1u << 20);
    for (int i = 0; i < 60; i++) {
        size_t size = 0, kinds = i % 4 == 0 ? 13 : i % 4 == 1 ? 9 : 8;
        const char *end = i % 3 == 0 ? "\r\n" : "\n";
        size_t rows = 1 + random_next() % 3000;
        for (size_t row = 0; row < rows; row++) {
            size_t columns = random_next() % 200 == 0 ? 2 : 3;
            for (size_t k = 0; k < columns; k++)
                size += (size_t)sprintf(text + size, "%s%s", k == 0 ? "" : ",",
                                        fields[random_next() % kinds]);
            size += (size_t)sprintf(text + size, "%s", end);
            if (size > 900000) break;
        }
        const struct csv_dialect dialect = {.delimiter = ',', .quote = '"', .fields = 3};
        struct source_options options = csv_options();
        if (i % 2 == 0) options.chunk_bytes = 10000;
        expect_same((const uint8_t *)text, size, &dialect, options);
    }
    memory_free(text);
}

/* The levels this processor has give the same. */
static void every_level(void **state)
{
    static const char *const levels[] = {"v1", "v2", "v3", "v4"};
    for (size_t i = 0; i < 4; i++) {
        random_state = 4711 + i;
        setenv("TAMIS_CPU", levels[i], 1);
        tables(state);
    }
    unsetenv("TAMIS_CPU");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_bytes),
        cmocka_unit_test(tables),
        cmocka_unit_test(every_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
