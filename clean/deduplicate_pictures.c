/* clean/deduplicate_pictures.c: pictures that look alike. */
#include "clean/deduplicate_pictures.h"

#include "clean/picture.h"

#include <stdlib.h>
#include <string.h>

#define LOW 8 /* frequencies a side */

/* Mean absolute deviation of the grid's luma, in thousandths of a gray level, below which a picture
 * counts as plain: about one and a half levels of 255. */
#define PLAIN_DEVIATION 1500

/* ---- decoding to a grid ---- */

struct grid {
    uint64_t sums[PICTURE_GRID * PICTURE_GRID];
    uint32_t pixels[PICTURE_GRID * PICTURE_GRID];
    struct picture_info info;
};

static enum status grid_begin(void *context, const struct picture_info *info, struct err *err)
{
    (void)err;
    ((struct grid *)context)->info = *info;
    return STATUS_OK;
}

/* ITU-R BT.601 luma in thousandths. */
static uint64_t luma(const uint8_t *pixel, int channels)
{
    if (channels == 1) return 1000u * pixel[0];
    return 299u * pixel[0] + 587u * pixel[1] + 114u * pixel[2];
}

/* Cells that place `at` of `size` covers: one, or several in a picture smaller than the grid. */
static void cells_of(uint32_t at, uint32_t size, uint32_t *ret_first, uint32_t *ret_end)
{
    *ret_first = (uint32_t)((uint64_t)at * PICTURE_GRID / size);
    *ret_end = (uint32_t)(((uint64_t)at + 1) * PICTURE_GRID / size);
    if (*ret_end <= *ret_first) *ret_end = *ret_first + 1;
}

static enum status grid_row(void *context, uint32_t y, const uint8_t *pixels, struct err *err)
{
    (void)err;
    struct grid *grid = context;
    uint32_t top, bottom, left, right;
    cells_of(y, grid->info.height, &top, &bottom);
    for (uint32_t x = 0; x < grid->info.width; x++) {
        uint64_t value =
            luma(pixels + (size_t)x * (size_t)grid->info.channels, grid->info.channels);
        cells_of(x, grid->info.width, &left, &right);
        for (uint32_t row = top; row < bottom; row++)
            for (uint32_t column = left; column < right; column++) {
                grid->sums[row * PICTURE_GRID + column] += value;
                grid->pixels[row * PICTURE_GRID + column]++;
            }
    }
    return STATUS_OK;
}

/* ---- hash ---- */

/* cos((2 x + 1) u pi / 64) in 2^14ths for u = 0 ... 7, by the symmetry of the first quarter wave:
 * entry k is cos(k pi / 64). */
static const int32_t quarter[33] = {16384, 16364, 16305, 16207, 16069, 15893, 15679, 15426, 15137,
                                    14811, 14449, 14053, 13623, 13160, 12665, 12140, 11585, 11003,
                                    10394, 9760,  9102,  8423,  7723,  7005,  6270,  5520,  4756,
                                    3981,  3196,  2404,  1606,  804,   0};

static int32_t cosine(int step) /* cos(step pi / 64) */
{
    step %= 128;
    if (step > 64) step = 128 - step;
    return step <= 32 ? quarter[step] : -quarter[64 - step];
}

/* The LOW x LOW lowest frequencies of the grid, rows first, then columns. */
static void transform(const int64_t gray[PICTURE_GRID * PICTURE_GRID], int64_t ret[LOW * LOW])
{
    int64_t across[PICTURE_GRID * LOW];
    for (int y = 0; y < PICTURE_GRID; y++)
        for (int u = 0; u < LOW; u++) {
            int64_t sum = 0;
            for (int x = 0; x < PICTURE_GRID; x++)
                sum += gray[y * PICTURE_GRID + x] * cosine((2 * x + 1) * u);
            across[y * LOW + u] = sum >> 10;
        }
    for (int v = 0; v < LOW; v++)
        for (int u = 0; u < LOW; u++) {
            int64_t sum = 0;
            for (int y = 0; y < PICTURE_GRID; y++)
                sum += across[y * LOW + u] * cosine((2 * y + 1) * v);
            ret[v * LOW + u] = sum >> 10;
        }
}

