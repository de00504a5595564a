/* tests/fuzz/fuzz_csv.c: any bytes as CSV: the scanner and libcsv see the same pieces, cells,
 * places and rejects. The first four bytes choose the dialect and the limits. */
#include "base/memory.h"
#include "fuzz.h"
#include "ingest/csv_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUST(expression)                                                                           \
    do {                                                                                           \
        if ((expression) != STATUS_OK) abort();                                                    \
    } while (0)

static enum status show_block(void *context, const struct csv_block *block, struct err *err)
{
    struct bytes *shown = context;
    for (size_t row = 0; row < block->rows; row++) {
        TRY(bytes_format(shown, err, "#%lld", (long long)block->records[row]));
        for (size_t column = 0; column < block->columns; column++) {
            struct str cell = csv_cell_text(block, row, column);
            bool null = block->cells[column * block->stride + row].size == CSV_NULL;
            TRY(bytes_append_text(shown, null ? "~" : "|", err));
            TRY(bytes_append(shown, cell.data, cell.size, err));
        }
    }
    return STATUS_OK;
}

static void show_piece(struct bytes *shown, const struct csv_dialect *dialect,
                       const struct source_options *options, struct csv_piece *piece)
{
    struct err err = {0};
    struct source_rows rows = {0};
    const struct csv_taker taker = {shown, show_block};
    MUST(arena_open(&rows.arena, &err));
    MUST(bytes_format(shown, &err, "piece %llu+%zu %lld %lld line %lld blank %lld\n",
                      (unsigned long long)piece->offset, piece->size,
                      (long long)piece->first_record, (long long)piece->records,
                      (long long)piece->first_line, (long long)piece->blank_lines));
    MUST(csv_fields(dialect, options, piece, &taker, &rows, &err));
    for (size_t i = 0; i < rows.reject_count; i++) {
        const struct reject *reject = &rows.rejects[i];
        MUST(bytes_format(shown, &err, "!%lld %lld %lld %s %s ", (long long)reject->record,
                          (long long)reject->byte_offset, (long long)reject->line, reject->rule,
                          reject->message.data));
        MUST(bytes_append(shown, reject->raw.data, reject->raw.size, &err));
    }
    source_rows_release(&rows);
}

static struct bytes show(const uint8_t *data, size_t size, const struct csv_dialect *dialect,
                         const struct source_options *options)
{
    struct err err = {0};
    OWNED(input_close) struct input *input = NULL;
    OWNED(csv_cutter_close) struct csv_cutter *cutter = NULL;
    struct bytes shown = bytes_limited(64u << 20);
    MUST(input_from_memory(&input, data, size, "fuzz", &err));
    MUST(csv_cutter_open(&cutter, input, dialect, options, NULL, &err));
    for (;;) {
        struct csv_piece *piece = NULL;
        MUST(csv_cut(cutter, &piece, &err));
        if (piece == NULL) return shown;
        show_piece(&shown, dialect, options, piece);
        csv_piece_free(&piece);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 5 || size > 100000) return 0;
    struct csv_dialect dialect = {.delimiter = data[0] % 3 == 0 ? ';' : ',',
                                  .quote = data[0] % 5 == 0 ? 0 : '"',
                                  .fields = 1 + data[1] % 6};
    struct source_options options = {
        .quote = -1,
        .escape = -1,
        .header_rows = 1,
        .skip_rows = -1,
        .field_limit = data[2] % 4 == 0 ? 6 : 1000,
        .record_limit = data[2] % 7 == 0 ? 40 : 64u << 20,
        .column_limit = 10000,
        .depth_limit = 128,
        .chunk_rows = 1 + data[3] % 40,
        .chunk_bytes = data[3] % 3 == 0 ? 60 : 8u << 20,
        .threads = 1,
    };
    struct bytes fast = show(data + 4, size - 4, &dialect, &options);
    options.reference = true;
    struct bytes reference = show(data + 4, size - 4, &dialect, &options);
    if (fast.size != reference.size || memcmp(fast.data, reference.data, fast.size) != 0) abort();
    bytes_release(&fast);
    bytes_release(&reference);
    return 0;
}
