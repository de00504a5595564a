/* clean/picture_resize.c: down first, where whole rows are added, then across. */
#include "clean/picture_resize.h"

#include "base/cpu.h"
#include "base/memory.h"

#include <string.h>

#define COLUMN_BITS 16

/* ---- weights ---- */

/* In units of 1/to whole pixel: place d covers size units from first to + d size on, source pixel s
 * covers scale to of them from s scale to on. Each weight is the difference of rounded running
 * sums, so that they add up. */
static void area_place(const struct resize_span *span, uint32_t d, unsigned bits,
                       struct resize_place *place, uint32_t *weights)
{
    uint64_t size = span->size, to = (uint64_t)span->to * span->scale;
    uint64_t begin = (uint64_t)span->first * span->to + d * size, end = begin + size;
    uint64_t before = 0;
    place->first = (uint32_t)(begin / to);
    place->count = (uint32_t)((end + to - 1) / to) - place->first;
    for (uint32_t i = 0; i < place->count; i++) {
        uint64_t until = (place->first + i + UINT64_C(1)) * to;
        uint64_t covered = (until < end ? until : end) - begin;
        uint64_t sum = ((covered << bits) + size / 2) / size;
        weights[i] = (uint32_t)(sum - before);
        before = sum;
    }
}

static void linear_place(const struct resize_span *span, uint32_t d, unsigned bits,
                         struct resize_place *place, uint32_t *weights)
{
    int64_t size = span->size, to = span->to;
    int64_t center = (2 * (int64_t)d + 1) * size - to; /* in 1 / (2 to) from the first center */
    if (center < 0) center = 0;
    if (center > (size - 1) * 2 * to) center = (size - 1) * 2 * to;
    int64_t share = center % (2 * to);
    place->first = span->first + (uint32_t)(center / (2 * to));
    place->count = share > 0 ? 2 : 1;
    weights[1] = (uint32_t)(((share << bits) + to) / (2 * to));
    weights[0] = (1u << bits) - weights[1];
}

static uint64_t triangle_height(const struct resize_span *span, int64_t center, int64_t pixel)
{
    int64_t apart = (2 * pixel + 1) * span->to - center, reach = 2 * (int64_t)span->size;
    if (apart < 0) apart = -apart;
    return apart < reach ? (uint64_t)(reach - apart) : 0;
}

/* In 1 / (2 to) pixel: place d has its center at (2 d + 1) size, pixel s at (2 s + 1) to, and the
 * triangle reaches 2 size to both sides. */
static void triangle_place(const struct resize_span *span, uint32_t d, unsigned bits,
                           struct resize_place *place, uint32_t *weights)
{
    int64_t size = span->size, to = span->to, center = (2 * (int64_t)d + 1) * size;
    int64_t first = (center - 2 * size) / (2 * to), last = (center + 2 * size) / (2 * to);
    if (first < 0) first = 0;
    if (last > size - 1) last = size - 1;
    uint64_t total = 0, before = 0, sum = 0;
    for (int64_t s = first; s <= last; s++)
        total += triangle_height(span, center, s);
    for (int64_t s = first; s <= last; s++) {
        sum += triangle_height(span, center, s);
        uint64_t until = ((sum << bits) + total / 2) / total;
        weights[s - first] = (uint32_t)(until - before);
        before = until;
    }
    place->first = span->first + (uint32_t)first;
    place->count = (uint32_t)(last - first + 1);
}

static void nearest_place(const struct resize_span *span, uint32_t d, unsigned bits,
                          struct resize_place *place, uint32_t *weights)
{
    place->first = span->first + (uint32_t)((2 * (uint64_t)d + 1) * span->size / (2 * span->to));
    place->count = 1;
    weights[0] = 1u << bits;
    weights[1] = 0;
}

static size_t weights_room(const struct resize_span *span)
{
    return 2 * (size_t)span->size + 4 * (size_t)span->to;
}

