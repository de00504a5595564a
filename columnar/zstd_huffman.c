/* columnar/zstd_huffman.c: literals to length-limited Huffman codes.
 *
 * Code lengths are those of the classic two-queue construction over the sorted counts (D. Huffman
 * 1952, J. van Leeuwen 1976), cut at 11 bits with the Kraft sum kept at one. */
#include "columnar/zstd_huffman.h"

#include "columnar/zstd_fse.h"

#include <stdbool.h>
#include <stdlib.h>

enum { CODE_MAX = 11, WEIGHTS_LOG = 6, SMALL = 64 };

struct code {
    uint16_t value;
    uint8_t bits;
};

/* ---- lengths ---- */

struct leaf {
    uint32_t count;
    uint8_t symbol;
};

static int by_count(const void *left, const void *right)
{
    const struct leaf *a = left, *b = right;
    if (a->count != b->count) return a->count < b->count ? -1 : 1;
    return (int)a->symbol - (int)b->symbol;
}

/* How many leaves lie at each depth of the Huffman tree over ascending counts; n > 1. */
static void count_depths(const struct leaf *leaves, unsigned n, uint32_t *at_depth)
{
    uint32_t weight[256], parent[512];
    uint8_t depth[512];
    unsigned leaf = 0, inner = 0;
    for (unsigned made = 0; made + 1 < n; made++) {
        uint32_t sum = 0;
        for (unsigned k = 0; k < 2; k++) {
            if (inner == made || (leaf < n && leaves[leaf].count <= weight[inner])) {
                sum += leaves[leaf].count;
                parent[leaf++] = made;
            } else {
                sum += weight[inner];
                parent[256 + inner++] = made;
            }
        }
        weight[made] = sum;
    }
    depth[256 + n - 2] = 0;
    for (unsigned k = n - 2; k-- > 0;)
        depth[256 + k] = (uint8_t)(depth[256 + parent[256 + k]] + 1);
    for (unsigned k = 0; k < n; k++)
        at_depth[depth[256 + parent[k]] + 1]++;
}

/* Moves leaves below CODE_MAX up to it, then lengthens others until the Kraft sum is one again. */
static void limit_depths(uint32_t *at_depth, unsigned deepest)
{
    uint32_t kraft = 0;
    for (unsigned d = CODE_MAX + 1; d <= deepest; d++)
        at_depth[CODE_MAX] += at_depth[d];
    for (unsigned d = 1; d <= CODE_MAX; d++)
        kraft += at_depth[d] << (CODE_MAX - d);
    for (; kraft > 1u << CODE_MAX; kraft--) {
        unsigned d = CODE_MAX - 1;
        while (at_depth[d] == 0)
            d--;
        at_depth[CODE_MAX]--;
        at_depth[d]--;
        at_depth[d + 1] += 2;
    }
}

/* Code lengths for the n symbols that occur; returns the longest. */
static unsigned find_lengths(const uint32_t *counts, struct leaf *leaves, unsigned n,
                             struct code *codes)
{
    uint32_t at_depth[258] = {0};
    unsigned longest = 0, used = n;
    for (unsigned s = 0, k = 0; s < 256; s++)
        if (counts[s] > 0) leaves[k++] = (struct leaf){counts[s], (uint8_t)s};
    qsort(leaves, n, sizeof *leaves, by_count);
    count_depths(leaves, n, at_depth);
    limit_depths(at_depth, 257);
    for (unsigned d = 1; d <= CODE_MAX; d++) {
        for (uint32_t k = 0; k < at_depth[d]; k++)
            codes[leaves[--used].symbol].bits = (uint8_t)d;
        if (at_depth[d] > 0) longest = d;
    }
    return longest;
}

