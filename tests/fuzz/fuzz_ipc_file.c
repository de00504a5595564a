/* tests/fuzz/fuzz_ipc_file.c: any bytes as an Arrow IPC file: refused with a reason or read, never
 * more. */
#include "base/memory.h"
#include "fuzz.h"
#include "read_everything.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = {0};
    if (memory_limit() == 0) memory_set_limit(256u << 20);
    if (size < 8) return 0;
    size_t before = memory_in_use();
    uint8_t *file = memory_get_raw(1, size);
    if (file == NULL) abort();
    memcpy(file, data, size);
    memcpy(file, "ARROW1\0", 8); /* so that no effort goes into finding the magic */
    memcpy(file + size - 6, "ARROW1", 6);
    enum status status = read_everything(file, size, &err);
    memory_free(file);
    if (status != STATUS_OK && err.message[0] == '\0') abort();
    if (memory_in_use() != before) abort();
    return 0;
}
