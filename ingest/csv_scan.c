/* ingest/csv_scan.c: the structure of CSV bytes, 64 at a time. Compiled once a level with
 * -DKERNEL_LEVEL=N; the masks are taken with that level's vector instructions. */
#include "ingest/csv_scan.h"

#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#if KERNEL_LEVEL == 1
#define SCAN_TABLE csv_scan_v1
#elif KERNEL_LEVEL == 2
#define SCAN_TABLE csv_scan_v2
#elif KERNEL_LEVEL == 3
#define SCAN_TABLE csv_scan_v3
#else
#define SCAN_TABLE csv_scan_v4
#endif

/* ---- 64 bytes ---- */

#if defined(__AVX512BW__)
struct block {
    __m512i bytes;
};
static inline struct block block_load(const uint8_t *data)
{
    return (struct block){_mm512_loadu_si512(data)};
}
static inline uint64_t block_equal(const struct block *block, uint8_t byte)
{
    return _mm512_cmpeq_epi8_mask(block->bytes, _mm512_set1_epi8((char)byte));
}
#elif defined(__AVX2__)
struct block {
    __m256i low, high;
};
static inline struct block block_load(const uint8_t *data)
{
    return (struct block){_mm256_loadu_si256((const __m256i *)(const void *)data),
                          _mm256_loadu_si256((const __m256i *)(const void *)(data + 32))};
}
static inline uint64_t block_equal(const struct block *block, uint8_t byte)
{
    __m256i wanted = _mm256_set1_epi8((char)byte);
    uint32_t low = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(block->low, wanted));
    uint32_t high = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(block->high, wanted));
    return low | (uint64_t)high << 32;
}
#elif defined(__SSE2__)
struct block {
    __m128i part[4];
};
static inline struct block block_load(const uint8_t *data)
{
    struct block block;
    for (int i = 0; i < 4; i++)
        block.part[i] = _mm_loadu_si128((const __m128i *)(const void *)(data + 16 * i));
    return block;
}
static inline uint64_t block_equal(const struct block *block, uint8_t byte)
{
    __m128i wanted = _mm_set1_epi8((char)byte);
    uint64_t mask = 0;
    for (int i = 0; i < 4; i++) {
        int bits = _mm_movemask_epi8(_mm_cmpeq_epi8(block->part[i], wanted));
        mask |= (uint64_t)(uint32_t)bits << (16 * i);
    }
    return mask;
}
#else
struct block {
    const uint8_t *data;
};
static inline struct block block_load(const uint8_t *data)
{
    return (struct block){data};
}
static inline uint64_t block_equal(const struct block *block, uint8_t byte)
{
    uint64_t mask = 0;
    for (int i = 0; i < 64; i++)
        mask |= (uint64_t)(block->data[i] == byte) << i;
    return mask;
}
#endif

/* Bit i = parity of the bits 0 ... i. */
static inline uint64_t parity(uint64_t bits)
{
    for (int step = 1; step < 64; step *= 2)
        bits ^= bits << step;
    return bits;
}

/* ---- what the bytes mean ---- */

struct meaning {
    uint64_t delimiters, feeds, returns; /* outside quotes */
    uint64_t all_feeds, all_returns;
    bool odd;
};

static inline struct meaning meaning_of(const struct csv_marks *marks, const struct block *block,
                                        struct csv_scan_state *state)
{
    uint64_t delimiters = block_equal(block, marks->delimiter);
    uint64_t feeds = block_equal(block, '\n'), returns = block_equal(block, '\r');
    uint64_t quotes = marks->quotes ? block_equal(block, marks->quote) : 0;
    struct meaning meaning = {.all_feeds = feeds, .all_returns = returns};
    if ((quotes | state->inside | state->after_close) == 0) { /* most blocks of most files */
        uint64_t ends = delimiters | feeds | returns;
        state->after_mark = ends >> 63;
        meaning.delimiters = delimiters;
        meaning.feeds = feeds;
        meaning.returns = returns;
        return meaning;
    }
    uint64_t inside = parity(quotes) ^ state->inside;
    meaning.delimiters = delimiters & ~inside;
    meaning.feeds = feeds & ~inside;
    meaning.returns = returns & ~inside;
    uint64_t ends = meaning.delimiters | meaning.feeds | meaning.returns;
    uint64_t opening = quotes & inside, closing = quotes & ~inside;
    uint64_t may_open = (ends | closing) << 1 | state->after_mark | state->after_close;
    uint64_t must_end = closing << 1 | state->after_close;
    meaning.odd = (opening & ~may_open) != 0 || (must_end & ~(ends | opening)) != 0;
    state->inside = 0 - (inside >> 63);
    state->after_mark = ends >> 63;
    state->after_close = closing >> 63;
    return meaning;
}