/* RFC 8878 section 4.2.1.3: the longest codes first, symbols of one length in their order. */
static void assign_values(struct code *codes, unsigned longest)
{
    uint32_t at_length[CODE_MAX + 2] = {0}, next[CODE_MAX + 2] = {0};
    uint32_t value = 0;
    for (unsigned s = 0; s < 256; s++)
        at_length[codes[s].bits]++;
    for (unsigned d = longest; d > 0; d--) {
        next[d] = value;
        value = (value + at_length[d]) >> 1;
    }
    for (unsigned s = 0; s < 256; s++)
        if (codes[s].bits > 0) codes[s].value = (uint16_t)next[codes[s].bits]++;
}

/* ---- description of the tree ---- */

/* The weights of all symbols but the last, two states taking turns (RFC 8878 section 4.2.1.2). */
static uint8_t *put_weights(const uint8_t *weights, unsigned n, const uint32_t *counts, uint8_t *to)
{
    struct fse fse;
    struct bits bits = {.at = fse_build(&fse, counts, CODE_MAX + 2, n, WEIGHTS_LOG, to + 1)};
    uint32_t state[2];
    unsigned left = n, turn = n & 1 ? 0 : 1;
    for (unsigned k = 0; k < 2; k++, turn ^= 1)
        state[turn] = fse_start(&fse, weights[--left]);
    for (; left > 0; turn ^= 1) {
        state[turn] = fse_put(&fse, state[turn], weights[--left], &bits);
        bits_store(&bits);
    }
    fse_finish(&fse, state[1], &bits);
    fse_finish(&fse, state[0], &bits);
    uint8_t *end = bits_close(&bits);
    *to = (uint8_t)(end - to - 1);
    return end;
}

static uint8_t *put_weights_plainly(const uint8_t *weights, unsigned n, uint8_t *to)
{
    *to++ = (uint8_t)(127 + n);
    for (unsigned k = 0; k < n; k += 2)
        *to++ = (uint8_t)(weights[k] << 4 | (k + 1 < n ? weights[k + 1] : 0));
    return to;
}

/* NULL where the tree cannot be described: over 128 weights that do not shrink. */
static uint8_t *describe(const struct code *codes, unsigned longest, uint8_t *to)
{
    uint8_t weights[256];
    uint32_t counts[CODE_MAX + 2] = {0};
    unsigned last = 255, kinds = 0;
    while (codes[last].bits == 0)
        last--;
    for (unsigned s = 0; s < last; s++) {
        weights[s] = codes[s].bits == 0 ? 0 : (uint8_t)(longest + 1 - codes[s].bits);
        kinds += counts[weights[s]]++ == 0;
    }
    if (last > 2 && kinds > 1) {
        uint8_t *end = put_weights(weights, last, counts, to);
        if (end - to - 1 < 128 && (last > 128 || (size_t)(end - to) <= (last + 1) / 2)) return end;
    }
    return last <= 128 ? put_weights_plainly(weights, last, to) : NULL;
}

/* ---- streams ---- */

static inline void put_code(struct bits *bits, const struct code *codes, uint8_t literal)
{
    bits_put(bits, codes[literal].value, codes[literal].bits);
}

/* From the last literal to the first; five codes of at most 11 bits fit between two stores. */
static uint8_t *put_stream(uint8_t *to, const uint8_t *literals, size_t size,
                           const struct code *codes)
{
    struct bits bits = {.at = to};
    size_t left = size;
    for (; left % 5 != 0; left--)
        put_code(&bits, codes, literals[left - 1]);
    bits_store(&bits);
    for (; left > 0; left -= 5) {
        const uint8_t *five = literals + left - 5;
        put_code(&bits, codes, five[4]);
        put_code(&bits, codes, five[3]);
        put_code(&bits, codes, five[2]);
        put_code(&bits, codes, five[1]);
        bits_store(&bits);
        put_code(&bits, codes, five[0]);
    }
    bits_store(&bits);
    return bits_close(&bits);
}

