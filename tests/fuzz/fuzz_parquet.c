/* tests/fuzz/fuzz_parquet.c: any bytes as a Parquet file: refused with a reason or read, never
 * more. What was read is used: written as Arrow, and its texts looked at. */
#include "base/memory.h"
#include "columnar/content.h"
#include "columnar/parquet.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_MOST  20000 /* a run of nulls costs nothing to declare */
#define PIECE_ROWS 97

static void use_texts(const struct batch *batch)
{
    char text[256];
    for (size_t i = 0; i < batch->schema->count; i++)
        for (int64_t row = 0; row < batch->rows; row++)
            array_value_text(&batch->schema->fields[i], batch->columns[i], row, text, sizeof text);
}

/* A faulty row's texts may be anything; nothing else of it is promised. */
static enum status use(struct parquet_reader *reader, struct parquet_piece *piece,
                       struct content_digester *digester, struct err *err)
{
    OWNED(batch_release) struct batch batch = {0};
    OWNED(parquet_faults_release) struct parquet_faults faults = {0};
    TRY(parquet_read(reader, piece, &batch, &faults, err));
    if (batch.rows != parquet_piece_rows(piece)) abort();
    for (size_t i = 0; i < faults.count; i++)
        if (faults.items[i].row < 0 || faults.items[i].row >= batch.rows) abort();
    use_texts(&batch);
    return content_digester_add(digester, &batch, err);
}

static enum status read_all(struct input *input, struct err *err)
{
    OWNED(parquet_close) struct parquet_reader *reader = NULL;
    OWNED(content_digester_close) struct content_digester *digester = NULL;
    struct parquet_options options = {.field_limit = 1000};
    TRY(parquet_open(&reader, input, &options, err));
    TRY(content_digester_open(&digester, parquet_schema(reader), err));
    for (int64_t rows = 0; rows < ROWS_MOST;) {
        OWNED(parquet_piece_free) struct parquet_piece *piece = NULL;
        TRY(parquet_cut(reader, PIECE_ROWS, 1u << 20, &piece, err));
        if (piece == NULL) return rows == parquet_rows(reader) ? STATUS_OK : (abort(), STATUS_OK);
        rows += parquet_piece_rows(piece);
        TRY(use(reader, piece, digester, err));
    }
    return STATUS_OK;
}

/* The frame is right, so that no effort goes into finding it. */
static void frame(uint8_t *file, size_t size)
{
    uint32_t footer;
    memcpy(file, "PAR1", 4);
    memcpy(file + size - 4, "PAR1", 4);
    memcpy(&footer, file + size - 8, sizeof footer);
    footer = footer > size - 12 ? (uint32_t)(footer % (size - 11)) : footer;
    memcpy(file + size - 8, &footer, sizeof footer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = {0};
    struct input *input = NULL;
    if (memory_limit() == 0) memory_set_limit(256u << 20);
    if (size < 12) return 0;
    size_t before = memory_in_use();
    uint8_t *file = memory_get_raw(1, size);
    if (file == NULL) abort();
    memcpy(file, data, size);
    frame(file, size);
    enum status status = input_from_memory(&input, file, size, "fuzz", &err);
    if (status == STATUS_OK) status = read_all(input, &err);
    input_close(&input);
    memory_free(file);
    if (status != STATUS_OK && err.message[0] == '\0') abort();
    if (memory_in_use() != before) abort();
    return 0;
}
