/* clean/deduplicate_pictures.c: pictures that look alike. */
#include "clean/deduplicate_pictures.h"

#include "clean/picture.h"

#include "base/memory.h"
#include "base/parallel.h"

#include <stdlib.h>
#include <string.h>

#define LOW 8 /* frequencies a side */

/* Mean absolute deviation of the grid's luma, in thousandths of a gray level, below which a picture
 * counts as plain: about one and a half levels of 255. */
#define PLAIN_DEVIATION 1500

/* Shorter side, in pixels, of what is decoded: four a cell. */
#define GRAY_SIDE     (4 * PICTURE_GRID)
#define SMALL_SIDE    64   /* pixels */
#define ALIGNED_LEAST 0.93 /* correlation after alignment */
#define ALIGN_FROM    0.3  /* correlation before it: below, alignment is not tried */
#define TOGETHER      256  /* pictures compared in parallel with those that stayed before */

/* ---- decoding to a grid ---- */

struct grid {
    uint64_t sums[PICTURE_GRID * PICTURE_GRID];
    uint32_t pixels[PICTURE_GRID * PICTURE_GRID];
    uint32_t lefts[PICTURE_GRID + 1]; /* first pixel of each column of cells */
    struct picture_info info;
};

/* ceil(cell x size / grid): the first place whose cell is `cell`, in a picture not smaller than the
 * grid. */
static uint32_t first_of(uint32_t cell, uint32_t size)
{
    return (uint32_t)(((uint64_t)cell * size + PICTURE_GRID - 1) / PICTURE_GRID);
}

static enum status grid_begin(void *context, const struct picture_info *info, struct err *err)
{
    (void)err;
    struct grid *grid = context;
    grid->info = *info;
    for (uint32_t cell = 0; cell <= PICTURE_GRID; cell++)
        grid->lefts[cell] = first_of(cell, info->width);
    return STATUS_OK;
}

/* ITU-R BT.601 luma in thousandths. */
static uint64_t luma(const uint8_t *pixel, int channels)
{
    if (channels == 1) return 1000u * pixel[0];
    return 299u * pixel[0] + 587u * pixel[1] + 114u * pixel[2];
}

static uint64_t sum_luma(const uint8_t *pixels, uint32_t count, int channels)
{
    uint32_t sums[3] = {0}; /* 255 x 2^24 pixels fit; a picture has 10^8 at most in 32 columns */
    if (channels == 1) {
        for (uint32_t i = 0; i < count; i++)
            sums[0] += pixels[i];
        return 1000ull * sums[0];
    }
    for (uint32_t i = 0; i < count; i++)
        for (int c = 0; c < 3; c++)
            sums[c] += pixels[3 * (size_t)i + (size_t)c];
    return 299ull * sums[0] + 587ull * sums[1] + 114ull * sums[2];
}

/* Cells that place `at` of `size` covers: one, or several in a picture smaller than the grid. */
static void cells_of(uint32_t at, uint32_t size, uint32_t *ret_first, uint32_t *ret_end)
{
    *ret_first = (uint32_t)((uint64_t)at * PICTURE_GRID / size);
    *ret_end = (uint32_t)(((uint64_t)at + 1) * PICTURE_GRID / size);
    if (*ret_end <= *ret_first) *ret_end = *ret_first + 1;
}

static void add_narrow_row(struct grid *grid, uint32_t row, const uint8_t *pixels)
{
    for (uint32_t x = 0; x < grid->info.width; x++) {
        size_t channels = (size_t)grid->info.channels;
        uint64_t value = luma(pixels + x * channels, grid->info.channels);
        uint32_t left, right;
        cells_of(x, grid->info.width, &left, &right);
        for (uint32_t column = left; column < right; column++) {
            grid->sums[row * PICTURE_GRID + column] += value;
            grid->pixels[row * PICTURE_GRID + column]++;
        }
    }
}

static void add_row(struct grid *grid, uint32_t row, const uint8_t *pixels)
{
    size_t channels = (size_t)grid->info.channels;
    for (uint32_t column = 0; column < PICTURE_GRID; column++) {
        uint32_t left = grid->lefts[column], count = grid->lefts[column + 1] - left;
        grid->sums[row * PICTURE_GRID + column] +=
            sum_luma(pixels + left * channels, count, grid->info.channels);
        grid->pixels[row * PICTURE_GRID + column] += count;
    }
}

