/* columnar/zstd_fse.h: finite state entropy, the tANS coder of zstd (RFC 8878 section 4.1; J. Duda,
 * "Asymmetric numeral systems", arXiv:1311.2540). Private to columnar/zstd_*. */
#ifndef COLUMNAR_ZSTD_FSE_H
#define COLUMNAR_ZSTD_FSE_H

#include "columnar/zstd_bits.h"

enum { FSE_LOG_MAX = 9, FSE_SYMBOLS = 64 };

/* How symbols become states. A table of log 0 is one symbol that costs no bits ("RLE"). */
struct fse {
    unsigned log;
    uint16_t next[1 << FSE_LOG_MAX];
    struct fse_step {
        int32_t first;
        uint32_t bits;
    } step[FSE_SYMBOLS];
};

/* Makes the table for symbols seen counts[0..symbols) times, `total` in all, at least two of them
 * more than 0 times, and writes its description to `to` (at most 64 bytes); log is 5..FSE_LOG_MAX
 * and 1 << log at least `symbols`. Returns the first byte behind the description. */
uint8_t *fse_build(struct fse *fse, const uint32_t *counts, unsigned symbols, uint32_t total,
                   unsigned log, uint8_t *to);

/* The table of one symbol, which costs nothing. */
static inline void fse_single(struct fse *fse, unsigned symbol)
{
    fse->log = 0;
    fse->next[0] = 0;
    fse->step[symbol] = (struct fse_step){0, 0};
}

/* The state that stands for the last symbol; nothing is written for it. */
static inline uint32_t fse_start(const struct fse *fse, unsigned symbol)
{
    const struct fse_step *step = &fse->step[symbol];
    uint32_t bits = (step->bits + (1u << 15)) >> 16;
    uint32_t value = (bits << 16) - step->bits;
    return fse->next[(int32_t)(value >> bits) + step->first];
}

static inline uint32_t fse_put(const struct fse *fse, uint32_t state, unsigned symbol,
                               struct bits *bits)
{
    const struct fse_step *step = &fse->step[symbol];
    uint32_t count = (state + step->bits) >> 16;
    bits_put(bits, state & ((1u << count) - 1), count);
    return fse->next[(int32_t)(state >> count) + step->first];
}

static inline void fse_finish(const struct fse *fse, uint32_t state, struct bits *bits)
{
    bits_put(bits, state & ((1u << fse->log) - 1), fse->log);
}

#endif
