/* clean/sample.c: a sample of rows of numbers. */
#include "clean/sample.h"

#include "clean/numbers.h"

#include <math.h>
#include <stdlib.h>
#include <xxhash.h>

void sample_open(struct sample *ret, size_t columns, size_t most)
{
    *ret = (struct sample){.columns = columns, .most = most, .below = UINT64_MAX};
}

void sample_release(struct sample *sample)
{
    memory_free(sample->sampled);
    memory_free(sample->rows);
    memory_free(sample->origins);
    counts_release(&sample->sources);
    sample->origins = NULL;
    sample->sources = (struct counts){0};
    sample->sampled = NULL;
    sample->rows = NULL;
    sample->count = 0;
}

/* ---- one window ---- */

uint64_t sample_hash(const struct window *window, int64_t row, int64_t seed)
{
    struct str source;
    int64_t record;
    window_provenance(window, row, &source, &record);
    uint64_t hash = XXH3_64bits_withSeed(source.data, source.size, (uint64_t)seed);
    return XXH3_64bits_withSeed(&record, sizeof record, hash);
}

enum status sample_observe(const struct window *window, const size_t *columns, size_t count,
                           int64_t seed, struct sample_tally *tally, struct err *err)
{
    const struct batch *batch = window->batch;
    size_t rows = (size_t)batch->rows;
    OWNED(memory_release) double *values = NULL;
    TRY(NEW(&values, rows, err));
    TRY(NEW(&tally->rows, rows * count, err));
    TRY(NEW(&tally->hashes, rows, err));
    for (size_t j = 0; j < count; j++) {
        numbers_read(&batch->schema->fields[columns[j]], batch->columns[columns[j]], values);
        for (size_t i = 0; i < rows; i++)
            tally->rows[i * count + j] = isinf(values[i]) ? NAN : values[i];
    }
    for (size_t i = 0; i < rows; i++)
        tally->hashes[i] = sample_hash(window, (int64_t)i, seed);
    tally->count = rows;
    return STATUS_OK;
}

/* The place of a source among those that were seen. */
static enum status name_source(struct counts *sources, struct str source, uint32_t *ret,
                               struct err *err)
{
    TRY(counts_add(sources, source.data, source.size, count_hash(source.data, source.size), 1,
                   err));
    *ret = (uint32_t)counts_place(sources, source.data, source.size);
    return STATUS_OK;
}

enum status sample_observe_origins(const struct window *window, struct sample_tally *tally,
                                   struct err *err)
{
    TRY(NEW(&tally->origins, tally->count + 1, err));
    for (size_t i = 0; i < tally->count; i++) {
        struct str source;
        window_provenance(window, (int64_t)i, &source, &tally->origins[i].record);
        TRY(name_source(&tally->sources, source, &tally->origins[i].source, err));
    }
    return STATUS_OK;
}

void sample_tally_release(struct sample_tally *tally)
{
    memory_free(tally->hashes);
    memory_free(tally->rows);
    memory_free(tally->origins);
    counts_release(&tally->sources);
    *tally = (struct sample_tally){0};
}

enum status sample_tally_pick(const struct sample_tally *tally, size_t columns,
                              const size_t *places, size_t count, struct sample_tally *ret,
                              struct err *err)
{
    TRY(NEW(&ret->rows, count * columns + 1, err));
    TRY(NEW(&ret->hashes, count + 1, err));
    for (size_t i = 0; i < count; i++) {
        memcpy(ret->rows + i * columns, tally->rows + places[i] * columns,
               columns * sizeof *ret->rows);
        ret->hashes[i] = tally->hashes[places[i]];
    }
    ret->count = count;
    return STATUS_OK;
}

