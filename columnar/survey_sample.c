/* columnar/survey_sample.c: a sample of whole rows, those with the smallest hash of (source,
 * record) (bottom-k: Cohen, Kaplan 2007). */
#include "columnar/survey_parts.h"

#include "columnar/drift.h"
#include "columnar/layout.h"
#include "columnar/value_text.h"

#include <math.h>
#include <stdlib.h>
#include <xxhash.h>

enum status survey_sample_open(struct survey_sample *ret, const struct survey *survey, size_t room,
                               struct err *err)
{
    ret->room = room;
    ret->column_count = survey->count;
    TRY(arena_open(&ret->texts, err));
    TRY(NEW(&ret->keys, room, err));
    TRY(NEW(&ret->columns, survey->count, err));
    for (size_t i = 0; i < survey->count; i++) {
        struct survey_cells *column = &ret->columns[i];
        TRY(NEW(&column->numbers, room, err));
        TRY(NEW(&column->words, room, err));
        TRY(NEW(&column->nulls, room, err));
        if (survey->columns[i].kind == SURVEY_TEXT) TRY(NEW(&column->texts, room, err));
    }
    return STATUS_OK;
}

void survey_sample_release(struct survey_sample *sample)
{
    for (size_t i = 0; sample->columns != NULL && i < sample->column_count; i++) {
        memory_free(sample->columns[i].numbers);
        memory_free(sample->columns[i].words);
        memory_free(sample->columns[i].nulls);
        memory_free(sample->columns[i].texts);
    }
    memory_free(sample->columns);
    memory_free(sample->keys);
    arena_close(&sample->texts);
    *sample = (struct survey_sample){0};
}

/* ---- keys ---- */

static int64_t find_column(const struct batch *batch, const char *name, enum type_id id)
{
    int64_t at = schema_find(batch->schema, str_of(name));
    return at >= 0 && batch->schema->fields[at].type.id == id ? at : -1;
}

static void keys_of(const struct batch *batch, int64_t first_row, const int64_t *ordinals,
                    uint64_t *ret)
{
    int64_t source = find_column(batch, "_source", TYPE_UTF8);
    int64_t record = find_column(batch, "_record", TYPE_INT64);
    struct str before = {NULL, 0};
    uint64_t seed = 0;
    for (int64_t row = 0; row < batch->rows; row++) {
        int64_t number = ordinals != NULL ? ordinals[row] : first_row + row;
        struct str name = {NULL, 0};
        if (source >= 0 && record >= 0) {
            array_text_at(&batch->schema->fields[source], batch->columns[source], row, &name);
            number = ((const int64_t *)array_values(batch->columns[record]))[row];
            if (name.data != before.data || name.size != before.size)
                seed = name.data == NULL ? 0 : XXH3_64bits(name.data, name.size);
            before = name;
        }
        ret[row] = XXH3_64bits_withSeed(&number, sizeof number, seed);
    }
}

