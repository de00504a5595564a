/* tests/fuzz/fuzz_jpeg.c: any bytes as a JPEG: a fault, or every row of the size that was told. */
#include "decode_picture.h"
#include "within.h"

static enum status decode(const uint8_t *data, size_t size, struct err *err)
{
    return decode_everything(picture_decode_jpeg, data, size, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_within(decode, data, size);
}
