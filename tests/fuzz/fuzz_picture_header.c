/* tests/fuzz/fuzz_picture_header.c: any bytes as the header of a PNG or JPEG: a fault, or sides. */
#include "ingest/picture_header.h"
#include "within.h"

#include <stdlib.h>

static enum status read_header(const uint8_t *data, size_t size, struct err *err)
{
    struct str bytes = {(const char *)data, size};
    struct picture_header header;
    picture_header_read(bytes, &header);
    if (header.fault[0] != '\0') return fail(err, STATUS_FAILED, "%s", header.fault);
    if (header.kind != picture_signature(bytes)) abort();
    if (header.kind == PICTURE_NONE || header.width == 0 || header.height == 0) abort();
    return STATUS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_within(read_header, data, size);
}
