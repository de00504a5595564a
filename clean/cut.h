/* clean/cut.h: input batches cut anew into windows of at most 65,536 rows and 64 MiB of values.
 *
 * Where a window ends depends on the values alone, not on how the input was cut, on memory or on
 * threads; so everything that is summed window by window is the same for any of them. */
#ifndef CLEAN_CUT_H
#define CLEAN_CUT_H

#include "columnar/array.h"

/* Bytes the values of rows first ... first + count - 1 take: fixed widths, text lengths, 4 for a
 * dictionary index; the same however the rows were cut. */
uint64_t values_bytes(const struct batch *batch, int64_t first, int64_t count);

struct cutter {
    void *context;
    enum status (*next)(void *context, struct batch *ret, bool *ret_end, struct err *err);
    int64_t rows_maximum; /* BATCH_ROWS_MAXIMUM */
    uint64_t bytes_maximum;
    uint64_t row_bytes; /* counted for each row besides its values: what later steps add to it */
    /* private */
    struct batch *parts; /* read and not handed out yet */
    size_t count, room;
    int64_t rows;
    uint64_t bytes;
    bool ended;
};

/* Reads through `next` until a window is full. *ret_end true and no batch at the end. */
MUST_CHECK enum status cutter_next(struct cutter *cutter, struct batch *ret, bool *ret_end,
                                   struct err *err);
void cutter_release(struct cutter *cutter);

#endif
