/* ingest/unpack_parts.h: one way of compressing is one row behind this struct. */
#ifndef INGEST_UNPACK_PARTS_H
#define INGEST_UNPACK_PARTS_H

#include "ingest/unpack.h"

#define UNPACK_WINDOW_LOG 27 /* design section 9 */

/* Bytes on their way through a decoder, which moves the pointers. */
struct unpack_flow {
    const uint8_t *in;
    size_t in_size;
    bool in_last; /* nothing comes behind `in` */
    uint8_t *out;
    size_t out_size; /* room */
};

struct packing {
    const char *name;
    const char *magic;
    size_t magic_size;
    const char *suffix, *tar_suffix; /* ".gz", ".tgz" */
    void *(*begin)(void);            /* NULL = no memory */
    /* Goes on until the room is full, the bytes are used up or a member ends (*ret_end; what comes
     * then begins a new one). */
    enum status (*step)(void *state, struct unpack_flow *flow, bool *ret_end, struct err *err);
    void (*finish)(void *state);
};
extern const struct packing packing_gzip, packing_zstd, packing_zstd_skippable, packing_xz,
    packing_bzip2;

#endif
