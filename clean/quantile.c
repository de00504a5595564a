/* clean/quantile.c: exact quantiles by radix selection. */
#include "clean/quantile.h"

#include "base/parallel.h"
#include "clean/quantile_keys.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_LEAST (64u << 10)
#define RANKS_MANY   16 /* from here on keys are sorted instead of selected */

/* A range of keys that holds wanted ranks: all keys whose leading `bits` bits are `prefix`. */
struct cell {
    uint64_t prefix;
    int64_t below;    /* keys in front of the cell */
    int64_t count;    /* keys in it */
    uint64_t *counts; /* by the next digit, while refining */
    uint64_t *keys;   /* all of them, while collecting */
    size_t held;
    bool resolved; /* the keys are sorted as far as needed, or all equal */
};

/* The keys of one window, at hand. */
struct chunk {
    uint64_t *keys;
    size_t count;
};

struct quantiles {
    double *fractions, *values;
    size_t count;
    size_t memory, threads;
    bool centered, done;
    double center;
    int64_t total;
    /* First look: everything is kept until it does not fit; then it is counted by leading digit. */
    bool first, overflow;
    struct chunk *chunks;
    size_t chunk_count, chunk_room, kept;
    int bits;           /* of the prefixes below */
    int digit_bits;     /* of the digit being counted in this pass; 0 = keys are collected */
    struct cell *cells; /* rising; room for two a fraction */
    size_t cell_count, cell_room;
    bool sorted; /* the keys, because many ranks are wanted; those at hand in one chunk */
};

/* ---- ranks ---- */

/* The place of a fraction among `total` values: floor and remainder of (total - 1) x fraction. */
static int64_t rank_of(const struct quantiles *q, size_t index, double *ret_remainder)
{
    double place = (double)(q->total - 1) * q->fractions[index];
    double whole = floor(place);
    *ret_remainder = place - whole;
    return (int64_t)whole;
}

static struct cell *cell_with(struct quantiles *q, int64_t rank)
{
    for (size_t c = 0; c < q->cell_count; c++)
        if (rank >= q->cells[c].below && rank < q->cells[c].below + q->cells[c].count)
            return &q->cells[c];
    return NULL;
}

/* The key at `rank`; its cell is resolved. */
static uint64_t key_at(struct quantiles *q, int64_t rank)
{
    if (q->sorted && !q->overflow) return q->chunks[0].keys[rank];
    struct cell *cell = cell_with(q, rank);
    if (cell->keys == NULL) return cell->prefix; /* all 64 bits are prefix */
    if (q->sorted) return cell->keys[rank - cell->below];
    return keys_select(cell->keys, cell->held, (size_t)(rank - cell->below));
}

/* The key behind `rank`, whose key was asked for just before. */
static uint64_t key_behind(struct quantiles *q, int64_t rank)
{
    if (q->sorted) return key_at(q, rank + 1);
    const struct cell *cell = cell_with(q, rank);
    size_t place = (size_t)(rank - cell->below);
    if (cell->keys == NULL || place + 1 >= cell->held) return key_at(q, rank + 1);
    return keys_select_next(cell->keys, cell->held, place);
}

static void sort_for_many(struct quantiles *q)
{
    q->sorted = q->count >= RANKS_MANY;
    if (!q->sorted) return;
    for (size_t i = 0; i < q->chunk_count; i++)
        keys_sort(q->chunks[i].keys, q->chunks[i].count);
    for (size_t c = 0; c < q->cell_count; c++)
        if (q->cells[c].keys != NULL) keys_sort(q->cells[c].keys, q->cells[c].held);
}

static void compute_values(struct quantiles *q)
{
    sort_for_many(q);
    for (size_t i = 0; i < q->count; i++) {
        if (q->total == 0) {
            q->values[i] = NAN;
            continue;
        }
        double remainder;
        int64_t rank = rank_of(q, i, &remainder);
        double low = value_of(key_at(q, rank));
        double high = remainder > 0 ? value_of(key_behind(q, rank)) : low;
        /* low + 0 x infinity would be NaN */
        q->values[i] = low == high ? low : low + (high - low) * remainder;
    }
    q->done = true;
}

/* ---- cells ---- */

static void cells_release(struct quantiles *q)
{
    for (size_t c = 0; c < q->cell_count; c++) {
        memory_free(q->cells[c].counts);
        memory_free(q->cells[c].keys);
    }
    memset(q->cells, 0, q->cell_room * sizeof *q->cells);
    q->cell_count = 0;
}

