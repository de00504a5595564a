/* c_data_bridge: our C interfaces as a shared library, for another implementation in one process
 * (peers.py). */
#include "base/memory.h"
#include "columnar/c_data.h"

#define EXPORTED __attribute__((visibility("default")))

EXPORTED const char *bridge_copy(struct ArrowSchema *schema, struct ArrowArray *array,
                                 struct ArrowSchema *ret_schema, struct ArrowArray *ret_array);
EXPORTED const char *bridge_open(const char *path, struct ArrowArrayStream *ret);
EXPORTED size_t bridge_memory(void);

static struct err err;

static enum status copy(struct ArrowSchema *from_schema, struct ArrowArray *from,
                        struct ArrowSchema *ret_schema, struct ArrowArray *ret)
{
    OWNED(schema_unref) struct schema *schema = NULL;
    OWNED(batch_release) struct batch batch = {0};
    TRY(c_schema_import(from_schema, &schema, &err));
    TRY(c_batch_import(from, schema, &batch, &err));
    TRY(c_schema_export(schema, ret_schema, &err));
    return c_batch_export(&batch, ret, &err);
}

/* NULL, or the error. */
const char *bridge_copy(struct ArrowSchema *schema, struct ArrowArray *array,
                        struct ArrowSchema *ret_schema, struct ArrowArray *ret_array)
{
    return copy(schema, array, ret_schema, ret_array) == STATUS_OK ? NULL : err.message;
}

const char *bridge_open(const char *path, struct ArrowArrayStream *ret)
{
    struct input *input = NULL;
    struct ipc_reader *reader = NULL;
    enum status status = input_open(&input, path, &err);
    if (status == STATUS_OK) status = ipc_reader_open(&reader, &input, 1, &err);
    if (status == STATUS_OK) status = c_stream_export(&reader, ret, &err);
    return status == STATUS_OK ? NULL : err.message;
}

size_t bridge_memory(void)
{
    return memory_in_use();
}
