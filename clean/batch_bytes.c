/* clean/batch_bytes.c: a schema or a batch as an Arrow stream in memory, and back. */
#include "clean/batch_bytes.h"

static enum status write_stream(const struct schema *schema, const struct batch *batch,
                                struct bytes *ret, struct err *err)
{
    OWNED(output_close) struct output *output = NULL;
    OWNED(ipc_writer_close) struct ipc_writer *writer = NULL;
    const struct ipc_options options = {.format = IPC_STREAM, .compression = IPC_ZSTD, .level = 1};
    TRY(output_to_memory(&output, ret, err));
    TRY(ipc_writer_open(&writer, output, schema, options, err));
    if (batch != NULL) TRY(ipc_writer_add(writer, batch, err));
    TRY(ipc_writer_finish(writer, err));
    return output_flush(output, err);
}

enum status schema_to_bytes(const struct schema *schema, struct bytes *ret, struct err *err)
{
    return write_stream(schema, NULL, ret, err);
}

enum status batch_to_bytes(const struct batch *batch, struct bytes *ret, struct err *err)
{
    return write_stream(batch->schema, batch, ret, err);
}

static enum status open_stream(const void *data, size_t size, struct ipc_reader **ret,
                               struct err *err)
{
    OWNED(input_close) struct input *input = NULL;
    TRY(input_from_memory(&input, data, size, "state", err));
    return ipc_reader_open(ret, &input, 1, err);
}

enum status schema_from_bytes(const void *data, size_t size, struct schema **ret, struct err *err)
{
    OWNED(ipc_reader_close) struct ipc_reader *reader = NULL;
    TRY(open_stream(data, size, &reader, err));
    return schema_copy(ret, ipc_reader_schema(reader), err);
}

enum status batch_from_bytes(const void *data, size_t size, struct batch *ret, struct err *err)
{
    OWNED(ipc_reader_close) struct ipc_reader *reader = NULL;
    bool end = false;
    TRY(open_stream(data, size, &reader, err));
    TRY(ipc_reader_next(reader, ret, &end, err));
    return end ? fail(err, STATUS_FAILED, "an Arrow stream without rows") : STATUS_OK;
}
