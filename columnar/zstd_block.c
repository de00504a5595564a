/* columnar/zstd_block.c: literals and sequences to the bytes of a block. */
#include "columnar/zstd_block.h"

#include "columnar/zstd_fse.h"
#include "columnar/zstd_huffman.h"

/* ---- codes (RFC 8878 section 3.1.1.3.2.1.1) ---- */

static const uint8_t literal_bits[36] = {[16] = 1, 1, 1, 1,  2,  2,  3,  3,  4,  6,
                                         7,        8, 9, 10, 11, 12, 13, 14, 15, 16};
static const uint32_t literal_base[36] = {
    0,  1,  2,  3,  4,  5,  6,  7,  8,   9,   10,  11,   12,   13,   14,   15,    16,    18,
    20, 22, 24, 28, 32, 40, 48, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536};
static const uint8_t match_bits[53] = {[32] = 1, 1, 1, 1,  2,  2,  3,  3,  4,  4, 5,
                                       7,        8, 9, 10, 11, 12, 13, 14, 15, 16};
static const uint32_t match_base[53] = {
    3,  4,  5,  6,  7,  8,  9,  10,  11,  12,  13,   14,   15,   16,   17,    18,    19,   20,
    21, 22, 23, 24, 25, 26, 27, 28,  29,  30,  31,   32,   33,   34,   35,    37,    39,   41,
    43, 47, 51, 59, 67, 83, 99, 131, 259, 515, 1027, 2051, 4099, 8195, 16387, 32771, 65539};

static inline unsigned literal_code(uint32_t length)
{
    if (length < 16) return length;
    if (length >= 64) return bits_highest(length) + 19;
    unsigned code = 16;
    while (literal_base[code + 1] <= length)
        code++;
    return code;
}

static inline unsigned match_code(uint32_t length)
{
    if (length < 35) return length - 3;
    if (length >= 131) return bits_highest(length - 3) + 36;
    unsigned code = 32;
    while (match_base[code + 1] <= length)
        code++;
    return code;
}

/* ---- sequences as codes and the bits that make them exact ---- */

struct coded {
    uint64_t extra;
    uint8_t extra_count;
    uint8_t literal, offset, match;
};

enum column { LITERALS, OFFSETS, MATCHES, COLUMNS };
enum mode { MODE_ONE_SYMBOL = 1, MODE_TABLE = 2 };

static const struct {
    unsigned symbols, log;
} columns[COLUMNS] = {{36, 9}, {32, 8}, {53, 9}};

struct coder {
    struct fse fse[COLUMNS];
    uint32_t counts[COLUMNS][FSE_SYMBOLS];
    struct coded coded[ZSTD_BLOCK_SEQUENCES];
};

/* The decoder reads the offset's bits first, so they are written last. */
static inline struct coded code_of(const struct zstd_sequence *sequence)
{
    unsigned literal = literal_code(sequence->literal), match = match_code(sequence->match);
    unsigned offset = bits_highest(sequence->offset), count = literal_bits[literal];
    uint64_t extra = sequence->literal - literal_base[literal];
    extra |= (uint64_t)(sequence->match - match_base[match]) << count;
    count += match_bits[match];
    extra |= (uint64_t)(sequence->offset - (1u << offset)) << count;
    return (struct coded){extra, (uint8_t)(count + offset), (uint8_t)literal, (uint8_t)offset,
                          (uint8_t)match};
}

static void find_codes(struct coder *coder, const struct zstd_block *block)
{
    memset(coder->counts, 0, sizeof coder->counts);
    for (size_t i = 0; i < block->count; i++) {
        struct coded coded = code_of(&block->sequences[i]);
        coder->coded[i] = coded;
        coder->counts[LITERALS][coded.literal]++;
        coder->counts[OFFSETS][coded.offset]++;
        coder->counts[MATCHES][coded.match]++;
    }
}

/* A table just fine enough for the number of sequences. */
static unsigned table_log(enum column column, size_t count)
{
    unsigned log = bits_highest((uint32_t)count);
    log = log > 8 ? log - 2 : 6; /* 53 symbols need 64 states */
    return log < columns[column].log ? log : columns[column].log;
}

static uint8_t *put_table(struct coder *coder, enum column column, unsigned first, size_t count,
                          uint8_t *to, enum mode *ret)
{
    const uint32_t *counts = coder->counts[column];
    *ret = counts[first] == count ? MODE_ONE_SYMBOL : MODE_TABLE;
    if (*ret == MODE_TABLE)
        return fse_build(&coder->fse[column], counts, columns[column].symbols, (uint32_t)count,
                         table_log(column, count), to);
    fse_single(&coder->fse[column], first);
    *to = (uint8_t)first;
    return to + 1;
}