static enum status grid_row(void *context, uint32_t y, const uint8_t *pixels, struct err *err)
{
    (void)err;
    struct grid *grid = context;
    uint32_t top, bottom;
    cells_of(y, grid->info.height, &top, &bottom);
    for (uint32_t row = top; row < bottom; row++)
        if (grid->info.width < PICTURE_GRID)
            add_narrow_row(grid, row, pixels);
        else
            add_row(grid, row, pixels);
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

static uint64_t bits_of(const int64_t frequencies[LOW * LOW])
{
    int64_t median = middle(frequencies);
    uint64_t bits = 0;
    for (int i = 1; i < LOW * LOW; i++)
        if (frequencies[i] > median) bits |= 1ull << i;
    return bits;
}

struct look look_of_grid(const uint64_t sums[PICTURE_GRID * PICTURE_GRID],
                         const uint32_t pixels[PICTURE_GRID * PICTURE_GRID])
{
    int64_t gray[PICTURE_GRID * PICTURE_GRID], frequencies[LOW * LOW];
    for (int i = 0; i < PICTURE_GRID * PICTURE_GRID; i++)
        gray[i] = pixels[i] == 0 ? 0 : (int64_t)(sums[i] / pixels[i]);
    struct look look = {.plain = is_plain(gray)};
    transform(gray, frequencies);
    look.bits = bits_of(frequencies);
    /* The mirror image has the same frequencies, every other one across with its sign turned. */
    for (int i = 0; i < LOW * LOW; i++)
        if (i % 2 == 1) frequencies[i] = -frequencies[i];
    look.mirrored = bits_of(frequencies);
    for (int i = 0; i < PICTURE_GRID * PICTURE_GRID; i++)
        look.thumb[i] = (uint8_t)(gray[i] / 1000);
    return look;
}

enum status look_of(struct str bytes, struct look *ret, struct err *err)
{
    struct grid grid = {0};
    struct picture_sink sink = {&grid, grid_begin, grid_row, GRAY_SIDE};
    struct picture_fault fault = {{0}};
    TRY(picture_decode(bytes, &picture_limits_default, &sink, &fault, err));
    if (fault.reason[0] != '\0') {
        *ret = (struct look){.broken = true};
        return STATUS_OK;
    }
    *ret = look_of_grid(grid.sums, grid.pixels);
    ret->small = grid.info.width < SMALL_SIDE || grid.info.height < SMALL_SIDE;
    return STATUS_OK;
}

/* ---- search ---- */

int pictures_distance(const struct picture_entry *a, const struct picture_entry *b, bool mirror,
                      bool *ret_mirrored)
{
    int plain = __builtin_popcountll(a->bits ^ b->bits);
    int mirrored = mirror ? __builtin_popcountll(a->bits ^ b->mirrored) : LOW * LOW + 1;
    *ret_mirrored = mirrored < plain;
    return *ret_mirrored ? mirrored : plain;
}

struct search {
    const struct picture_entry *entries;
    const uint8_t *thumbs;
    size_t count;
    const struct likeness *likeness;
    size_t *survivors;
    size_t survivor_count;
    size_t first; /* of the pictures looked at together, in order of the search */
    struct match *matches;
};

/* What a picture merges into, SIZE_MAX = nothing, and how far it is (-1 = the same bytes). */
struct match {
    size_t into;
    int distance;
};

/* The k-th picture in the order of the search. */
static size_t place_of(const struct search *search, size_t k)
{
    return search->likeness->last ? search->count - 1 - k : k;
}

static bool alike(const struct search *search, size_t a, size_t b, int distance, bool mirrored)
{
    const struct likeness *likeness = search->likeness;
    const uint8_t *one = search->thumbs + a * THUMB_BYTES, *two = search->thumbs + b * THUMB_BYTES;
    double as_they_are = thumbs_correlate(one, two, mirrored);
    if (search->entries[a].small || search->entries[b].small)
        return as_they_are >= (1 + likeness->similarity) / 2;
    if (distance <= likeness->distance && as_they_are >= likeness->similarity) return true;
    if (!likeness->align) return false;
    return as_they_are >= ALIGN_FROM && thumbs_align(one, two, mirrored) >= ALIGNED_LEAST;
}

/* Looks at survivors from `from` on for a better match than the one so far. */
static void find_match(const struct search *search, size_t place, size_t from, size_t end,
                       struct match *match)
{
    const struct picture_entry *entry = &search->entries[place];
    const struct likeness *likeness = search->likeness;
    int reach = likeness->align && likeness->distance < LIKENESS_REACH ? LIKENESS_REACH
                                                                       : likeness->distance;
    for (size_t s = from; s < end && match->distance >= 0; s++) {
        const struct picture_entry *other = &search->entries[search->survivors[s]];
        bool mirrored;
        if (other->bytes.low == entry->bytes.low && other->bytes.high == entry->bytes.high) {
            *match = (struct match){search->survivors[s], -1};
            return;
        }
        if (entry->plain || other->plain) continue;
        int distance = pictures_distance(entry, other, likeness->mirror, &mirrored);
        if (distance > reach || distance >= match->distance) continue;
        if (alike(search, place, search->survivors[s], distance, mirrored))
            *match = (struct match){search->survivors[s], distance};
    }
}

static enum status match_one(void *context, size_t index, struct err *err)
{
    (void)err;
    const struct search *search = context;
    size_t place = place_of(search, search->first + index);
    search->matches[index] = (struct match){SIZE_MAX, LOW * LOW + 1};
    if (!search->entries[place].broken)
        find_match(search, place, 0, search->survivor_count, &search->matches[index]);
    return STATUS_OK;
}

/* The pictures looked at together are also compared with each other, one after the other. */
static void settle_together(struct search *search, size_t together, struct marks *marks)
{
    size_t before = search->survivor_count;
    for (size_t i = 0; i < together; i++) {
        size_t place = place_of(search, search->first + i);
        if (search->entries[place].broken) continue;
        find_match(search, place, before, search->survivor_count, &search->matches[i]);
        if (search->matches[i].into == SIZE_MAX)
            search->survivors[search->survivor_count++] = place;
        else
            marks->into[search->entries[place].bytes.row] =
                search->entries[search->matches[i].into].bytes.row + 1;
    }
}

enum status pictures_mark(const struct picture_entry *entries, const uint8_t *thumbs, size_t count,
                          const struct likeness *likeness, size_t threads, struct marks *marks,
                          struct err *err)
{
    OWNED(memory_release) size_t *survivors = NULL;
    OWNED(memory_release) struct match *matches = NULL;
    TRY(NEW(&survivors, count, err));
    TRY(NEW(&matches, TOGETHER, err));
    struct search search = {.entries = entries,
                            .thumbs = thumbs,
                            .count = count,
                            .likeness = likeness,
                            .survivors = survivors,
                            .matches = matches};
    for (; search.first < count; search.first += TOGETHER) {
        size_t together = count - search.first < TOGETHER ? count - search.first : TOGETHER;
        TRY(parallel_for(threads, together, &search, match_one, err));
        settle_together(&search, together, marks);
    }
    return STATUS_OK;
}
