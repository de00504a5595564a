/* ingest/picture_header.h: format, width and height of a PNG or JPEG, from its header alone. */
#ifndef INGEST_PICTURE_HEADER_H
#define INGEST_PICTURE_HEADER_H

#include "base/err.h"
#include "base/sandbox.h"
#include "base/str.h"

#include <stdbool.h>

enum picture_kind { PICTURE_NONE, PICTURE_PNG, PICTURE_JPEG };

struct picture_header {
    enum picture_kind kind;
    uint32_t width, height;
    uint32_t passes; /* 7 for an interlaced PNG, else 1 */
    bool no_memory;  /* --memory was used up: the fault says nothing about the picture */
    char fault[160]; /* why the header cannot be read; "" = it can */
};

/* By its first bytes (PNG section 5.2; JPEG SOI marker). */
enum picture_kind picture_signature(struct str bytes);
const char *picture_kind_name(enum picture_kind kind);

/* `bytes` is the whole file. Decodes nothing; ancillary chunks and application markers are skipped.
 * Needs at most 64 MiB whatever the header declares. Any thread. */
void picture_header_read(struct str bytes, struct picture_header *ret);

/* The same by a worker where the command has some (--sandbox); a picture whose reader does not
 * survive it has that as its fault. */
MUST_CHECK enum status picture_header_ask(struct str bytes, struct picture_header *ret,
                                          struct err *err);
/* The worker's job. */
void picture_header_serve(struct sandbox_desk *desk);

#endif