static enum status axis_open(struct resize_axis *axis, enum resize_method method,
                             const struct resize_span *span, unsigned bits, struct err *err)
{
    TRY(NEW(&axis->places, span->to, err));
    TRY(NEW(&axis->weights, weights_room(span), err));
    bool shrinks = span->size >= span->to;
    uint32_t at = 0;
    for (uint32_t d = 0; d < span->to; d++) {
        struct resize_place *place = &axis->places[d];
        place->at = at;
        if (method == RESIZE_NEAREST)
            nearest_place(span, d, bits, place, axis->weights + at);
        else if (!shrinks)
            linear_place(span, d, bits, place, axis->weights + at);
        else if (method == RESIZE_BILINEAR)
            triangle_place(span, d, bits, place, axis->weights + at);
        else
            area_place(span, d, bits, place, axis->weights + at);
        at += shrinks && method != RESIZE_NEAREST ? place->count : 2;
    }
    return STATUS_OK;
}

static uint32_t most_of_a_place(const struct resize_axis *axis, uint32_t to)
{
    uint32_t most = 0;
    for (uint32_t d = 0; d < to; d++)
        if (axis->places[d].count > most) most = axis->places[d].count;
    return most;
}

static bool are_narrow(const struct resize_axis *axis, uint32_t to)
{
    for (uint32_t d = 0; d < to; d++)
        for (uint32_t i = 0; i < axis->places[d].count; i++)
            if (axis->weights[axis->places[d].at + i] > INT16_MAX) return false;
    return true;
}

/* The same weights with zeros around them, so that every place is made of `most` pixels: a loop
 * that always runs as often is foreseen by the processor. */
static enum status even_out(struct resize_axis *axis, uint32_t to, uint32_t most, bool *ret_even,
                            struct err *err)
{
    uint32_t end = axis->places[to - 1].first + axis->places[to - 1].count;
    OWNED(memory_release) uint32_t *weights = NULL;
    *ret_even = false;
    TRY(NEW(&weights, (size_t)to * most, err));
    for (uint32_t d = 0; d < to; d++) {
        struct resize_place *place = &axis->places[d];
        uint32_t beyond = place->first + most > end ? place->first + most - end : 0;
        if (beyond > place->first - axis->places[0].first) return STATUS_OK; /* a tiny source */
        memcpy(weights + (size_t)d * most + beyond, axis->weights + place->at,
               place->count * sizeof *weights);
    }
    for (uint32_t d = 0; d < to; d++) {
        struct resize_place *place = &axis->places[d];
        if (place->first + most > end) place->first = end - most;
        place->count = most;
        place->at = d * most;
    }
    uint32_t *before = axis->weights;
    axis->weights = weights;
    weights = before;
    *ret_even = true;
    return STATUS_OK;
}

static enum status columns_open(struct resizing *r, enum resize_method method, struct err *err)
{
    uint32_t to = r->across.to;
    TRY(axis_open(&r->columns, method, &r->across, COLUMN_BITS, err));
    const struct resize_place *last = &r->columns.places[to - 1];
    r->left = r->columns.places[0].first;
    r->width = last->first + last->count - r->left;
    uint32_t most = most_of_a_place(&r->columns, to);
    bool in_pairs =
        r->channels == 3 && r->kernels->across_pairs != NULL && are_narrow(&r->columns, to);
    bool even;
    TRY(even_out(&r->columns, to, in_pairs ? (most + 1) & ~1u : most, &even, err));
    if (!in_pairs || !even) return STATUS_OK;
    size_t count = (size_t)to * r->columns.places[0].count;
    TRY(NEW(&r->pairs, count, err));
    for (size_t i = 0; i < count; i++)
        r->pairs[i] = (int16_t)r->columns.weights[i];
    return STATUS_OK;
}

/* ---- kernels ---- */

extern const struct resize_kernels resize_kernels_v1, resize_kernels_v2, resize_kernels_v3,
    resize_kernels_v4;

const struct resize_kernels *resize_kernels(void)
{
    switch (cpu_level()) {
    case CPU_V4: return &resize_kernels_v4;
    case CPU_V3: return &resize_kernels_v3;
    case CPU_V2: return &resize_kernels_v2;
    case CPU_V1: break;
    }
    return &resize_kernels_v1;
}