/* 16, 12 or 8 bits a digit, by what the counters of every cell may cost. */
static int digit_for(const struct quantiles *q, size_t cells)
{
    int digit = 16;
    while (digit > 8 && cells * ((size_t)8 << digit) > q->memory)
        digit -= 4;
    return digit < KEY_BITS - q->bits ? digit : KEY_BITS - q->bits;
}

/* Adds the part of `parent` that holds `rank` to `next`, once. */
static void refine(const struct cell *parent, int digit_bits, int64_t rank, struct cell *next,
                   size_t *next_count)
{
    int64_t below = parent->below;
    uint64_t digit = 0;
    while (rank >= below + (int64_t)parent->counts[digit])
        below += (int64_t)parent->counts[digit++];
    uint64_t prefix = (parent->prefix << digit_bits) | digit;
    for (size_t c = 0; c < *next_count; c++)
        if (next[c].prefix == prefix) return;
    next[(*next_count)++] =
        (struct cell){.prefix = prefix, .below = below, .count = (int64_t)parent->counts[digit]};
}

static int by_prefix(const void *a, const void *b)
{
    uint64_t x = ((const struct cell *)a)->prefix, y = ((const struct cell *)b)->prefix;
    return (x > y) - (x < y);
}

/* The cell of a prefix, by halving; cell_count where there is none. */
static size_t cell_of(const struct quantiles *q, uint64_t prefix)
{
    size_t low = 0, high = q->cell_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (q->cells[middle].prefix < prefix)
            low = middle + 1;
        else
            high = middle;
    }
    return low < q->cell_count && q->cells[low].prefix == prefix ? low : q->cell_count;
}

/* From counted digits to the finer cells that hold wanted ranks. */
static enum status refine_cells(struct quantiles *q, struct err *err)
{
    OWNED(memory_release) struct cell *next = NULL;
    size_t next_count = 0;
    TRY(NEW(&next, q->cell_room, err));
    for (size_t i = 0; i < q->count; i++) {
        double remainder;
        int64_t rank = rank_of(q, i, &remainder);
        refine(cell_with(q, rank), q->digit_bits, rank, next, &next_count);
        if (remainder > 0)
            refine(cell_with(q, rank + 1), q->digit_bits, rank + 1, next, &next_count);
    }
    int bits = q->bits + q->digit_bits;
    cells_release(q);
    qsort(next, next_count, sizeof *next, by_prefix);
    memcpy(q->cells, next, next_count * sizeof *next);
    q->cell_count = next_count;
    q->bits = bits;
    return STATUS_OK;
}

/* What the next pass does with the cells: collect their keys if they fit, else count digits. */
static enum status plan_pass(struct quantiles *q, bool *ret_more, struct err *err)
{
    uint64_t keys = 0;
    for (size_t c = 0; c < q->cell_count; c++)
        keys += (uint64_t)q->cells[c].count;
    *ret_more = q->bits < KEY_BITS;
    if (!*ret_more) return STATUS_OK;
    bool collect = keys <= q->memory / sizeof(uint64_t);
    q->digit_bits = collect ? 0 : digit_for(q, q->cell_count);
    for (size_t c = 0; c < q->cell_count; c++) {
        struct cell *cell = &q->cells[c];
        if (collect)
            TRY(NEW(&cell->keys, (size_t)cell->count, err));
        else
            TRY(NEW(&cell->counts, (size_t)1 << q->digit_bits, err));
    }
    return STATUS_OK;
}

/* ---- first look ---- */

static void drop_chunks(struct quantiles *q)
{
    for (size_t i = 0; i < q->chunk_count; i++)
        memory_free(q->chunks[i].keys);
    memory_free(q->chunks);
    q->chunks = NULL;
    q->chunk_count = q->chunk_room = q->kept = 0;
}

/* The values no longer fit: from here on only the leading digits are counted. */
static enum status start_counting(struct quantiles *q, struct err *err)
{
    q->overflow = true;
    q->digit_bits = digit_for(q, 1);
    q->cells[0] = (struct cell){0};
    q->cell_count = 1;
    TRY(NEW(&q->cells[0].counts, (size_t)1 << q->digit_bits, err));
    for (size_t c = 0; c < q->chunk_count; c++)
        for (size_t i = 0; i < q->chunks[c].count; i++)
            q->cells[0].counts[lead(q->chunks[c].keys[i], q->digit_bits)]++;
    drop_chunks(q);
    return STATUS_OK;
}

