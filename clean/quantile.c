/* clean/quantile.c: exact quantiles by radix selection. */
#include "clean/quantile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define KEY_BITS     64
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

struct quantiles {
    double *fractions, *values;
    size_t count;
    size_t memory;
    bool centered, done;
    double center;
    int64_t total;
    /* First look: everything is kept until it does not fit; then it is counted by leading digit. */
    bool first, overflow;
    uint64_t *all;
    size_t all_count, all_room;
    int bits;           /* of the prefixes below */
    int digit_bits;     /* of the digit being counted in this pass; 0 = keys are collected */
    struct cell *cells; /* rising; room for two a fraction */
    size_t cell_count, cell_room;
    bool sorted; /* the keys, because many ranks are wanted of them */
};

/* ---- keys ---- */

static uint64_t key_of(double value)
{
    double positive_zero = value + 0.0; /* -0.0 + 0.0 is 0.0: equal numbers, equal keys */
    uint64_t bits;
    memcpy(&bits, &positive_zero, sizeof bits);
    return bits >> 63 ? ~bits : bits | (1ull << 63);
}

static double value_of(uint64_t key)
{
    uint64_t bits = key >> 63 ? key & ~(1ull << 63) : ~key;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The leading bits; bits 0 gives 0 (a shift by 64 is undefined). */
static uint64_t lead(uint64_t key, int bits)
{
    return bits == 0 ? 0 : key >> (KEY_BITS - bits);
}

/* Leaves at place `rank` what sorting would put there, nothing larger in front of it (quickselect,
 * Hoare 1961; median of three, deterministic). */
static uint64_t select_rank(uint64_t *keys, size_t count, size_t rank)
{
    size_t low = 0, high = count - 1;
    while (low < high) {
        uint64_t a = keys[low], b = keys[low + (high - low) / 2], c = keys[high];
        uint64_t pivot = a < b ? (b < c ? b : (a < c ? c : a)) : (a < c ? a : (b < c ? c : b));
        size_t left = low, right = high;
        for (;;) {
            while (keys[left] < pivot)
                left++;
            while (keys[right] > pivot)
                right--;
            if (left >= right) break;
            uint64_t swap = keys[left];
            keys[left++] = keys[right];
            keys[right--] = swap;
        }
        if (rank <= right)
            high = right;
        else
            low = right + 1;
    }
    return keys[rank];
}

/* Quicksort with the same pivots; the larger part is the loop's, so the depth stays logarithmic. */
static void sort_keys(uint64_t *keys, size_t count)
{
    while (count > 1) {
        uint64_t pivot = keys[(count - 1) / 2];
        size_t left = 0, right = count - 1;
        for (;;) {
            while (keys[left] < pivot)
                left++;
            while (keys[right] > pivot)
                right--;
            if (left >= right) break;
            uint64_t swap = keys[left];
            keys[left++] = keys[right];
            keys[right--] = swap;
        }
        size_t lower = right + 1, upper = count - lower;
        if (lower < upper) {
            sort_keys(keys, lower);
            keys += lower;
            count = upper;
        } else {
            sort_keys(keys + lower, upper);
            count = lower;
        }
    }
}

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
    if (q->all != NULL && !q->overflow)
        return q->sorted ? q->all[rank] : select_rank(q->all, q->all_count, (size_t)rank);
    struct cell *cell = cell_with(q, rank);
    if (cell->keys == NULL) return cell->prefix; /* all 64 bits are prefix */
    if (q->sorted) return cell->keys[rank - cell->below];
    return select_rank(cell->keys, cell->held, (size_t)(rank - cell->below));
}

/* What sorting would put behind `rank`, which was selected: the smallest of the rest. */
static uint64_t select_next(const uint64_t *keys, size_t count, size_t rank)
{
    uint64_t next = keys[rank + 1];
    for (size_t i = rank + 2; i < count; i++)
        next = keys[i] < next ? keys[i] : next;
    return next;
}

/* The key behind `rank`, whose key was asked for just before. */
static uint64_t key_behind(struct quantiles *q, int64_t rank)
{
    if (q->sorted) return key_at(q, rank + 1);
    if (q->all != NULL && !q->overflow) return select_next(q->all, q->all_count, (size_t)rank);
    const struct cell *cell = cell_with(q, rank);
    size_t place = (size_t)(rank - cell->below);
    if (cell->keys == NULL || place + 1 >= cell->held) return key_at(q, rank + 1);
    return select_next(cell->keys, cell->held, place);
}

static void sort_for_many(struct quantiles *q)
{
    q->sorted = q->count >= RANKS_MANY;
    if (!q->sorted) return;
    if (q->all != NULL) sort_keys(q->all, q->all_count);
    for (size_t c = 0; c < q->cell_count; c++)
        if (q->cells[c].keys != NULL) sort_keys(q->cells[c].keys, q->cells[c].held);
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

/* The values no longer fit: from here on only the leading digits are counted. */
static enum status start_counting(struct quantiles *q, struct err *err)
{
    q->overflow = true;
    q->digit_bits = digit_for(q, 1);
    q->cells[0] = (struct cell){0};
    q->cell_count = 1;
    TRY(NEW(&q->cells[0].counts, (size_t)1 << q->digit_bits, err));
    for (size_t i = 0; i < q->all_count; i++)
        q->cells[0].counts[lead(q->all[i], q->digit_bits)]++;
    memory_free(q->all);
    q->all = NULL;
    q->all_count = q->all_room = 0;
    return STATUS_OK;
}

static enum status keep_all(struct quantiles *q, const struct quantile_tally *tally,
                            struct err *err)
{
    size_t wanted = q->all_count + tally->count;
    if (wanted > q->memory / sizeof(uint64_t)) return start_counting(q, err);
    if (wanted > q->all_room) {
        size_t room = q->all_room * 2 > wanted ? q->all_room * 2 : wanted;
        uint64_t *grown = memory_resize(q->all, room, sizeof *grown);
        if (grown == NULL) return start_counting(q, err);
        q->all = grown;
        q->all_room = room;
    }
    if (tally->count > 0) memcpy(q->all + q->all_count, tally->keys, tally->count * sizeof *q->all);
    q->all_count = wanted;
    return STATUS_OK;
}

/* ---- passes ---- */

enum status quantiles_open(struct quantiles **ret, const double *fractions, size_t count,
                           size_t memory, struct err *err)
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
    if (!*ret_more) compute_values(q);
    return STATUS_OK;
}

/* All values are here: deviations take their place. */
static void recenter_at_hand(struct quantiles *q)
{
    for (size_t i = 0; i < q->all_count; i++)
        q->all[i] = key_of(fabs(value_of(q->all[i]) - q->center));
    compute_values(q);
}

enum status quantiles_recenter(struct quantiles *q, double center, bool *ret_more, struct err *err)
{
    (void)err;
    q->centered = true;
    q->center = center;
    *ret_more = false;
    if (q->total == 0 || !q->overflow) {
        recenter_at_hand(q);
        return STATUS_OK;
    }
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
    memory_free((*quantiles)->all);
    memory_free(*quantiles);
    *quantiles = NULL;
}
