/* tests/fuzz/read_everything.c: reads Arrow data to the end and uses every value of it. */
#include "read_everything.h"

#include "base/memory.h"
#include "columnar/content.h"
#include "columnar/ipc.h"
#include "columnar/statistics.h"

#include <stdlib.h>

#define ROWS_MOST  100000 /* a declared row of no bytes costs nothing to declare */
#define BYTES_MOST (64u << 20)

static void use_texts(const struct batch *batch)
{
    char text[256];
    for (size_t i = 0; i < batch->schema->count; i++)
        for (int64_t row = 0; row < batch->rows; row++)
            array_value_text(&batch->schema->fields[i], batch->columns[i], row, text, sizeof text);
}

static enum status use_rows(const struct batch *batch, struct err *err)
{
    OWNED(batch_release) struct batch part = {0}, taken = {0}, joined = {0};
    int64_t rows[] = {batch->rows - 1, -1, 0};
    TRY(batch_slice(&part, batch, batch->rows / 3, batch->rows - batch->rows / 3, err));
    TRY(batch_take(&taken, batch, rows, batch->rows == 0 ? 0 : 3, err));
    struct batch parts[] = {part, taken, *batch};
    enum status status = batch_concat(&joined, batch->schema, parts, 3, err);
    return status == STATUS_FAILED ? STATUS_OK : status; /* indices or offsets may run out */
}

static enum status use_statistics(const struct batch *batch, struct err *err)
{
    OWNED(memory_release) struct column_statistics *columns = NULL;
    TRY(NEW(&columns, batch->schema->count, err));
    return batch_statistics(batch, columns, err);
}

static enum status use(const struct batch *batch, struct err *err)
{
    TRY(use_statistics(batch, err));
    TRY(use_rows(batch, err));
    use_texts(batch);
    return STATUS_OK;
}

/* Reads all; writes what it read where `copy` is given. */
static enum status read_once(const uint8_t *data, size_t size, struct output *copy,
                             enum ipc_format format, struct digest *ret, struct err *err)
{
    OWNED(ipc_reader_close) struct ipc_reader *reader = NULL;
    OWNED(ipc_writer_close) struct ipc_writer *writer = NULL;
    OWNED(content_digester_close) struct content_digester *digester = NULL;
    struct ipc_options options = {.format = format};
    struct input *input = NULL;
    bool end = false;
    TRY(input_from_memory(&input, data, size, "fuzz", err));
    TRY(ipc_reader_open(&reader, &input, 1, err));
    TRY(content_digester_open(&digester, ipc_reader_schema(reader), err));
    if (copy != NULL) TRY(ipc_writer_open(&writer, copy, ipc_reader_schema(reader), options, err));
    for (;;) {
        OWNED(batch_release) struct batch batch = {0};
        TRY(ipc_reader_next(reader, &batch, &end, err));
        if (end) break;
        if (batch.rows > ROWS_MOST) return fail(err, STATUS_MEMORY, "more rows than this is for");
        TRY(content_digester_add(digester, &batch, err));
        if (copy == NULL) continue;
        TRY(use(&batch, err));
        TRY(ipc_writer_add(writer, &batch, err));
    }
    if (copy != NULL) TRY(ipc_writer_finish(writer, err));
    return content_digester_end(digester, ret, err);
}

enum status read_everything(const uint8_t *data, size_t size, struct err *err)
{
    OWNED(bytes_release) struct bytes bytes = bytes_limited(BYTES_MOST);
    OWNED(output_close) struct output *copy = NULL;
    struct digest first, second;
    enum ipc_format format = size % 2 == 0 ? IPC_STREAM : IPC_FILE;
    TRY(output_to_memory(&copy, &bytes, err));
    TRY(read_once(data, size, copy, format, &first, err));
    TRY(output_commit(copy, err));
    enum status status = read_once(bytes.data, bytes.size, NULL, format, &second, err);
    if (status == STATUS_FAILED) abort(); /* what we wrote is refused */
    TRY(status);
    if (memcmp(&first, &second, sizeof first) != 0) abort();
    return STATUS_OK;
}