/* Takes the keys of the tally, while there is room for them all. */
static enum status keep_all(struct quantiles *q, struct quantile_tally *tally, struct err *err)
{
    if (tally->count == 0) return STATUS_OK;
    if (q->kept + tally->count > q->memory / sizeof(uint64_t)) return start_counting(q, err);
    if (q->chunk_count == q->chunk_room) {
        size_t room = q->chunk_room == 0 ? 64 : 2 * q->chunk_room;
        struct chunk *grown = memory_resize(q->chunks, room, sizeof *grown);
        if (grown == NULL) return start_counting(q, err);
        q->chunks = grown;
        q->chunk_room = room;
    }
    uint64_t *keys = memory_resize(tally->keys, tally->count, sizeof *keys); /* without nulls */
    if (keys == NULL) return start_counting(q, err);
    q->chunks[q->chunk_count++] = (struct chunk){keys, tally->count};
    q->kept += tally->count;
    *tally = (struct quantile_tally){0};
    return STATUS_OK;
}

/* ---- all values at hand: the same search by digits, over chunks and on all threads ---- */

#define SHARES_MAXIMUM 16
#define FEW_KEYS       4096 /* are collected, however many of all they are */
#define CELLS_FEW      (2 * RANKS_MANY)

/* What one thread counts or collects in its share of the chunks, by cell. */
struct share {
    uint64_t *counts[CELLS_FEW];
    uint64_t *keys[CELLS_FEW];
    size_t held[CELLS_FEW];
};

struct search {
    struct quantiles *q;
    struct share shares[SHARES_MAXIMUM];
    size_t count;
};

static void search_release(struct search *search)
{
    for (size_t s = 0; s < search->count; s++)
        for (size_t c = 0; c < CELLS_FEW; c++) {
            memory_free(search->shares[s].counts[c]);
            memory_free(search->shares[s].keys[c]);
        }
    memset(search->shares, 0, sizeof search->shares);
}

/* From the first prefix of a cell to the last: one comparison says of most keys that no cell has
 * them. */
struct span {
    uint64_t first, width;
    int shift; /* 1 ... 64 */
};

static struct span span_of(const struct quantiles *q)
{
    uint64_t first = q->cells[0].prefix;
    return (struct span){first, q->cells[q->cell_count - 1].prefix - first, KEY_BITS - q->bits};
}

static inline bool in_span(struct span span, uint64_t key)
{
    return (key >> 1 >> (span.shift - 1)) - span.first <= span.width;
}

static inline size_t cell_in_span(const struct quantiles *q, struct span span, uint64_t key)
{
    return span.width == 0 ? 0 : cell_of(q, lead(key, q->bits));
}

static void count_chunk(const struct quantiles *q, const struct chunk *chunk,
                        uint64_t *const *counts)
{
    struct span span = span_of(q);
    int low = span.shift - q->digit_bits;
    uint64_t mask = (UINT64_C(1) << q->digit_bits) - 1;
    const uint64_t *keys = chunk->keys;
    uint64_t *sole = counts[0];
    if (span.width == 0) {
        for (size_t i = 0; i < chunk->count; i++)
            if (in_span(span, keys[i])) sole[(keys[i] >> low) & mask]++;
        return;
    }
    for (size_t i = 0; i < chunk->count; i++) {
        if (!in_span(span, keys[i])) continue;
        size_t c = cell_in_span(q, span, keys[i]);
        if (c < q->cell_count) counts[c][(keys[i] >> low) & mask]++;
    }
}

static enum status count_share(void *context, size_t at, struct err *err)
{
    struct search *search = context;
    const struct quantiles *q = search->q;
    struct share *share = &search->shares[at];
    for (size_t c = 0; c < q->cell_count; c++)
        TRY(NEW(&share->counts[c], (size_t)1 << q->digit_bits, err));
    for (size_t k = at; k < q->chunk_count; k += search->count)
        count_chunk(q, &q->chunks[k], share->counts);
    return STATUS_OK;
}

static enum status count_digits(struct search *search, struct err *err)
{
    struct quantiles *q = search->q;
    TRY(parallel_for(search->count, search->count, search, count_share, err));
    for (size_t c = 0; c < q->cell_count; c++) {
        TRY(NEW(&q->cells[c].counts, (size_t)1 << q->digit_bits, err));
        for (size_t s = 0; s < search->count; s++)
            for (size_t digit = 0; digit < (size_t)1 << q->digit_bits; digit++)
                q->cells[c].counts[digit] += search->shares[s].counts[c][digit];
    }
    search_release(search);
    return refine_cells(q, err);
}

static enum status add_key(struct share *share, size_t c, uint64_t key, struct err *err)
{
    size_t held = share->held[c];
    if ((held & (held - 1)) == 0) { /* full: a power of two, or none yet */
        size_t room = held == 0 ? 1 : 2 * held;
        uint64_t *grown = memory_resize(share->keys[c], room, sizeof *grown);
        if (grown == NULL) return fail_memory(err, room * sizeof *grown);
        share->keys[c] = grown;
    }
    share->keys[c][share->held[c]++] = key;
    return STATUS_OK;
}

