/* tests/fuzz/decode_picture.c: decodes a picture in each way there is and looks at every pixel. */
#include "decode_picture.h"

#include <stdlib.h>

/* Small, so that most time goes into headers and not into pixels. */
static const struct picture_limits limits = {1u << 20, 16u << 20, 20};

struct seen {
    struct picture_info info;
    uint32_t rows;
    uint32_t sum;
};

static enum status begin(void *context, const struct picture_info *info, struct err *err)
{
    struct seen *seen = context;
    (void)err;
    if (info->width == 0 || info->height == 0 || (info->channels != 1 && info->channels != 3))
        abort();
    if ((uint64_t)info->whole_width * info->whole_height > limits.pixels) abort();
    *seen = (struct seen){.info = *info};
    return STATUS_OK;
}

static enum status row(void *context, uint32_t y, const uint8_t *pixels, struct err *err)
{
    struct seen *seen = context;
    (void)err;
    if (y != seen->rows || y >= seen->info.height) abort();
    seen->rows++;
    for (size_t i = 0; i < (size_t)seen->info.width * (size_t)seen->info.channels; i++)
        seen->sum += pixels[i];
    return STATUS_OK;
}

enum status decode_everything(picture_decoder *decode, const uint8_t *data, size_t size,
                              struct err *err)
{
    static const struct picture_sink ways[] = {
        {.begin = begin, .row = row},
        {.begin = begin, .row = row, .gray_side = 16},
        {.begin = begin, .row = row, .least_width = 8, .least_height = 8},
        {.begin = begin},
    };
    struct str bytes = {(const char *)data, size};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct seen seen = {0};
        struct picture_sink sink = ways[i];
        struct picture_fault fault = {0};
        sink.context = &seen;
        TRY(decode(bytes, &limits, &sink, &fault, err));
        if (fault.reason[0] != '\0') return fail(err, STATUS_FAILED, "%s", fault.reason);
        if (sink.row != NULL && seen.rows != seen.info.height) abort();
    }
    return STATUS_OK;
}
