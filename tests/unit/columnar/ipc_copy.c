/* ipc_copy INPUT OUTPUT stream|file none|zstd: reads any Arrow data and writes it again; for the
 * comparisons with other implementations. */
#include "columnar/ipc.h"

#include <stdio.h>
#include <string.h>

static enum status copy(char **argv, struct err *err)
{
    OWNED(ipc_reader_close) struct ipc_reader *reader = NULL;
    OWNED(output_close) struct output *output = NULL;
    OWNED(ipc_writer_close) struct ipc_writer *writer = NULL;
    struct input *input = NULL;
    bool end = false;
    struct ipc_options options = {
        .format = strcmp(argv[3], "file") == 0 ? IPC_FILE : IPC_STREAM,
        .compression = strcmp(argv[4], "zstd") == 0 ? IPC_ZSTD : IPC_PLAIN,
        .threads = 2,
    };
    TRY(input_open(&input, argv[1], err));
    TRY(ipc_reader_open(&reader, &input, 2, err));
    TRY(output_open(&output, argv[2], err));
    TRY(ipc_writer_open(&writer, output, ipc_reader_schema(reader), options, err));
    for (;;) {
        OWNED(batch_release) struct batch batch = {0};
        TRY(ipc_reader_next(reader, &batch, &end, err));
        if (end) break;
        TRY(ipc_writer_add(writer, &batch, err));
    }
    TRY(ipc_writer_finish(writer, err));
    return output_commit(output, err);
}

int main(int argc, char **argv)
{
    struct err err = {0};
    if (argc != 5) return 2;
    enum status status = copy(argv, &err);
    if (status != STATUS_OK) fprintf(stderr, "ipc_copy: %s\n", err.message);
    return status_exit_code(status);
}
