/* columnar/zstd_fse.c: tables of the finite state entropy coder. */
#include "columnar/zstd_fse.h"

/* Shares of 1 << log, each symbol that occurs gets at least one; the most frequent one gives or
 * takes what rounding leaves. */
static void share_out(uint16_t *shares, const uint32_t *counts, unsigned symbols, uint32_t total,
                      unsigned log)
{
    int32_t left = 1 << log;
    unsigned largest = 0;
    for (unsigned s = 0; s < symbols; s++) {
        uint64_t share = (((uint64_t)counts[s] << log) + total / 2) / total;
        shares[s] = (uint16_t)(counts[s] > 0 && share == 0 ? 1 : share);
        left -= shares[s];
        if (shares[s] > shares[largest]) largest = s;
    }
    if (left >= 0 || -left < shares[largest] / 2) {
        shares[largest] = (uint16_t)(shares[largest] + left);
        return;
    }
    for (unsigned s = 0; left < 0; s = (s + 1) % symbols) {
        if (shares[s] < 2) continue;
        shares[s]--;
        left++;
    }
}

/* Zero shares follow a zero share in runs: 3 in two bits as long as there are three more. */
static unsigned put_zeros(const uint16_t *shares, unsigned symbol, unsigned symbols,
                          struct bits *bits)
{
    unsigned first = symbol;
    while (symbol < symbols && shares[symbol] == 0)
        symbol++;
    for (; symbol - first >= 3; first += 3) {
        bits_put(bits, 3, 2);
        bits_store(bits);
    }
    bits_put(bits, symbol - first, 2);
    return symbol;
}

/* RFC 8878 section 4.1.1: each share in as few bits as those not yet given away need. */
static uint8_t *describe(const uint16_t *shares, unsigned symbols, unsigned log, uint8_t *to)
{
    struct bits bits = {.at = to};
    uint32_t remaining = (1u << log) + 1, threshold = 1u << log;
    unsigned width = log + 1, symbol = 0;
    bits_put(&bits, log - 5, 4);
    while (symbol < symbols && remaining > 1) {
        uint32_t share = shares[symbol++];
        uint32_t spare = 2 * threshold - 1 - remaining, code = share + 1;
        remaining -= share;
        if (code >= threshold) code += spare;
        bits_put(&bits, code, width - (code < spare));
        while (remaining < threshold) {
            width--;
            threshold >>= 1;
        }
        if (share == 0) symbol = put_zeros(shares, symbol, symbols, &bits);
        bits_store(&bits);
    }
    if (bits.count > 0) *bits.at++ = (uint8_t)bits.held;
    return bits.at;
}

/* Spreads the symbols over the states in the order every decoder uses. */
static void spread(uint8_t *symbol_of, const uint16_t *shares, unsigned symbols, unsigned log)
{
    uint32_t size = 1u << log, step = (size >> 1) + (size >> 3) + 3, at = 0;
    for (unsigned s = 0; s < symbols; s++) {
        for (unsigned k = 0; k < shares[s]; k++) {
            symbol_of[at] = (uint8_t)s;
            at = (at + step) & (size - 1);
        }
    }
}

static void fill(struct fse *fse, const uint16_t *shares, unsigned symbols)
{
    uint8_t symbol_of[1 << FSE_LOG_MAX];
    uint16_t used[FSE_SYMBOLS];
    uint32_t size = 1u << fse->log, total = 0;
    for (unsigned s = 0; s < symbols; s++) {
        uint32_t share = shares[s];
        struct fse_step *step = &fse->step[s];
        used[s] = (uint16_t)total;
        *step = (struct fse_step){(int32_t)total - (int32_t)share, 0};
        if (share > 0) {
            uint32_t bits = fse->log - (share > 1 ? bits_highest(share - 1) : 0);
            step->bits = (bits << 16) - (share << bits);
        }
        total += share;
    }
    spread(symbol_of, shares, symbols, fse->log);
    for (uint32_t state = 0; state < size; state++)
        fse->next[used[symbol_of[state]]++] = (uint16_t)(size + state);
}

uint8_t *fse_build(struct fse *fse, const uint32_t *counts, unsigned symbols, uint32_t total,
                   unsigned log, uint8_t *to)
{
    uint16_t shares[FSE_SYMBOLS] = {0};
    fse->log = log;
    share_out(shares, counts, symbols, total, log);
    fill(fse, shares, symbols);
    return describe(shares, symbols, log, to);
}
