/* tests/fuzz/fuzz_ipc_stream.c: any bytes as an Arrow IPC stream: refused with a reason or read,
 * never more. */
#include "base/memory.h"
#include "fuzz.h"
#include "read_everything.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = {0};
    if (memory_limit() == 0) memory_set_limit(256u << 20);
    size_t before = memory_in_use();
    enum status status = read_everything(data, size, &err);
    if (status != STATUS_OK && err.message[0] == '\0') abort();
    if (memory_in_use() != before) abort();
    return 0;
}