/* Makes a row of the picture of what is settled. */
static void emit(struct resizing *r)
{
    uint8_t *out = r->ret + (size_t)r->place * r->across.to * r->channels;
    const struct resize_axis *columns = &r->columns;
    uint32_t to = r->across.to;
    if (r->pairs != NULL)
        r->kernels->across_pairs(columns->places, r->pairs, to, r->settled, r->left, out);
    else if (r->channels == 3)
        r->kernels->across_rgb(columns->places, columns->weights, to, r->settled, r->left, out);
    else
        r->kernels->across_gray(columns->places, columns->weights, to, r->settled, r->left, out);
    r->place++;
}

/* ---- rows ---- */

uint64_t resizing_bytes(const struct resize_span *across, const struct resize_span *down,
                        uint32_t channels)
{
    uint64_t row = (uint64_t)across->size * channels;
    uint64_t rows = RESIZE_KEPT > 4 * RESIZE_OPEN ? RESIZE_KEPT : 4 * RESIZE_OPEN;
    return row * (2 + rows) + 10 * weights_room(across) + 4 * weights_room(down) +
           10 * (uint64_t)across->to +
           sizeof(struct resize_place) * ((uint64_t)across->to + down->to);
}

enum status resizing_open(struct resizing *ret, enum resize_method method,
                          const struct resize_span *across, const struct resize_span *down,
                          uint32_t channels, uint8_t *picture, struct err *err)
{
    ret->across = *across;
    ret->down = *down;
    ret->channels = channels;
    ret->ret = picture;
    ret->kernels = resize_kernels();
    TRY(columns_open(ret, method, err));
    size_t row = (size_t)ret->width * channels;
    TRY(axis_open(&ret->rows, method, down, RESIZE_ROW_BITS, err));
    TRY(NEW(&ret->settled, row + 1, err)); /* a vector of four reads one more */
    if (most_of_a_place(&ret->rows, down->to) <= RESIZE_KEPT)
        return NEW(&ret->kept, row * RESIZE_KEPT, err);
    for (int i = 0; i < RESIZE_OPEN; i++)
        TRY(NEW(&ret->sums[i], row, err));
    return STATUS_OK;
}

static bool is_complete(const struct resizing *r, uint32_t y)
{
    if (r->place == r->down.to) return false;
    const struct resize_place *place = &r->rows.places[r->place];
    return place->first + place->count - 1 <= y;
}

/* Of few rows: they are kept until the last one is there. */
static void keep_row(struct resizing *r, uint32_t y, const uint8_t *row, size_t count)
{
    memcpy(r->kept + y % RESIZE_KEPT * count, row, count);
    for (; is_complete(r, y); emit(r)) {
        const struct resize_place *place = &r->rows.places[r->place];
        const uint8_t *rows[RESIZE_KEPT];
        for (uint32_t i = 0; i < place->count; i++)
            rows[i] = r->kept + (place->first + i) % RESIZE_KEPT * count;
        r->kernels->blend(r->settled, rows, r->rows.weights + place->at, place->count, count);
    }
}

/* Of many: each is added to the places it reaches, a few at a time. */
static void add_row(struct resizing *r, uint32_t y, const uint8_t *row, size_t count)
{
    for (uint32_t p = r->place; p < r->down.to && r->rows.places[p].first <= y; p++) {
        const struct resize_place *place = &r->rows.places[p];
        uint32_t at = y - place->first;
        if (at < place->count)
            r->kernels->add(r->sums[p % RESIZE_OPEN], row, count, r->rows.weights[place->at + at]);
    }
    for (; is_complete(r, y); emit(r))
        r->kernels->settle(r->settled, r->sums[r->place % RESIZE_OPEN], count);
}

void resizing_row(struct resizing *r, uint32_t y, const uint8_t *pixels)
{
    size_t count = (size_t)r->width * r->channels;
    const uint8_t *row = pixels + (size_t)r->left * r->channels;
    if (y < r->rows.places[0].first || r->place == r->down.to) return;
    if (r->kept != NULL)
        keep_row(r, y, row, count);
    else
        add_row(r, y, row, count);
}

void resizing_release(struct resizing *r)
{
    memory_release(&r->columns.places);
    memory_release(&r->columns.weights);
    memory_release(&r->rows.places);
    memory_release(&r->rows.weights);
    for (int i = 0; i < RESIZE_OPEN; i++)
        memory_release(&r->sums[i]);
    memory_release(&r->kept);
    memory_release(&r->pairs);
    memory_release(&r->settled);
}
