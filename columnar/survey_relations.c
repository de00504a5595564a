/* columnar/survey_relations.c: what columns of a survey's sample have to do with each other. */
#include "columnar/survey_parts.h"

#include <math.h>
#include <stdlib.h>

/* ---- correlations ---- */

/* Pearson's coefficient over the places where both are numbers. */
static double coefficient(const double *x, const double *y, size_t count)
{
    double mean_x = 0, mean_y = 0, xx = 0, yy = 0, xy = 0;
    size_t pairs = 0;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(x[i]) || !isfinite(y[i])) continue;
        mean_x += x[i];
        mean_y += y[i];
        pairs++;
    }
    if (pairs < 2) return NAN;
    mean_x /= (double)pairs;
    mean_y /= (double)pairs;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(x[i]) || !isfinite(y[i])) continue;
        double dx = x[i] - mean_x, dy = y[i] - mean_y;
        xx += dx * dx;
        yy += dy * dy;
        xy += dx * dy;
    }
    if (!(xx > 0) || !(yy > 0)) return NAN;
    return fmin(fmax(xy / sqrt(xx * yy), -1), 1);
}

struct ranked {
    double value;
    size_t row;
};

static int by_value(const void *a, const void *b)
{
    const struct ranked *left = a, *right = b;
    if (left->value != right->value) return left->value < right->value ? -1 : 1;
    return (left->row > right->row) - (left->row < right->row);
}

/* Equal values have the mean of their ranks. */
static void rank(const double *values, size_t count, struct ranked *work, double *ret)
{
    size_t known = 0;
    for (size_t i = 0; i < count; i++) {
        ret[i] = NAN;
        if (isfinite(values[i])) work[known++] = (struct ranked){values[i], i};
    }
    if (known > 0) qsort(work, known, sizeof *work, by_value);
    for (size_t first = 0, next; first < known; first = next) {
        for (next = first + 1; next < known && work[next].value == work[first].value;)
            next++;
        for (size_t i = first; i < next; i++)
            ret[work[i].row] = (double)(first + next - 1) / 2 + 1;
    }
}

static void fill(const double *const *values, size_t count, size_t rows, double *ret)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j <= i; j++)
            ret[i * count + j] = ret[j * count + i] = coefficient(values[i], values[j], rows);
}

enum status survey_correlate(const struct survey *survey, const size_t *columns, size_t count,
                             double *ret_pearson, double *ret_spearman, struct err *err)
{
    size_t rows = survey->sample.count;
    OWNED(memory_release) const double **values = NULL;
    OWNED(memory_release) double *ranks = NULL;
    OWNED(memory_release) struct ranked *work = NULL;
    TRY(NEW(&values, count, err));
    TRY(NEW(&ranks, count * rows, err));
    TRY(NEW(&work, rows, err));
    for (size_t i = 0; i < count; i++)
        values[i] = survey->sample.columns[columns[i]].numbers;
    fill(values, count, rows, ret_pearson);
    for (size_t i = 0; i < count; i++) {
        rank(values[i], rows, work, ranks + i * rows);
        values[i] = ranks + i * rows;
    }
    fill(values, count, rows, ret_spearman);
    return STATUS_OK;
}

/* ---- missing together ---- */

static int by_rows(const void *a, const void *b)
{
    const struct survey_pattern *left = a, *right = b;
    if (left->rows != right->rows) return left->rows > right->rows ? -1 : 1;
    return left->nulls < right->nulls ? -1 : left->nulls > right->nulls; /* met earlier */
}

/* The nulls of each sampled row, a byte a column. */
static enum status null_rows(const struct survey *survey, uint8_t **ret, struct err *err)
{
    const struct survey_sample *sample = &survey->sample;
    TRY(NEW(ret, sample->count * survey->count, err));
    for (size_t row = 0; row < sample->count; row++)
        for (size_t i = 0; i < survey->count; i++)
            (*ret)[row * survey->count + i] = sample->columns[i].nulls[row];
    return STATUS_OK;
}

static enum status count_patterns(struct survey *survey, const uint8_t *rows,
                                  struct survey_pattern *patterns, size_t *ret_count,
                                  struct err *err)
{
    OWNED(memory_release) struct survey_pattern **slots = NULL;
    size_t width = survey->count, slot_count = 64;
    while (slot_count < 2 * survey->sample.count)
        slot_count *= 2;
    TRY(NEW(&slots, slot_count, err));
    *ret_count = 0;
    for (size_t row = 0; row < survey->sample.count; row++) {
        const uint8_t *nulls = rows + row * width;
        uint64_t hash = 1469598103934665603u; /* FNV-1a */
        for (size_t i = 0; i < width; i++)
            hash = (hash ^ nulls[i]) * 1099511628211u;
        size_t place = (hash ^ hash >> 32) & (slot_count - 1);
        while (slots[place] != NULL && memcmp(slots[place]->nulls, nulls, width) != 0)
            place = (place + 1) & (slot_count - 1);
        if (slots[place] == NULL) {
            slots[place] = &patterns[(*ret_count)++];
            slots[place]->nulls = nulls;
        }
        slots[place]->rows++;
    }
    return STATUS_OK;
}

enum status survey_patterns(struct survey *survey, size_t most, struct survey_pattern *ret,
                            size_t *ret_count, struct err *err)
{
    OWNED(memory_release) uint8_t *rows = NULL;
    OWNED(memory_release) struct survey_pattern *patterns = NULL;
    size_t count;
    TRY(null_rows(survey, &rows, err));
    TRY(NEW(&patterns, survey->sample.count, err));
    TRY(count_patterns(survey, rows, patterns, &count, err));
    if (count > 0) qsort(patterns, count, sizeof *patterns, by_rows);
    *ret_count = count < most ? count : most;
    for (size_t i = 0; i < *ret_count; i++) {
        uint8_t *kept = arena_get(survey->arena, survey->count + 1, 1);
        if (kept == NULL) return fail_memory(err, survey->count);
        memcpy(kept, patterns[i].nulls, survey->count);
        ret[i] = (struct survey_pattern){patterns[i].rows, kept};
    }
    return STATUS_OK;
}
