/* Writes an Arrow file or stream as Parquet, for other implementations to read:
 * parquet_copy IN.arrow OUT.parquet [COLUMN-WITHOUT-RANGE] */
#include "base/memory.h"
#include "columnar/ipc.h"
#include "columnar/parquet_write.h"

#include <stdio.h>

static enum status copy_batches(struct ipc_reader *reader, struct output *output,
                                const char *hidden, struct err *err)
{
    OWNED(parquet_writer_close) struct parquet_writer *writer = NULL;
    OWNED(memory_release) bool *without = NULL;
    const struct schema *schema = ipc_reader_schema(reader);
    struct parquet_write_options options = {.level = 3, .metadata = &schema->metadata};
    bool end = false;
    TRY(NEW(&without, schema->count, err));
    for (size_t i = 0; hidden != NULL && i < schema->count; i++)
        without[i] = str_is(str_of(hidden), schema->fields[i].name);
    options.without_range = without;
    TRY(parquet_writer_open(&writer, output, schema, &options, err));
    for (;;) {
        OWNED(batch_release) struct batch batch = {0};
        TRY(ipc_reader_next(reader, &batch, &end, err));
        if (end) return parquet_writer_finish(writer, err);
        TRY(parquet_writer_add(writer, &batch, err));
    }
}

static enum status copy(char **argv, struct err *err)
{
    OWNED(ipc_reader_close) struct ipc_reader *reader = NULL;
    OWNED(output_close) struct output *output = NULL;
    struct input *input = NULL;
    TRY(input_open(&input, argv[1], err));
    TRY(ipc_reader_open(&reader, &input, 1, err));
    TRY(output_open(&output, argv[2], err));
    TRY(copy_batches(reader, output, argv[3], err));
    return output_commit(output, err);
}

int main(int argc, char **argv)
{
    struct err err = {0};
    if (argc < 3) return 2;
    if (copy(argv, &err) == STATUS_OK) return 0;
    fprintf(stderr, "parquet_copy: %s\n", err.message);
    return 1;
}