static int compare_hashes(const void *a, const void *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

/* The greatest hash among the `most` smallest: a sample that is full takes no greater one. */
static enum status bound_of(const struct sample_tally *tally, size_t most, uint64_t *ret,
                            struct err *err)
{
    OWNED(memory_release) uint64_t *hashes = NULL;
    *ret = UINT64_MAX;
    if (tally->count <= most) return STATUS_OK;
    TRY(NEW(&hashes, tally->count, err));
    memcpy(hashes, tally->hashes, tally->count * sizeof *hashes);
    qsort(hashes, tally->count, sizeof *hashes, compare_hashes);
    *ret = hashes[most - 1];
    return STATUS_OK;
}

static enum status pick_for(const struct sample_tally *tally, size_t columns, size_t most,
                            struct sample_tally *ret, struct err *err)
{
    OWNED(memory_release) size_t *places = NULL;
    uint64_t bound;
    size_t count = 0;
    TRY(bound_of(tally, most, &bound, err));
    TRY(NEW(&places, tally->count, err));
    for (size_t i = 0; i < tally->count; i++)
        if (tally->hashes[i] <= bound) places[count++] = i;
    return sample_tally_pick(tally, columns, places, count, ret, err);
}

enum status sample_tally_carry(struct sample_tally *tally, size_t columns, size_t most,
                               struct wire *wire, struct err *err)
{
    OWNED(sample_tally_release) struct sample_tally picked = {0};
    struct sample_tally *carried = wire->reading ? tally : &picked;
    if (!wire->reading) TRY(pick_for(tally, columns, most, &picked, err));
    size_t values = carried->count * columns;
    TRY(WIRE_ITEMS(wire, &carried->hashes, &carried->count, err));
    TRY(WIRE_ITEMS(wire, &carried->rows, &values, err));
    return values == carried->count * columns ? STATUS_OK
                                              : fail(err, STATUS_FAILED, "rows without values");
}

/* ---- all windows ---- */

/* Keeps the rows below half the bound. */
static void shed(struct sample *sample)
{
    size_t kept = 0, columns = sample->columns;
    sample->below /= 2;
    for (size_t i = 0; i < sample->count; i++) {
        if (sample->sampled[i].hash >= sample->below) continue;
        sample->sampled[kept] = (struct sampled){sample->sampled[i].hash, kept};
        memmove(sample->rows + kept * columns, sample->rows + i * columns,
                columns * sizeof *sample->rows);
        if (sample->origins != NULL) sample->origins[kept] = sample->origins[i];
        kept++;
    }
    sample->count = kept;
}

static enum status keep_origin(struct sample *sample, const struct sample_tally *tally, size_t row,
                               struct err *err)
{
    const struct sample_origin *from = &tally->origins[row];
    const struct counted *source = &tally->sources.items[from->source];
    struct sample_origin *to = &sample->origins[sample->count];
    to->record = from->record;
    return name_source(&sample->sources, (struct str){(const char *)source->data, source->size},
                       &to->source, err);
}

static enum status add(struct sample *sample, const struct sample_tally *tally, struct err *err)
{
    size_t columns = sample->columns;
    if (sample->rows == NULL) {
        TRY(NEW(&sample->sampled, sample->most, err));
        TRY(NEW(&sample->rows, sample->most * columns, err));
        if (tally->origins != NULL) TRY(NEW(&sample->origins, sample->most, err));
    }
    for (size_t i = 0; i < tally->count; i++) {
        while (tally->hashes[i] < sample->below && sample->count == sample->most)
            shed(sample);
        if (tally->hashes[i] >= sample->below) continue;
        memcpy(sample->rows + sample->count * columns, tally->rows + i * columns,
               columns * sizeof *sample->rows);
        sample->sampled[sample->count] = (struct sampled){tally->hashes[i], sample->count};
        if (sample->origins != NULL) TRY(keep_origin(sample, tally, i, err));
        sample->count++;
    }
    return STATUS_OK;
}

enum status sample_absorb(struct sample *sample, struct sample_tally *tally, struct err *err)
{
    enum status status = add(sample, tally, err);
    sample_tally_release(tally);
    return status;
}

static int by_hash(const void *a, const void *b)
{
    const struct sampled *x = a, *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

static enum status sort_origins(struct sample *sample, struct err *err)
{
    struct sample_origin *sorted;
    TRY(NEW(&sorted, sample->count + 1, err));
    for (size_t i = 0; i < sample->count; i++)
        sorted[i] = sample->origins[sample->sampled[i].place];
    memory_free(sample->origins);
    sample->origins = sorted;
    return STATUS_OK;
}

enum status sample_sort(struct sample *sample, struct err *err)
{
    size_t columns = sample->columns;
    OWNED(memory_release) double *sorted = NULL;
    TRY(NEW(&sorted, sample->count * columns + 1, err));
    if (sample->count > 0) qsort(sample->sampled, sample->count, sizeof *sample->sampled, by_hash);
    if (sample->origins != NULL) TRY(sort_origins(sample, err));
    for (size_t i = 0; i < sample->count; i++) {
        memcpy(sorted + i * columns, sample->rows + sample->sampled[i].place * columns,
               columns * sizeof *sorted);
        sample->sampled[i].place = i;
    }
    memory_free(sample->rows);
    sample->rows = sorted;
    sorted = NULL;
    return STATUS_OK;
}
