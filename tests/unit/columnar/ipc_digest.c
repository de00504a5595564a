/* ipc_digest INPUT: the content digest of all rows; for comparisons between writers. */
#include "columnar/content.h"
#include "columnar/ipc.h"

#include <stdio.h>

static enum status digest_all(const char *path, struct digest *ret, struct err *err)
{
    OWNED(ipc_reader_close) struct ipc_reader *reader = NULL;
    OWNED(content_digester_close) struct content_digester *digester = NULL;
    struct input *input = NULL;
    bool end = false;
    TRY(input_open(&input, path, err));
    TRY(ipc_reader_open(&reader, &input, 1, err));
    TRY(content_digester_open(&digester, ipc_reader_schema(reader), err));
    for (;;) {
        OWNED(batch_release) struct batch batch = {0};
        TRY(ipc_reader_next(reader, &batch, &end, err));
        if (end) return content_digester_end(digester, ret, err);
        TRY(content_digester_add(digester, &batch, err));
    }
}

int main(int argc, char **argv)
{
    struct err err = {0};
    struct digest digest;
    char text[DIGEST_TEXT];
    if (argc != 2) return 2;
    enum status status = digest_all(argv[1], &digest, &err);
    if (status == STATUS_OK)
        puts(digest_text(&digest, text));
    else
        fprintf(stderr, "ipc_digest: %s\n", err.message);
    return status_exit_code(status);
}