static int by_key(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

/* The largest key that is among the `most` smallest of the batch. */
static enum status largest_kept(const uint64_t *keys, int64_t rows, size_t most, uint64_t *ret,
                                struct err *err)
{
    OWNED(memory_release) uint64_t *sorted = NULL;
    size_t below = 0;
    for (int64_t row = 0; row < rows; row++)
        below += keys[row] <= *ret;
    if (below <= most) return STATUS_OK;
    TRY(NEW(&sorted, below, err));
    below = 0;
    for (int64_t row = 0; row < rows; row++)
        if (keys[row] <= *ret) sorted[below++] = keys[row];
    qsort(sorted, below, sizeof *sorted, by_key);
    *ret = sorted[most - 1];
    return STATUS_OK;
}

/* ---- values ---- */

static enum status take_text(const struct survey_column *about, const struct array *array,
                             int64_t row, struct survey_sample *sample, struct survey_cells *column,
                             size_t at, struct err *err)
{
    struct str text = {NULL, 0};
    array_text_at(about->field, array, row, &text);
    if (text.data == NULL && !about->field->dictionary) text = slot_bytes(about->field, array, row);
    column->words[at] = XXH3_64bits(text.data == NULL ? "" : text.data, text.size);
    column->numbers[at] = 0;
    for (size_t i = 0; i < text.size; i++)
        column->numbers[at] += ((uint8_t)text.data[i] & 0xc0) != 0x80;
    column->texts[at] = survey_keep_text(sample->texts, text);
    return column->texts[at].data == NULL ? fail_memory(err, text.size) : STATUS_OK;
}

static enum status take_word(const struct survey_column *about, const struct array *array,
                             int64_t row, struct survey_cells *column, size_t at, struct err *err)
{
    OWNED(bytes_release) struct bytes text = bytes_limited(SIZE_MAX / 2);
    if (about->kind == SURVEY_BYTES) {
        struct str bytes = slot_bytes(about->field, array, row);
        column->numbers[at] = (double)bytes.size;
        column->words[at] = XXH3_64bits(bytes.data == NULL ? "" : bytes.data, bytes.size);
        return STATUS_OK;
    }
    TRY(value_plain(about->field, array, row, &text, err));
    column->numbers[at] = NAN;
    column->words[at] = XXH3_64bits(text.data == NULL ? "" : (const char *)text.data, text.size);
    return STATUS_OK;
}

static enum status take_value(const struct survey_column *about, const struct array *array,
                              int64_t row, struct survey_sample *sample,
                              struct survey_cells *column, size_t at, struct err *err)
{
    column->nulls[at] = value_is_null(about->field, array, row);
    column->numbers[at] = NAN;
    if (column->nulls[at] || about->kind == SURVEY_OTHER) return STATUS_OK;
    if (about->kind == SURVEY_TEXT) return take_text(about, array, row, sample, column, at, err);
    if (about->kind != SURVEY_NUMBER && about->kind != SURVEY_TIME)
        return take_word(about, array, row, column, at, err);
    (void)array_number_at(about->field, array, row, &column->numbers[at]);
    column->words[at] = drift_word(column->numbers[at]);
    return STATUS_OK;
}

enum status survey_sample_look(const struct survey *survey, const struct batch *batch,
                               int64_t first_row, const int64_t *ordinals,
                               struct survey_sample *ret, struct err *err)
{
    OWNED(memory_release) uint64_t *keys = NULL;
    uint64_t most = __atomic_load_n(&survey->sample_most, __ATOMIC_RELAXED);
    size_t count = 0;
    TRY(NEW(&keys, (size_t)batch->rows, err));
    keys_of(batch, first_row, ordinals, keys);
    TRY(largest_kept(keys, batch->rows, survey->sample_rows, &most, err));
    for (int64_t row = 0; row < batch->rows; row++)
        count += keys[row] <= most;
    if (count == 0) return STATUS_OK;
    TRY(survey_sample_open(ret, survey, count, err));
    for (int64_t row = 0; row < batch->rows; row++) {
        if (keys[row] > most) continue;
        ret->keys[ret->count] = keys[row];
        for (size_t i = 0; i < survey->count; i++)
            TRY(take_value(&survey->columns[i], batch->columns[i], row, ret, &ret->columns[i],
                           ret->count, err));
        ret->count++;
    }
    return STATUS_OK;
}

/* ---- adding up ---- */

static enum status copy_row(struct survey_sample *into, const struct survey_sample *from,
                            size_t row, struct err *err)
{
    size_t at = into->count;
    into->keys[at] = from->keys[row];
    for (size_t i = 0; i < into->column_count; i++) {
        const struct survey_cells *source = &from->columns[i];
        struct survey_cells *target = &into->columns[i];
        target->numbers[at] = source->numbers[row];
        target->words[at] = source->words[row];
        target->nulls[at] = source->nulls[row];
        if (source->texts == NULL || source->texts[row].data == NULL) continue;
        target->texts[at] = survey_keep_text(into->texts, source->texts[row]);
        if (target->texts[at].data == NULL) return fail_memory(err, source->texts[row].size);
    }
    into->count++;
    return STATUS_OK;
}

struct place {
    uint64_t key;
    size_t row;
};

static int by_place(const void *a, const void *b)
{
    const struct place *left = a, *right = b;
    if (left->key != right->key) return left->key < right->key ? -1 : 1;
    return (left->row > right->row) - (left->row < right->row);
}

enum status survey_sample_settle(struct survey *survey, struct err *err)
{
    OWNED(survey_sample_release) struct survey_sample kept = {0};
    OWNED(memory_release) struct place *places = NULL;
    struct survey_sample *sample = &survey->sample;
    size_t count = sample->count < survey->sample_rows ? sample->count : survey->sample_rows;
    TRY(NEW(&places, sample->count, err));
    for (size_t i = 0; i < sample->count; i++)
        places[i] = (struct place){sample->keys[i], i};
    if (sample->count > 0) qsort(places, sample->count, sizeof *places, by_place);
    TRY(survey_sample_open(&kept, survey, sample->room, err));
    for (size_t i = 0; i < count; i++)
        TRY(copy_row(&kept, sample, places[i].row, err));
    if (count == survey->sample_rows)
        __atomic_store_n(&survey->sample_most, places[count - 1].key, __ATOMIC_RELAXED);
    struct survey_sample before = *sample;
    *sample = kept;
    kept = before;
    return STATUS_OK;
}

enum status survey_sample_add(struct survey *survey, const struct survey_sample *from,
                              struct err *err)
{
    for (size_t row = 0; row < from->count; row++) {
        if (from->keys[row] > survey->sample_most) continue;
        if (survey->sample.count == survey->sample.room) TRY(survey_sample_settle(survey, err));
        TRY(copy_row(&survey->sample, from, row, err));
    }
    return STATUS_OK;
}