static uint8_t *put_streams(uint8_t *to, const uint8_t *literals, size_t size,
                            const struct code *codes)
{
    size_t part = (size + 3) / 4;
    uint8_t *jump = to, *at = to + 6;
    for (unsigned k = 0; k < 3; k++) {
        uint8_t *end = put_stream(at, literals + k * part, part, codes);
        uint16_t length = (uint16_t)(end - at);
        memcpy(jump + 2 * k, &length, sizeof length);
        at = end;
    }
    return put_stream(at, literals + 3 * part, size - 3 * part, codes);
}

/* ---- the section ---- */

enum section { SECTION_RAW = 0, SECTION_ONE_BYTE = 1, SECTION_HUFFMAN = 2 };

static uint8_t *put_header(uint8_t *to, enum section kind, size_t size)
{
    uint32_t head = (uint32_t)kind;
    unsigned length = size < 32 ? 1 : size < 4096 ? 2 : 3;
    head |= length == 1 ? (uint32_t)size << 3 : (length == 2 ? 4u : 12u) | (uint32_t)size << 4;
    memcpy(to, &head, sizeof head);
    return to + length;
}

/* Four streams; both sizes in 10, 14 or 18 bits. */
static uint8_t *put_huffman_header(uint8_t *to, size_t size, size_t packed)
{
    size_t larger = size > packed ? size : packed;
    unsigned width = larger < 1024 ? 10 : larger < 16384 ? 14 : 18;
    uint64_t head = SECTION_HUFFMAN | (uint64_t)((width - 6) / 4) << 2 | (uint64_t)size << 4 |
                    (uint64_t)packed << (4 + width);
    unsigned length = (4 + 2 * width) / 8;
    memcpy(to, &head, length);
    return to + length;
}

static void count_bytes(const uint8_t *literals, size_t size, uint32_t *counts)
{
    uint32_t lanes[4][256] = {0};
    size_t at = 0;
    for (; at + 4 <= size; at += 4)
        for (unsigned k = 0; k < 4; k++)
            lanes[k][literals[at + k]]++;
    for (; at < size; at++)
        lanes[0][literals[at]]++;
    for (unsigned s = 0; s < 256; s++)
        counts[s] = lanes[0][s] + lanes[1][s] + lanes[2][s] + lanes[3][s];
}

/* Codes for the literals; 0 where Huffman would not shorten them by at least a 32nd. */
static unsigned make_codes(const uint32_t *counts, unsigned n, size_t size, struct code *codes)
{
    struct leaf leaves[256];
    uint64_t total = 0;
    unsigned longest = find_lengths(counts, leaves, n, codes);
    for (unsigned s = 0; s < 256; s++)
        total += (uint64_t)counts[s] * codes[s].bits;
    if (total / 8 + size / 32 + 32 > size) return 0;
    assign_values(codes, longest);
    return longest;
}

static uint8_t *put_raw(uint8_t *to, const uint8_t *literals, size_t size)
{
    to = put_header(to, SECTION_RAW, size);
    if (size > 0) memcpy(to, literals, size);
    return to + size;
}

uint8_t *huffman_write(uint8_t *to, const uint8_t *literals, size_t size)
{
    uint32_t counts[256];
    struct code codes[256] = {0};
    unsigned n = 0, longest = 0;
    if (size < SMALL) return put_raw(to, literals, size);
    count_bytes(literals, size, counts);
    for (unsigned s = 0; s < 256; s++)
        n += counts[s] > 0;
    if (n == 1) {
        to = put_header(to, SECTION_ONE_BYTE, size);
        *to++ = *literals;
        return to;
    }
    longest = make_codes(counts, n, size, codes);
    if (longest == 0) return put_raw(to, literals, size);
    uint8_t *room = to + 5, *end = describe(codes, longest, room);
    if (end == NULL) return put_raw(to, literals, size);
    end = put_streams(end, literals, size, codes);
    uint8_t *start = put_huffman_header(to, size, (size_t)(end - room));
    memmove(start, room, (size_t)(end - room));
    return start + (end - room);
}