/* The middle of the frequencies without the first, which is only the brightness. */
static int64_t middle(const int64_t frequencies[LOW * LOW])
{
    int64_t sorted[LOW * LOW - 1];
    size_t count = 0;
    for (size_t i = 1; i < LOW * LOW; i++) {
        size_t place = count++;
        while (place > 0 && sorted[place - 1] > frequencies[i]) {
            sorted[place] = sorted[place - 1];
            place--;
        }
        sorted[place] = frequencies[i];
    }
    return sorted[(LOW * LOW - 1) / 2];
}

static bool is_plain(const int64_t gray[PICTURE_GRID * PICTURE_GRID])
{
    int64_t sum = 0, deviation = 0, cells = PICTURE_GRID * PICTURE_GRID;
    for (int i = 0; i < cells; i++)
        sum += gray[i];
    for (int i = 0; i < cells; i++)
        deviation += llabs(gray[i] - sum / cells);
    return deviation / cells < PLAIN_DEVIATION;
}

struct look look_of_grid(const uint64_t sums[PICTURE_GRID * PICTURE_GRID],
                         const uint32_t pixels[PICTURE_GRID * PICTURE_GRID])
{
    int64_t gray[PICTURE_GRID * PICTURE_GRID], frequencies[LOW * LOW];
    for (int i = 0; i < PICTURE_GRID * PICTURE_GRID; i++)
        gray[i] = pixels[i] == 0 ? 0 : (int64_t)(sums[i] / pixels[i]);
    struct look look = {.plain = is_plain(gray)};
    transform(gray, frequencies);
    int64_t median = middle(frequencies);
    for (int i = 1; i < LOW * LOW; i++)
        if (frequencies[i] > median) look.bits |= 1ull << i;
    return look;
}

enum status look_of(struct str bytes, struct look *ret, struct err *err)
{
    struct grid grid = {0};
    struct picture_sink sink = {&grid, grid_begin, grid_row};
    struct picture_fault fault = {{0}};
    TRY(picture_decode(bytes, &picture_limits_default, &sink, &fault, err));
    if (fault.reason[0] != '\0') {
        *ret = (struct look){.broken = true};
        return STATUS_OK;
    }
    *ret = look_of_grid(grid.sums, grid.pixels);
    return STATUS_OK;
}

/* ---- search ---- */

/* The nearest picture that stays, or SIZE_MAX. */
static size_t find_alike(const struct picture_entry *entries, const size_t *survivors,
                         size_t survivor_count, const struct picture_entry *entry, int distance)
{
    size_t best = SIZE_MAX;
    int best_distance = distance + 1;
    for (size_t s = 0; s < survivor_count; s++) {
        const struct picture_entry *other = &entries[survivors[s]];
        bool same = other->bytes.low == entry->bytes.low && other->bytes.high == entry->bytes.high;
        if (same) return survivors[s];
        if (entry->look.plain || other->look.plain) continue;
        int apart = look_distance(entry->look.bits, other->look.bits);
        if (apart >= best_distance) continue;
        best = survivors[s];
        best_distance = apart;
    }
    return best;
}

void pictures_mark(const struct picture_entry *entries, size_t count, bool last, int distance,
                   size_t *survivors, struct marks *marks)
{
    size_t survivor_count = 0;
    for (size_t k = 0; k < count; k++) {
        size_t i = last ? count - 1 - k : k;
        if (entries[i].look.broken) continue;
        size_t into = find_alike(entries, survivors, survivor_count, &entries[i], distance);
        if (into == SIZE_MAX)
            survivors[survivor_count++] = i;
        else
            marks->into[entries[i].bytes.row] = entries[into].bytes.row + 1;
    }
}