/* ---- the bit stream ---- */

/* Three states leave at most 33 bits held; 24 more may join them before a store. */
static inline void put_extra(const struct coded *coded, struct bits *bits)
{
    if (coded->extra_count > 24) bits_store(bits);
    bits_put(bits, coded->extra, coded->extra_count);
    bits_store(bits);
}

static uint8_t *put_bits(const struct coder *coder, size_t count, uint8_t *to)
{
    struct bits bits = {.at = to};
    const struct fse *fse = coder->fse;
    const struct coded *coded = &coder->coded[count - 1];
    uint32_t literal = fse_start(&fse[LITERALS], coded->literal);
    uint32_t offset = fse_start(&fse[OFFSETS], coded->offset);
    uint32_t match = fse_start(&fse[MATCHES], coded->match);
    put_extra(coded, &bits);
    while (coded-- > coder->coded) {
        offset = fse_put(&fse[OFFSETS], offset, coded->offset, &bits);
        match = fse_put(&fse[MATCHES], match, coded->match, &bits);
        literal = fse_put(&fse[LITERALS], literal, coded->literal, &bits);
        put_extra(coded, &bits);
    }
    fse_finish(&fse[MATCHES], match, &bits);
    fse_finish(&fse[OFFSETS], offset, &bits);
    fse_finish(&fse[LITERALS], literal, &bits);
    bits_store(&bits);
    return bits_close(&bits);
}

static uint8_t *put_count(uint8_t *to, size_t count)
{
    if (count < 128) {
        *to++ = (uint8_t)count;
    } else if (count < 0x7F00) {
        *to++ = (uint8_t)((count >> 8) + 128);
        *to++ = (uint8_t)count;
    } else {
        *to++ = 255;
        *to++ = (uint8_t)(count - 0x7F00);
        *to++ = (uint8_t)((count - 0x7F00) >> 8);
    }
    return to;
}

/* Sequences that are all alike and need no extra bits cost nothing: three symbols and the closing
 * bit say it all. */
static uint8_t *put_alike(const struct zstd_sequence *sequence, uint8_t *to)
{
    *to++ = MODE_ONE_SYMBOL << 6 | MODE_ONE_SYMBOL << 4 | MODE_ONE_SYMBOL << 2;
    *to++ = (uint8_t)literal_code(sequence->literal);
    *to++ = 0;
    *to++ = (uint8_t)match_code(sequence->match);
    *to++ = 1;
    return to;
}

static uint8_t *put_sequences(uint8_t *to, const struct zstd_block *block, struct coder *coder)
{
    enum mode literals, offsets, matches;
    to = put_count(to, block->count);
    if (block->count == 0) return to;
    if (block->alike) return put_alike(block->sequences, to);
    uint8_t *mode = to++;
    struct coded first = code_of(block->sequences);
    find_codes(coder, block);
    to = put_table(coder, LITERALS, first.literal, block->count, to, &literals);
    to = put_table(coder, OFFSETS, first.offset, block->count, to, &offsets);
    to = put_table(coder, MATCHES, first.match, block->count, to, &matches);
    *mode = (uint8_t)(literals << 6 | offsets << 4 | matches << 2);
    return put_bits(coder, block->count, to);
}

/* ---- the block ---- */

enum kind { BLOCK_RAW = 0, BLOCK_COMPRESSED = 2 };

static void put_head(uint8_t *to, bool last, enum kind kind, size_t size)
{
    uint32_t head = (uint32_t)last | (uint32_t)kind << 1 | (uint32_t)size << 3;
    memcpy(to, &head, 3);
}

uint8_t *zstd_block_write(uint8_t *to, const struct zstd_block *block, const uint8_t *from,
                          size_t size, bool last, bool *ret_raw)
{
    static _Thread_local struct coder coder;
    uint8_t *end = huffman_write(to + 3, block->literals, block->literal_size);
    end = put_sequences(end, block, &coder);
    size_t packed = (size_t)(end - to - 3);
    *ret_raw = packed >= size;
    if (*ret_raw) {
        memcpy(to + 3, from, size);
        end = to + 3 + size;
        packed = size;
    }
    put_head(to, last, *ret_raw ? BLOCK_RAW : BLOCK_COMPRESSED, packed);
    return end;
}
