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

void sample_tally_release(struct sample_tally *tally)
{
    memory_free(tally->hashes);
    memory_free(tally->rows);
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
        kept++;
    }
    sample->count = kept;
}

static enum status add(struct sample *sample, const struct sample_tally *tally, struct err *err)
{
    size_t columns = sample->columns;
    if (sample->rows == NULL) {
        TRY(NEW(&sample->sampled, sample->most, err));
        TRY(NEW(&sample->rows, sample->most * columns, err));
    }
    for (size_t i = 0; i < tally->count; i++) {
        while (tally->hashes[i] < sample->below && sample->count == sample->most)
            shed(sample);
        if (tally->hashes[i] >= sample->below) continue;
        memcpy(sample->rows + sample->count * columns, tally->rows + i * columns,
               columns * sizeof *sample->rows);
        sample->sampled[sample->count] = (struct sampled){tally->hashes[i], sample->count};
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

enum status sample_sort(struct sample *sample, struct err *err)
{
    size_t columns = sample->columns;
    double *sorted;
    TRY(NEW(&sorted, sample->count * columns + 1, err));
    if (sample->count > 0) qsort(sample->sampled, sample->count, sizeof *sample->sampled, by_hash);
    for (size_t i = 0; i < sample->count; i++) {
        memcpy(sorted + i * columns, sample->rows + sample->sampled[i].place * columns,
               columns * sizeof *sorted);
        sample->sampled[i].place = i;
    }
    memory_free(sample->rows);
    sample->rows = sorted;
    return STATUS_OK;
}
