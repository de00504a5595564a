/* tests/fuzz/fuzz_lookup_index.c: any bytes as a lookup index whose header and checksums are right
 * (they keep accidents away, not an author): refused, or every section read within its bounds. */
#include "base/input.h"
#include "base/memory.h"
#include "columnar/ipc.h"
#include "features/lookup_map.h"
#include "within.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

/* Makes the sums true where the sections lie in the file. */
static void seal(uint8_t *file, size_t size)
{
    struct lookup_header header;
    memcpy(&header, file, sizeof header);
    memcpy(header.magic, LOOKUP_MAGIC, sizeof header.magic);
    header.file_bytes = size;
    uint64_t at = header.offsets[LOOKUP_CHECKSUMS], bytes = header.sizes[LOOKUP_CHECKSUMS];
    if (at <= size && bytes <= size - at && bytes / 8 <= at / LOOKUP_BLOCK && at >= sizeof header) {
        for (uint64_t i = 1; i < bytes / 8; i++) {
            uint64_t sum = XXH3_64bits(file + i * LOOKUP_BLOCK, LOOKUP_BLOCK);
            memcpy(file + at + i * 8, &sum, sizeof sum);
        }
        header.checksums = XXH3_64bits(file + at, bytes);
    }
    header.header = digest_of(&header, offsetof(struct lookup_header, header));
    memcpy(file, &header, sizeof header);
}

static enum status read_section(const struct lookup_map *map, enum lookup_section which,
                                uint64_t at, uint64_t size, struct err *err)
{
    const void *bytes;
    uint8_t sum = 0;
    TRY(lookup_map_read(map, which, at, size, &bytes, err));
    for (uint64_t i = 0; i < size; i++)
        sum ^= ((const uint8_t *)bytes)[i];
    __asm__ volatile("" : : "r"(sum)); /* so that they are read */
    return STATUS_OK;
}

static enum status read_schema(const struct lookup_map *map, struct err *err)
{
    OWNED(input_close) struct input *input = NULL;
    OWNED(ipc_reader_close) struct ipc_reader *ipc = NULL;
    uint64_t size = map->header->sizes[LOOKUP_SCHEMA];
    const void *bytes;
    TRY(lookup_map_read(map, LOOKUP_SCHEMA, 0, size, &bytes, err));
    TRY(input_from_memory(&input, bytes, size, "schema", err));
    return ipc_reader_open(&ipc, &input, 1, err);
}

/* Whole sections, then the words of the heap as places in it, as texts are found. */
static enum status read_map(const struct lookup_map *map, struct err *err)
{
    const struct lookup_header *header = map->header;
    struct err ignored = {0};
    for (int which = 0; which < LOOKUP_CHECKSUMS; which++)
        (void)!read_section(map, (enum lookup_section)which, 0, header->sizes[which], &ignored);
    for (uint64_t at = 0; at + 8 <= header->sizes[LOOKUP_KEYS]; at += 8) {
        const void *place;
        uint64_t key;
        if (lookup_map_read(map, LOOKUP_KEYS, at, 8, &place, &ignored) != STATUS_OK) break;
        memcpy(&key, place, sizeof key);
        (void)!read_section(map, LOOKUP_HEAP, key, 4, &ignored);
        (void)!read_section(map, LOOKUP_HEAP, key + 4, key >> 32, &ignored);
    }
    return read_schema(map, err);
}

static enum status read_index(const uint8_t *data, size_t size, struct err *err)
{
    OWNED(memory_release) uint8_t *file = memory_get(size + sizeof(struct lookup_header), 1);
    OWNED(lookup_map_release) struct lookup_map map = {0};
    if (file == NULL) return fail_memory(err, size);
    memcpy(file, data, size);
    if (size >= LOOKUP_BLOCK) seal(file, size);
    TRY(lookup_map_open(&map, fuzz_descriptor(file, size), NULL, err));
    return read_map(&map, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_within(read_index, data, size);
}
