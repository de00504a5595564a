/* columnar/survey_answers.c: what a finished survey says about one column. */
#include "columnar/survey_parts.h"

#include "columnar/build.h"
#include "columnar/drift.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

double survey_deviation(const struct survey_column *column)
{
    int64_t finite = column->numbers - column->infinite;
    return finite < 2 ? (double)NAN : sqrt(column->squares / (double)(finite - 1));
}

/* ---- the sample ---- */

static int by_number(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

/* The sampled numbers that are numbers, sorted once a call: reports ask for few quantiles. */
static enum status sorted_numbers(const struct survey *survey, size_t column, double **ret,
                                  size_t *ret_count, struct err *err)
{
    const double *numbers = survey->sample.columns[column].numbers;
    *ret_count = 0;
    TRY(NEW(ret, survey->sample.count, err));
    for (size_t i = 0; i < survey->sample.count; i++)
        if (!isnan(numbers[i])) (*ret)[(*ret_count)++] = numbers[i];
    if (*ret_count > 0) qsort(*ret, *ret_count, sizeof **ret, by_number);
    return STATUS_OK;
}

enum status survey_quantiles(const struct survey *survey, size_t column, const double *fractions,
                             size_t count, double *ret, struct err *err)
{
    OWNED(memory_release) double *sorted = NULL;
    size_t known;
    TRY(sorted_numbers(survey, column, &sorted, &known, err));
    for (size_t i = 0; i < count; i++) {
        ret[i] = NAN;
        if (known == 0) continue;
        double place = fractions[i] * (double)(known - 1);
        size_t low = (size_t)place;
        double part = place - (double)low;
        ret[i] = sorted[low];
        if (part > 0 && low + 1 < known) ret[i] += part * (sorted[low + 1] - sorted[low]);
    }
    return STATUS_OK;
}

void survey_bins(const struct survey *survey, size_t column, double low, double high, size_t bins,
                 int64_t *ret)
{
    const double *numbers = survey->sample.columns[column].numbers;
    for (size_t i = 0; i < survey->sample.count; i++) {
        if (isnan(numbers[i])) continue;
        double place = floor((numbers[i] - low) / (high - low) * (double)bins);
        size_t bin = !(place > 0) ? 0 : place >= (double)bins ? bins - 1 : (size_t)place;
        ret[bin]++;
    }
}

/* ---- numbers as they are written ---- */

/* An array of one value that lies here: a time must not become a number where memory is short. On a
 * little-endian machine the first bytes are those of a narrower value. */
static void write_time(const struct survey_column *column, double number, char *ret)
{
    int64_t value = llround(number);
    struct buffer values = {.data = (const uint8_t *)&value, .size = sizeof value};
    const struct array array = {.length = 1, .buffers = &values, .buffer_count = 1};
    array_value_text(column->field, &array, 0, ret, SURVEY_VALUE_TEXT);
}

char *survey_number_text(const struct survey_column *column, double number,
                         char ret[SURVEY_VALUE_TEXT])
{
    if (column->kind == SURVEY_TIME && fabs(number) < 9e18)
        write_time(column, number, ret);
    else
        snprintf(ret, SURVEY_VALUE_TEXT, "%.6g", number);
    return ret;
}

/* ---- frequent values ---- */

static int by_frequency(const void *a, const void *b)
{
    const struct survey_value *left = a, *right = b;
    if (left->count != right->count) return left->count > right->count ? -1 : 1;
    int order = str_compare(left->text, right->text);
    return order != 0 ? order : (left->hash > right->hash) - (left->hash < right->hash);
}

static enum status counted_in_sample(const struct survey *survey, size_t column,
                                     struct survey_values *ret, struct err *err)
{
    const struct survey_cells *values = &survey->sample.columns[column];
    for (size_t i = 0; i < survey->sample.count; i++) {
        if (values->nulls[i]) continue;
        TRY(survey_values_reserve(ret, err));
        uint64_t hash = values->words[i] + (values->words[i] == 0);
        struct survey_value *slot = survey_values_slot(ret, hash);
        slot->count++;
        if (slot->hash != 0) continue;
        slot->hash = hash;
        slot->text = values->texts[i];
        ret->count++;
    }
    return STATUS_OK;
}

static void take_frequent(const struct survey_values *values, size_t most,
                          struct survey_value *sorted, struct survey_value *ret, size_t *ret_count)
{
    size_t count = 0;
    for (size_t i = 0; i < values->slot_count; i++)
        if (values->slots[i].hash != 0) sorted[count++] = values->slots[i];
    if (count > 0) qsort(sorted, count, sizeof *sorted, by_frequency);
    *ret_count = count < most ? count : most;
    if (*ret_count > 0) memcpy(ret, sorted, *ret_count * sizeof *ret);
}

static bool are_sampled(const struct survey_column *column)
{
    return column->values.many && column->kind == SURVEY_TEXT;
}

enum status survey_frequent(const struct survey *survey, size_t column, size_t most,
                            struct survey_value *ret, size_t *ret_count, int64_t *ret_of,
                            bool *ret_sampled, struct err *err)
{
    const struct survey_column *about = &survey->columns[column];
    OWNED(memory_release) struct survey_value *sorted = NULL;
    struct survey_values values = about->values;
    *ret_sampled = are_sampled(about);
    *ret_count = 0;
    *ret_of = survey->rows - about->nulls;
    if (about->values.many && !*ret_sampled) return STATUS_OK;
    if (*ret_sampled) {
        values = (struct survey_values){0};
        *ret_of = 0;
        for (size_t i = 0; i < survey->sample.count; i++)
            *ret_of += survey->sample.columns[column].nulls[i] == 0;
    }
    enum status status = *ret_sampled ? counted_in_sample(survey, column, &values, err) : STATUS_OK;
    if (status == STATUS_OK) status = NEW(&sorted, values.slot_count + 1, err);
    if (status == STATUS_OK) take_frequent(&values, most, sorted, ret, ret_count);
    if (*ret_sampled) survey_values_release(&values);
    return status;
}

/* ---- for comparing ---- */

static int by_word(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

enum status survey_words(const struct survey *survey, size_t column, uint64_t **ret,
                         size_t *ret_count, size_t *ret_nulls, struct err *err)
{
    const struct survey_cells *values = &survey->sample.columns[column];
    TRY(NEW(ret, survey->sample.count, err));
    *ret_count = *ret_nulls = 0;
    for (size_t i = 0; i < survey->sample.count; i++) {
        *ret_nulls += values->nulls[i];
        if (!values->nulls[i]) (*ret)[(*ret_count)++] = values->words[i];
    }
    if (*ret_count > 0) qsort(*ret, *ret_count, sizeof **ret, by_word);
    return STATUS_OK;
}