/* ---- places ---- */

static inline size_t put_places(uint64_t bits, uint32_t at, uint32_t *ret)
{
    size_t count = (size_t)__builtin_popcountll(bits);
    for (size_t done = 0; done < count; done += 4)
        for (size_t i = 0; i < 4; i++) { /* a few more than there are: the branch costs more */
            ret[done + i] = at + (uint32_t)__builtin_ctzll(bits | 1ull << 63);
            bits &= bits - 1;
        }
    return count;
}

static size_t scan_places(const struct csv_marks *marks, const uint8_t *data, size_t size,
                          uint32_t *ret_places, bool *ret_odd)
{
    struct csv_scan_state state = CSV_SCAN_FRESH;
    size_t count = 0;
    *ret_odd = false;
    for (size_t at = 0; at < size; at += 64) {
        uint8_t tail[64] = {0}; /* behind the last byte stands no mark */
        const uint8_t *bytes = data + at;
        if (size - at < sizeof tail) bytes = memcpy(tail, bytes, size - at);
        struct block block = block_load(bytes);
        struct meaning meaning = meaning_of(marks, &block, &state);
        if (meaning.odd) {
            *ret_odd = true;
            break;
        }
        uint64_t ends = meaning.delimiters | meaning.feeds | meaning.returns;
        count += put_places(ends, (uint32_t)at, ret_places + count);
    }
    return count;
}

/* ---- counts ---- */

/* What ends and what is blank among 64 bytes, with the byte behind them. */
struct ends {
    uint64_t records; /* the last byte of each record's line end */
    uint64_t blank;   /* those of them whose record has no byte */
    uint64_t lines;   /* the last byte of each line end, inside quotes too */
};

static inline struct ends ends_of(const struct meaning *meaning, bool feed_is_next,
                                  struct csv_scan_state *state)
{
    uint64_t next = (uint64_t)feed_is_next << 63;
    uint64_t records = meaning->feeds | (meaning->returns & ~(meaning->feeds >> 1 | next));
    struct ends ends = {
        .records = records,
        .lines = meaning->all_feeds | (meaning->all_returns & ~(meaning->all_feeds >> 1 | next)),
    };
    uint64_t begin =
        meaning->returns | (meaning->feeds & ~(meaning->returns << 1 | state->after_return));
    uint64_t begin_blank = begin & (records << 1 | state->after_end);
    uint64_t returns_blank = begin_blank & ~records; /* CR with its LF behind */
    ends.blank = (begin_blank & records) | returns_blank << 1 | state->after_blank;
    state->after_return = meaning->returns >> 63;
    state->after_end = records >> 63;
    state->after_blank = returns_blank >> 63;
    return ends;
}

static size_t scan_count(const struct csv_marks *marks, const uint8_t *data, size_t from,
                         size_t size, int64_t most_records, uint64_t most_cost, uint64_t row_cost,
                         bool blank_is_record, struct csv_scan_state *state,
                         struct csv_scan_count *count)
{
    size_t at = from;
    for (; at + 65 <= size; at += 64) {
        struct csv_scan_state before = *state;
        struct block block = block_load(data + at);
        struct meaning meaning = meaning_of(marks, &block, state);
        struct ends ends = ends_of(&meaning, data[at + 64] == '\n', state);
        int64_t blanks = blank_is_record ? 0 : __builtin_popcountll(ends.blank);
        int64_t records = count->records + __builtin_popcountll(ends.records) - blanks;
        if (meaning.odd || records >= most_records ||
            at + 64 + (uint64_t)records * row_cost > most_cost) {
            count->odd = meaning.odd;
            *state = before;
            return at;
        }
        if (ends.records != 0) {
            int behind = __builtin_clzll(ends.records);
            count->end = at + 64 - (size_t)behind;
            count->lines = count->lines_seen + __builtin_popcountll(ends.lines << behind);
            count->records = records;
            count->blank_lines += blanks;
        }
        count->lines_seen += __builtin_popcountll(ends.lines);
    }
    return at;
}

const struct csv_scan SCAN_TABLE = {.places = scan_places, .count = scan_count};
