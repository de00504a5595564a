/* features/lookup_map.h: a lookup index as mapped memory whose every block is checked before it is
 * read. For lookup_index.c. */
#ifndef FEATURES_LOOKUP_MAP_H
#define FEATURES_LOOKUP_MAP_H

#include "features/lookup_layout.h"

#include <stdatomic.h>

struct lookup_map {
    const struct lookup_header *header;
    uint8_t *data;
    uint64_t size;
    atomic_uint_fast64_t *checked; /* a bit a block */
    char *path;                    /* NULL = a temporary file */
};
/* Takes the descriptor and a copy of `path`. Checks header, sizes and the checksums' digest;
 * STATUS_FAILED where the file is not what lookup_write made. */
MUST_CHECK enum status lookup_map_open(struct lookup_map *ret, int descriptor, const char *path,
                                       struct err *err);
void lookup_map_release(struct lookup_map *map);

/* Checks the blocks of bytes that are not checked yet. On STATUS_FAILED the file is removed. */
MUST_CHECK enum status lookup_map_check(const struct lookup_map *map, uint64_t offset,
                                        uint64_t size, struct err *err);
/* Bytes `at` ... `at` + size - 1 of a section, checked. STATUS_FAILED beyond its end. */
static inline enum status lookup_map_read(const struct lookup_map *map, enum lookup_section section,
                                          uint64_t at, uint64_t size, const void **ret,
                                          struct err *err)
{
    *ret = NULL;
    uint64_t offset = map->header->offsets[section] + at;
    uint64_t first = offset / LOOKUP_BLOCK,
             last = (offset + (size == 0 ? 0 : size - 1)) / LOOKUP_BLOCK;
    if (at > map->header->sizes[section] || size > map->header->sizes[section] - at)
        return fail(err, STATUS_FAILED, "a place beyond a section of the lookup index");
    *ret = map->data + offset;
    uint64_t bits = atomic_load_explicit(&map->checked[first / 64], memory_order_acquire);
    if (first == last && ((bits >> (first % 64)) & 1) != 0) return STATUS_OK;
    return lookup_map_check(map, offset, size, err);
}

#endif
