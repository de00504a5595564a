/* tests/fuzz/fuzz_shard_state.c: any bytes as the state of a shard, with a digest that is right:
 * refused, or blocks that lie in it, twice the same. */
#include "base/memory.h"
#include "clean/shard_file.h"
#include "within.h"

#include <stdlib.h>

static enum status count_blocks(struct shard_file *file, size_t size, uint64_t *ret,
                                struct err *err)
{
    *ret = 0;
    for (bool end = false;;) {
        struct shard_block block;
        TRY(shard_next(file, &block, &end, err));
        if (end) return STATUS_OK;
        if (block.size > size) abort();
        uint8_t sum = 0;
        for (size_t i = 0; i < block.size; i++)
            sum ^= block.data[i];
        memory_free(block.data);
        *ret += 1 + sum;
    }
}

static enum status read_shard(const uint8_t *data, size_t size, struct err *err)
{
    OWNED(bytes_release) struct bytes whole = bytes_limited(16u << 20);
    OWNED(shard_close) struct shard_file *file = NULL;
    uint64_t once, again;
    TRY(bytes_append(&whole, data, size, err));
    struct digest digest = digest_of(data, size);
    TRY(bytes_append(&whole, &digest, sizeof digest, err));
    TRY(shard_open(&file, fuzz_path(whole.data, whole.size), err));
    TRY(count_blocks(file, size, &once, err));
    shard_rewind(file);
    TRY(count_blocks(file, size, &again, err));
    if (once != again) abort();
    return STATUS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_within(read_shard, data, size);
}
