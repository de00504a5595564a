/* features/window.c: what happened to an entity in a span of time before a point in time. */
#include "features/window.h"

#include "base/memory.h"

#include <math.h>

__extension__ typedef __int128 wide;

enum window_result window_result(enum window_function function, enum word_kind kind)
{
    switch (function) {
    case WINDOW_COUNT:
    case WINDOW_DISTINCT: return WINDOW_WHOLE;
    case WINDOW_SUM: return kind == WORD_REAL ? WINDOW_REAL : WINDOW_WHOLE;
    case WINDOW_MEAN: return WINDOW_REAL;
    default: return WINDOW_POSITION;
    }
}

/* ---- the positions that count, one after the other ---- */

struct walk {
    const struct window *window;
    const struct timeline *timeline;
    struct point_bounds bounds;
};

static bool has_value(const struct window *window, int64_t at)
{
    return window->valid == NULL || window->valid[at] != 0;
}

/* The first position from `at` on that counts and has a value; above bounds.high: none. */
static int64_t next(const struct walk *walk, int64_t at)
{
    for (; at <= walk->bounds.high; at++)
        if (timeline_counts(walk->timeline, at, walk->bounds.known) && has_value(walk->window, at))
            break;
    return at;
}

static int64_t first(const struct walk *walk)
{
    return next(walk, walk->bounds.low);
}

static double real_of(uint64_t word)
{
    double value;
    memcpy(&value, &word, sizeof value);
    return value;
}

/* ---- count, sum, mean ---- */

static int64_t count(const struct walk *walk)
{
    int64_t values = 0;
    for (int64_t at = first(walk); at <= walk->bounds.high; at = next(walk, at + 1))
        values++;
    return values;
}

static double sum_real(const struct walk *walk, int64_t *ret_values)
{
    double sum = 0, lost = 0;
    *ret_values = 0;
    for (int64_t at = first(walk); at <= walk->bounds.high; at = next(walk, at + 1)) {
        double value = real_of(walk->window->words[at]), next_sum = sum + value;
        lost += fabs(sum) >= fabs(value) ? (sum - next_sum) + value : (value - next_sum) + sum;
        sum = next_sum;
        (*ret_values)++;
    }
    return isfinite(sum) ? sum + lost : sum;
}

static wide sum_whole(const struct walk *walk, int64_t *ret_values)
{
    bool is_unsigned = walk->window->kind == WORD_UNSIGNED;
    wide sum = 0;
    *ret_values = 0;
    for (int64_t at = first(walk); at <= walk->bounds.high; at = next(walk, at + 1)) {
        uint64_t word = walk->window->words[at];
        sum += is_unsigned ? (wide)word : (wide)(int64_t)word;
        (*ret_values)++;
    }
    return sum;
}

static enum status sum(const struct walk *walk, struct window_value *ret, struct err *err)
{
    int64_t values;
    if (walk->window->kind == WORD_REAL) {
        ret->real = sum_real(walk, &values);
    } else {
        wide whole = sum_whole(walk, &values);
        ret->whole = (int64_t)whole;
        if (whole != ret->whole) {
            fail(err, STATUS_FAILED, "a sum is beyond int64");
            err_hint(err, "put the column as float64, or take its mean");
            return STATUS_FAILED;
        }
    }
    ret->null = values == 0;
    return STATUS_OK;
}

static void mean(const struct walk *walk, struct window_value *ret)
{
    int64_t values;
    double total = walk->window->kind == WORD_REAL ? sum_real(walk, &values)
                                                   : (double)sum_whole(walk, &values);
    ret->null = values == 0;
    ret->real = values == 0 ? 0 : total / (double)values;
}

/* ---- min, max, last ---- */

static bool is_below(enum word_kind kind, uint64_t a, uint64_t b)
{
    if (kind == WORD_REAL) return real_of(a) < real_of(b);
    return kind == WORD_UNSIGNED ? a < b : (int64_t)a < (int64_t)b;
}

