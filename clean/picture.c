/* clean/picture.c: tells PNG from JPEG by signature and calls the decoder. */
#include "clean/picture.h"
#include "clean/picture_served.h"

#include <stdio.h>

const struct picture_limits picture_limits_default = {100000000, 64u << 20, 100};

enum picture_format picture_format_of(struct str bytes)
{
    if (bytes.size >= 8 && memcmp(bytes.data, "\x89PNG\r\n\x1a\n", 8) == 0) return PICTURE_PNG;
    if (bytes.size >= 3 && memcmp(bytes.data, "\xff\xd8\xff", 3) == 0) return PICTURE_JPEG;
    return PICTURE_UNKNOWN;
}

const char *picture_format_name(enum picture_format format)
{
    switch (format) {
    case PICTURE_PNG: return "png";
    case PICTURE_JPEG: return "jpeg";
    case PICTURE_UNKNOWN: break;
    }
    return "unknown";
}

enum status picture_decode_here(struct str bytes, const struct picture_limits *limits,
                                const struct picture_sink *sink, struct picture_fault *ret_fault,
                                struct err *err)
{
    ret_fault->reason[0] = '\0';
    switch (picture_format_of(bytes)) {
    case PICTURE_PNG: return picture_decode_png(bytes, limits, sink, ret_fault, err);
    case PICTURE_JPEG: return picture_decode_jpeg(bytes, limits, sink, ret_fault, err);
    case PICTURE_UNKNOWN: break;
    }
    snprintf(ret_fault->reason, sizeof ret_fault->reason, "%s",
             bytes.size == 0 ? "empty file" : "neither a PNG nor a JPEG signature");
    return STATUS_OK;
}

/* What is no picture by its signature is known without a decoder. */
enum status picture_decode(struct str bytes, const struct picture_limits *limits,
                           const struct picture_sink *sink, struct picture_fault *ret_fault,
                           struct err *err)
{
    bool served = sandbox_is_open() && picture_format_of(bytes) != PICTURE_UNKNOWN;
    return served ? picture_decode_served(bytes, limits, sink, ret_fault, err)
                  : picture_decode_here(bytes, limits, sink, ret_fault, err);
}