static enum status collect_share(void *context, size_t at, struct err *err)
{
    struct search *search = context;
    const struct quantiles *q = search->q;
    struct span span = span_of(q);
    for (size_t k = at; k < q->chunk_count; k += search->count)
        for (size_t i = 0; i < q->chunks[k].count; i++) {
            uint64_t key = q->chunks[k].keys[i];
            if (!in_span(span, key)) continue;
            size_t c = cell_in_span(q, span, key);
            if (c < q->cell_count) TRY(add_key(&search->shares[at], c, key, err));
        }
    return STATUS_OK;
}

static enum status collect_keys(struct search *search, struct err *err)
{
    struct quantiles *q = search->q;
    TRY(parallel_for(search->count, search->count, search, collect_share, err));
    for (size_t c = 0; c < q->cell_count; c++) {
        struct cell *cell = &q->cells[c];
        TRY(NEW(&cell->keys, (size_t)cell->count, err));
        for (size_t s = 0; s < search->count; s++) {
            const struct share *share = &search->shares[s];
            if (share->held[c] == 0) continue;
            memcpy(cell->keys + cell->held, share->keys[c], share->held[c] * sizeof *cell->keys);
            cell->held += share->held[c];
        }
    }
    return STATUS_OK;
}

static size_t keys_in_cells(const struct quantiles *q)
{
    size_t keys = 0;
    for (size_t c = 0; c < q->cell_count; c++)
        keys += (size_t)q->cells[c].count;
    return keys;
}

/* Refines the cells that hold wanted ranks until their keys are few, and collects those. */
static enum status search_chunks(struct quantiles *q, struct err *err)
{
    OWNED(search_release)
    struct search search = {.q = q,
                            .count = q->threads < SHARES_MAXIMUM ? q->threads : SHARES_MAXIMUM};
    cells_release(q);
    q->bits = 0;
    q->cell_count = 1;
    q->cells[0].count = q->total;
    size_t few = (size_t)q->total / 16 > FEW_KEYS ? (size_t)q->total / 16 : FEW_KEYS;
    while (q->bits < KEY_BITS && keys_in_cells(q) > few) {
        q->digit_bits = digit_for(q, q->cell_count * search.count);
        TRY(count_digits(&search, err));
    }
    return q->bits < KEY_BITS ? collect_keys(&search, err) : STATUS_OK;
}

/* One chunk of all, which is sorted when many ranks are wanted; each is freed once copied. */
static enum status join_chunks(struct quantiles *q, struct err *err)
{
    if (q->chunk_count == 1) return STATUS_OK;
    uint64_t *all = memory_get_raw(q->kept, sizeof *all);
    if (all == NULL) return fail_memory(err, q->kept * sizeof *all);
    size_t at = 0;
    for (size_t i = 0; i < q->chunk_count; i++) {
        memcpy(all + at, q->chunks[i].keys, q->chunks[i].count * sizeof *all);
        at += q->chunks[i].count;
        memory_free(q->chunks[i].keys);
    }
    q->chunks[0] = (struct chunk){all, at};
    q->chunk_count = 1;
    return STATUS_OK;
}

static enum status find_at_hand(struct quantiles *q, struct err *err)
{
    if (q->total == 0) return STATUS_OK;
    return q->count < RANKS_MANY ? search_chunks(q, err) : join_chunks(q, err);
}

/* ---- passes ---- */

enum status quantiles_open(struct quantiles **ret, const double *fractions, size_t count,
                           size_t memory, size_t threads, struct err *err)
{
    if (count == 0 || count > QUANTILE_FRACTIONS_MAXIMUM)
        return fail(err, STATUS_USAGE, "%zu quantiles, 1 to %d at a time are possible", count,
                    QUANTILE_FRACTIONS_MAXIMUM);
    struct quantiles *q;
    TRY(NEW(&q, 1, err));
    *ret = q;
    q->cell_room = 2 * count;
    TRY(NEW(&q->fractions, count, err));
    TRY(NEW(&q->values, count, err));
    TRY(NEW(&q->cells, q->cell_room, err));
    memcpy(q->fractions, fractions, count * sizeof *fractions);
    q->count = count;
    q->threads = threads == 0 ? 1 : threads;
    q->memory = memory < MEMORY_LEAST ? MEMORY_LEAST : memory;
    q->first = true;
    return STATUS_OK;
}

