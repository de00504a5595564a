/* columnar/zstd_words.c: matches of whole words and of high bytes. */
#include "columnar/zstd_words.h"

#include "base/memory.h"
#include "columnar/zstd_block.h"

#include <string.h>
#include <xxhash.h>

enum {
    WORD = 8,
    BLOCK_WORDS = ZSTD_BLOCK / WORD,
    FIRST_WORDS = 16, /* a short first block: those after it know the offset 8 */
    SEEN_LOG = 14,    /* words remembered: 64 KiB, well inside the second-level cache */
    TRIAL = 1024,     /* words after which a block stops to look for what it does not find */
    TRIAL_FINDS = 64,
    NARROW = 2,          /* bytes that vary in a column of small integers */
    MATCH_MIN = 3,       /* of the format */
    LITERALS_CHEAPER = 3 /* so few bytes cost less than a distance far away */
};

struct packer {
    const uint8_t *from;
    uint64_t words;
    uint32_t used[3]; /* offsets used last, the youngest first */
    struct zstd_block block;
    struct seen {
        uint64_t word;
        uint64_t place; /* position + 1 */
    } * seen;           /* by hash */
    struct zstd_sequence *sequences;
    uint8_t *literals;
    uint8_t *room;
};

static inline uint64_t word_at(const uint8_t *from, uint64_t i)
{
    uint64_t word;
    memcpy(&word, from + i * WORD, sizeof word);
    return word;
}

/* ---- sequences ---- */

/* Where a block stands; a local variable of the loops, so that it stays in registers. */
struct cursor {
    uint8_t *literal;
    struct zstd_sequence *sequence;
    uint32_t pending; /* literals since the last sequence */
    uint32_t used0, used1, used2;
};

/* `count` low bytes of a word; what lies behind them is overwritten by the next. */
static inline void add_literals(struct cursor *at, uint64_t word, unsigned count)
{
    memcpy(at->literal, &word, sizeof word);
    at->literal += count;
    at->pending += count;
}

/* RFC 8878 section 3.1.1.5: without literals before it a sequence cannot mean the youngest offset;
 * add_match never asks for that. */
static inline uint32_t offset_field(struct cursor *at, uint32_t offset)
{
    if (at->pending > 0 && offset == at->used0) return 1;
    uint32_t field = offset + 3, skip = at->pending == 0;
    if (offset == at->used1)
        field = 2 - skip;
    else if (offset == at->used2)
        field = 3 - skip;
    if (offset != at->used1) at->used2 = at->used1;
    at->used1 = at->used0;
    at->used0 = offset;
    return field;
}

/* `first` is the block's first sequence: a match that goes on lengthens the one before. */
static inline void add_match(struct cursor *at, const struct zstd_sequence *first, uint32_t length,
                             uint32_t offset)
{
    if (at->pending == 0 && at->sequence > first && offset == at->used0) {
        at->sequence[-1].match += length;
        return;
    }
    uint32_t field = offset_field(at, offset);
    *at->sequence++ = (struct zstd_sequence){at->pending, length, field};
    at->pending = 0;
}

/* ---- what kind of block ---- */

struct look {
    uint64_t changes; /* bits in which neighbors differ somewhere */
    uint64_t steps;   /* words that differ from the word before in their lowest byte only, or not */
};

static struct look look_at(const uint8_t *from, uint64_t first, uint64_t end)
{
    uint64_t changes = 0, steps = 0;
    for (uint64_t i = first == 0 ? 1 : first; i < end; i++) {
        uint64_t change = word_at(from, i) ^ word_at(from, i - 1);
        changes |= change;
        steps += change < 256;
    }
    return (struct look){changes, steps};
}

/* How many low bytes of a column of small integers vary; 0 where it is no such column, and where
 * its second byte takes many values but seldom another, as numbers that count up do: there a byte a
 * word is enough. */
