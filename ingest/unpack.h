/* ingest/unpack.h: compressed bytes as an input of plain ones: gzip, Zstandard, xz, bzip2.
 *
 * Several members, frames or streams behind each other are one. Data that are damaged, cut off, or
 * followed by something else are an error, never a silent end; checksums are verified. */
#ifndef INGEST_UNPACK_H
#define INGEST_UNPACK_H

#include "base/input.h"

#include <stddef.h>

#define PACKING_HEAD 6 /* bytes that are enough for packing_of() */

/* Against bombs (design section 9). */
struct unpack_limits {
    double ratio;   /* unpacked bytes a packed byte at most, beyond the first RATIO_FREE_BYTES */
    uint64_t bytes; /* unpacked from one source at most; 0 = any number */
};
#define UNPACK_RATIO     200
#define RATIO_FREE_BYTES (16u << 20) /* small files may be as repetitive as they like */

/* STATUS_FAILED when `plain` bytes out of `packed` ones are beyond the limits. */
MUST_CHECK enum status unpack_check(const struct unpack_limits *limits, uint64_t plain,
                                    uint64_t packed, struct err *err);

struct packing; /* one way of compressing */
/* How these first bytes are packed, by their magic number; NULL = they are not. */
const struct packing *packing_of(const uint8_t *head, size_t size);
const char *packing_name(const struct packing *packing); /* "gzip" */
/* How much of a file's name stays: "a.csv.gz" is 5, "b.tgz" 1 (its tar is recognized by itself). */
size_t packing_plain_name(const struct packing *packing, const char *name);

/* The plain bytes of *packed, which is taken, also on failure. Memory: 256 KiB and what the method
 * needs, at most 128 MiB (the window of a Zstandard frame or an xz block). */
MUST_CHECK enum status input_unpack(struct input **ret, struct input **packed,
                                    const struct packing *packing,
                                    const struct unpack_limits *limits, struct err *err);

#endif