int64_t quantiles_seen(const struct quantiles *q)
{
    return q->total;
}

void quantiles_ask(struct quantiles *q, const double *fractions, size_t count)
{
    if (count < q->count) q->count = count;
    memcpy(q->fractions, fractions, q->count * sizeof *fractions);
}

/* Whether a later pass wants the key. */
static bool in_a_cell(const struct quantiles *q, uint64_t key)
{
    return cell_of(q, lead(key, q->bits)) < q->cell_count;
}

enum status quantiles_observe(const struct quantiles *q, const double *values, int64_t count,
                              struct quantile_tally *tally, struct err *err)
{
    if (q->done) return STATUS_OK;
    TRY(NEW(&tally->keys, (size_t)count, err));
    for (int64_t i = 0; i < count; i++) {
        if (isnan(values[i])) continue;
        uint64_t key = key_of(q->centered ? fabs(values[i] - q->center) : values[i]);
        if (q->first || in_a_cell(q, key)) tally->keys[tally->count++] = key;
    }
    return STATUS_OK;
}

/* Counts or collects the keys of a window in their cells. */
static void put_in_cells(struct quantiles *q, const struct quantile_tally *tally)
{
    int low = KEY_BITS - q->bits - q->digit_bits;
    for (size_t i = 0; i < tally->count; i++) {
        uint64_t key = tally->keys[i];
        size_t c = cell_of(q, lead(key, q->bits));
        if (c == q->cell_count) continue;
        struct cell *cell = &q->cells[c];
        if (q->digit_bits > 0)
            cell->counts[(key >> low) & ((1ull << q->digit_bits) - 1)]++;
        else if (cell->held < (size_t)cell->count)
            cell->keys[cell->held++] = key;
    }
}

enum status quantiles_absorb(struct quantiles *q, struct quantile_tally *tally, struct err *err)
{
    enum status status = STATUS_OK;
    if (q->first) {
        q->total += (int64_t)tally->count;
        if (!q->overflow) status = keep_all(q, tally, err);
        if (status == STATUS_OK && q->overflow) put_in_cells(q, tally);
    } else {
        put_in_cells(q, tally);
    }
    quantile_tally_release(tally);
    return status;
}

void quantile_tally_release(struct quantile_tally *tally)
{
    memory_free(tally->keys);
    *tally = (struct quantile_tally){0};
}

enum status quantiles_settle(struct quantiles *q, bool *ret_more, struct err *err)
{
    *ret_more = false;
    if (q->done) return STATUS_OK;
    bool collected = q->first ? !q->overflow : q->digit_bits == 0;
    if (!collected && q->total > 0) {
        q->cells[0].count = q->first ? q->total : q->cells[0].count;
        TRY(refine_cells(q, err));
        TRY(plan_pass(q, ret_more, err));
    }
    q->first = false;
    if (!q->overflow) TRY(find_at_hand(q, err));
    if (!*ret_more) compute_values(q);
    return STATUS_OK;
}

static enum status recenter_chunk(void *context, size_t at, struct err *err)
{
    struct quantiles *q = context;
    (void)err;
    for (size_t i = 0; i < q->chunks[at].count; i++)
        q->chunks[at].keys[i] = key_of(fabs(value_of(q->chunks[at].keys[i]) - q->center));
    return STATUS_OK;
}

/* All values are here: deviations take their place. */
static enum status recenter_at_hand(struct quantiles *q, struct err *err)
{
    TRY(parallel_for(q->threads, q->chunk_count, q, recenter_chunk, err));
    TRY(find_at_hand(q, err));
    compute_values(q);
    return STATUS_OK;
}

enum status quantiles_recenter(struct quantiles *q, double center, bool *ret_more, struct err *err)
{
    q->centered = true;
    q->center = center;
    *ret_more = false;
    if (q->total == 0 || !q->overflow) return recenter_at_hand(q, err);
    cells_release(q);
    q->total = 0;
    q->bits = q->digit_bits = 0;
    q->first = true;
    q->overflow = q->done = false;
    *ret_more = true;
    return STATUS_OK;
}

int64_t quantiles_count(const struct quantiles *q)
{
    return q->total;
}

double quantiles_value(const struct quantiles *q, size_t index)
{
    return q->values[index];
}

void quantiles_close(struct quantiles **quantiles)
{
    if (*quantiles == NULL) return;
    if ((*quantiles)->cells != NULL) cells_release(*quantiles);
    memory_free((*quantiles)->cells);
    memory_free((*quantiles)->fractions);
    memory_free((*quantiles)->values);
    drop_chunks(*quantiles);
    memory_free(*quantiles);
    *quantiles = NULL;
}