/* The first of equal ones. */
static void extreme(const struct walk *walk, bool largest, struct window_value *ret)
{
    const struct window *window = walk->window;
    for (int64_t at = first(walk); at <= walk->bounds.high; at = next(walk, at + 1)) {
        if (window->kind == WORD_REAL && isnan(real_of(window->words[at]))) continue;
        uint64_t word = window->words[at];
        bool better =
            ret->null || (largest ? is_below(window->kind, window->words[ret->position], word)
                                  : is_below(window->kind, word, window->words[ret->position]));
        if (better) ret->position = at;
        ret->null = false;
    }
}

static void last(const struct walk *walk, struct window_value *ret)
{
    for (int64_t at = walk->bounds.high; at >= walk->bounds.low; at--) {
        if (!timeline_counts(walk->timeline, at, walk->bounds.known)) continue;
        if (!has_value(walk->window, at)) continue;
        *ret = (struct window_value){.position = at};
        return;
    }
}

/* ---- distinct: a hash set that is emptied by counting rounds ---- */

static enum status scratch_fit(struct window_scratch *scratch, int64_t values, struct err *err)
{
    size_t size = 64;
    while (size < (size_t)values * 2)
        size *= 2;
    scratch->round++;
    if (size <= scratch->size && scratch->round != 0) return STATUS_OK;
    if (size < scratch->size) size = scratch->size;
    window_scratch_release(scratch);
    TRY(NEW(&scratch->keys, size, err));
    TRY(NEW(&scratch->rounds, size, err));
    scratch->size = size;
    scratch->round = 1;
    return STATUS_OK;
}

static bool is_new(struct window_scratch *scratch, uint64_t word)
{
    uint64_t hash = word * 0x9e3779b97f4a7c15u;
    for (size_t at = (size_t)(hash >> 32) & (scratch->size - 1);;
         at = (at + 1) & (scratch->size - 1)) {
        if (scratch->rounds[at] == scratch->round && scratch->keys[at] == word) return false;
        if (scratch->rounds[at] == scratch->round) continue;
        scratch->rounds[at] = scratch->round;
        scratch->keys[at] = word;
        return true;
    }
}

static enum status distinct(const struct walk *walk, struct window_scratch *scratch,
                            struct window_value *ret, struct err *err)
{
    TRY(scratch_fit(scratch, walk->bounds.high - walk->bounds.low + 1, err));
    for (int64_t at = first(walk); at <= walk->bounds.high; at = next(walk, at + 1))
        ret->whole += is_new(scratch, walk->window->words[at]);
    return STATUS_OK;
}

void window_scratch_release(struct window_scratch *scratch)
{
    memory_free(scratch->keys);
    memory_free(scratch->rounds);
    *scratch = (struct window_scratch){0};
}

/* ---- one question ---- */

/* Whether any row counted by then, whatever its age. */
static bool is_known(const struct walk *walk, uint32_t id)
{
    for (int64_t at = walk->bounds.high; at >= walk->timeline->starts[id]; at--)
        if (timeline_counts(walk->timeline, at, walk->bounds.known)) return true;
    return false;
}

enum status window_at(const struct window *window, const struct point_in_time *point, uint32_t id,
                      int64_t time, int64_t time_unit, struct window_scratch *scratch,
                      struct window_value *ret, struct err *err)
{
    struct walk walk = {window, point_in_time_timeline(point),
                        point_in_time_bounds(point, id, time, time_unit, window->length)};
    *ret = (struct window_value){.null = true};
    switch (window->function) {
    case WINDOW_SUM: return sum(&walk, ret, err);
    case WINDOW_MEAN: mean(&walk, ret); return STATUS_OK;
    case WINDOW_MIN: extreme(&walk, false, ret); return STATUS_OK;
    case WINDOW_MAX: extreme(&walk, true, ret); return STATUS_OK;
    case WINDOW_LAST: last(&walk, ret); return STATUS_OK;
    case WINDOW_COUNT: ret->whole = count(&walk); break;
    case WINDOW_DISTINCT: TRY(distinct(&walk, scratch, ret, err)); break;
    }
    ret->null = ret->whole == 0 && !is_known(&walk, id);
    return STATUS_OK;
}
