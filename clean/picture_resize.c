/* clean/picture_resize.c: down first, where whole rows are added, then across. */
#include "clean/picture_resize.h"

#include "base/memory.h"

#include <string.h>

#define ROW_BITS    14 /* 255 << 14 and the settled 8 bits stay within 32 and 16 bits */
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

static size_t weights_room(const struct resize_span *span)
{
    return (size_t)span->size + 2 * (size_t)span->to;
}

static enum status axis_open(struct resize_axis *axis, const struct resize_span *span,
                             unsigned bits, struct err *err)
{
    TRY(NEW(&axis->places, span->to, err));
    TRY(NEW(&axis->weights, weights_room(span), err));
    uint32_t at = 0;
    for (uint32_t d = 0; d < span->to; d++) {
        struct resize_place *place = &axis->places[d];
        place->at = at;
        if (span->size >= span->to)
            area_place(span, d, bits, place, axis->weights + at);
        else
            linear_place(span, d, bits, place, axis->weights + at);
        at += span->size >= span->to ? place->count : 2;
    }
    return STATUS_OK;
}

/* ---- down ---- */

static void add_row(uint32_t *restrict sums, const uint8_t *restrict pixels, size_t count,
                    uint32_t weight)
{
    const int16_t narrow =
        (int16_t)weight; /* at most 1 << ROW_BITS: products of 16 bits are cheap */
    for (size_t i = 0; i < count; i++)
        sums[i] += (uint32_t)((int16_t)pixels[i] * narrow);
}

static void settle_row(uint16_t *restrict settled, uint32_t *restrict sums, size_t count)
{
    const unsigned shift = ROW_BITS - 8;
    for (size_t i = 0; i < count; i++) {
        settled[i] = (uint16_t)((sums[i] + (1u << (shift - 1))) >> shift);
        sums[i] = 0;
    }
}

/* ---- across ---- */

static uint8_t rounded(uint32_t sum)
{
    return (uint8_t)((sum + (1u << 23)) >> 24);
}

static void shrink_rgb(const struct resizing *r, uint8_t *restrict out)
{
    for (uint32_t x = 0; x < r->across.to; x++, out += 3) {
        const struct resize_place *place = &r->columns.places[x];
        const uint32_t *weights = r->columns.weights + place->at;
        const uint16_t *in = r->settled + 3 * (size_t)(place->first - r->left);
        uint32_t red = 0, green = 0, blue = 0;
        for (uint32_t i = 0; i < place->count; i++, in += 3) {
            red += weights[i] * in[0];
            green += weights[i] * in[1];
            blue += weights[i] * in[2];
        }
        out[0] = rounded(red);
        out[1] = rounded(green);
        out[2] = rounded(blue);
    }
}

static void shrink_gray(const struct resizing *r, uint8_t *restrict out)
{
    for (uint32_t x = 0; x < r->across.to; x++) {
        const struct resize_place *place = &r->columns.places[x];
        const uint32_t *weights = r->columns.weights + place->at;
        const uint16_t *in = r->settled + (place->first - r->left);
        uint32_t sum = 0;
        for (uint32_t i = 0; i < place->count; i++)
            sum += weights[i] * in[i];
        out[x] = rounded(sum);
    }
}

static void emit(struct resizing *r)
{
    uint8_t *out = r->ret + (size_t)r->place * r->across.to * r->channels;
    settle_row(r->settled, r->sums, (size_t)r->width * r->channels);
    if (r->channels == 3)
        shrink_rgb(r, out);
    else
        shrink_gray(r, out);
    r->place++;
}

/* ---- rows ---- */

uint64_t resizing_bytes(const struct resize_span *across, const struct resize_span *down,
                        uint32_t channels)
{
    uint64_t row = (uint64_t)across->size * channels;
    return row * 7 + 4 * (weights_room(across) + weights_room(down)) +
           sizeof(struct resize_place) * ((uint64_t)across->to + down->to);
}

enum status resizing_open(struct resizing *ret, const struct resize_span *across,
                          const struct resize_span *down, uint32_t channels, uint8_t *picture,
                          struct err *err)
{
    ret->across = *across;
    ret->down = *down;
    ret->channels = channels;
    ret->ret = picture;
    TRY(axis_open(&ret->columns, across, COLUMN_BITS, err));
    const struct resize_place *last = &ret->columns.places[across->to - 1];
    ret->left = ret->columns.places[0].first;
    ret->width = last->first + last->count - ret->left;
    size_t row = (size_t)ret->width * channels;
    TRY(axis_open(&ret->rows, down, ROW_BITS, err));
    TRY(NEW(&ret->sums, row, err));
    TRY(NEW(&ret->settled, row, err));
    return NEW(&ret->previous, row, err);
}

void resizing_row(struct resizing *r, uint32_t y, const uint8_t *pixels)
{
    size_t count = (size_t)r->width * r->channels;
    const uint8_t *row = pixels + (size_t)r->left * r->channels;
    while (r->place < r->down.to) {
        const struct resize_place *place = &r->rows.places[r->place];
        const uint32_t *weights = r->rows.weights + place->at;
        if (place->first > y) break;
        uint32_t last = place->first + place->count - 1;
        /* A place of an enlarged picture that begins with the row before, as the last one did. */
        bool shared = r->down.size < r->down.to && place->first < y;
        if (shared) add_row(r->sums, r->previous, count, weights[0]);
        add_row(r->sums, row, count, weights[y - place->first]);
        if (last > y && r->down.size < r->down.to) memset(r->sums, 0, count * sizeof *r->sums);
        if (last > y) break;
        emit(r);
    }
    if (r->down.size < r->down.to) memcpy(r->previous, row, count);
}

void resizing_release(struct resizing *r)
{
    memory_release(&r->columns.places);
    memory_release(&r->columns.weights);
    memory_release(&r->rows.places);
    memory_release(&r->rows.weights);
    memory_release(&r->sums);
    memory_release(&r->settled);
    memory_release(&r->previous);
}