static unsigned narrow_bytes(const struct look *look, uint64_t words)
{
    if (look->changes == 0 || look->changes >= 1u << (8 * NARROW)) return 0;
    if (look->changes < 256) return 1;
    bool counting = look->steps > words / 8 * 7 && __builtin_popcountll(look->changes >> 8) > 2;
    return counting ? 0 : NARROW;
}

/* Small integers: the low bytes are literals, the high ones those of the word before. All sequences
 * are alike, and so cost nothing. */
static void pack_narrow(struct packer *packer, uint64_t first, uint64_t end, unsigned varying)
{
    const uint8_t *from = packer->from;
    uint8_t *literals = packer->literals;
    if (varying == 1) {
        for (uint64_t i = first; i < end; i++)
            *literals++ = from[i * WORD];
    } else {
        for (uint64_t i = first; i < end; i++, literals += 2)
            memcpy(literals, from + i * WORD, 2);
    }
    *packer->sequences = (struct zstd_sequence){varying, WORD - varying, 1};
    packer->block.alike = true;
    packer->block.count = end - first;
    packer->block.literal_size = varying * (end - first);
}

static inline uint32_t words_alike(const uint8_t *from, uint64_t i, uint64_t end, uint64_t back)
{
    uint64_t k = i;
    while (k < end && word_at(from, k) == word_at(from, k - back))
        k++;
    return (uint32_t)(k - i);
}

/* Where this word stood last, + 1; from now on, at `i`. */
static inline uint64_t seen_before(struct seen *seen, uint64_t word, uint64_t i)
{
    seen += (word * 0x9E3779B97F4A7C15u) >> (64 - SEEN_LOG);
    uint64_t place = seen->word == word ? seen->place : 0;
    *seen = (struct seen){word, i + 1};
    return place;
}

static void pack_wide(struct packer *packer, uint64_t first, uint64_t end)
{
    const uint8_t *from = packer->from;
    struct cursor at = {packer->literals, packer->sequences, 0,
                        packer->used[0],  packer->used[1],   packer->used[2]};
    uint64_t i = first, tried = 0, found = 0;
    if (i == 0) add_literals(&at, word_at(from, i++), WORD);
    uint64_t before = i < end ? word_at(from, i - 1) : 0;
    while (i < end) {
        uint64_t word = word_at(from, i), change = word ^ before, back = 1;
        unsigned shared = change == 0 ? WORD : (unsigned)__builtin_clzll(change) / 8;
        before = word;
        if (shared < WORD - LITERALS_CHEAPER && (tried < TRIAL || found >= TRIAL_FINDS)) {
            uint64_t place = seen_before(packer->seen, word, i);
            tried++;
            if (place > 0) {
                back = i - (place - 1);
                shared = WORD;
                found++;
            }
        }
        if (shared < WORD) {
            bool match = shared >= MATCH_MIN;
            add_literals(&at, word, match ? WORD - shared : WORD);
            if (match) add_match(&at, packer->sequences, shared, WORD);
            i++;
            continue;
        }
        uint32_t alike = words_alike(from, i, end, back);
        add_match(&at, packer->sequences, alike * WORD, (uint32_t)back * WORD);
        i += alike;
        before = word_at(from, i - 1);
    }
    packer->block.literal_size = (size_t)(at.literal - packer->literals);
    packer->block.count = (size_t)(at.sequence - packer->sequences);
    packer->used[0] = at.used0;
    packer->used[1] = at.used1;
    packer->used[2] = at.used2;
}

/* ---- blocks ---- */

static void find_sequences(struct packer *packer, uint64_t first, uint64_t end)
{
    struct look look = look_at(packer->from, first, end);
    unsigned varying = narrow_bytes(&look, end - first);
    packer->block =
        (struct zstd_block){.literals = packer->literals, .sequences = packer->sequences};
    if (packer->used[0] == WORD && varying > 0)
        pack_narrow(packer, first, end, varying);
    else
        pack_wide(packer, first, end);
}

