/* features/lookup_layout.h: the bytes of a lookup index.
 *
 * One file for a version and a definition of its view, index/<version>-<view>.lookup (both
 * digests). It is derived: it may be removed at any time and is made again. Little endian; sections
 * begin at blocks of 4 KiB:
 *
 *   header, schema (an Arrow stream without rows: entity columns, then those of the records),
 *   starts, times, created, until, gone   by position, as in struct timeline
 *   words, valid                           of each aggregate, as in struct window
 *   records                                one a position: a bit a column (1 = a value), then the
 *                                          values; texts as offset and size in the heap
 *   keys                                   one word an entity: the key, or its place in the heap
 *   heap                                   texts; a key is its size (4 bytes) and its bytes
 *   slots                                  a hash table (linear probing, at most half full)
 *   checksums                              XXH3 of every block before
 *
 * The header holds the XXH3 of the checksums and a digest of itself. A block is checked when it is
 * read for the first time. */
#ifndef FEATURES_LOOKUP_LAYOUT_H
#define FEATURES_LOOKUP_LAYOUT_H

#include "base/digest.h"
#include "features/view.h"

#define LOOKUP_MAGIC  "TAMISLK1"
#define LOOKUP_BLOCK  4096u
#define LOOKUP_ENDING ".lookup"

enum lookup_section {
    LOOKUP_SCHEMA,
    LOOKUP_STARTS,
    LOOKUP_TIMES,
    LOOKUP_CREATED,
    LOOKUP_UNTIL,
    LOOKUP_GONE,
    LOOKUP_WORDS,
    LOOKUP_VALID,
    LOOKUP_RECORDS,
    LOOKUP_KEYS,
    LOOKUP_HEAP,
    LOOKUP_SLOTS,
    LOOKUP_CHECKSUMS,
    LOOKUP_SECTIONS,
};

struct lookup_header {
    char magic[8];
    struct digest version, view;
    uint64_t file_bytes;
    uint32_t rows, entities;
    uint64_t slot_mask;
    int64_t time_unit, created_unit; /* nanoseconds, 0 = the view has no such time */
    uint32_t stride, aggregates;
    uint64_t offsets[LOOKUP_SECTIONS], sizes[LOOKUP_SECTIONS];
    uint64_t checksums;   /* XXH3 of that section */
    struct digest header; /* of all before */
};

struct lookup_slot {
    uint64_t key;    /* the word, or the hash of the bytes */
    uint32_t entity; /* + 1; 0 = free */
    uint32_t zero;
};

/* Where a column is in a record. */
struct lookup_column {
    struct field field; /* of the index's schema, borrowed; never a dictionary */
    uint32_t offset, width;
    bool text; /* in the heap: the bytes themselves */
    bool json; /* in the heap: the value as JSON */
};
struct lookup_text {
    uint64_t offset;
    uint32_t size;
};
#define LOOKUP_TEXT_BYTES 12

/* The columns of the index's schema behind its `first` ones. `ret` has room for them all;
 * *ret_stride: bytes of a record. */
void lookup_columns(const struct schema *schema, size_t first, struct lookup_column *ret,
                    uint32_t *ret_stride);
/* Where a key belongs in the table. */
uint64_t lookup_place(uint64_t key, bool word);

#endif
