/* columnar/parquet_runs.h: integers in runs and packed bits (Encodings.md "RLE/Bit-Packing Hybrid",
 * "BIT_PACKED", "DELTA_BINARY_PACKED"). Private to columnar/.
 *
 * All readers borrow their bytes and stop with STATUS_FAILED where these end. */
#ifndef COLUMNAR_PARQUET_RUNS_H
#define COLUMNAR_PARQUET_RUNS_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* ---- levels, dictionary indices, booleans ---- */

struct runs {
    const uint8_t *at, *end;
    unsigned width; /* bits of a value, 0 ... 32 */
    uint64_t left;  /* values of the run being read */
    bool packed;
    bool reversed;         /* highest bit first: the deprecated BIT_PACKED */
    uint32_t value;        /* of all values of a run that is not packed */
    const uint8_t *bits;   /* packed: first byte of the run */
    uint64_t bit, bit_end; /* next bit, and behind the last one */
};

/* Values of 0 bits are all 0 and need no bytes. */
struct runs runs_over(const uint8_t *data, size_t size, unsigned width);
/* `count` values, highest bits first, without runs. */
struct runs runs_over_reversed(const uint8_t *data, size_t size, unsigned width, uint64_t count);
MUST_CHECK enum status runs_take(struct runs *runs, uint32_t *ret, size_t count, struct err *err);
/* Skips; *ret_equal is how many of the skipped are `value`. */
MUST_CHECK enum status runs_skip(struct runs *runs, uint64_t count, uint32_t value,
                                 uint64_t *ret_equal, struct err *err);
/* Sets bit first ... first + count - 1 of `bits` (zero before) where a value is `value`. */
MUST_CHECK enum status runs_take_bits(struct runs *runs, uint32_t value, uint8_t *bits,
                                      int64_t first, int64_t count, int64_t *ret_equal,
                                      struct err *err);
/* Bits that hold 0 ... most. */
unsigned bits_for(uint32_t most);

/* ---- deltas ---- */

struct delta {
    const uint8_t *at, *end;
    uint64_t left;     /* values not yet handed out */
    uint64_t per_mini; /* values of a miniblock */
    uint64_t minis;    /* of a block */
    bool first;        /* the next value is `value` itself */
    uint64_t value, least;
    const uint8_t *widths; /* of the block's miniblocks */
    uint64_t mini;         /* of the block, the next one */
    uint64_t mini_left;    /* deltas of the miniblock being read */
    unsigned width;
    const uint8_t *bits;
    uint64_t bit, bit_end;
};

MUST_CHECK enum status delta_over(struct delta *ret, const uint8_t *data, size_t size,
                                  struct err *err);
/* Sums wrap around as the format says; take the lower 32 bits of INT32 values. */
MUST_CHECK enum status delta_take(struct delta *delta, int64_t *ret, size_t count, struct err *err);
/* The byte behind the last miniblock; a copy of a fresh reader goes there without unpacking. */
MUST_CHECK enum status delta_end(struct delta delta, const uint8_t **ret, struct err *err);

#endif