/* Bytes behind the last whole word. */
static void add_tail(struct packer *packer, size_t size)
{
    size_t tail = size - packer->words * WORD;
    memcpy(packer->literals + packer->block.literal_size, packer->from + packer->words * WORD,
           tail);
    packer->block.literal_size += tail;
}

/* All blocks; NULL as soon as the frame would not be smaller than `limit` allows. */
static uint8_t *put_blocks(struct packer *packer, uint8_t *to, const uint8_t *limit, size_t size)
{
    for (uint64_t first = 0; first < packer->words;) {
        uint64_t left = packer->words - first, take = first == 0 ? FIRST_WORDS : BLOCK_WORDS - 1;
        bool last = left <= take, raw = false;
        if (last) take = left;
        uint32_t used[3];
        memcpy(used, packer->used, sizeof used);
        find_sequences(packer, first, first + take);
        if (last) add_tail(packer, size);
        size_t span = last ? size - first * WORD : take * WORD;
        uint8_t *end = zstd_block_write(packer->room, &packer->block, packer->from + first * WORD,
                                        span, last, &raw);
        if (raw) memcpy(packer->used, used, sizeof used);
        size_t length = (size_t)(end - packer->room);
        if (length > (size_t)(limit - to)) return NULL;
        memcpy(to, packer->room, length);
        to += length;
        first += take;
    }
    return to;
}

/* ---- the frame ---- */

enum { FRAME_SINGLE_SEGMENT = 1 << 5, FRAME_CHECKSUM = 1 << 2, FRAME_HEAD = 13, FRAME_TAIL = 4 };

/* RFC 8878 section 3.1.1.1: the content's size in 4 or 8 bytes, no window. */
static uint8_t *put_frame_header(uint8_t *to, size_t size)
{
    uint32_t magic = 0xFD2FB528;
    uint64_t content = size;
    unsigned large = size > UINT32_MAX;
    memcpy(to, &magic, sizeof magic);
    to[4] = (uint8_t)((2 + large) << 6 | FRAME_SINGLE_SEGMENT | FRAME_CHECKSUM);
    memcpy(to + 5, &content, large ? 8 : 4);
    return to + 5 + (large ? 8 : 4);
}

static size_t put_frame(struct packer *packer, uint8_t *to, size_t size)
{
    if (size < FRAME_HEAD + FRAME_TAIL + 2 * WORD) return 0;
    uint8_t *end = put_frame_header(to, size);
    end = put_blocks(packer, end, to + size - FRAME_TAIL, size);
    if (end == NULL) return 0;
    uint32_t checksum = (uint32_t)XXH64(packer->from, size, 0);
    memcpy(end, &checksum, sizeof checksum);
    return (size_t)(end + FRAME_TAIL - to);
}

static enum status get_room(struct packer *packer, uint8_t **ret, struct err *err)
{
    size_t seen = sizeof(struct seen) << SEEN_LOG;
    size_t sequences = sizeof(struct zstd_sequence) * ZSTD_BLOCK_SEQUENCES;
    size_t literals = ZSTD_BLOCK + 2 * WORD, all = seen + sequences + literals + ZSTD_BLOCK_ROOM;
    uint8_t *room = memory_get_raw(1, all);
    if (room == NULL) return fail_memory(err, all);
    *ret = room;
    packer->seen = (struct seen *)(void *)room;
    memset(packer->seen, 0, seen);
    packer->sequences = (struct zstd_sequence *)(void *)(room + seen);
    packer->literals = room + seen + sequences;
    packer->room = packer->literals + literals;
    return STATUS_OK;
}

enum status zstd_words_pack(uint8_t *to, const uint8_t *from, size_t size, size_t *ret_size,
                            struct err *err)
{
    OWNED(memory_release) uint8_t *room = NULL;
    struct packer packer = {.from = from, .words = size / WORD, .used = {1, 4, 8}};
    TRY(get_room(&packer, &room, err));
    *ret_size = put_frame(&packer, to, size);
    return STATUS_OK;
}
