/* clean/picture.h: decodes a PNG or JPEG picture held in memory, row by row, within limits.
 *
 * A broken picture is data, not an error: the fault says why in one line and the status is OK.
 * libpng and libjpeg-turbo run with warnings as faults, a counted budget and bounded work (design
 * section 9), so a hostile file costs no more than its limits. Methods: PNG (ISO/IEC 15948), JPEG
 * (ITU-T T.81). Every function may run on any thread. */
#ifndef CLEAN_PICTURE_H
#define CLEAN_PICTURE_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum picture_format { PICTURE_UNKNOWN, PICTURE_PNG, PICTURE_JPEG };

struct picture_limits {
    uint64_t pixels; /* width x height; times 7 for an interlaced PNG */
    uint64_t memory; /* bytes the library may hold */
    int scans;       /* of a progressive JPEG */
};
/* 100 M pixels, 64 MiB, 100 scans. */
extern const struct picture_limits picture_limits_default;

struct picture_info {
    enum picture_format format;
    uint32_t width, height;
    uint32_t scale; /* 1, or 2, 4, 8: sides are these parts of the whole ones, rounded up */
    uint32_t whole_width, whole_height;
    int channels; /* of the rows handed out: 1 gray, 3 RGB; 8 bits each, alpha dropped */
};

/* Who takes the rows, top to bottom. A status other than OK ends the decoding and is returned. row
 * NULL = only the header is wanted. */
struct picture_sink {
    void *context;
    enum status (*begin)(void *context, const struct picture_info *info, struct err *err);
    enum status (*row)(void *context, uint32_t y, const uint8_t *pixels, struct err *err);
    /* Above 0: gray is enough, and the picture may come smaller, with its shorter side at least
     * this long; `begin` is told the size and channels of what comes. A decoder may ignore it. */
    uint32_t gray_side;
    /* Both above 0: the picture may come smaller by a power of two, no side below these. */
    uint32_t least_width, least_height;
    /* May be NULL. Where the decoder may put the pixels of the row it makes next, before it hands
     * that over, so that nobody copies it; it may have a place of its own. NULL = the decoder's. */
    uint8_t *(*place)(void *context);
};

struct picture_fault {
    char reason[160]; /* "" = the whole picture was decoded */
};

/* By signature, never by name. */
enum picture_format picture_format_of(struct str bytes);
const char *picture_format_name(enum picture_format format); /* "png", "jpeg", "unknown" */
/* Decodes to the last row and the end of the file, in a worker where the command has some
 * (--sandbox). A fault may come after rows were handed out. */
MUST_CHECK enum status picture_decode(struct str bytes, const struct picture_limits *limits,
                                      const struct picture_sink *sink,
                                      struct picture_fault *ret_fault, struct err *err);

/* The same in this process, and the two decoders behind it. */
MUST_CHECK enum status picture_decode_here(struct str bytes, const struct picture_limits *limits,
                                           const struct picture_sink *sink,
                                           struct picture_fault *ret_fault, struct err *err);
MUST_CHECK enum status picture_decode_png(struct str bytes, const struct picture_limits *limits,
                                          const struct picture_sink *sink,
                                          struct picture_fault *ret_fault, struct err *err);
MUST_CHECK enum status picture_decode_jpeg(struct str bytes, const struct picture_limits *limits,
                                           const struct picture_sink *sink,
                                           struct picture_fault *ret_fault, struct err *err);

#endif
