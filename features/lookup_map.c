/* features/lookup_map.c: a lookup index as mapped memory whose every block is checked. */
#include "features/lookup_map.h"

#include "base/memory.h"
#include "base/output.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

/* ---- opening ---- */

static enum status fail_foreign(struct err *err)
{
    return fail(err, STATUS_FAILED, "it is not what was written");
}

static enum status map_file(struct lookup_map *map, int descriptor, struct err *err)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0) return fail_errno(err, errno, "its size");
    map->size = (uint64_t)status.st_size;
    if (map->size < LOOKUP_BLOCK) return fail_foreign(err);
    void *data = mmap(NULL, map->size, PROT_READ, MAP_SHARED, descriptor, 0);
    if (data == MAP_FAILED) return fail_errno(err, errno, "mapping it");
    madvise(data, map->size, MADV_RANDOM);
    map->data = data;
    map->header = data;
    return STATUS_OK;
}

static bool sections_fit(const struct lookup_header *header, uint64_t size)
{
    uint64_t end = LOOKUP_BLOCK;
    for (size_t i = 0; i < LOOKUP_SECTIONS; i++) {
        if (header->offsets[i] < end || header->offsets[i] % LOOKUP_BLOCK != 0) return false;
        if (header->offsets[i] > size || header->sizes[i] > size - header->offsets[i]) return false;
        end = header->offsets[i] + header->sizes[i];
    }
    return header->sizes[LOOKUP_CHECKSUMS] == header->offsets[LOOKUP_CHECKSUMS] / LOOKUP_BLOCK * 8;
}

static enum status check_header(const struct lookup_map *map, struct err *err)
{
    const struct lookup_header *header = map->header;
    if (memcmp(header->magic, LOOKUP_MAGIC, sizeof header->magic) != 0) return fail_foreign(err);
    struct digest found = digest_of(header, offsetof(struct lookup_header, header));
    if (memcmp(&found, &header->header, sizeof found) != 0) return fail_foreign(err);
    if (header->file_bytes != map->size || !sections_fit(header, map->size))
        return fail_foreign(err);
    uint64_t sum =
        XXH3_64bits(map->data + header->offsets[LOOKUP_CHECKSUMS], header->sizes[LOOKUP_CHECKSUMS]);
    return sum == header->checksums ? STATUS_OK : fail_foreign(err);
}

static enum status open_map(struct lookup_map *map, int descriptor, const char *path,
                            struct err *err)
{
    TRY(map_file(map, descriptor, err));
    TRY(check_header(map, err));
    TRY(NEW(&map->checked, map->size / LOOKUP_BLOCK / 64 + 1, err));
    if (path == NULL) return STATUS_OK;
    map->path = memory_copy_text(path, strlen(path));
    return map->path == NULL ? fail_memory(err, strlen(path)) : STATUS_OK;
}

enum status lookup_map_open(struct lookup_map *ret, int descriptor, const char *path,
                            struct err *err)
{
    *ret = (struct lookup_map){0};
    enum status status = open_map(ret, descriptor, path, err);
    descriptor_close(&descriptor);
    if (status == STATUS_OK) return STATUS_OK;
    lookup_map_release(ret);
    return fail_within(err, status, "lookup index \"%s\"", path == NULL ? "(temporary)" : path);
}

void lookup_map_release(struct lookup_map *map)
{
    if (map->data != NULL) munmap(map->data, map->size);
    memory_free(map->checked);
    memory_free(map->path);
    *map = (struct lookup_map){0};
}

/* ---- blocks ---- */

static enum status fail_block(const struct lookup_map *map, uint64_t block, struct err *err)
{
    fail(err, STATUS_FAILED, "lookup index \"%s\": block %llu is not what was written",
         map->path == NULL ? "(temporary)" : map->path, (unsigned long long)block);
    if (map->path != NULL && unlink(map->path) == 0)
        err_hint(err, "the file was removed; it is made again when it is opened next");
    return STATUS_FAILED;
}

enum status lookup_map_check(const struct lookup_map *map, uint64_t offset, uint64_t size,
                             struct err *err)
{
    const uint64_t *checksums =
        (const uint64_t *)(const void *)(map->data + map->header->offsets[LOOKUP_CHECKSUMS]);
    uint64_t end = size == 0 ? offset : offset + size - 1;
    for (uint64_t block = offset / LOOKUP_BLOCK; block <= end / LOOKUP_BLOCK; block++) {
        atomic_uint_fast64_t *word = &map->checked[block / 64];
        uint64_t bit = (uint64_t)1 << (block % 64);
        if ((atomic_load_explicit(word, memory_order_acquire) & bit) != 0) continue;
        if (XXH3_64bits(map->data + block * LOOKUP_BLOCK, LOOKUP_BLOCK) != checksums[block])
            return fail_block(map, block, err);
        atomic_fetch_or_explicit(word, bit, memory_order_release);
    }
    return STATUS_OK;
}
