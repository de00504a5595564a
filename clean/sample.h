/* clean/sample.h: a sample of rows of numbers, the same for any threads, windows or order.
 *
 * The rows with the smallest hashes of (source, record) are kept (bottom-k sampling, Cohen and
 * Kaplan 2007): a full table halves the bound below which hashes are taken. Sorted by hash, any
 * beginning of the sample is a sample itself. */
#ifndef CLEAN_SAMPLE_H
#define CLEAN_SAMPLE_H

#include "clean/counts.h"
#include "clean/module.h"

/* Of (source, record), which the rows of samples are chosen by. */
uint64_t sample_hash(const struct window *window, int64_t row, int64_t seed);

/* Which row of which source. */
struct sample_origin {
    uint32_t source; /* place in sources.items */
    int64_t record;
};

struct sampled {
    uint64_t hash;
    size_t place; /* of its values in rows */
};

struct sample {
    size_t columns, most;
    struct sampled *sampled;
    double *rows; /* count x columns, gaps NaN */
    size_t count;
    uint64_t below; /* only hashes below are taken */
    /* Of each row, where the tallies say it (sample_observe_origins). */
    struct sample_origin *origins;
    struct counts sources;
};
/* Memory is taken with the first row. */
void sample_open(struct sample *ret, size_t columns, size_t most);
void sample_release(struct sample *sample);

/* All rows of one window. Zero-initialize. */
struct sample_tally {
    uint64_t *hashes;
    double *rows;
    size_t count;
    struct sample_origin *origins; /* NULL = not wanted */
    struct counts sources;
};
/* columns    `count` of them, field_is_ordered_number; null, NaN and infinite values become NaN */
MUST_CHECK enum status sample_observe(const struct window *window, const size_t *columns,
                                      size_t count, int64_t seed, struct sample_tally *tally,
                                      struct err *err);
/* Also which rows they are. */
MUST_CHECK enum status sample_observe_origins(const struct window *window,
                                              struct sample_tally *tally, struct err *err);
/* Some of its rows (`count` places). */
MUST_CHECK enum status sample_tally_pick(const struct sample_tally *tally, size_t columns,
                                         const size_t *places, size_t count,
                                         struct sample_tally *ret, struct err *err);
/* Window order; releases the tally. */
MUST_CHECK enum status sample_absorb(struct sample *sample, struct sample_tally *tally,
                                     struct err *err);
/* A tally as bytes, and back: only the rows that a sample of `most` rows can take from one window.
 * Without origins. */
MUST_CHECK enum status sample_tally_carry(struct sample_tally *tally, size_t columns, size_t most,
                                          struct wire *wire, struct err *err);
void sample_tally_release(struct sample_tally *tally);
/* Into the order of the hashes, which has nothing to do with the order of the rows. */
MUST_CHECK enum status sample_sort(struct sample *sample, struct err *err);

#endif
