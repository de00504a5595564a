/* tests/fuzz/decode_picture.h: decodes a picture in each way there is and looks at every pixel. */
#ifndef TESTS_FUZZ_DECODE_PICTURE_H
#define TESTS_FUZZ_DECODE_PICTURE_H

#include "clean/picture.h"

typedef enum status picture_decoder(struct str bytes, const struct picture_limits *limits,
                                    const struct picture_sink *sink,
                                    struct picture_fault *ret_fault, struct err *err);

/* Whole, small and gray; aborts where rows are missing or come in another order, and where a limit
 * is not kept. A fault of the picture is STATUS_FAILED. */
enum status decode_everything(picture_decoder *decode, const uint8_t *data, size_t size,
                              struct err *err);

#endif
